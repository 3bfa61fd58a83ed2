# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. How small is small enough
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/02_how_small_is_small_enough.ipynb)

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

import calcbench as cb
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# A smaller Δ gives a better slope. So why not take the smallest there is? Try it, and it fails.
# This lesson finds out why, and where the best Δ lies.

# %% [markdown]
# ## With a pencil
#
# Two things go wrong, and they pull in opposite directions.
#
# 1. *The curve bends.* Rise over run is off by about $\frac{\Delta}{2} f''(x)$, where f″ is the
#    second derivative: how fast the slope itself changes. This part shrinks with Δ. It is the
#    error of the *method*.
# 2. *The computer rounds.* It keeps about 16 digits of a number: every value of f may be wrong by
#    $u\,|f|$, with $u = 2^{-53} \approx 1.1 \cdot 10^{-16}$. There are two values, and Δ divides
#    their errors: $\frac{2 u |f|}{\Delta}$. This part grows as Δ shrinks.
# 3. Together: $E(\Delta) = \frac{\Delta}{2} |f''| + \frac{2 u |f|}{\Delta}$.
# 4. It is least where its own slope is 0: $\frac{|f''|}{2} = \frac{2 u |f|}{\Delta^2}$, so that
#    $\Delta = 2 \sqrt{u\,|f| / |f''|}$. For ordinary functions that is near $10^{-8}$.
#
# Our function is y = e^(−x²) at x = 1. There the slope is −2/e, and f″ is 2/e.


# %%
def f(x):
    """Compute e to the power of −x²."""
    return math.exp(-(x**2))


slope = -2 / math.e
print(f"slope = {slope:.15f}")
for k in range(1, 17):
    delta = 10.0**-k
    quotient = (f(1 + delta) - f(1)) / delta
    print(f"Δ = 1e-{k:<4} {quotient:<20.15g} error {abs(quotient - slope):.1e}")

# %% [markdown]
# Down to 1e-8 the error falls with Δ. From there on it grows again. At 1e-16 the quotient is 0,
# and all is lost: 1 + 1e-16 *is* 1 for the computer.

# %% [markdown]
# ## The picture
#
# `cb.steps` takes every Δ from 1 down to 1e-15, in three ways. *Forward* is the quotient above.
# *Central* goes to both sides, $(f(x + \Delta) - f(x - \Delta))/2\Delta$. *Richardson* combines
# three central ones, so that most of their errors cancel. Both axes are logarithmic: every line of
# the grid is a power of ten. (In the picture the step Δ is called h.)

# %%
curve = cb.steps("chain_rule_single")
curve

# %% [markdown]
# Read it from the right to the left. The error falls, with one, two and six digits for every
# factor of ten in Δ. Then it turns, and climbs by one digit per factor of ten, for all three
# alike: that is rounding, and rounding does not ask for the method. The two branches make a V. The
# dotted line is the step at which the bound is least. It was computed from the function, before
# any quotient was taken.

# %%
for backend, best in curve.optimum.items():
    print(f"{curve.labels.get(backend, backend):<12} best step {best:.1e}")

# %% [markdown]
# What remains at the best step? Here are the correct digits, of 16 that there are. The fourth
# method is a trick for functions that can take complex numbers. A step of i·1e-20 sideways needs
# no subtraction, so that nothing is lost (exercise 2.5).

# %%
schemes = ("forward", "central", "richardson", "complex")
best = cb.verify("chain_rule_single", [f"finite_difference[scheme={scheme}]" for scheme in schemes])
digits = {scheme: round(record.digits, 1) for scheme, record in zip(schemes, best, strict=True)}
cb.draw(cb.Bars("correct digits of the slope", digits, across=(0, 16), width=420))

# %% [markdown]
# Why does 2 + 1e-16 do nothing? The computer's numbers (*doubles*) are dots on a line, with gaps
# between them. Near 2 the gap is 4.4e-16 to the right and half of that to the left. What lies
# between two dots goes to the nearer one.

# %%
right, left = math.ulp(2.0) * 1e16, math.ulp(1.0) * 1e16
doubles = [-2 * left, -left, 0, right, 2 * right]
cb.draw(
    cb.Panel("x − 2, in units of 1e-16", (-6, 10), "", (-1, 1), size=(560, 80))
    .rule(y=0)
    .dots(doubles, [0] * 5, ["", "", "2", f"2 + {right:.3g}e-16"], side="n")
    .dots([1], [0], ["2 + 1e-16"], hollow=True, side="s"),
    title="Doubles around 2",
)

# %% [markdown]
# ## Six ways
#
# The four schemes beside the formula. `digits` is looked for at several points, and the worst
# counts.

# %%
cb.verify(
    "chain_rule_single",
    ["by_hand", *(f"finite_difference[scheme={scheme}]" for scheme in schemes)],
)

# %% [markdown]
# By all six: nobody but `finite_difference` subtracts, and so nobody else loses digits.

# %%
cb.compare("chain_rule_single")

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("2.1")

# %%
check("2.1", ..., ..., ...)

# %%
exercise("2.2")

# %%
check("2.2", ..., ..., ...)

# %%
exercise("2.3")

# %%
check("2.3", ...)

# %%
exercise("2.4")

# %%
check("2.4", ...)

# %%
exercise("2.5")

# %%
check("2.5", ...)

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
run = lesson_run(2)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("chain_rule_single"))`, or, in a terminal, `calcbench bench chain_rule_single`
# and then `calcbench cite`.

# %%
print(cite(run))
