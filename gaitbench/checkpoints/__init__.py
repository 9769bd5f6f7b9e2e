"""Weights from elsewhere: reading files, recognising what they hold, and giving it gaitbench's names."""
