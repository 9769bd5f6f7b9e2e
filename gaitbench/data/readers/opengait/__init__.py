"""Data sets in OpenGait's layout."""
