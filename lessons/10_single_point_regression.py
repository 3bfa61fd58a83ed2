# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10. Regression at a single point
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/10_single_point_regression.ipynb)

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

import numpy as np

import calcbench as cb
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# A line is to go through a point. It does not, yet. Which way should it be turned, and which way
# moved? The answer is a gradient, and what follows is the step that all of machine learning
# repeats.

# %% [markdown]
# ## With a pencil
#
# The point is x = 7, y = −1.37. The line is ŷ = mx + b, with the slope m = 0.9 and the height b =
# 0.1; ŷ ("y hat") is what the line *predicts*. Four steps:
#
# 1. *Predict*: $\hat{y} = 0.9 \cdot 7 + 0.1 = 6.4$.
# 2. *Cost*: how bad is that? Take the *residual* $\hat{y} - y = 7.77$, squared: $C = 60.3729$.
# 3. *Gradient*: the chain rule. C is a square, whose slope by ŷ is twice the residual. ŷ moves by
#    x for each unit of m, and by 1 for each unit of b:
#
# $$\frac{\partial C}{\partial m} = 2(\hat{y} - y)\,x = 108.78 \qquad \frac{\partial C}{\partial b} =
# 2(\hat{y} - y) = 15.54$$
#
# 4. *Move*: against the gradient, a small part of it.
#
# Both slopes are above 0: more m and more b make it worse. So both have to become less. m does 7
# times as much as b, because x is 7.

# %%
x, y = 7, -1.37


def four_steps(m, b, rate=0.01):
    """Predict, take the cost and its gradient, and move."""
    prediction = m * x + b
    residual = prediction - y
    cost = residual**2
    by_m, by_b = 2 * residual * x, 2 * residual
    print(f"ŷ = {prediction:.4g}, residual {residual:.4g}, C = {cost:.6g}")
    print(f"∂C/∂m = {by_m:.5g}, ∂C/∂b = {by_b:.4g}")
    return m - rate * by_m, b - rate * by_b


m, b = four_steps(0.9, 0.1)
print(f"moved to m = {m:.6g}, b = {b:.4g}\n")
_ = four_steps(m, b)

# %% [markdown]
# One step, and the residual is 0, but for rounding in the last digit. That is luck with the rate:
# 0.01 is exactly 1/(2(x² + 1)), the rate that does one point at once. With another rate it takes
# many steps.

# %% [markdown]
# ## The picture
#
# The line, the point, and the residual between them. In a page: find the m and b that make C = 0.
# There is more than one.


# %%
def fitted(panel, m, b):
    """Draw a line, and its residual at the point."""
    prediction = m * x + b
    text = f"m = {m:g}, b = {b:g}: residual {prediction - y:.2f}, C = {(prediction - y) ** 2:.2f}"
    return (
        panel.line(m, (0, b), dashed=False, colour="#0072b2")
        .rule(x=x, between=(y, prediction), colour="#b04a00")
        .text(-0.3, 6.5, text, side="e")
    )


cb.draw(
    cb.Panel("x", (-0.5, 7.5), "y", (-2, 7), size=(480, 320))
    .moving({"m": (-1, 1, 0.1, 0.9), "b": (-0.9, 3.1, 0.25, 0.1)}, fitted)
    .dots([x], [y], ["(7, −1.37)"], side="w"),
    title="One point, one line",
)

# %% [markdown]
# The cost as a function of m (b held), and of b (m held). Both are parabolas, with their tangents
# at our m and b. Along m it is steep; the lowest place along b is far away, at −7.67.


# %%
def cost(m, b):
    """Compute the squared residual."""
    return (m * x + b - y) ** 2


cb.draw(
    cb.Panel("m", (-1.5, 1.5), "C", (0, 160), "b = 0.1 is held", (310, 260))
    .curve(lambda m: cost(m, 0.1))
    .line(108.78, (0.9, cost(0.9, 0.1)), "slope 108.78", at=0.75, side="w")
    .dots([0.9], [cost(0.9, 0.1)]),
    cb.Panel("b", (-17, 2), "C", (0, 100), "m = 0.9 is held", (310, 260))
    .curve(lambda b: cost(0.9, b))
    .line(15.54, (0.1, cost(0.9, 0.1)), "slope 15.54", at=-1.2, side="w")
    .dots([0.1, -7.67], [cost(0.9, 0.1), 0]),
)

# %% [markdown]
# Over both: a straight valley. Every (m, b) on the line 7m + b = −1.37 goes through the point, and
# costs nothing. One point does not settle a line. The step from (0.9, 0.1) goes straight across
# (both axes have the same scale).

# %%
cb.draw(
    cb.Panel("m", (-1.5, 1.5), "b", (-2, 4), size=(240, 480))
    .levels(cost, [1, 10, 30, 60, 100, 150])
    .line(-7, (0, -1.37), "7m + b = −1.37", at=-0.6, side="e")
    .arrows([(0.9, 0.1)], [(m - 0.9, b - 0.1)])
    .dots([0.9], [0.1], ["start"], side="ne"),
    title="A valley of best lines",
)

# %% [markdown]
# The Hessian, the table of second derivatives (lesson 7), says so too. Its *eigenvalues* say how much
# the ground bends, in the direction in which it bends most and in the one in which it bends least.
# Along the valley nothing bends: that eigenvalue is 0, and with it the *determinant*, the product of
# the two. (The *rank* counts the directions that bend.)

# %%
hessian = cb.hessian("single_point_regression", "by_hand")
print(hessian)
print("eigenvalues", np.linalg.eigvalsh(hessian).round(12), "rank", np.linalg.matrix_rank(hessian))

# %% [markdown]
# ## Six ways

# %%
cb.compare("single_point_regression")

# %% [markdown]
# And the same as a program for each framework, to run without calcbench:

# %%
cb.show("single_point_regression", ["torch", "jax"])

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("10.1")

# %%
check("10.1", ..., ..., ..., ..., ...)

# %%
exercise("10.2")

# %%
check("10.2", ..., ..., ..., ..., ...)

# %%
exercise("10.3")

# %%
check("10.3", ..., ..., ..., ...)

# %%
exercise("10.4")

# %%
check("10.4", ..., ..., ...)

# %%
exercise("10.5")

# %%
check("10.5", ..., ..., ...)

# %%
score()

# %% [markdown]
# ## Citing
#
# The tables above were made on the machine that runs this lesson. To quote a time, quote a run: a
# file that says on which machine, with which versions, and when. One travels with this lesson, the
# same for everybody. Here is its table. `time` is the median of many rounds, and `±` says how sure
# it is; `× fastest` and `× cost` are how many times as long as the fastest takes, and as the
# function alone; `prepare` is spent once, before. A time that is not known to 5 % is called
# `noisy`. The lines below say who is best for how many calls.

# %%
run = lesson_run(10)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("single_point_regression"))`, or, in a terminal, `calcbench bench
# single_point_regression` and then `calcbench cite`.

# %%
print(cite(run))
