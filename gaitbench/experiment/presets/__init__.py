"""Sizes and budgets, one TOML file each."""
