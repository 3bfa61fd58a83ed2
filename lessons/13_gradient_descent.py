# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13. Descending the gradient
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/13_gradient_descent.ipynb)

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
# You stand on a hillside in fog, and want to go down. You feel how the ground slopes under your
# feet, take a step downhill, and feel again. How long should a step be? Too short, and you are
# never there. Too long, and you land on the other side, higher than before.

# %% [markdown]
# ## With a pencil
#
# Eight points and a straight line y = mx + b. The cost C(m, b) is the mean of the squared
# *residuals*, mx + b − y at each point (lesson 12). Its gradient ∇C has a number for m and one for
# b, and points uphill. *Gradient descent* goes the other way, again and again (the arrow says that
# the new value takes the place of the old one):
#
# $$m \leftarrow m - \alpha \frac{\partial C}{\partial m} \qquad b \leftarrow b - \alpha
# \frac{\partial C}{\partial b}$$
#
# The number α (alpha) is the *learning rate*, or just rate. One step by hand, from m = 0.9 and b =
# 0.1 with α = 0.01, where the gradient is (36.305, 6.265):
#
# 1. $m \leftarrow 0.9 - 0.01 \cdot 36.305 = 0.53695$
# 2. $b \leftarrow 0.1 - 0.01 \cdot 6.265 = 0.03735$
#
# The cost falls from 19.675 to 8.572. Then the same again.

# %%
start, after = {"m": 0.9, "b": 0.1}, {"m": 0.53695, "b": 0.03735}
slopes = cb.gradient("batch_regression", "by_hand", at=start)
print(f"gradient ({slopes['m']:.3f}, {slopes['b']:.3f})")
for at in (start, after):
    print(f"m = {at['m']:g}, b = {at['b']:g}: C = {cb.cost('batch_regression', at=at):.3f}")

# %% [markdown]
# Why is a large rate bad? Look at one variable: y = x². The slope is 2x, so that a step is
# $x \leftarrow x - 2\alpha x = (1 - 2\alpha)\,x$. Every step multiplies x by the same factor. It
# shrinks only if the factor lies between −1 and 1: only for rates below 1. We call this limit *the
# wall*. In general it stands at 2/λ, where λ (lambda) is the second derivative, in the direction in
# which the ground bends most. Here λ is 2, and 2/λ is 1.


# %%
def walk(rate, x=8.0, steps=10):
    """Descend y = x², and keep every place."""
    places = [x]
    for _ in range(steps):
        x = x - rate * 2 * x
        places.append(x)
    return places


for rate in (0.05, 0.25, 1, 1.1):
    print(f"rate {rate:<5g} after ten steps x = {walk(rate)[-1]:.8f}")

# %% [markdown]
# ## The picture
#
# y = x² from x = 8. One rate creeps, one is right, one jumps to and fro for ever, one runs away.


# %%
def zigzag(rate, verdict):
    """Draw the first steps on the parabola."""
    places = [x for x in walk(rate) if abs(x) <= 10]
    panel = cb.Panel("x", (-10, 10), "y", (0, 100), f"rate {rate:g}: {verdict}", (300, 200))
    return panel.curve(lambda x: x**2, colour="#8d98a4").path(
        places, [x**2 for x in places], colour="#b04a00", dots=True
    )


cb.draw(
    zigzag(0.05, "it creeps"),
    zigzag(0.25, "half the way each time"),
    zigzag(1, "to and fro"),
    zigzag(1.1, "away"),
    title="Ten steps on y = x²",
)

# %% [markdown]
# Now the eight points. `cb.descend` takes all steps from m = 0.9, b = 0.1, and keeps the path. The
# cost is a long valley: steep across, nearly flat along.

# %%
rates = [0.01, 0.02, 0.04, 0.05, 0.054, 0.055]
paths = cb.descend("batch_regression", "by_hand", rate=rates, steps=1200)
print(paths)

# %% [markdown]
# Along a level curve the cost is everywhere the same. In a page, the slider chooses the rate.
# Small rates slide down the slope, and then creep along the valley. From 0.03 on, the path jumps
# from side to side. At 0.055 it climbs out (ten steps are drawn; all of them would cover the
# picture).

# %%
cost = cb.prepare("batch_regression", "by_hand", "cost")
arrived = paths[3]  # with rate 0.05, after 1200 steps
lowest = {name: values[-1] for name, values in arrived.parameters.items()}


def path(panel, rate):
    """Draw forty steps; of those that climb, ten."""
    found = cb.descend("batch_regression", "by_hand", rate=rate, steps=40)
    shown = slice(0, 41 if found.costs[-1] < found.costs[0] else 11)
    return panel.path(
        found.parameters["m"][shown], found.parameters["b"][shown], colour="#b04a00", dots=True
    ).text(1.45, -1.8, f"rate {rate:g}: C = {found.costs[-1]:.3g} after 40 steps", side="w")


cb.draw(
    cb.Panel("m", (-1.5, 1.5), "b", (-2, 4), size=(420, 420))
    .levels(lambda m, b: float(cost(m=m, b=b)), [0.03, 0.1, 0.3, 1, 3, 10, 20, 40, 80])
    .moving({"rate": (0.005, 0.055, 0.0025, 0.04)}, path)
    .dots([0.9], [0.1], ["start"], side="e")
    .dots([lowest["m"]], [lowest["b"]], ["lowest"], side="e"),
    title="Forty steps on the level curves",
)

# %% [markdown]
# The cost per step; on the left, at the end of each line stands its rate. On this axis every line of
# the grid is a factor of ten. Who is ahead after two steps (0.02) is not who is ahead after forty
# (0.05).

# %%
colours = ["#0072b2", "#b04a00", "#00785a", "#a3437d", "#8a6500", "#222222"]
short = cb.Panel("step", (0, 40), "C", (0.01, 100), "the first 40 steps", (310, 340), log="y")
long = cb.Panel(
    "step", (0, 1200), "C", (0.01, 100), "four of them, 1200 steps", (310, 340), log="y"
)
later = {0.01: (60, ""), 0.02: (20, ""), 0.04: (42, "s"), 0.055: (60, "se")}
for found, colour in zip(paths, colours, strict=True):
    name = f"{found.rate:g}"
    short = short.path(range(41), found.costs[:41], name, colour=colour, at=40, side="e")
    if found.rate in later:
        at, side = later[found.rate]
        long = long.path(range(0, 1201, 4), found.costs[::4], name, colour=colour, at=at, side=side)

cb.draw(short, long, title="The cost per step, for six rates")

# %% [markdown]
# ### The number that decides
#
# The valley bends 63 times more across than along. The *Hessian* is the table of second
# derivatives; its *eigenvalues* are the bends in the steepest and in the flattest direction.

# %%
hessian = cb.hessian("batch_regression", "by_hand")
flat, steep = np.linalg.eigvalsh(hessian)
print(hessian)
print(f"eigenvalues {steep:.8f} and {flat:.8f}")
print(f"the largest safe rate is 2/λ = {2 / steep:.8f}")
print(f"the condition number is {steep / flat:.2f}")
print(
    f"at 0.055 the error along the steep direction grows by {abs(1 - 0.055 * steep):.5f} per step"
)

# %% [markdown]
# Along each of these directions (an *eigenvector*), a step multiplies the error by 1 − αλ, as it
# did for y = x². The steep direction forbids rates above 2/λ. With such a rate, the flat direction
# still takes its time. Their ratio is the *condition number*, and it says how bad the compromise
# is.
#
# How many steps until the cost is within 1e-6 of its least? Faster with the rate, up to a point
# shortly before the wall.

# %%
least = cost(**lowest)


def steps_needed(rate):
    """Count the steps until the cost is within 1e-6 of its least."""
    most = 3000 if rate > 0.054 else round(14 / rate)
    found = cb.descend("batch_regression", "by_hand", rate=rate, steps=most)
    return int(np.argmax(found.costs - least <= 1e-6))


counts = {rate: steps_needed(rate) for rate in rates[:5]}
print(counts)

# %%
tried = [0.001, 0.002, *(k / 1000 for k in range(5, 55, 3)), 0.054, 0.0545, 0.0548]
needed = {rate: steps_needed(rate) for rate in tried}
cb.draw(
    cb.Panel("rate", (0, 0.06), "steps", (100, 20_000), size=(480, 280), log="y")
    .path(needed.keys(), needed.values(), dots=True)
    .rule(x=2 / steep, label="2/λ", side="ne")
    .dots([0.05], [counts[0.05]], [f"{counts[0.05]} steps at 0.05"], side="sw"),
    title="Steps needed, and the wall",
)

# %% [markdown]
# ## Six ways
#
# The loop does not care who takes the gradient. All end at the same line, to four decimals.
# `cb.prepare` prepares a backend once, before the loop. Without it, JAX and SymPy would start anew
# at every step.


# %%
def descend(backend, steps=600):
    """Write out the loop that cb.descend is."""
    gradient = cb.prepare("batch_regression", backend)
    at = {"m": 0.9, "b": 0.1}
    for _ in range(steps):
        slope = gradient(**at)
        at = {name: at[name] - 0.04 * float(slope[name]) for name in at}
    return at


for backend in ("by_hand", "sympy", "finite_difference", "torch", "tensorflow", "jax"):
    if cb.backends()[backend].missing() is None:
        end = descend(backend)
        print(f"{backend:<17} m = {end['m']:.4f}, b = {end['b']:.4f}")

# %%
cb.compare("batch_regression")

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("13.1")

# %%
check("13.1", ..., ..., ...)

# %%
exercise("13.2")

# %%
check("13.2", ..., ..., ..., ...)

# %%
exercise("13.3")

# %%
check("13.3", ..., ..., ..., ..., ...)

# %%
exercise("13.4")

# %%
check("13.4", ...)

# %%
exercise("13.5")

# %%
check("13.5", ..., ..., ..., ...)

# %%
score()

# %% [markdown]
# ## Citing
#
# The tables above were made on the machine that runs this lesson. To quote a time, quote a run: a
# file that says on which machine, with which versions, and when. One travels with this lesson, the
# same for everybody. Here is its table (of the cost and its gradient together, which is what a step
# takes). `time` is the median of many rounds, and `±` says how sure it is; `× fastest` and `× cost`
# are how many times as long as the fastest takes, and as the function alone; `prepare` is spent
# once, before. A time that is not known to 5 % is called `noisy`. The lines below say who is best
# for how many calls.

# %%
run = lesson_run(13)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("batch_regression"))`, or, in a terminal, `calcbench bench batch_regression`
# and then `calcbench cite`.

# %%
print(cite(run))
