# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6. Geometric examples
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/06_geometric_examples.ipynb)

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
# A tin can has a radius r and a length l. Make it a little wider: how much more goes in? Make it a
# little longer: how much now? Two answers, in different units, and both of them can be seen.

# %% [markdown]
# ## With a pencil
#
# The volume of a *cylinder* is the area of its end times its length: $v = \pi r^2 l$.
#
# 1. Hold l. The power rule gives $\frac{\partial v}{\partial r} = 2 \pi r l$. That is the area of
#    the curved wall: around (2πr) times along (l). A thicker can is the old one with a thin coat
#    on its wall.
# 2. Hold r. What stands before l is a constant: $\frac{\partial v}{\partial l} = \pi r^2$. That is
#    the area of one end. A longer can has a thin slice more at its end.
# 3. At r = 3 and l = 5: 30π ≈ 94.25 and 9π ≈ 28.27. If lengths are in centimetres, the volume is
#    in cubic centimetres, and each of these is in cubic centimetres *per centimetre*: square
#    centimetres.


# %%
def volume(r, l):
    """Compute the volume of a cylinder."""
    return math.pi * r**2 * l


wall, end = 2 * math.pi * 3 * 5, math.pi * 3**2
print(f"wall {wall:.4f}, end {end:.4f}")
print(f"0.01 wider:  predicted {wall * 0.01:.5f}, true {volume(3.01, 5) - volume(3, 5):.5f}")
print(f"0.01 longer: predicted {end * 0.01:.5f}, true {volume(3, 5.01) - volume(3, 5):.5f}")

# %% [markdown]
# Wider: the prediction is a little short, for the coat is longer outside than inside. Longer: it
# is exact. v is a straight line in l.

# %% [markdown]
# ## The picture
#
# Both slices through r = 3, l = 5, with their tangents. The second tangent *is* the slice.

# %%
cb.draw(
    cb.Panel("r", (0, 6), "v", (0, 600), "l = 5 is held", (300, 260))
    .curve(lambda r: volume(r, 5))
    .line(wall, (3, volume(3, 5)), f"slope {wall:.2f}", at=4.6, side="se")
    .dots([3], [volume(3, 5)]),
    cb.Panel("l", (0, 10), "v", (0, 300), "r = 3 is held", (300, 260))
    .curve(lambda l: volume(3, l))
    .line(end, (5, volume(3, 5)), f"slope {end:.2f}", at=6, side="se")
    .dots([5], [volume(3, 5)]),
)

# %% [markdown]
# How good is the prediction? Left: what is added, and what the slope predicts. Right: their
# difference, on logarithmic axes. A tenth of Δr, a hundredth of the error (the two dotted lines): the
# error goes as Δr².

# %%
steps = [10 ** (-3 + k / 4) for k in range(13)]
errors = [volume(3 + d, 5) - volume(3, 5) - wall * d for d in steps]
cb.draw(
    cb.Panel("Δr", (0, 1), "Δv", (0, 120), size=(300, 260))
    .curve(lambda d: volume(3 + d, 5) - volume(3, 5), "true", at=0.8)
    .line(wall, (0, 0), "predicted", at=0.7, side="se"),
    cb.Panel("Δr", (1e-3, 1), "error", (1e-5, 100), size=(300, 260), log="xy")
    .path(steps, errors, "error ~ Δr²", dots=True, at=9)
    .rule(y=5 * math.pi * 1e-4)
    .rule(y=5 * math.pi * 1e-2),
)

# %% [markdown]
# From above: level curves of the volume. A can of volume 200 may be wide and short or slim and
# long. In this picture the level curves are $l = v/(\pi r^2)$. Our can is the dot, (3, 5).

# %%
cb.draw(
    cb.Panel("r", (0, 6), "l", (0, 10), size=(360, 360))
    .levels(volume, [50, 100, 200, 400])
    .dots([3], [5], ["(3, 5)"], side="n")
)

# %% [markdown]
# ### Per cent for per cent
#
# Units are in the way of comparing. So ask: one *per cent* more r, how many per cent more v? That
# number is the *elasticity*, $\frac{r}{v} \frac{\partial v}{\partial r}$. Of a product of powers
# it is the exponent.

# %%
solids = {
    "cylinder": {"r": 3, "l": 5},
    "box": {"l": 4, "w": 3, "h": 2},
    "cone": {"r": 3, "h": 4},
    "sphere": {"r": 3},
    "torus": {"R": 3, "r": 1},
}
elasticities = {}
for solid, at in solids.items():
    v = float(cb.cost(f"{solid}_volume", at=at))
    slopes = cb.gradient(f"{solid}_volume", at=at)
    for name, value in at.items():
        elasticities[f"{solid}, {name}"] = round(value * float(slopes[name]) / v, 12)

cb.draw(cb.Bars("per cent of volume for one per cent more", elasticities))

# %% [markdown]
# ## Six ways
#
# `by_hand` knows which area each slope is: ask `cb.show("cylinder_volume")`. SymPy proves it.

# %%
cb.compare("cylinder_volume")

# %% [markdown]
# The *sphere* is the most beautiful one. Its volume is 4πr³/3, and its slope 4πr²: the area of its
# skin. The torus (a ring: R from the middle of the hole to the middle of the tube, r around the
# tube) does it too:

# %%
R, r = sympy.symbols("R r", positive=True)
print("sphere:", sympy.diff(sympy.pi * r**3 * 4 / 3, r))
print("torus: ", sympy.diff(2 * sympy.pi**2 * R * r**2, r), " — its area is (2πR)(2πr)")

# %%
cb.verify(["cone_volume", "sphere_volume", "torus_volume", "box_volume"], ["by_hand", "sympy"])

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.
#
# Where slopes are asked for as formulas (6.2), give your own derivation, in r and h: as text,
# such as "2*r*h", "r**2", or as a function, such as `lambda r, h: (2 * r * h, r**2)`. It is judged like any gradient by
# hand: at many points, and not only at the one in the question.

# %%
exercise("6.1")

# %%
check("6.1", ..., ..., ..., ...)

# %%
exercise("6.2")

# %%
check("6.2", ..., ...)

# %%
exercise("6.3")

# %%
check("6.3", ..., ..., ...)

# %%
exercise("6.4")

# %%
check("6.4", ..., ..., ..., ...)

# %%
exercise("6.5")

# %%
check("6.5", ..., ...)

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
run = lesson_run(6)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("cylinder_volume"))`, or, in a terminal, `calcbench bench cylinder_volume` and
# then `calcbench cite`.

# %%
print(cite(run))
