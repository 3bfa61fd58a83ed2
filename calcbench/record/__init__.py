"""Records: the result of one backend on one problem, and runs of many on the disk."""
