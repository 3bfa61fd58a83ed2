# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3. Differentiation with rules
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/03_differentiation_rules.ipynb)

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
# The delta method works for everything, and is work every time. A handful of rules does it once
# and for all. Which are they, and are they right?

# %% [markdown]
# ## With a pencil
#
# Let f and g be functions of x, c and n constants, and a dash the derivative.
#
# 1. *Constant*: $(c)' = 0$. What does not change has no slope.
# 2. *Power*: $(x^n)' = n\,x^{n-1}$. So $(x^5)' = 5x^4$.
# 3. *Constant multiple*: $(c f)' = c f'$. So $(7x^3)' = 21x^2$.
# 4. *Sum*: $(f + g)' = f' + g'$. So $(x^3 + 4x)' = 3x^2 + 4$.
# 5. *Product*: $(f g)' = f' g + f g'$. Each factor changes in turn, and the other one waits.
# 6. *Quotient*: $\left(\frac{f}{g}\right)' = \frac{f' g - f g'}{g^2}$.
# 7. *Chain*: $(f(g(x)))' = f'(g(x)) \cdot g'(x)$. The outer slope, taken inside, times the inner
#    slope.
#
# Each one follows from the delta method. Here is the product, at $x + \Delta$: $f$ has become
# $f + f'\Delta$ and $g$ has become $g + g'\Delta$, nearly. Multiply:
#
# $$(f + f'\Delta)(g + g'\Delta) = f g + (f' g + f g')\,\Delta + f' g'\,\Delta^2$$
#
# Subtract fg, divide by Δ, and let Δ shrink: the last term goes.


# %%
def product(x):
    """Multiply x² + 1 by sin x."""
    return (x**2 + 1) * math.sin(x)


by_rule = 2 * 1 * math.sin(1) + (1**2 + 1) * math.cos(1)
for delta in (0.1, 0.001, 0.00001):
    quotient = (product(1 + delta) - product(1)) / delta
    print(f"Δ = {delta:<8g} {quotient:.6f}   by the rule {by_rule:.6f}")

# %% [markdown]
# ## The picture
#
# A function above, its slope below, over the same x. Where the function climbs, the slope is above
# 0. Where it is flat, the slope crosses 0. Where it is steepest, the slope turns around. The dot
# is at the x of the problem.


# %%
def pair(title, function, slope, at, across, up, up_slope, flat=(), side=""):
    """Draw a function and its slope over one x axis."""
    above = cb.Panel("x", across, "y", up, title, (330, 170))
    below = cb.Panel("x", across, "dy/dx", up_slope, "", (330, 130))
    above = above.curve(function).line(slope(at), (at, function(at))).rule(x=at)
    below = below.curve(slope, colour="#00785a").rule(x=at).rule(y=0)
    above = above.dots([at], [function(at)]).dots(flat, map(function, flat), hollow=True)
    label = f"slope {slope(at):.4g}".replace("-", "−")
    return above, below.dots([at], [slope(at)], [label], side=side).dots(
        flat, map(slope, flat), hollow=True
    )


power = pair("power: x⁵", lambda x: x**5, lambda x: 5 * x**4, 2, (-2, 2.2), (-32, 40), (0, 90))
times = pair(
    "product: (x² + 1) sin x",
    product,
    lambda x: 2 * x * math.sin(x) + (x**2 + 1) * math.cos(x),
    1,
    (-4, 4),
    (-14, 14),
    (-20, 5),
)
over = pair(
    "quotient: x / (1 + x²)",
    lambda x: x / (1 + x**2),
    lambda x: (1 - x**2) / (1 + x**2) ** 2,
    2,
    (-5, 5),
    (-0.6, 0.6),
    (-0.3, 1.1),
    (-1, 1),
    "ne",
)
steepest = math.sqrt(0.5)
inside = pair(
    "chain: e^(−x²)",
    lambda x: math.exp(-(x**2)),
    lambda x: -2 * x * math.exp(-(x**2)),
    1,
    (-3, 3),
    (0, 1.2),
    (-1, 1),
    (-steepest, steepest),
    "e",
)
cb.draw(power[0], times[0], power[1], times[1], title="Functions and their slopes")

# %% [markdown]
# Hollow dots: where the quotient is flat (at ±1, where its slope is 0), and where the bell is
# steepest (at ±0.7071, where its slope turns around).

# %%
cb.draw(over[0], inside[0], over[1], inside[1])

# %% [markdown]
# ## By algebra
#
# SymPy applies the rules to letters. You need not trust it, nor your pencil: they check each
# other.

# %%
x = sympy.symbols("x", positive=True)
for formula in (x**5, (x**2 + 1) * sympy.sin(x), x / (1 + x**2), sympy.exp(-(x**2)), x**x):
    print(f"{formula!s:<18} →  {sympy.simplify(sympy.diff(formula, x))}")

# %% [markdown]
# The last one, x to the power of x, is neither a power (the exponent moves) nor an exponential
# (the base moves). Write it as $e^{x \ln x}$: then the chain rule and the product rule do it.
#
# The derivation by hand of one of the problems, step by step, as calcbench has it:

# %%
cb.show("quotient_rule", [])

# %% [markdown]
# ## Six ways
#
# `proved` means: the hand-derived formula and SymPy's were subtracted, with letters, and the
# difference is 0. That is more than agreement at a few points.

# %%
rules = [
    "power_rule",
    "constant_multiple_rule",
    "sum_rule",
    "product_rule",
    "quotient_rule",
    "chain_rule_single",
]
for record in cb.verify(rules, ["by_hand", "sympy", "finite_difference"]):
    if record.backend == "by_hand":
        print(f"{record.problem:<24}{float(record.value['x']):>12.6f}   {record.proof}")

# %%
cb.compare("product_rule")

# %% [markdown]
# A function of your own needs no more than a name, and a value for x:


# %%
@cb.problem(x=2.0)
def tower(x):
    """Raise x to the power of x."""
    return x**x


cb.verify(tower, ["sympy", "finite_difference"])

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.
#
# Where slopes are asked for as formulas (3.2), give your own derivation, in x: as text,
# such as "2*x", or as a function, such as `lambda x: 2 * x`. It is judged like any gradient by
# hand: at many points, and not only at the one in the question.

# %%
exercise("3.1")

# %%
check("3.1", ..., ..., ...)

# %%
exercise("3.2")

# %%
check("3.2", ...)

# %%
exercise("3.3")

# %%
check("3.3", ..., ..., ...)

# %%
exercise("3.4")

# %%
check("3.4", ..., ..., ...)

# %%
exercise("3.5")

# %%
check("3.5", ..., ..., ...)

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
run = lesson_run(3)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("product_rule"))`, or, in a terminal, `calcbench bench product_rule` and then
# `calcbench cite`.

# %%
print(cite(run))
