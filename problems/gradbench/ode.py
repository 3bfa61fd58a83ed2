"""The end of a solution by Runge and Kutta: a long loop over a long state."""

from calcbench import Problem


class Ode(Problem):
    """The last component at t = 2 of yᵢ' = xᵢ·yᵢ₋₁, by s steps of Runge and Kutta."""

    sizes = (
        {"n": 4, "s": 3},  # number of components, of steps
        {"n": 1_000, "s": 10},
        {"n": 10_000, "s": 10},
        {"n": 100_000, "s": 10},
    )
    limits = {
        "sympy": (8, "it writes all steps into one formula"),
        "finite_difference": (10_000, "it evaluates the cost for every variable anew"),
    }
    place = "GradBench: ode"
    formula = r"C(x) = y_n(2), \qquad y_1' = x_1, \quad y_i' = x_i \, y_{i-1}, \quad y(0) = 0"
    derivation = (
        (
            "Each component is driven by the one before it, the first by the constant 1. All begin "
            "at 0, so that the solution is a power of the time.",
            r"y_1 = x_1 t, \quad y_2 = x_1 x_2 \frac{t^2}{2}, \quad \ldots, \quad"
            r" y_n = \frac{t^n}{n!} \prod_i x_i",
        ),
        (
            "Runge and Kutta do not know that. A step of length h looks at the slope four times.",
            r"k_1 = f(y), \quad k_2 = f(y + \frac{h}{2} k_1), \quad k_3 = f(y + \frac{h}{2} k_2),"
            r" \quad k_4 = f(y + h k_3)",
        ),
        (
            "Their weighted mean is right up to the fifth power of h. What is differentiated is "
            "this loop, with its errors, and not the solution.",
            r"y \leftarrow y + \frac{h}{6} (k_1 + 2 k_2 + 2 k_3 + k_4), \qquad h = \frac{2}{s}",
        ),
        (
            "The slope looks back through the loop: a disturbance of the last component comes "
            "from one of those before it, a step earlier. Reverse mode carries them all.",
            r"\frac{\partial C}{\partial x_i} = \sum_{\mathrm{steps}} \sum_{r=1}^{4}"
            r" \frac{\partial C}{\partial k_{r,i}} \, y^{(r)}_{i-1}",
        ),
    )
    sources = (
        "GradBench, evaluation ode, https://github.com/gradbench/gradbench, after an_ode of "
        "Bradley Bell's cmpad",
        "Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I (1993), section II.1",
    )

    def inputs(self, size, rng):
        return {"x": rng.uniform(size=size["n"]), "s": int(size["s"])}

    def cost(self, xp, x, *, s):
        return solve(xp, x, s)[-1]


def solve(xp, x, s):
    """Solve the equations up to t = 2 by s steps: all components, (n,)."""
    h = 2 / s

    def slope(y):
        return x * xp.concat([xp.ones(1), y[:-1]])

    def step(y):
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return xp.iterate(step, xp.zeros_like(x), s)
