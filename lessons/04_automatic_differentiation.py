# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Automatic differentiation
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/04_automatic_differentiation.ipynb)

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

import inspect
import math

import calcbench as cb
from calcbench.backends import _rules
from calcbench.backends.dual import number
from calcbench.backends.tape import variable
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# PyTorch, TensorFlow and JAX give the slope of a *program*. They do not move an x a little, and
# they do not write formulas. What do they do?

# %% [markdown]
# ## With a pencil
#
# A program is a list of small steps. Our example is C = x·y + sin x. Each step has a slope by each
# of its inputs, the *local slope*, which a rule of lesson 3 gives. (A slope by one of several inputs
# is written with a round ∂: the other inputs are held, as if they were numbers. Lesson 5 is about
# that.) At x = 2, y = 3:
#
# 1. $p = x \cdot y = 6$; local slopes $\frac{\partial p}{\partial x} = y = 3$ and
#    $\frac{\partial p}{\partial y} = x = 2$.
# 2. $s = \sin x = 0.909$; local slope $\cos x = -0.416$.
# 3. $C = p + s = 6.909$; local slopes 1 and 1.
#
# *Forwards*: carry with every number its slope by x. x itself has 1, y has 0. Then p has 3, s has
# −0.416, and C has the sum 2.584. For the slope by y, start again with 0 and 1.
#
# *Backwards* (reverse): begin with C, whose slope by itself is 1. Then p has 1 and s has 1. Now x
# gets 1·3 from p and 1·(−0.416) from s: 2.584. And y gets 1·2. One sweep, and *all* slopes are
# there. The number that a step gets in this sweep, the slope of the result by it, is its
# *adjoint*.

# %% [markdown]
# ## The picture
#
# Blue, from the left: values. Orange, from the right: adjoints. On the arrows: local slopes. (In the
# cell, `xp` stands for a library of functions: each backend puts its own sine and cosine there.)


# %%
def by_hand(xp, x, y):
    """Write the two slopes that the pencil found."""
    return {"x": y + xp.cos(x), "y": x}


@cb.problem(x=2.0, y=3.0, gradient=by_hand)
def example(xp, x, y):
    """Multiply, and add a sine."""
    return x * y + xp.sin(x)


cb.plot(example, kind="graph")

# %% [markdown]
# ## Forwards, in twenty lines
#
# A *dual number* a + bε is a value a with a slope b. Calculate with ε as with a letter, but with
# ε² = 0. The product shows why that works:
# $(a + b\varepsilon)(c + d\varepsilon) = ac + (ad + bc)\,\varepsilon$ is the product rule.


# %%
class Dual:
    """A value, and its slope beside it."""

    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        slope = self.value * other.slope + self.slope * other.value
        return Dual(self.value * other.value, slope)

    def sin(self):
        """Apply the chain rule to a sine."""
        return Dual(math.sin(self.value), math.cos(self.value) * self.slope)


def forward(x, y):
    """Run the program twice: once with the slope 1 at x, once at y."""
    by_x = Dual(x, 1.0) * Dual(y) + Dual(x, 1.0).sin()
    by_y = Dual(x) * Dual(y, 1.0) + Dual(x).sin()
    return by_x.value, by_x.slope, by_y.slope


print(forward(2, 3))

# %% [markdown]
# ## Backwards, in thirty lines
#
# The reverse sweep has to know what was computed, and in which order. So every step is written on
# a list, the *tape*, with its inputs and local slopes. Then the tape is read from its end.


# %%
class Traced:
    """A value that remembers where it came from."""

    tape = []

    def __init__(self, value, *parents):
        self.value, self.parents, self.adjoint = value, parents, 0.0
        Traced.tape.append(self)

    def __add__(self, other):
        return Traced(self.value + other.value, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        return Traced(self.value * other.value, (self, other.value), (other, self.value))

    def sin(self):
        """Write down a sine, and its local slope."""
        return Traced(math.sin(self.value), (self, math.cos(self.value)))


def backward(result):
    """Read the tape from its end: each step passes its adjoint on."""
    result.adjoint = 1.0
    for step in reversed(Traced.tape):
        for parent, local_slope in step.parents:
            parent.adjoint += step.adjoint * local_slope


def reverse(x, y):
    """Run the program once, and sweep back once."""
    Traced.tape.clear()
    x, y = Traced(x), Traced(y)
    result = x * y + x.sin()
    backward(result)
    return result.value, x.adjoint, y.adjoint


print(reverse(2, 3))

# %% [markdown]
# The `+=` in `backward` is the sum over paths: x is used twice, and gets a share from both.
#
# A network has one result (the cost) and millions of inputs (the weights). Differences need two
# runs for each input, the forward way one, and the reverse way one for all together, which costs a
# few runs. That is why networks are trained by reverse sweeps. It is called *backpropagation*
# there.

# %%
counts = [1, 10, 100, 1000, 10_000]
cb.draw(
    cb.Panel("inputs", (1, 10_000), "runs of the program", (1, 30_000), size=(420, 280), log="xy")
    .path(counts, [2 * n for n in counts], "central differences: 2n", colour="#b04a00", at=2)
    .path(counts, counts, "forward: n", colour="#0072b2", dashed=True, at=2, side="se")
    .path(counts, [1] * 5, "reverse: 1 sweep", colour="#00785a", at=2),
    title="What a gradient costs",
)

# %% [markdown]
# ## All rules
#
# Addition, product and sine are enough for our example. calcbench has both programs with all
# rules, as backends that are there to be read. Here they are, line by line. First the rules, which
# both share; a number is *made* of others, and knows the slope by each:

# %%
print(inspect.getsource(_rules))

# %% [markdown]
# Forwards, a new number adds up the slopes at once:

# %%
print(inspect.getsource(number))

# %% [markdown]
# Backwards, it writes them down, and `sweep` reads them later:

# %%
print(inspect.getsource(variable))

# %% [markdown]
# They are judged like all others:

# %%
cb.verify("batch_regression", ["dual", "tape"])

# %% [markdown]
# ## Six ways

# %%
cb.compare(example)

# %% [markdown]
# The three libraries do the same, and you call them differently.
#
# - **PyTorch** writes the tape while the program runs. `backward()` *adds* to what a `.grad` held
#   before.
# - **TensorFlow** writes a tape only inside `with tf.GradientTape()`.
# - **JAX** takes a function and gives back a function: `jax.grad(f)`.
#
# PyTorch's adding is a famous trap. Two sweeps of y = x² at 5, without clearing in between:

# %%
if find_spec("torch"):
    import torch

    x = torch.tensor(5.0, requires_grad=True)
    for _ in range(2):
        (x**2).backward()
    print(f"slope 10, twice: x.grad = {x.grad.item():g}")

# %% [markdown]
# And at a kink? |x| has the slope −1 on the left of 0, and 1 on the right. At 0 any number between
# them is as good as another (a *subgradient*). The libraries do not agree, and none is wrong:


# %%
@cb.problem(x=0.0)
def kink(x):
    """Take the absolute value."""
    return abs(x)


for backend in ("sympy", "finite_difference", "torch", "tensorflow", "jax"):
    if cb.backends()[backend].missing() is None:
        print(f"{backend:<18} {float(cb.gradient(kink, backend)['x']):g}")

# %% [markdown]
# So calcbench does not judge there:

# %%
cb.verify(kink, ["sympy", "finite_difference"])

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("4.1")

# %%
check("4.1", ..., ..., ...)

# %%
exercise("4.2")

# %%
check("4.2", ..., ..., ...)

# %%
exercise("4.3")

# %%
check("4.3", ..., ..., ...)

# %%
exercise("4.4")

# %%
check("4.4", ...)

# %%
exercise("4.5")

# %%
check("4.5", ..., ..., ..., ..., ...)

# %%
score()

# %% [markdown]
# ## Citing
#
# The tables above were made on the machine that runs this lesson. To quote a time, quote a run: a
# file that says on which machine, with which versions, and when. One travels with this lesson, the
# same for everybody. Here is its table (of `batch_regression`, with our two programs among the
# others). `time` is the median of many rounds, and `±` says how sure it is; `× fastest` and `×
# cost` are how many times as long as the fastest takes, and as the function alone; `prepare` is
# spent once, before. A time that is not known to 5 % is called `noisy`. The lines below say who is
# best for how many calls.

# %%
run = lesson_run(4)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("batch_regression"))`, or, in a terminal, `calcbench bench batch_regression`
# and then `calcbench cite`.

# %%
print(cite(run))
