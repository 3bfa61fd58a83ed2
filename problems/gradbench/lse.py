"""The logarithm of a sum of exponentials: a maximum that is smooth."""

from calcbench import Problem


class Lse(Problem):
    """LogSumExp from a maximum and a sum: C(x) = max x + log Σ e^(xᵢ − max x)."""

    sizes = (3, 2_500, 160_000, 1_280_000)  # length of x
    limits = {
        "sympy": (20, "each partial is a formula of all exponentials: a minute at 20"),
        "finite_difference": (2_500, "it evaluates the cost for every variable anew"),
    }
    place = "GradBench: lse"
    formula = r"C(x) = \max x + \log \sum_{i=1}^{n} e^{x_i - \max x}"
    derivation = (
        (
            "Subtracting the largest and adding it again changes nothing but keeps the "
            "exponentials from overflowing.",
            r"C = a + \log \sum_i e^{x_i - a} = \log \sum_i e^{x_i}, \qquad a = \max x",
        ),
        (
            "The logarithm gives one over the sum, and each exponential is its own derivative. "
            "The terms by the maximum cancel.",
            r"\frac{\partial C}{\partial x_j} = \frac{e^{x_j}}{\sum_i e^{x_i}}",
        ),
        (
            "So the partials are the softmax of x: positive, and together 1.",
            r"\frac{\partial C}{\partial x_j} = \frac{e^{x_j - a}}{\sum_i e^{x_i - a}}, \qquad"
            r" \sum_j \frac{\partial C}{\partial x_j} = 1",
        ),
    )
    sources = (
        "GradBench, evaluation lse, https://github.com/gradbench/gradbench",
        "Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions, "
        "IMA Journal of Numerical Analysis 41 (2021) 2311-2330",
    )

    def inputs(self, size, rng):
        return {"x": rng.uniform(size=size)}

    def cost(self, xp, x):
        largest = xp.max(x)
        return largest + xp.log(xp.sum(xp.exp(x - largest)))

    def gradient(self, xp, x):
        exponentials = xp.exp(x - xp.max(x))
        return {"x": exponentials / xp.sum(exponentials)}
