"""The chain rule for partial derivatives: multiply along each path, add over the paths."""

ORDER = (
    "one_inner_variable",
    "several_inner_variables",
    "general_chain_rule",
    "deep_composition",
)
