"""What running one cell gave, and a run of many cells on the disk."""
