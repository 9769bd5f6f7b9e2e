"""Where the project and its reference data lie."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The checkout."""

SHARED = ROOT.parent / "shared"
"""Reference data beside the checkout; tests that need it skip where it is not there."""
