"""Forms of tables that set methods beside each other."""
