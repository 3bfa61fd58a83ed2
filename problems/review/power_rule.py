"""The exponent comes down in front and drops by one."""

from calcbench import Problem


class PowerRule(Problem):
    """A fifth power, y = x⁵."""

    place = "Review: the power rule"
    formula = r"y = x^5"
    derivation = (
        (
            "A power is a product of equal factors. Move every factor from x to x + Δ.",
            r"(x + \Delta)^n = (x + \Delta)(x + \Delta) \cdots (x + \Delta)",
        ),
        (
            "Multiply out. Taking x from every factor gives xⁿ; taking Δ from one factor and x "
            "from the others can be done in n ways; every other term contains Δ at least twice.",
            r"(x + \Delta)^n = x^n + n x^{n-1} \Delta + \Delta^2 \, (\ldots)",
        ),
        (
            "Subtract xⁿ and divide by Δ.",
            r"\frac{(x + \Delta)^n - x^n}{\Delta} = n x^{n-1} + \Delta \, (\ldots)",
        ),
        (
            "Let Δ shrink towards 0. What is left is the power rule.",
            r"\frac{d}{dx} x^n = n x^{n-1}",
        ),
        ("Here n = 5.", r"\frac{dy}{dx} = 5 x^4"),
        (
            "The rule holds for the derivative too, which is a power with a constant factor.",
            r"\frac{d^2 y}{dx^2} = 5 \cdot 4 x^3 = 20 x^3",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, review of the derivative rules",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 3.1",
    )

    def inputs(self, size, rng):
        return {"x": 2.0}

    def cost(self, xp, x):
        return x**5

    def gradient(self, xp, x):
        return {"x": 5 * x**4}

    def hessian(self, xp, x):
        return {("x", "x"): 20 * x**3}
