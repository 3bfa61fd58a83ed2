"""A determinant by its minors: many products, and no division."""

import functools
import itertools

import numpy as np

from calcbench import Problem


class Det(Problem):
    """The determinant, expanded by rows: C(A) = Σⱼ ± A₁ⱼ·det(A without row 1 and column j)."""

    sizes = (4, 6, 8, 11)  # number of rows, and of columns
    limits = {
        "sympy": (36, "the formula is expanded, and has n! products"),
        "dual": (64, "it runs all minors for every entry"),
    }
    place = "GradBench: det"
    formula = r"C(A) = \sum_{j=1}^{n} (-1)^{1 + j} A_{1j} \det A^{(1, j)}"
    derivation = (
        (
            "A determinant is the sum, along its first row, of each entry times the determinant "
            "of the rest, with alternating signs.",
            r"C = \det A = \sum_j (-1)^{1 + j} A_{1j} \det A^{(1, j)}",
        ),
        (
            "The rest is a minor of the rows below; it is expanded in the same way. Recursion "
            "meets each minor many times: n! products in all.",
            r"n \, (n - 1) \, (n - 2) \cdots 1 = n!",
        ),
        (
            "A minor of the last r rows is known by its columns. From the last row up, each set "
            "of columns S is met once, and takes r products: fewer than n·2ⁿ in all.",
            r"M_S = \sum_{k=1}^{r} (-1)^{1 + k} A_{n - r + 1, s_k} M_{S - s_k}",
        ),
        (
            "The determinant is a straight line in each entry. Its slope is what the entry is "
            "multiplied with: its cofactor.",
            r"\frac{\partial C}{\partial A_{ij}} = (-1)^{i + j} \det A^{(i, j)}",
        ),
    )
    sources = (
        "GradBench, evaluation det, https://github.com/gradbench/gradbench, after det_by_minor of "
        "Bradley Bell's cmpad",
        "Strang, Introduction to Linear Algebra, 5th ed. (2016), section 5.2",
    )

    def inputs(self, size, rng):
        return {"A": rng.uniform(size=(size, size))}

    def cost(self, xp, A):
        n = A.shape[0]
        minors = A[n - 1]
        for r in range(2, n + 1):
            columns, smaller, signs = expansion(n, r)
            entries = xp.take(A[n - r], columns) * xp.asarray(signs)
            minors = xp.sum(entries * xp.take(minors, smaller), axis=1)
        return minors[0]


@functools.cache
def expansion(n, r):
    """Say how minors of r rows come from those of r − 1: columns, places of those, signs.

    A row for each set of r of n columns, in order; in it, an entry for each column left out.
    """
    sets = list(itertools.combinations(range(n), r))
    place = {columns: k for k, columns in enumerate(itertools.combinations(range(n), r - 1))}
    smaller = [[place[s[:k] + s[k + 1 :]] for k in range(r)] for s in sets]
    return np.array(sets), np.array(smaller), (-1.0) ** np.arange(r)
