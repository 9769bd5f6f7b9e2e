"""The simulated people: bodies, gait, clothes, cameras, segmentation noise."""
