# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. A slope from two points
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/01_slope_from_two_points.ipynb)

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

import calcbench as cb
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# How steep is a curve at a single point?
#
# A hill has a slope: how far you go up, divided by how far you go along. Between two points that
# is easy. At one point you go neither up nor along. This lesson makes sense of it, with numbers.

# %% [markdown]
# ## With a pencil
#
# Our curve is a *parabola*, the graph of y = x² + 2x + 2. Take a point P on it, at x. Take a
# second point Q, a little further along: at x + Δ. The letter Δ (delta) is the distance between
# the two.
#
# A straight line through two points of a curve is a *secant*. Its slope is rise over run:
#
# $$\frac{\Delta y}{\Delta x} = \frac{f(x + \Delta) - f(x)}{\Delta}$$
#
# 1. Put in the function: $f(x + \Delta) = x^2 + 2x\Delta + \Delta^2 + 2x + 2\Delta + 2$.
# 2. Subtract $f(x)$. Every term without Δ goes: $2x\Delta + \Delta^2 + 2\Delta$ is left.
# 3. Divide by Δ, which is not 0: the slope of the secant is $2x + 2 + \Delta$.
# 4. Now let Δ shrink. What is left is $2x + 2$.
#
# That last number is the *derivative* of y by x, written dy/dx. It is the slope of the *tangent*,
# the line that touches the curve at P. This way to find it is the *delta method*.


# %%
def f(x):
    """Compute our parabola."""
    return x**2 + 2 * x + 2


def secant_slope(x, delta):
    """Divide rise by run."""
    return (f(x + delta) - f(x)) / delta


for delta in (3, 1, 0.1, 0.01, 0.001, 1e-6):
    print(f"Δ = {delta:<8g} slope {secant_slope(2, delta):.9g}")

# %% [markdown]
# The slope is 6 and a bit. The bit is Δ, as step 3 says. From the other side, the slopes come up
# to 6 from below:

# %%
for delta in (-3, -1, -0.1, -0.01, -0.001, -1e-6):
    print(f"Δ = {delta:<8g} slope {secant_slope(2, delta):.9g}")

# %% [markdown]
# No Δ gives 6, and yet 6 is the only number that all of them close in on. Name any distance from
# 6, as small as you like: from some Δ on, all slopes are nearer than that. That is what *limit*
# means. The derivative is the limit of the slopes as Δ tends to 0: as it gets as small as you like.

# %% [markdown]
# ## The picture
#
# P stays. The slider moves Q. At Δ = 0 there is no second point, and so no secant: what you see
# then is the tangent.
#
# (A picture in a notebook stands still. Save it as a page, `.save("secant.html")`, and its sliders
# move.)


# %%
def secant(panel, delta):
    """Draw the line through P and Q."""
    slope = secant_slope(2, delta) if delta else 6
    pink = "#b3508b"
    return (
        panel.line(slope, (2, f(2)), dashed=False, colour=pink)
        .dots([2 + delta], [f(2 + delta)], ["Q"], colour=pink, side="w")
        .text(-2.9, 54, f"Δ = {delta:g}: slope {slope:.6g}", colour=pink, side="e")
    )


picture = cb.draw(
    cb.Panel("x", (-3, 7), "y", (-10, 60), size=(560, 360))
    .curve(f, "y = x² + 2x + 2", at=5.6)
    .line(6, (2, 10), "tangent y = 6x − 2", at=4.2, side="se")
    .moving({"Δ": (-3, 3, 0.01, 2)}, secant)
    .dots([2], [10], ["P (2, 10)"], side="se"),
    title="A secant on its way to the tangent",
)
picture

# %% [markdown]
# Look closer at a point, and closer again. A curve that has a slope looks straight from near
# enough. Here is the lowest point, (−1, 1), at four magnifications. Both axes are magnified alike.


# %%
def zoom(half):
    """Draw what is near (−1, 1)."""
    return (
        cb.Panel(
            "x",
            (-1 - half, -1 + half),
            "y",
            (1 - half, 1 + half),
            title=f"±{half:g}",
            size=(230, 230),
        )
        .curve(f)
        .line(0, (-1, 1))
        .dots([-1], [1])
    )


cb.draw(*map(zoom, (1, 0.5, 0.1, 0.01)), title="The slope at x = −1 is 0")

# %% [markdown]
# The difference between the secant's slope and 6, against Δ, is a straight line: it is Δ itself.
# At Δ = 0 the line has a hole, for 0/0 is no number. The limit fills the hole.

# %%
cb.draw(
    cb.Panel("Δ", (-1, 1), "slope − 6", (-1, 1), size=(320, 320))
    .curve(
        lambda delta: secant_slope(2, delta) - 6,
        "it is Δ itself",
        over=(-1, -1e-9),
        at=-0.5,
        side="se",
    )
    .curve(lambda delta: secant_slope(2, delta) - 6, over=(1e-9, 1))
    .dots([0], [0], ["no value at Δ = 0"], hollow=True, side="se")
)

# %% [markdown]
# ## Six ways
#
# calcbench has this parabola as the problem `delta_method`. A way to compute its slope is a
# *backend*. `by_hand` is the formula 2x + 2 of step 4. `finite_difference` is rise over run; with
# `scheme=forward` (Q lies ahead of P) and a `delta`, exactly ours.

# %%
steps = [f"finite_difference[scheme=forward,delta={delta}]" for delta in (0.1, 0.01, 0.001)]
cb.verify("delta_method", ["by_hand", *steps])

# %% [markdown]
# - `reference` is the true slope; `certified` says that it was computed with a proof.
# - `digits` says how many digits are right, of the 16 that a computer keeps: at the worst of several
#   points.
# - `verdict` says whether a result is as good as its method promises: `ok` is yes.
# - Ten times smaller Δ, one more digit.
#
# There are other ways to a slope. Lessons 2 to 4 explain them one by one; here they all give 6. (One
# that is not installed says so.) `time` is what one slope costs: 1 µs is a millionth of a second,
# and 1000 ns are 1 µs. `proved` says that the formula was checked for every x, by algebra.

# %%
cb.compare("delta_method")

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("1.1")

# %%
check("1.1", ..., ..., ...)

# %%
exercise("1.2")

# %%
check("1.2", ..., ...)

# %%
exercise("1.3")

# %%
check("1.3", ..., ..., ..., ...)

# %%
exercise("1.4")

# %%
check("1.4", ..., ..., ...)

# %%
exercise("1.5")

# %%
check("1.5", ..., ..., ...)

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
run = lesson_run(1)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("delta_method"))`, or, in a terminal, `calcbench bench delta_method` and then
# `calcbench cite`.

# %%
print(cite(run))
