"""Networks that map silhouette clips to part embeddings."""
