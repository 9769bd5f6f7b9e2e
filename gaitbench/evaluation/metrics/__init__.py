"""One file per family of metrics; every metric is averaged in the same way."""
