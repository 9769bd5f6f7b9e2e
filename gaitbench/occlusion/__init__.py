"""What hides bodies: the interface, how it is applied, mixes and settings."""
