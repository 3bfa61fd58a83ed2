"""Forward mode by dual numbers, to be read."""
