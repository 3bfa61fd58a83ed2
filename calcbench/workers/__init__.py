"""The processes that users' code runs in: deadlines, memory, ends."""
