"""Gradients: the cost functions of regression, and what gradient descent follows."""

ORDER = (
    "single_point_regression",
    "batch_regression",
    "straight_line_at_scale",
    "quadratic_cost",
    "binary_cross_entropy",
    "softmax_cross_entropy",
)
