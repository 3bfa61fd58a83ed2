"""One file per cost function, in a folder per theme. A file dropped in here is found."""

ORDER = (
    "review",
    "partial_derivatives",
    "chain_rule",
    "gradients",
    "real_data",
    "second_order",
)
