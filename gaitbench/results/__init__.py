"""What a store knows about an experiment: one frame, and tables that are made from it."""
