"""Extent: how much of a problem is certified, where somebody says so."""

EXTENTS = ("full", "sample", "none")
"""All rows, a sample of them, or nothing. If nothing is said, all rows where that takes seconds by
an estimate, and else a sample."""
