"""Networks and their layers, all that is torch's. They know no names and no descriptions."""
