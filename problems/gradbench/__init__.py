"""GradBench's evaluations, each function written once. They take part when they are named."""

ORDER = ("hello",)
