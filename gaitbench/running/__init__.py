"""From cells to artifacts: what is missing, in which order it is made, and by whom."""
