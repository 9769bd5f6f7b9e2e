"""How files of other programs become a data set."""
