"""What is changed about a test to see what a method really reads."""
