"""The processes that users' code runs in: their deadlines, their memory, and how they end."""
