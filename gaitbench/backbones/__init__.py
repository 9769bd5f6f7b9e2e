"""Descriptions of the networks that map silhouette clips to part embeddings; none of it needs torch."""
