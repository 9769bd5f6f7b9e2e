"""What is trained and tested: descriptions that expand into cells."""
