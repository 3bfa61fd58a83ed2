# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 12. The partial derivatives of quadratic cost; gradients
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/12_gradients.ipynb)

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

import numpy as np

import calcbench as cb
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# Eight points, one line, and a cost for all of them together. Its two slopes make an arrow, the
# gradient. Where does it point, how long is it, and what is at right angles to it?

# %% [markdown]
# ## With a pencil
#
# The points are (xᵢ, yᵢ), n = 8 of them; i counts them. The residuals are $r_i = m x_i + b - y_i$,
# and the *quadratic cost* is the mean of their squares:
#
# $$C(m, b) = \frac{1}{n} \sum_i r_i^2$$
#
# 1. The derivative of a sum is the sum of the derivatives, and the 1/n stays.
# 2. Chain rule for each: the outer slope is $2 r_i$.
# 3. The inner slopes: $r_i$ moves by $x_i$ for a unit of m, and by 1 for a unit of b.
#
# $$\frac{\partial C}{\partial m} = \frac{2}{n} \sum_i r_i x_i \qquad \frac{\partial C}{\partial b} =
# \frac{2}{n} \sum_i r_i$$
#
# These are the means of the single-point gradients of lesson 10. Both together are the *gradient*,
# $\nabla C$ ("nabla C"). At m = 0.9, b = 0.1 it is (36.305, 6.265).
#
# 4. Walk a tiny way in the direction (p, q), of length 1. By the chain rule the cost changes at
#    the rate $p \frac{\partial C}{\partial m} + q \frac{\partial C}{\partial b}$: the *directional
#    derivative*. Of all directions it is largest along the gradient, and there it is the
#    gradient's length. At right angles to the gradient it is 0.

# %%
x = np.arange(8)
y = np.array([1.86, 1.31, 0.62, 0.33, 0.09, -0.67, -1.23, -1.37])


def cost(m, b):
    """Take the mean of the squared residuals."""
    return np.mean((m * x + b - y) ** 2)


def gradient(m, b):
    """Compute both slopes by the formulas."""
    r = m * x + b - y
    return np.array([2 * np.mean(r * x), 2 * np.mean(r)])


single = np.array([[2 * r * x_i, 2 * r] for x_i, r in zip(x, 0.9 * x + 0.1 - y, strict=True)])
print("cost", cost(0.9, 0.1))
print("gradient", gradient(0.9, 0.1))
print("mean of the eight single-point gradients", single.mean(axis=0))

# %% [markdown]
# ## The picture
#
# The points, the line at m = 0.9, b = 0.1, and the eight residuals. Six of them say: the line is
# too high.

# %%
fit = cb.Panel("x", (-0.5, 7.5), "y", (-2, 7), size=(440, 300))
fit = fit.line(0.9, (0, 0.1), "y = 0.9x + 0.1", dashed=False, colour="#0072b2", at=4.5, side="nw")
for x_i, y_i in zip(x, y, strict=True):
    fit = fit.rule(x=x_i, between=(y_i, 0.9 * x_i + 0.1), colour="#b04a00")
cb.draw(fit.dots(x, y), title="Eight residuals")

# %% [markdown]
# The cost over m and b is a bowl, a long one. The arrow at (0.9, 0.1) is −∇C, a sixtieth of it:
# the way down. It is at right angles to the level curve (both axes have the same scale here), and
# so it does *not* point at the lowest place. In a page, move m and b.


# %%
def way_down(panel, m, b):
    """Draw −∇C/60 at (m, b), and write the gradient."""
    slopes = gradient(m, b)
    text = f"∇C = ({slopes[0]:.3f}, {slopes[1]:.3f})".replace("-", "−")
    return (
        panel.arrows([(m, b)], [-slopes / 60], colour="#b04a00")
        .dots([m], [b])
        .text(-1.45, -1.5, f"m = {m:g}, b = {b:g}", side="e")
        .text(-1.45, -1.75, text, side="e")
    )


cb.draw(
    cb.Panel("m", (-1.5, 1.5), "b", (-2, 4), size=(270, 540))
    .levels(cost, [0.03, 0.1, 0.3, 1, 3, 10, 20, 40, 80])
    .moving({"m": (-1.1, 1.3, 0.2, 0.9), "b": (-1.4, 3.1, 0.5, 0.1)}, way_down)
    .dots([-657 / 1400], [1.76], ["lowest"], side="e"),
    title="The gradient on level curves",
)

# %% [markdown]
# All directions at (0.9, 0.1), from 0° (along m) around to 360°. The slope along a direction is a
# cosine. Its height is the length of the gradient, 36.84, and its top is at 9.79°, the gradient's
# own direction. A quarter turn away, at 99.79°, it is 0: along the level curve.

# %%
by_m, by_b = gradient(0.9, 0.1)
length, direction = math.hypot(by_m, by_b), math.degrees(math.atan2(by_b, by_m))
print(f"length {length:.8f}, direction {direction:.2f}°")
print(f"unit vector ({by_m / length:.8f}, {by_b / length:.8f})")

cb.draw(
    cb.Panel("direction φ in degrees", (0, 360), "slope", (-40, 40), size=(480, 260))
    .curve(lambda a: by_m * math.cos(math.radians(a)) + by_b * math.sin(math.radians(a)))
    .rule(y=0)
    .dots([direction], [length], ["along the gradient"], side="e")
    .dots([direction + 90, direction + 270], [0, 0], ["level", "level"], side="ne")
    .dots([direction + 180], [-length], ["straight down"], side="n"),
    title="The slope in every direction",
)

# %% [markdown]
# Where both slopes are 0, the bowl has its lowest place. Two equations, two unknowns:

# %%
print("m =", -657 / 1400, " b =", 1.76, " cost", cost(-657 / 1400, 1.76))
print("gradient there", gradient(-657 / 1400, 1.76))

# %% [markdown]
# ## Six ways

# %%
cb.compare("batch_regression")

# %% [markdown]
# A directional derivative is called *pushforward* in calcbench (a direction is pushed through the
# function). The direction (1, 1) has the length √2; per unit of length it is less:

# %%
along = float(cb.pushforward("batch_regression", {"m": 1, "b": 1}, "by_hand"))
print(along, along / math.sqrt(2))

# %% [markdown]
# ### With a bend in between
#
# A neuron does not predict z = w·x + b, but σ(z). Its quadratic cost has one more factor in the
# chain, the slope of the sigmoid. Six points with two features:

# %%
cb.compare("quadratic_cost", ["by_hand", "sympy", "finite_difference"])

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("12.1")

# %%
check("12.1", ..., ..., ..., ...)

# %%
exercise("12.2")

# %%
check("12.2", ..., ..., ...)

# %%
exercise("12.3")

# %%
check("12.3", ..., ..., ..., ..., ...)

# %%
exercise("12.4")

# %%
check("12.4", ..., ...)

# %%
exercise("12.5")

# %%
check("12.5", ..., ..., ...)

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
run = lesson_run(12)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("batch_regression"))`, or, in a terminal, `calcbench bench batch_regression`
# and then `calcbench cite`.

# %%
print(cite(run))
