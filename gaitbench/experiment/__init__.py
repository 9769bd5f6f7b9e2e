"""What can be asked for, and what it comes to."""
