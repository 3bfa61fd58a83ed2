"""One file per cost function, in a folder per theme. A file dropped in here is found."""

ORDER = (
    "review",
    "partial_derivatives",
    "chain_rule",
    "gradients",
    "real_data",
    "second_order",
    "gradbench",
)

ON_REQUEST = ("gradbench",)
"""Themes whose problems take part when they, or their theme, are named. The others always do."""
