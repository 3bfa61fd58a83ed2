"""Review: the slope of a curve of one variable, from the delta method and from the rules."""

ORDER = (
    "delta_method",
    "square",
    "power_rule",
    "constant_multiple_rule",
    "sum_rule",
    "product_rule",
    "quotient_rule",
    "chain_rule_single",
)
