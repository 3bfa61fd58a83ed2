"""A charged particle between two others: where does it come down?"""

from calcbench import Problem

from ._inner import slope

START = (0.0, 8.0)
SPEED = (0.75, 0.0)
CHARGE = 10.0
STEP = 0.1


class Particle(Problem):
    """The squared place on the ground: C(w) = x₁(t)², where x₂(t) = 0, of a particle in a field."""

    domain = {"w": (-0.2, 0.5)}
    limits = {"sympy": (0, "it would write hundreds of steps into one formula")}
    place = "GradBench: particle"
    formula = (
        r"C(w) = x_1(t_0)^2, \quad x_2(t_0) = 0, \qquad x'' = -\nabla p(x), \quad"
        r" p(x) = \frac{1}{|x - (10, 0)|} + \frac{1}{|x - (10, 10 - w)|}"
    )
    derivation = (
        (
            "Two charges push the particle. The force is the slope of their potential: a "
            "derivative inside of the cost.",
            r"x'' = -\frac{\partial p}{\partial x}",
        ),
        (
            "Euler's method takes equal steps in time, as long as it stays above the ground.",
            r"x \leftarrow x + h v, \qquad v \leftarrow v - h \nabla p(x), \qquad h = 0.1",
        ),
        (
            "The last step goes only as far as the ground.",
            r"C = \Bigl( x_1 - \frac{x_2}{v_2} v_1 \Bigr)^2",
        ),
        (
            "The charge that w moves acts in every step. Its slope differentiates the force once "
            "more, and carries what came before along.",
            r"\frac{\partial v}{\partial w} \leftarrow \frac{\partial v}{\partial w}"
            r" - h \frac{\partial^2 p}{\partial x^2} \frac{\partial x}{\partial w}"
            r" - h \frac{\partial^2 p}{\partial x \, \partial w}",
        ),
    )
    sources = (
        "GradBench, evaluation particle, https://github.com/gradbench/gradbench",
        "Pearlmutter & Siskind, Using programming language theory to make automatic "
        "differentiation sound and efficient, Advances in Automatic Differentiation (2008) 79-90",
    )

    def inputs(self, size, rng):
        return {"w": 0.0, "inner": "reverse"}

    def cost(self, xp, w, *, inner):
        def potential(x):
            height = CHARGE - w
            square = (x[0] - CHARGE) ** 2
            return (square + x[1] ** 2) ** -0.5 + (square + (x[1] - height) ** 2) ** -0.5

        field = slope(xp, potential, inner)

        def step(state):
            x, v = state
            return x + STEP * v, v - STEP * field(x)

        def above(state):
            x, v = state
            return x[1] + STEP * v[1] > 0

        start = xp.stack(list(START)), xp.stack(list(SPEED))
        x, v = xp.while_loop(above, step, start, 1_000)
        return (x[0] - x[1] / v[1] * v[0]) ** 2
