"""partial_derivatives."""
