# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 9. Long chains
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/09_long_chains.ipynb)

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
# A deep network is a function in a function in a function. Its slope is a product of many factors.
# What happens to a product of many factors that are a little too small?

# %% [markdown]
# ## With a pencil
#
# The smallest deep network there is: y = tanh(c·tanh(b·tanh(a·x))). Three *layers*, each a
# *weight* (a, b, c) and a bend. The bend is tanh, which squeezes every number into −1…1; its slope
# is $1 - \tanh^2$.
#
# 1. Forwards: $p = \tanh(a x)$, $q = \tanh(b p)$, $y = \tanh(c q)$.
# 2. The slope of each bend needs only its result: $1 - p^2$, $1 - q^2$, $1 - y^2$.
# 3. Backwards, from the end: $\frac{\partial y}{\partial c} = (1 - y^2)\, q$.
# 4. One layer on: $\frac{\partial y}{\partial b} = (1 - y^2)\, c\, (1 - q^2)\, p$.
# 5. And one more: $\frac{\partial y}{\partial a} = (1 - y^2)\, c\, (1 - q^2)\, b\, (1 - p^2)\, x$.
#
# Each one has the factors of the one before, and some more. So the way from the back is cheap:
# keep what was multiplied so far. That is *backpropagation*.


# %%
def backpropagate(a, b, c, x):
    """Compute the layers forwards, and the slopes by a, b and c backwards."""
    p = math.tanh(a * x)
    q = math.tanh(b * p)
    y = math.tanh(c * q)
    so_far = 1 - y**2
    by_c = so_far * q
    so_far = so_far * c * (1 - q**2)
    by_b = so_far * p
    so_far = so_far * b * (1 - p**2)
    by_a = so_far * x
    return {"p": p, "q": q, "y": y}, {"a": by_a, "b": by_b, "c": by_c}


layers, slopes = backpropagate(0.5, -1.5, 2, 1.2)
print(layers)
print(slopes)

# %% [markdown]
# ## The picture
#
# The chain as a graph: values (blue) from the left to the right, adjoints (orange) from the right
# to the left, local slopes on the arrows.

# %%
cb.plot("deep_composition", kind="graph")

# %% [markdown]
# Now make all weights equal, and larger and larger. With a weight of 3 every tanh is near its end,
# where it is flat (it is *saturated*). Each flat bend is a small factor, and a sits behind three
# of them: the slope by a is some 3000 times smaller than the slope by c. On this axis each line is
# a factor of ten.


# %%
def bars(weight):
    """Draw the sizes of the three slopes, with all weights alike."""
    _, found = backpropagate(weight, weight, weight, 1.2)
    sizes = {f"by {name}": abs(slope) for name, slope in found.items()}
    title = f"all weights {weight:g}"
    return cb.Bars("size of the slope", sizes, title, across=(1e-6, 1), log=True, width=270)


cb.draw(*map(bars, (0.5, 1, 2, 3)), title="A gradient that vanishes")

# %% [markdown]
# How small can it get? The *sigmoid* σ(z) = 1/(1 + e⁻ᶻ) has at most the slope ¼, where it is
# steepest. Ten of them are at most (¼)¹⁰, a millionth. tanh is better; at h = 0.5 its slope is 1 −
# 0.25 = ¾. The *ReLU*, max(0, z), has the slope 1 where it is on, and nothing is lost. That is one
# reason why deep networks use it.

# %%
depth = range(1, 21)
cb.draw(
    cb.Panel("layers", (0, 21), "factor of the slope", (1e-13, 10), size=(480, 300), log="y")
    .path(
        depth,
        [0.25**k for k in depth],
        "sigmoid, at most (¼)ᵏ",
        colour="#b04a00",
        dots=True,
        at=12,
        side="ne",
    )
    .path(depth, [0.75**k for k in depth], "tanh at 0.5, (¾)ᵏ", dots=True, side="sw")
    .path(depth, [1] * 20, "ReLU, 1", colour="#00785a", dots=True),
    title="What is left of a slope after k layers",
)

# %%
print(f"ten sigmoids: {0.25**10:.3g}")

# %% [markdown]
# ## Six ways

# %%
cb.compare("deep_composition")

# %% [markdown]
# And where the slope nearly vanishes:

# %%
threes = {"a": 3, "b": 3, "c": 3}
cb.verify("deep_composition", ["by_hand", "sympy", "finite_difference"], at=threes)

# %% [markdown]
# `digits` is relative to the *largest* slope, that by c. The difference's error is about as large
# for all three. Relative to the tiny slope by a, it is much worse:

# %%
exact = cb.gradient("deep_composition", "by_hand", at=threes)
differences = cb.gradient("deep_composition", "finite_difference", at=threes)
for name in threes:
    true, found = float(exact[name]), float(differences[name])
    print(f"∂y/∂{name}: {true:.8e}  difference {found:.8e}  error {abs(found / true - 1):.0e}")

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("9.1")

# %%
check("9.1", ..., ..., ...)

# %%
exercise("9.2")

# %%
check("9.2", ..., ..., ..., ..., ..., ...)

# %%
exercise("9.3")

# %%
check("9.3", ..., ..., ..., ...)

# %%
exercise("9.4")

# %%
check("9.4", ...)

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
run = lesson_run(9)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("deep_composition"))`, or, in a terminal, `calcbench bench deep_composition`
# and then `calcbench cite`.

# %%
print(cite(run))
