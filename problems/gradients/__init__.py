"""Gradients: the cost functions of regression, and what gradient descent follows."""
