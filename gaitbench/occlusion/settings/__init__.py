"""The papers' settings, one file per paper."""
