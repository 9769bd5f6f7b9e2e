"""Who makes the artifacts of a run: one file per way, the local worker processes first."""
