# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. Partial derivatives: one variable moves
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/05_partial_derivatives.ipynb)

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

import sympy

import calcbench as cb
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# A function of two variables has a value for every pair of numbers. Drawn above the plane, it is a
# *surface*, a landscape. How steep is a landscape? That depends on the way you walk.

# %% [markdown]
# ## With a pencil
#
# Our landscape is the *saddle*, z = x² − y². Stand at (3, 2). Walk along x only: y stays 2. Then z
# = x² − 4 is a curve of one variable, and lesson 1 knows its slope.
#
# The *partial derivative* of z by x is the slope along x while everything else is held. Its sign
# is the round ∂ ("del"):
#
# 1. Hold y. Then y² is a constant, and its derivative is 0: $\frac{\partial z}{\partial x} = 2x$.
# 2. Hold x. Now x² is the constant: $\frac{\partial z}{\partial y} = -2y$.
# 3. At (3, 2) the slopes are 6 along x, and −4 along y: up one way, down the other.
# 4. At (0, 0) both are 0, and yet it is neither a top nor a bottom. That is what a saddle is.


# %%
def z(x, y):
    """Compute our landscape."""
    return x**2 - y**2


def slope_along_x(x, y, delta):
    """Divide rise by run, with y held."""
    return (z(x + delta, y) - z(x, y)) / delta


def slope_along_y(x, y, delta):
    """Divide rise by run, with x held."""
    return (z(x, y + delta) - z(x, y)) / delta


for delta in (1, 0.1, 0.01, 0.001):
    along_x, along_y = slope_along_x(3, 2, delta), slope_along_y(3, 2, delta)
    print(f"Δ = {delta:<6g} along x {along_x:<8.6g} along y {along_y:.6g}")

# %% [markdown]
# It is the delta method, once for each variable.

# %% [markdown]
# ## The picture
#
# Two walls cut through the landscape: y = 2 and x = 3. Where a wall cuts it there is a curve, a
# *slice*. The slice y = 2 opens upwards, and the slice x = 3 downwards. They meet at the point
# (3, 2, 5). In a page, sliders turn the landscape.

# %%
cb.plot("saddle", kind="surface", window={"x": (-3, 3), "y": (-3, 3)})

# %% [markdown]
# Two other slices, y = 0 and x = 2, with tangents at five places each. Beside each place stands its
# slope. Here the slope along x is the same whichever y is held, and the slope along y whichever x.
# (That is so for a sum of an x-part and a y-part. It is not so for a product.)

# %%
along_x = cb.Panel("x", (-3, 3), "z", (-5, 9), title="the slice y = 0: slopes 2x")
along_x = along_x.curve(lambda x: z(x, 0))
along_y = cb.Panel("y", (-3, 3), "z", (-5, 9), title="the slice x = 2: slopes −2y")
along_y = along_y.curve(lambda y: z(2, y))
for a in (-2, -1, 0, 1, 2):
    side = "w" if a > 0 else "e" if a < 0 else ""  # inside the curve, where no tangent is
    along_x = along_x.line(2 * a, (a, z(a, 0)), reach=0.8)
    along_x = along_x.dots([a], [z(a, 0)], [f"{2 * a}".replace("-", "−")], side="n" + side)
    along_y = along_y.line(-2 * a, (a, z(2, a)), reach=0.8)
    along_y = along_y.dots([a], [z(2, a)], [f"{-2 * a}".replace("-", "−")], side="s" + side)

cb.draw(along_x, along_y, title="Every slice has slopes of its own")

# %% [markdown]
# Move the wall: hold another y. The slice goes down and up, and keeps its shape.


# %%
def held(panel, y):
    """Draw the slice at a y."""
    return panel.curve(lambda x: z(x, y), samples=25).text(-2.9, 8, f"y = {y:g} is held", side="e")


cb.draw(
    cb.Panel("x", (-3, 3), "z", (-9, 9), size=(420, 320)).moving({"y": (-3, 3, 0.25, 2)}, held),
    title="The slice along x, for the y that you hold",
)

# %% [markdown]
# From above. On a *level curve* the height is the same all along. The arrows are the two slopes
# put together, (∂z/∂x, ∂z/∂y): the *gradient*. It points to where the ground rises most, and it
# stands at right angles to the level curve. (Drawn at a twelfth of their length, they do not cross.)

# %%
places = [(k - 2.5, j - 2.5) for k in range(6) for j in range(6)]
arrows = [(2 * x / 12, -2 * y / 12) for x, y in places]

cb.draw(
    cb.Panel("x", (-3, 3), "y", (-3, 3), size=(420, 420))
    .levels(z, [-8, -6, -4, -2, 0, 2, 4, 6, 8])
    .arrows(places, arrows, colour="#b04a00")
    .dots([3], [2], ["(3, 2)"], side="e"),
    title="Level curves, and the gradient divided by 12",
)

# %% [markdown]
# ### The tangent plane
#
# One variable has a tangent line. Two have a *tangent plane*. It has the height and both slopes of
# the landscape at the point:
#
# $$z \approx 5 + 6(x - 3) - 4(y - 2)$$


# %%
def plane(x, y):
    """Compute the plane that touches the saddle at (3, 2)."""
    return 5 + 6 * (x - 3) - 4 * (y - 2)


for x, y in ((3, 2), (3.1, 2), (3, 2.1), (3.1, 2.2), (4, 2)):
    print(f"({x:g}, {y:g}): saddle {z(x, y):.6g}, plane {plane(x, y):.6g}")

# %% [markdown]
# Near the point the plane is good, and far from it bad. Algebra says how bad: the difference is
# made of squares, which are tiny where the steps are small.

# %%
a, b = sympy.symbols("a b")  # steps along x and y
sympy.expand(z(3 + a, 2 + b) - plane(3 + a, 2 + b))

# %% [markdown]
# ## Six ways
#
# One table: the formulas by hand, the same by algebra (SymPy, a program that computes with letters),
# rise over run, and three libraries that differentiate programs. Lesson 4 is about those.

# %%
cb.compare("saddle")

# %% [markdown]
# To ask for a single partial derivative, name it:

# %%
print(cb.partial("saddle", "x", "by_hand"), cb.partial("saddle", "y", "finite_difference"))

# %% [markdown]
# How good is rise over run along y? Too large a step is wrong, and so is too small a one; lesson 2
# says why. *Forward* is rise over run from y to y + Δ; *central* goes from y − Δ to y + Δ, and
# *richardson* combines three central ones. Of a parabola, the central quotient is right at every large
# step, and only rounding is left. (A logarithmic axis, one of powers of ten, has no place for an
# error of 0. Such steps are marked in the band below, called "exact".)

# %%
cb.steps("saddle", "y")

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("5.1")

# %%
check("5.1", ..., ..., ..., ..., ..., ..., ..., ..., ...)

# %%
exercise("5.2")

# %%
check("5.2", ..., ..., ..., ...)

# %%
exercise("5.3")

# %%
check("5.3", ..., ..., ...)

# %%
exercise("5.4")

# %%
check("5.4", ..., ..., ...)

# %%
exercise("5.5")

# %%
check("5.5", ..., ...)

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
run = lesson_run(5)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("saddle"))`, or, in a terminal, `calcbench bench saddle` and then `calcbench
# cite`.

# %%
print(cite(run))
