"""What everything else stands on: errors, keys, random streams, the registry and the store."""
