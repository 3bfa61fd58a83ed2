"""As many equations as unknowns, each with three of them: a Jacobian in a narrow band."""

import numpy as np

from calcbench import TRIDIAGONAL, Problem


class BroydenTridiagonal(Problem):
    """Broyden's equations, Fᵢ = (3 − 2xᵢ)·xᵢ − xᵢ₋₁ − 2xᵢ₊₁ + 1, whose Jacobian is tridiagonal."""

    sizes = (10, 1_000, 100_000)  # number of equations, and of unknowns
    limits = {"sympy": (100, "it compiles a formula for every equation: minutes at 1,000")}
    place = "Beyond the gradient: a sparse Jacobian"
    formula = r"F_i(x) = (3 - 2 x_i) \, x_i - x_{i-1} - 2 x_{i+1} + 1, \qquad x_0 = x_{n+1} = 0"
    derivation = (
        (
            "Each equation contains its own unknown and the two beside it. By its own: the product "
            "rule, or 3x − 2x² term by term.",
            r"\frac{\partial F_i}{\partial x_i} = 3 - 4 x_i",
        ),
        (
            "By the one before and the one after, straight lines.",
            r"\frac{\partial F_i}{\partial x_{i-1}} = -1, \qquad"
            r" \frac{\partial F_i}{\partial x_{i+1}} = -2",
        ),
        (
            "By any other the slope is 0. The Jacobian is tridiagonal, and not symmetric.",
            r"J = \begin{pmatrix} 3 - 4 x_1 & -2 & & \\ -1 & 3 - 4 x_2 & -2 & \\"
            r" & \ddots & \ddots & \ddots \\ & & -1 & 3 - 4 x_n \end{pmatrix}",
        ),
        (
            "Columns 1, 4, 7, … have no row in common. One direction that moves all of them finds "
            "all of their entries, and three directions find the whole matrix, however large.",
            r"J (e_1 + e_4 + e_7 + \ldots) = J e_1 + J e_4 + J e_7 + \ldots",
        ),
    )
    sources = (
        "Broyden, A class of methods for solving nonlinear simultaneous equations, Mathematics of "
        "Computation 19 (1965) 577-593",
        "Moré, Garbow & Hillstrom, Testing unconstrained optimization software, ACM Transactions "
        "on Mathematical Software 7 (1981) 17-41, problem 30",
        "Curtis, Powell & Reid, On the estimation of sparse Jacobian matrices, IMA Journal of "
        "Applied Mathematics 13 (1974) 117-119 (columns that share a direction)",
    )

    def inputs(self, size, rng):
        return {"x": np.full(size, -1.0)}

    def outputs(self, inputs):
        return len(inputs["x"])

    def structure(self, inputs):
        return TRIDIAGONAL

    def cost(self, xp, x):
        nothing = 0 * x[:1]
        before, after = xp.concat([nothing, x[:-1]]), xp.concat([x[1:], nothing])
        return (3 - 2 * x) * x - before - 2 * after + 1
