"""One file per distance."""
