"""A page to send: one HTML file that shows a run and opens without a network."""
