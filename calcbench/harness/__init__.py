"""Comparing: every backend asked, judged, timed once."""
