"""Comparison: every backend runs a problem, is judged, and is timed once."""
