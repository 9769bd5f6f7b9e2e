"""Lets `python -m gaitbench` work."""

from gaitbench.cli.main import main

main()
