"""A valley along one axis, a ridge along the other."""

from calcbench import Problem


class Saddle(Problem):
    """A saddle, z = x² − y²."""

    place = "Partial derivatives: a surface over two variables"
    formula = r"z = x^2 - y^2"
    derivation = (
        (
            "To find the slope in the direction of x, let x move by Δ and hold y constant.",
            r"\frac{\partial z}{\partial x} = \lim_{\Delta \to 0}"
            r" \frac{f(x + \Delta, y) - f(x, y)}{\Delta}",
        ),
        (
            "The term −y² does not move, so it cancels. The quotient is the one of x².",
            r"\frac{(x + \Delta)^2 - y^2 - (x^2 - y^2)}{\Delta} = 2x + \Delta",
        ),
        (
            "Let Δ shrink towards 0.",
            r"\frac{\partial z}{\partial x} = 2x",
        ),
        (
            "Now let y move and hold x constant. The term x² cancels.",
            r"\frac{x^2 - (y + \Delta)^2 - (x^2 - y^2)}{\Delta} = -2y - \Delta",
        ),
        (
            "Let Δ shrink towards 0.",
            r"\frac{\partial z}{\partial y} = -2y",
        ),
        (
            "At (3, 2) the surface climbs towards larger x and falls towards larger y. At (0, 0) "
            "it is flat, and yet neither a peak nor a pit.",
            r"\frac{\partial z}{\partial x}(3, 2) = 6, \qquad"
            r" \frac{\partial z}{\partial y}(3, 2) = -4",
        ),
        (
            "Differentiate each slope once more, by each variable. The slope 2x does not contain "
            "y, and −2y does not contain x.",
            r"\frac{\partial^2 z}{\partial x^2} = 2, \qquad"
            r" \frac{\partial^2 z}{\partial x \, \partial y} = 0, \qquad"
            r" \frac{\partial^2 z}{\partial y^2} = -2",
        ),
        (
            "Together they are the Hessian. One positive and one negative curvature make a saddle, "
            "which is why (0, 0) is neither a peak nor a pit.",
            r"H = \begin{pmatrix} 2 & 0 \\ 0 & -2 \end{pmatrix}",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, partial derivatives of "
        "multivariate functions",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 14.3",
    )

    def inputs(self, size, rng):
        return {"x": 3.0, "y": 2.0}

    def cost(self, xp, x, y):
        return x**2 - y**2

    def gradient(self, xp, x, y):
        return {"x": 2 * x, "y": -2 * y}

    def hessian(self, xp, x, y):
        return {("x", "x"): 2, ("x", "y"): 0, ("y", "y"): -2}
