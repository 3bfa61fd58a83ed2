"""The same determinant as the libraries compute it: by factors, in n³ steps."""

import numpy as np

from calcbench import Problem


class DetByLu(Problem):
    """The determinant by a library: C(A) = det A, from the factors L and U."""

    sizes = (4, 6, 8, 11)  # number of rows, and of columns
    limits = {"sympy": (36, "the formula is expanded, and has n! products")}
    place = "GradBench: det, beside it"
    formula = r"C(A) = \det A"
    derivation = (
        (
            "Elimination makes a triangle of A, whose determinant is the product of its diagonal.",
            r"A = P L U, \qquad C = \pm \prod_j U_{jj}",
        ),
        (
            "The slopes are the cofactors, and those are the inverse but for the determinant: "
            "the rule of Cramer.",
            r"\frac{\partial C}{\partial A_{ij}} = (-1)^{i + j} \det A^{(i, j)}",
        ),
        (
            "So one inverse gives all slopes, of a matrix that has one.",
            r"\frac{\partial C}{\partial A} = \det(A) \, A^{-T}",
        ),
    )
    sources = (
        "Strang, Introduction to Linear Algebra, 5th ed. (2016), sections 5.1 and 5.3",
        "Giles, Collected matrix derivative results for forward and reverse mode algorithmic "
        "differentiation, Advances in Automatic Differentiation (2008) 35-44, section 2.2.4",
    )

    def inputs(self, size, rng):
        return {"A": rng.uniform(size=(size, size))}

    def domain(self, values):
        """Leave out matrices that have no inverse."""
        return bool(np.linalg.matrix_rank(values["A"]) == len(values["A"]))

    def cost(self, xp, A):
        return xp.linalg.det(A)

    def gradient(self, xp, A):
        return {"A": xp.linalg.det(A) * xp.matrix_transpose(xp.linalg.inv(A))}
