"""One file per way to take a gradient. A file dropped in here is found by its name."""

DEFAULT = ("by_hand", "sympy", "finite_difference", "torch", "tensorflow", "jax")
"""Those that take part when none is named. The others do when they are, or with `all`."""

ORDER = (*DEFAULT, "autograd", "dual", "tape")
"""The order of the tables; what is not named here follows."""
