"""Lets `python -m gaitbench` work."""

from gaitbench.cli import main

main()
