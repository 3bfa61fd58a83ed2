"""Given results, what they are worth: contract, verdict, vote, structure."""
