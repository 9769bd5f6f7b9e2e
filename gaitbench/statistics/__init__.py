"""Resampling, intervals and tests over identities and seeds."""
