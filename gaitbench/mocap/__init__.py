"""Recorded walks in BVH files, posed and rendered like the simulated ones."""
