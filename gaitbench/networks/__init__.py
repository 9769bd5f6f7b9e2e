"""Networks and their layers: everything of torch that is trained. They know no names and no descriptions."""
