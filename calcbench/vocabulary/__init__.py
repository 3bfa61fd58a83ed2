"""The array vocabulary: the names that a cost may use, on every backend alike."""
