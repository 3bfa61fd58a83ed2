"""The lessons: sources as scripts, notebooks made from them, and the data of their exercises."""
