"""All components of that solution: what GradBench's ode calls primal."""

from calcbench import Problem

from .ode import Ode, solve


class OdeSolution(Problem):
    """All components at t = 2 of yᵢ' = xᵢ·yᵢ₋₁, by s steps of Runge and Kutta."""

    sizes = ({"n": 4, "s": 3}, {"n": 1_000, "s": 10})  # number of components, of steps
    limits = {"sympy": (8, "it writes all steps into a formula for each component")}
    place = "GradBench: ode, the solution itself"
    formula = r"y(2), \qquad y_1' = x_1, \quad y_i' = x_i \, y_{i-1}, \quad y(0) = 0"
    derivation = (
        (
            "A component depends on those before it, and on no later one. The Jacobian is a "
            "triangle.",
            r"\frac{\partial y_i}{\partial x_j} = 0, \qquad j > i",
        ),
        (
            "A pullback of the last unit vector is the gradient of the last component.",
            r"e_n^T J = \nabla C, \qquad C = y_n(2)",
        ),
        (
            "With the exact solution, each slope would be a quotient.",
            r"\frac{\partial y_i}{\partial x_j} = \frac{y_i}{x_j}, \qquad j \le i",
        ),
    )
    sources = Ode.sources

    def inputs(self, size, rng):
        return {"x": rng.uniform(size=size["n"]), "s": int(size["s"])}

    def outputs(self, inputs):
        return len(inputs["x"])

    def cost(self, xp, x, *, s):
        return solve(xp, x, s)
