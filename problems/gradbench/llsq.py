"""A polynomial fitted to a step: least squares that are linear in the coefficients."""

import numpy as np

from calcbench import Problem


class Llsq(Problem):
    """Half the squared error of a polynomial: C(x) = ½ Σᵢ (sᵢ − Σⱼ xⱼ·tᵢʲ)²."""

    sizes = (
        {"n": 8, "m": 4},  # number of points, of coefficients
        {"n": 16, "m": 128},
        {"n": 1_024, "m": 128},
        {"n": 16_392, "m": 128},
    )
    rows = ("t", "s")
    reduction = "sum"
    limits = {"sympy": (20, "it writes each row out with all powers of t")}
    place = "GradBench: llsq"
    formula = (
        r"C(x) = \frac{1}{2} \sum_{i=0}^{n-1} \Bigl( s_i - \sum_{j=0}^{m-1} x_j t_i^j \Bigr)^2"
    )
    derivation = (
        (
            "The places t lie evenly between −1 and 1; the values s are a step, the sign of t.",
            r"t_i = -1 + \frac{2 i}{n - 1}, \qquad s_i = \mathrm{sign}(t_i)",
        ),
        (
            "Call the residual r. Half its square has the residual as its slope.",
            r"C = \frac{1}{2} \sum_i r_i^2, \qquad r_i = s_i - \sum_j x_j t_i^j",
        ),
        (
            "A coefficient stands in the residual beside its power of t.",
            r"\frac{\partial r_i}{\partial x_j} = -t_i^j",
        ),
        (
            "The chain rule adds up what all points say.",
            r"\frac{\partial C}{\partial x_j} = -\sum_i r_i t_i^j",
        ),
    )
    sources = (
        "GradBench, evaluation llsq, https://github.com/gradbench/gradbench, after llsq_obj of "
        "Bradley Bell's cmpad",
        "Horner, A new method of solving numerical equations of all orders, Philosophical "
        "Transactions of the Royal Society 109 (1819) 308-335 (one product per coefficient)",
    )

    def inputs(self, size, rng):
        t = np.linspace(-1.0, 1.0, size["n"])
        return {"x": rng.uniform(size=size["m"]), "t": t, "s": np.sign(t)}

    def cost(self, xp, x, *, t, s):
        return xp.sum((s - polynomial(xp, x, t)) ** 2) / 2

    def gradient(self, xp, x, *, t, s):
        residual = s - polynomial(xp, x, t)

        def step(product, _):  # rᵢ·tᵢʲ, for one j after the other
            return product * t, -xp.sum(product)

        _, partials = xp.scan(step, residual, None, length=x.shape[0])
        return {"x": partials}


def polynomial(xp, x, t):
    """Evaluate Σⱼ xⱼ·tʲ at all t, by Horner's rule, from the highest coefficient down."""

    def step(value, coefficient):
        return value * t + coefficient, None

    value, _ = xp.scan(step, xp.zeros_like(t), xp.flip(x))
    return value
