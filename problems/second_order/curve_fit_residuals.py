"""How far a curve lies from each point: many values at once, and a Jacobian."""

import numpy as np

from calcbench import Problem


class CurveFitResiduals(Problem):
    """Residuals of an exponential decay: rᵢ = a·e^(−b·tᵢ) + c − yᵢ."""

    sizes = (10, 1_000)  # number of points
    place = "Beyond the gradient: the Jacobian of a vector of residuals"
    formula = r"r_i(a, b, c) = a \, e^{-b t_i} + c - y_i, \qquad i = 1, \ldots, n"
    derivation = (
        (
            "A decay from a + c down to c, at the rate b. Each of the n residuals is a function of "
            "the same three parameters, and has its own three slopes.",
            r"r_i = a \, E_i + c - y_i, \qquad E_i = e^{-b t_i}",
        ),
        (
            "Let a move: a straight line, whose slope is the factor beside it.",
            r"\frac{\partial r_i}{\partial a} = E_i",
        ),
        (
            "Let b move: the exponential is its own derivative, times −tᵢ.",
            r"\frac{\partial r_i}{\partial b} = -a \, t_i E_i",
        ),
        (
            "Let c move: every residual moves with it.",
            r"\frac{\partial r_i}{\partial c} = 1",
        ),
        (
            "The Jacobian has a row for each residual and a column for each parameter.",
            r"J = \begin{pmatrix} E_1 & -a \, t_1 E_1 & 1 \\ \vdots & \vdots & \vdots \\"
            r" E_n & -a \, t_n E_n & 1 \end{pmatrix}",
        ),
        (
            "Least squares fits the curve through it. By the chain rule, a pullback of the "
            "residuals themselves is the gradient of half the sum of their squares.",
            r"C = \frac{1}{2} \sum_i r_i^2, \qquad \nabla C = J^T r",
        ),
        (
            "Differentiate once more. Near a good fit the residuals are small, and so is the "
            "second part: the method of Gauss and Newton leaves it out, and needs J alone.",
            r"H = J^T J + \sum_i r_i \nabla^2 r_i \approx J^T J",
        ),
    )
    sources = (
        "Nocedal & Wright, Numerical Optimization, 2nd ed. (2006), sections 10.2 and 10.3",
        "Bard, Nonlinear Parameter Estimation (1974)",
    )

    def inputs(self, size, rng):
        t = np.linspace(0.0, 5.0, size)
        y = 2.5 * np.exp(-1.3 * t) + 0.5 + 0.05 * rng.standard_normal(size)
        return {"a": 2.0, "b": 1.0, "c": 0.8, "t": t, "y": y}

    def outputs(self, inputs):
        return len(inputs["y"])

    def cost(self, xp, a, b, c, *, t, y):
        return a * xp.exp(-b * t) + c - y

    def jacobian(self, xp, a, b, c, *, t, y):
        decay = xp.exp(-b * t)
        return {"a": decay, "b": -a * t * decay, "c": 0 * t + 1}
