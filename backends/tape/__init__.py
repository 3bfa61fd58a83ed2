"""Reverse mode by a tape, to be read."""
