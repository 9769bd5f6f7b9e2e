"""Importing data sets that lie in OpenGait's layout: `identity/condition/view/…`."""
