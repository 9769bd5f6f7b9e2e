"""Distances, metrics and per-probe scores."""
