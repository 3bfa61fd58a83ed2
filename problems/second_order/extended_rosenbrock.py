"""Many variables, each tied to its neighbours alone: the Hessian is almost all zeros."""

import numpy as np

from calcbench import TRIDIAGONAL, Problem


class ExtendedRosenbrock(Problem):
    """Rosenbrock's valleys in a chain, f = Σ [100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²]."""

    sizes = (10, 1_000, 100_000)  # number of variables
    limits = {
        "sympy": (100, "it differentiates a formula of n terms n times: minutes at 1,000"),
        "finite_difference": (1_000, "it evaluates the cost for every variable anew"),
    }
    place = "Beyond the gradient: a sparse Hessian"
    formula = r"f(x) = \sum_{i=1}^{n-1} \left[ 100 \, (x_{i+1} - x_i^2)^2 + (1 - x_i)^2 \right]"
    derivation = (
        (
            "Each term is Rosenbrock's function of two neighbours. Call its height above the "
            "parabola pᵢ.",
            r"f = \sum_{i=1}^{n-1} f_i, \qquad f_i = 100 \, p_i^2 + (1 - x_i)^2, \qquad"
            r" p_i = x_{i+1} - x_i^2",
        ),
        (
            "The variable xᵢ stands in fᵢ as the first of the pair.",
            r"\frac{\partial f_i}{\partial x_i} = -400 \, x_i \, p_i - 2 (1 - x_i)",
        ),
        (
            "And in the term before as the second. Both add up; the first variable lacks the one, "
            "the last lacks the other.",
            r"\frac{\partial f_{i-1}}{\partial x_i} = 200 \, p_{i-1}, \qquad"
            r" \frac{\partial f}{\partial x_i} = \frac{\partial f_i}{\partial x_i}"
            r" + \frac{\partial f_{i-1}}{\partial x_i}",
        ),
        (
            "The slope by xᵢ contains xᵢ and its two neighbours, and nothing else. So the Hessian "
            "is tridiagonal: 3n − 2 entries, where there could be n².",
            r"\frac{\partial^2 f}{\partial x_i^2} = 200 - 400 \, p_i + 800 \, x_i^2 + 2, \qquad"
            r" \frac{\partial^2 f}{\partial x_i \, \partial x_{i+1}} = -400 \, x_i",
        ),
        (
            "Its product with a direction v needs no matrix. Move every x along v: each height "
            "changes by dᵢ.",
            r"d_i = v_{i+1} - 2 x_i v_i",
        ),
        (
            "Differentiate both parts of the gradient along v.",
            r"(H v)_i = -400 \, (v_i \, p_i + x_i \, d_i) + 2 v_i + 200 \, d_{i-1}",
        ),
    )
    sources = (
        "Rosenbrock, An automatic method for finding the greatest or least value of a function, "
        "The Computer Journal 3 (1960) 175-184",
        "Toint, Some numerical results using a sparse matrix updating formula in unconstrained "
        "optimization, Mathematics of Computation 32 (1978) 839-851 (in a chain)",
        "Moré, Garbow & Hillstrom, Testing unconstrained optimization software, ACM Transactions "
        "on Mathematical Software 7 (1981) 17-41, problem 21 (in separate pairs; the start)",
    )

    def inputs(self, size, rng):
        return {"x": np.where(np.arange(size) % 2, 1.0, -1.2)}

    def structure(self, inputs):
        return TRIDIAGONAL

    def cost(self, xp, x):
        first, second = x[:-1], x[1:]
        return xp.sum(100 * (second - first**2) ** 2 + (1 - first) ** 2)

    def gradient(self, xp, x):
        first, nothing = x[:-1], 0 * x[:1]
        p = x[1:] - first**2
        by_first = -400 * first * p - 2 * (1 - first)
        return {"x": xp.concat([by_first, nothing]) + xp.concat([nothing, 200 * p])}

    def hvp(self, xp, direction, x):
        v = direction["x"]
        first, nothing = x[:-1], 0 * x[:1]
        p = x[1:] - first**2
        d = v[1:] - 2 * first * v[:-1]
        by_first = -400 * (v[:-1] * p + first * d) + 2 * v[:-1]
        return {"x": xp.concat([by_first, nothing]) + xp.concat([nothing, 200 * d])}
