"""The one training loop and its losses."""
