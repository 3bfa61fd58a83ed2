"""How it is answered: one way to differentiate, with preparation separate from running."""
