"""Three neurons in a row: the chain rule, walked backwards, is backpropagation."""

from calcbench import Problem


class DeepComposition(Problem):
    """A chain of three neurons, y = tanh(c·tanh(b·tanh(a·x)))."""

    place = "Chain rule for partial derivatives: long chains"
    formula = r"y = \tanh(c \, \tanh(b \, \tanh(a x)))"
    derivation = (
        (
            "Name what each neuron puts out, from the inside out.",
            r"p = \tanh(a x), \qquad q = \tanh(b p), \qquad y = \tanh(c q)",
        ),
        (
            "The slope of tanh can be read off its own value.",
            r"\frac{d}{du} \tanh u = 1 - \tanh^2 u",
        ),
        (
            "Start at the end. The last neuron sees c·q, and c multiplies q.",
            r"\frac{\partial y}{\partial c} = (1 - y^2) \, q",
        ),
        (
            "Walk one neuron back: the same outer slope, times how c·q depends on q.",
            r"\frac{\partial y}{\partial q} = (1 - y^2) \, c",
        ),
        (
            "There, b multiplies p.",
            r"\frac{\partial y}{\partial b} = \frac{\partial y}{\partial q} (1 - q^2) \, p",
        ),
        (
            "Walk another neuron back.",
            r"\frac{\partial y}{\partial p} = \frac{\partial y}{\partial q} (1 - q^2) \, b",
        ),
        (
            "There, a multiplies x. Each step has used the one before it, so that the whole "
            "gradient costs about as much as the function itself.",
            r"\frac{\partial y}{\partial a} = \frac{\partial y}{\partial p} (1 - p^2) \, x",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, the chain rule for partial "
        "derivatives",
        "Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, "
        "Nature 323 (1986) 533-536",
        "Bishop, Pattern Recognition and Machine Learning, section 5.3",
    )

    def inputs(self, size, rng):
        return {"a": 0.5, "b": -1.5, "c": 2.0, "x": 1.2}

    def cost(self, xp, a, b, c, *, x):
        p = xp.tanh(a * x)
        q = xp.tanh(b * p)
        return xp.tanh(c * q)

    def gradient(self, xp, a, b, c, *, x):
        p = xp.tanh(a * x)
        q = xp.tanh(b * p)
        at_y = 1 - xp.tanh(c * q) ** 2
        at_q = at_y * c * (1 - q**2)
        at_p = at_q * b * (1 - p**2)
        return {"a": at_p * x, "b": at_q * p, "c": at_y * q}
