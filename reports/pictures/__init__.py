"""Pictures of clips and searches."""
