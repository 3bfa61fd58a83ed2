"""Backends: ways to differentiate, with preparation separate from running."""
