"""The judge: whether results keep the contract, are right, agree, and fit the structure."""
