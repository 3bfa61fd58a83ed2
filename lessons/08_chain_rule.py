# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8. The chain rule for partial derivatives
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/08_chain_rule.ipynb)

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

import sympy

import calcbench as cb
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# Turn one wheel, and it turns two others, and both of them turn a third. How fast does the last
# wheel turn for a turn of the first? Both ways count. This lesson is about adding up ways.

# %% [markdown]
# ## With a pencil
#
# Let y depend on u and v, and both of them on x: they stand in between, as *inner variables*. A
# small step Δx moves u by $\frac{\partial u}{\partial x}\Delta x$. That moves y by
# $\frac{\partial y}{\partial u}\frac{\partial u}{\partial x}\Delta x$. And v moves y as well:
#
# $$\frac{\partial y}{\partial x} = \frac{\partial y}{\partial u}\frac{\partial u}{\partial x} +
# \frac{\partial y}{\partial v}\frac{\partial v}{\partial x}$$
#
# A *path* leads from x through one inner variable to y. Along a path, multiply the slopes. Over
# all paths, add the products. That is the whole *chain rule*, for any number of paths.
#
# Our example: y = eᵘ sin v, with u = xz and v = x − z.
#
# 1. The outer slopes: $\frac{\partial y}{\partial u} = e^u \sin v$ and
#    $\frac{\partial y}{\partial v} = e^u \cos v$.
# 2. The inner ones, by x: $\frac{\partial u}{\partial x} = z$ and
#    $\frac{\partial v}{\partial x} = 1$.
# 3. Multiply and add: $\frac{\partial y}{\partial x} = e^u \sin v \cdot z + e^u \cos v \cdot 1$.
# 4. By z the inner slopes are x and −1:
#    $\frac{\partial y}{\partial z} = e^u \sin v \cdot x - e^u \cos v$.


# %%
def slopes_of_y(x, z):
    """Sum over paths: find the slopes of y = eᵘ sin v by x and by z."""
    u, v = x * z, x - z
    by_u, by_v = math.exp(u) * math.sin(v), math.exp(u) * math.cos(v)
    return by_u * z + by_v * 1, by_u * x + by_v * -1


for x, z in ((0, 0), (1, 0.5)):
    by_x, by_z = slopes_of_y(x, z)
    print(f"at x = {x}, z = {z}: by x {by_x:.6f}, by z {by_z:.6f}")

# %% [markdown]
# ## The picture
#
# Three *graphs*. A dot is a variable, and an arrow says "is used by". On each arrow stands its
# slope. In the first there is one path, in the second there are two, and in the third three. (The
# third function has six letters; it comes below.)

# %%
BLUE, RED, GREEN = "#0072b2", "#b04a00", "#00785a"


def dependencies(names, inner, slopes, outer, title):
    """Draw the paths from one variable through the inner ones to the result."""
    panel = cb.Panel("", (-0.3, 2.3), "", (-1.5, 1.5), title=title, size=(230, 220))
    heights = {1: [0], 2: [0.9, -0.9], 3: [1.1, 0, -1.1]}[len(inner)]
    for name, slope, last, height, colour in zip(
        inner, slopes, outer, heights, (BLUE, RED, GREEN), strict=False
    ):
        away = "n" if height >= 0 else "s"
        west, east = (away + "w", away + "e") if height else ("n", "n")
        panel = (
            panel.arrows([(0.08, 0.05 * height)], [(0.84, 0.9 * height)], colour=colour)
            .arrows([(1.08, 0.95 * height)], [(0.84, -0.9 * height)], colour=colour)
            .dots([1], [height], [name], colour=colour, side=away if height else "s")
            .text(0.5, height / 2, slope, colour=colour, side=west)
            .text(1.45 if height else 1.36, height / 2, last, colour=colour, side=east)
        )
    return panel.dots([0, 2], [0, 0], names, side="s")


cb.draw(
    dependencies(["x", "y"], ["u"], ["z²"], ["cos u"], "y = sin u, u = xz²"),
    dependencies(["x", "y"], ["u", "v"], ["z", "1"], ["eᵘ sin v", "eᵘ cos v"], "y = eᵘ sin v"),
    dependencies(
        ["s", "u"],
        ["x", "y", "z"],
        ["reᵗ", "2rse⁻ᵗ", "r² sin t"],
        ["4x³y", "x⁴ + 2yz³", "3y²z²"],
        "u = x⁴y + y²z³",
    ),
    columns=3,
    title="Along a path multiply, over all paths add",
)

# %% [markdown]
# The third is a class in itself: u = x⁴y + y²z³, where x = rseᵗ, y = rs²e⁻ᵗ and z = r²s·sin t. (Here
# u is the result.) Three variables to start from, three in between: nine products. The picture
# shows the paths of s. Here are those of r, s and t, at r = 2, s = 1, t = 0:


# %%
def paths(r, s, t):
    """List for each of r, s, t the products along its three paths."""
    x, y, z = r * s * math.exp(t), r * s**2 * math.exp(-t), r**2 * s * math.sin(t)
    outer = (4 * x**3 * y, x**4 + 2 * y * z**3, 3 * y**2 * z**2)
    inner = {
        "r": (s * math.exp(t), s**2 * math.exp(-t), 2 * r * s * math.sin(t)),
        "s": (r * math.exp(t), 2 * r * s * math.exp(-t), r**2 * math.sin(t)),
        "t": (r * s * math.exp(t), -r * s**2 * math.exp(-t), r**2 * s * math.cos(t)),
    }
    return {
        name: [a * b for a, b in zip(outer, slopes, strict=True)] for name, slopes in inner.items()
    }


for name, products in paths(2, 1, 0).items():
    print(f"∂u/∂{name} = {' + '.join(f'{p:g}' for p in products)} = {sum(products):g}")

# %% [markdown]
# ### A walk on a landscape
#
# z = x²y is a landscape. Walk on it in a circle: x = cos t, y = sin t. The height is now a
# function of t alone, and the chain rule gives its slope:
#
# $$\frac{dz}{dt} = \frac{\partial z}{\partial x}\frac{dx}{dt} + \frac{\partial z}{\partial y}
# \frac{dy}{dt} = 2xy \cdot (-\sin t) + x^2 \cdot \cos t$$
#
# The d is straight where one variable is left, and round where others are held.


# %%
def height(t):
    """Compute the height after a walk of length t."""
    return math.cos(t) ** 2 * math.sin(t)


def steepness(t):
    """Compute its slope, by the chain rule."""
    x, y = math.cos(t), math.sin(t)
    return 2 * x * y * -y + x**2 * x


times = [k * math.pi / 8 for k in range(16)]
quarter, cos45 = math.pi / 4, math.sqrt(0.5)
circle = [2 * math.pi * k / 120 for k in range(121)]
cb.draw(
    cb.Panel("x", (-1.5, 1.5), "y", (-1.5, 1.5), "level curves of x²y, and the walk", (320, 320))
    .levels(lambda x, y: x * x * y, [-1.5, -0.75, -0.25, -0.1, 0.1, 0.25, 0.75, 1.5])
    .path(map(math.cos, circle), map(math.sin, circle), colour=RED)
    .dots(map(math.cos, times), map(math.sin, times), colour=RED)
    .dots([1], [0], ["t = 0"], side="w")
    .dots([cos45], [cos45], ["t = π/4"], side="e"),
    cb.Panel("t", (-0.6, 6.4), "z", (-0.6, 0.6), "the height on the way", (320, 320))
    .curve(height, colour=RED)
    .line(steepness(0), (0, 0), reach=0.45, colour=BLUE)
    .line(steepness(quarter), (quarter, height(quarter)), reach=0.6, colour=BLUE)
    .text(0.1, -0.05, f"slope {steepness(0):g}", colour=BLUE, side="e")
    .text(1, 0.42, f"slope {steepness(quarter):.4f}".replace("-", "−"), colour=BLUE, side="e")
    .dots([0, quarter], [0, height(quarter)]),
)

# %% [markdown]
# ## Six ways
#
# The hand-derived formula is the sum over paths. `proved` says: SymPy put the inner variables into
# the outer function first, differentiated that, and found the same formula.

# %%
cb.compare("general_chain_rule")

# %% [markdown]
# How do PyTorch and the others do it? They multiply along the paths as well, from y backwards. The
# tiny tape of lesson 4 shows it; here are PyTorch's own numbers. `retain_grad` asks it to keep the
# slope of an inner variable.

# %%
if find_spec("torch"):
    import torch

    x, z = (torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in (1.0, 0.5))
    u, v = x * z, x - z
    u.retain_grad()
    v.retain_grad()
    (torch.exp(u) * torch.sin(v)).backward()
    print(f"∂y/∂u = {u.grad.item():.6f}, ∂y/∂v = {v.grad.item():.6f}")
    print(f"∂y/∂x = {u.grad.item():.6f}·z + {v.grad.item():.6f}·1 = {x.grad.item():.6f}")
    print(f"by hand: {slopes_of_y(1, 0.5)[0]:.6f}")

# %% [markdown]
# And SymPy's own answer for ∂y/∂x, with u and v put in. It is step 3 above:

# %%
x, z = sympy.symbols("x z")
sympy.diff(sympy.exp(x * z) * sympy.sin(x - z), x)

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.
#
# Where slopes are asked for as formulas (8.1, 8.4), give your own derivation, in x and z: as text,
# such as "2*x*z", "x**2", or as a function, such as `lambda x, z: (2 * x * z, x**2)`. It is judged like any gradient by
# hand: at many points, and not only at the one in the question.

# %%
exercise("8.1")

# %%
check("8.1", ..., ...)

# %%
exercise("8.2")

# %%
check("8.2", ..., ..., ..., ...)

# %%
exercise("8.3")

# %%
check("8.3", ..., ..., ..., ..., ..., ...)

# %%
exercise("8.4")

# %%
check("8.4", ..., ..., ...)

# %%
exercise("8.5")

# %%
check("8.5", ..., ...)

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
run = lesson_run(8)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("general_chain_rule"))`, or, in a terminal, `calcbench bench
# general_chain_rule` and then `calcbench cite`.

# %%
print(cite(run))
