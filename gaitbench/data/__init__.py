"""Data sets of silhouettes: the container, and what fills it."""
