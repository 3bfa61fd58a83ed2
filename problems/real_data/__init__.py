"""real_data."""
