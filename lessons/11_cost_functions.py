# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11. Cost functions
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/11_cost_functions.ipynb)

# %%
from importlib import invalidate_caches
from importlib.util import find_spec

if find_spec("calcbench") is None:  # nothing to do where it is installed
    import subprocess
    import sys
    from pathlib import Path

    wheels = sorted(Path.cwd().glob("calcbench-*.whl"))  # one that lies beside this notebook
    home = "not.published/calcbench"  # on GitHub, as soon as the project is
    if not wheels and home.startswith("not.published"):
        raise ModuleNotFoundError(
            "calcbench is not installed here, and has no public address yet. "
            "Put its wheel (calcbench-….whl) beside this notebook, and run this cell again."
        )
    source = wheels[-1].as_uri() if wheels else f"git+https://github.com/{home}"
    command = [sys.executable, "-m", "pip", "install", "-q", f"calcbench[plot] @ {source}"]
    subprocess.run(command, check=True)
    invalidate_caches()

import math
import statistics

import calcbench as cb
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# "As few errors as possible" is not yet a task. Is one error of 10 worse than ten errors of 1? A
# *cost function* answers that. What it punishes, and how hard, is written in its slope.

# %% [markdown]
# ## With a pencil
#
# Let e be an error: prediction minus truth. Three costs of one error, and their slopes:
#
# 1. The *absolute* value |e|: slope −1 or 1. It pulls with the same force, however far away.
# 2. The *square* e²: slope 2e. It pulls harder, the further away.
# 3. *Huber*: ½e² near 0 (up to δ = 1), and |e| − ½ beyond: slope e, but never beyond ±1. Soft near
#    the goal, calm far away.
#
# Take the errors 3, −4 and 1. Their plain mean is 0, which is useless: errors cancel. The mean
# absolute error is 8/3, the mean squared error 26/3.
#
# Which constant c is best for the numbers 1, 2, 3, 10? By squares: where the slopes 2(c − yᵢ) add
# up to 0, at the *mean*, 4. By absolute values: where as many pull up as down, at the *median*:
# any c from 2 to 3. The 10 draws the mean towards itself. The median does not care.

# %%
errors = [3, -4, 1]
print("mean", sum(errors) / 3)
print("mean absolute", sum(map(abs, errors)) / 3)
print("mean squared", sum(e**2 for e in errors) / 3)
data = [1, 2, 3, 10]
print("best by squares", statistics.mean(data), " best by absolute values", statistics.median(data))

# %% [markdown]
# ## The picture
#
# Costs above, slopes below. At 0, |e| has a kink, and its slope jumps from −1 to 1 with nothing
# between.


# %%
def huber(e):
    """Take half the square near 0, and a straight line beyond."""
    return e**2 / 2 if abs(e) <= 1 else abs(e) - 0.5


def sign(e):
    """Give the slope of |e|, which has none at 0."""
    return math.nan if abs(e) < 1e-9 else math.copysign(1, e)


costs = cb.Panel("e", (-4, 4), "cost", (0, 8), size=(440, 240))
costs = costs.curve(abs, "|e|", at=3.4, side="nw")
costs = costs.curve(lambda e: e**2, "e²", colour="#b04a00", at=-2.4, side="ne", dashed=True)
costs = costs.curve(huber, "Huber", colour="#00785a", at=3.4, side="se")
slopes = cb.Panel("e", (-4, 4), "slope", (-4, 4), size=(440, 240)).curve(
    sign, "|e|", at=0.45, side="n"
)
slopes = slopes.curve(lambda e: 2 * e, "e²", colour="#b04a00", at=1.6, side="e", dashed=True)
slopes = slopes.curve(lambda e: max(-1, min(1, e)), "Huber", colour="#00785a", at=0.5, side="se")
slopes = slopes.text(-3.9, -1, "both, |e| and Huber", side="ne")
cb.draw(costs, slopes, columns=1, title="What a cost punishes is its slope")

# %% [markdown]
# Now the eight points of the class, with one of them led astray: in a page, the slider lifts the
# last point. The line of least squares runs after it. The line of least absolute values stays with
# the other seven.

# %%
xs = range(8)
ys = [1.86, 1.31, 0.62, 0.33, 0.09, -0.67, -1.23, -1.37]


def least_squares(ys):
    """Find the best line by squares: the formulas of lesson 12, set to 0."""
    mean_x, mean_y = 3.5, statistics.mean(ys)
    m = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / 42
    return m, mean_y - m * mean_x


def least_absolute(ys):
    """Find the best line by absolute values: one of the lines through two of the points."""
    lines = [
        ((ys[j] - ys[i]) / (j - i), ys[i] - i * (ys[j] - ys[i]) / (j - i))
        for i in xs
        for j in range(i + 1, 8)
    ]
    return min(
        lines, key=lambda l: sum(abs(l[0] * x + l[1] - y) for x, y in zip(xs, ys, strict=True))
    )


def two_lines(panel, last):
    """Draw both best lines for a last point."""
    moved = [*ys[:7], last]
    (m, b), (p, q) = least_squares(moved), least_absolute(moved)
    return (
        panel.line(m, (0, b), "squares", colour="#b04a00", at=6.6, side="nw")
        .line(p, (0, q), "absolute values", dashed=False, colour="#0072b2", at=4.6, side="sw")
        .dots([7], [last], colour="#a3437d")
    )


cb.draw(
    cb.Panel("x", (-0.5, 7.5), "y", (-3, 9), size=(480, 320))
    .moving({"last y": (-1.37, 8.03, 0.47, 8.03)}, two_lines)
    .dots(xs[:7], ys[:7]),
    title="One outlier",
)

# %% [markdown]
# ### A yes or a no
#
# Where the truth is 1 or 0, a prediction is a probability a between them: a = σ(z), the sigmoid of
# lesson 9. *Cross-entropy* is the cost −ln a if the truth is 1. Its slope by z is a − 1: the error
# itself. The quadratic cost ½(a − 1)² has the slope (a − 1)·a(1 − a). The last factor is nearly 0
# where a is near 0: just there where the answer is most wrong, it hardly pulls.


# %%
def sigmoid(z):
    """Squeeze any number between 0 and 1."""
    return 1 / (1 + math.exp(-z))


def quadratic_slope(z):
    """Give the slope by z of the quadratic cost, for the truth 1."""
    a = sigmoid(z)
    return (a - 1) * a * (1 - a)


cb.draw(
    cb.Panel("z", (-6, 6), "slope", (-1, 0.05), "cross-entropy", (310, 220))
    .curve(lambda z: sigmoid(z) - 1)
    .rule(y=0),
    cb.Panel("z", (-6, 6), "slope", (-0.16, 0.01), "quadratic cost", (310, 220))
    .curve(quadratic_slope, colour="#b04a00")
    .rule(y=0),
    title="The truth is 1: who pulls, and where (mind the different scales)",
)

# %%
z = math.log(0.01 / 0.99)  # where a = 0.01
print(
    f"a = {sigmoid(z):.2f}: cross-entropy {sigmoid(z) - 1:.2f}, quadratic {quadratic_slope(z):.6f}"
)

# %% [markdown]
# ## Six ways
#
# A cost of your own: the mean absolute error of the eight points, with its gradient by hand.


# %%
def by_hand(xp, m, b, *, x, y):
    """Add up the signs of the residuals, times x for m."""
    signs = xp.sign(m * x + b - y)
    return {"m": xp.mean(signs * x), "b": xp.mean(signs)}


@cb.problem(m=0.9, b=0.1, x=[float(x) for x in xs], y=ys, gradient=by_hand)
def mean_absolute_error(xp, m, b, *, x, y):
    """Take the mean of the absolute residuals."""
    return xp.mean(xp.abs(m * x + b - y))


print("C =", cb.cost(mean_absolute_error))
cb.compare(mean_absolute_error)

# %% [markdown]
# And at a kink, where the line goes through a point? There the slope does not exist, and calcbench
# does not judge it. The first point is (0, 1.86):

# %%
cb.verify(mean_absolute_error, ["by_hand", "finite_difference"], at={"b": 1.86})

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("11.1")

# %%
check("11.1", ..., ..., ...)

# %%
exercise("11.2")

# %%
check("11.2", ..., ..., ..., ..., ..., ...)

# %%
exercise("11.3")

# %%
check("11.3", ..., ..., ...)

# %%
exercise("11.4")

# %%
check("11.4", ..., ...)

# %%
exercise("11.5")

# %%
check("11.5", ..., ..., ...)

# %%
score()

# %% [markdown]
# ## Citing
#
# The tables above were made on the machine that runs this lesson. To quote a time, quote a run: a
# file that says on which machine, with which versions, and when. One travels with this lesson, the
# same for everybody. Here is its table (of `binary_cross_entropy`, with six points). `time` is the
# median of many rounds, and `±` says how sure it is; `× fastest` and `× cost` are how many times as
# long as the fastest takes, and as the function alone; `prepare` is spent once, before. A time that
# is not known to 5 % is called `noisy`. The lines below say who is best for how many calls.

# %%
run = lesson_run(11)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("binary_cross_entropy"))`, or, in a terminal, `calcbench bench
# binary_cross_entropy` and then `calcbench cite`.

# %%
print(cite(run))
