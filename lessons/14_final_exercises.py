# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 14. Final exercises, and real data
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/14_final_exercises.ipynb)

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
    command = [sys.executable, "-m", "pip", "install", "-q", f"calcbench[plot,data] @ {source}"]
    subprocess.run(command, check=True)
    invalidate_caches()

import numpy as np
import sympy

import calcbench as cb
from calcbench.exercises import check, exercise, lesson_run, score
from calcbench.report.citation import cite

# %% [markdown]
# ## The question
#
# Everything on one sheet. Then 569 tumours and 442 patients: does what was learnt on eight points
# work there?

# %% [markdown]
# ## With a pencil
#
# One function with all the rules in it: z = x·e^(xy).
#
# 1. Hold y. x is in both factors, so the product rule:
#    $\frac{\partial z}{\partial x} = e^{xy} + x \cdot y e^{xy} = (1 + xy)\, e^{xy}$.
# 2. Hold x. The factor x waits, and the chain rule brings another:
#    $\frac{\partial z}{\partial y} = x^2 e^{xy}$.
# 3. The mixed second derivative, of 1. by y:
#    $\frac{\partial^2 z}{\partial y\,\partial x} = x\,(2 + xy)\, e^{xy}$. Of 2. by x it is the
#    same.

# %%
x, y = sympy.symbols("x y")
z = x * sympy.exp(x * y)
print(sympy.factor(sympy.diff(z, x)), " and ", sympy.diff(z, y))
print("mixed:", sympy.factor(sympy.diff(z, x, y)))

# %% [markdown]
# And the cost of a yes or a no (lesson 11), for n rows with features xᵢ: $z_i = w \cdot x_i + b$,
# $a_i = \sigma(z_i)$, cost the mean of the cross-entropies. Its slope by each zᵢ is the error
# $a_i - y_i$. So
#
# $$\frac{\partial C}{\partial w} = \frac{1}{n} \sum_i (a_i - y_i)\, x_i \qquad \frac{\partial C}{\partial
# b} = \frac{1}{n} \sum_i (a_i - y_i)$$
#
# This is *logistic regression*. It has the form of lesson 12 again: error times input, and the
# mean.

# %% [markdown]
# ## Real data
#
# 569 tumours, each with 30 numbers measured under a microscope: is it malignant? And 442 patients
# with 10 numbers each: how far does their diabetes get within a year? (Both come with
# scikit-learn. The numbers are scaled, so that each has mean 0 and spread 1.) 31 and 11
# parameters, and the loop of lesson 13:

# %%
tumours = cb.descend(
    "breast_cancer_logistic_regression",
    "by_hand",
    at={"w": np.zeros(30), "b": 0.0},
    rate=0.5,
    steps=100,
)
patients = cb.descend(
    "diabetes_linear_regression",
    "by_hand",
    at={"w": np.zeros(10), "b": 0.0},
    rate=0.1,
    steps=100,
)
for step in (0, 1, 10, 100):
    print(f"step {step:<4} tumours {tumours.costs[step]:.4f}   patients {patients.costs[step]:.4f}")

# %%
X, malignant = tumours.start["X"], tumours.start["y"] > 0.5
said = X @ tumours.end["w"] + tumours.end["b"] > 0
share = float(np.mean(said == malignant))
print(
    f"{np.sum(said == malignant)} of {len(said)} tumours are classified right: {100 * share:.1f} %"
)

# %% [markdown]
# (On the same tumours that were learnt from. How it does on others is a question of its own.)
#
# ## The picture
#
# One line falls and falls; the other comes to rest at 0.48. What remains there is what a straight
# line cannot explain.

# %%
steps = range(101)
cb.draw(
    cb.Panel("step", (0, 100), "C", (0.05, 1.2), size=(480, 280), log="y")
    .path(steps, patients.costs, "patients, rate 0.1", dashed=True, at=90)
    .path(steps, tumours.costs, "tumours, rate 0.5", colour="#b04a00", at=90),
    title="Two real data sets",
)

# %% [markdown]
# ### Mini-batches
#
# With many rows a step is expensive. So take a few rows at a time, at random: a *mini-batch*. Its
# gradient is that of the whole, but for chance. Shuffle all rows, cut them into batches, and take
# a step for each; when all rows had their turn, an *epoch* is over. Then shuffle again.

# %%
line = cb.descend("straight_line_at_scale", "by_hand", rate=0.01, steps=3, size=1024)
rows = np.column_stack([line.start["x"], line.start["y"]])
slope = cb.prepare("straight_line_at_scale", "by_hand", size=32)


def batches(rng):
    """Shuffle the rows, and cut them into batches of 32."""
    return rng.permutation(1024).reshape(32, 32)


def epochs(seed, count=3):
    """Descend by mini-batches, and keep every place."""
    rng = np.random.default_rng(seed)
    m, b, path = 0.9, 0.1, [(0.9, 0.1)]
    for _ in range(count):
        for batch in batches(rng):
            x, y = rows[batch].T
            found = slope(m=m, b=b, x=x, y=y)
            m, b = m - 0.01 * float(found["m"]), b - 0.01 * float(found["b"])
            path.append((m, b))
    return np.array(path)


paths = [epochs(seed) for seed in range(5)]
print("full, 3 steps:     ", {name: round(float(v), 3) for name, v in line.end.items()})
for path in paths:
    print("mini-batches, 96:  ", path[-1].round(3))

# %% [markdown]
# Both have read every row three times. The full descent has taken 3 steps for it, the mini-batches
# 96: they tremble, and are much further. Five shuffles take five paths, and all go the same way.

# %%
cost = cb.prepare("straight_line_at_scale", "by_hand", "cost", size=1024)
panel = cb.Panel("m", (-1, 1), "b", (-0.5, 2.5), size=(420, 360)).levels(
    lambda m, b: float(cost(m=m, b=b)), [1.1, 1.5, 3, 6, 12, 25, 50], shades=["#a9b3bd", "#586571"]
)
for path in paths:
    panel = panel.path(*path.T, colour="#0072b2")
panel = panel.text(-0.36, 0.95, "mini-batches", colour="#0072b2", side="e")
full = line.positions
cb.draw(
    panel.path(*full.T, "full, 3 steps", colour="#b04a00", dots=True, at=1, side="sw")
    .dots([0.9], [0.1], ["start"], side="ne")
    .dots([-0.5], [2.0], ["the truth"], side="ne", hollow=True),
    title="Full and in mini-batches, three epochs",
)

# %% [markdown]
# ### Curvature
#
# The *Hessian* knows how the bowl bends (lesson 13). *Newton's method* asks it: instead of a rate,
# solve with the Hessian. On a bowl of squares, one step lands at the bottom:

# %%
start = np.array([0.9, 0.1])
hessian = cb.hessian("batch_regression", "by_hand")
slopes = np.array([float(s) for s in cb.gradient("batch_regression", "by_hand").values()])
print(start - np.linalg.solve(hessian, slopes), " least squares:", -657 / 1400, 1.76)

# %% [markdown]
# *Momentum* keeps some of the last step: a heavy ball does not turn at once. With the best α and
# β, which the eigenvalues give, it is there in 51 steps, where plain descent took 237:

# %%
flat, steep = np.linalg.eigvalsh(hessian)
alpha = 4 / (np.sqrt(steep) + np.sqrt(flat)) ** 2
beta = ((np.sqrt(steep) - np.sqrt(flat)) / (np.sqrt(steep) + np.sqrt(flat))) ** 2
eight = cb.prepare("batch_regression", "by_hand", "value_and_gradient")
least = float(cb.cost("batch_regression", at={"m": -657 / 1400, "b": 1.76}))


def heavy_ball(alpha, beta):
    """Count the steps until the cost is within 1e-6 of its least."""
    here, step = start.copy(), np.zeros(2)
    for count in range(1000):
        value, found = eight(m=here[0], b=here[1])
        if float(value) - least <= 1e-6:
            return count
        step = beta * step - alpha * np.array([float(found["m"]), float(found["b"])])
        here = here + step
    return None


print(f"α = {alpha:.4f}, β = {beta:.4f}: {heavy_ball(alpha, beta)} steps")

# %% [markdown]
# A harder valley is Rosenbrock's, $f = (1 - x)^2 + 100\,(y - x^2)^2$: curved, and 2,508 times
# steeper across than along at its lowest place, (1, 1).

# %%
valley = cb.prepare("rosenbrock", "by_hand")
bends = cb.prepare("rosenbrock", "by_hand", "hessian")


def descend(kind, count):
    """Go down the valley, and keep every place."""
    here, step, path = np.array([-1.2, 1.0]), np.zeros(2), [(-1.2, 1.0)]
    for _ in range(count):
        x, y = here
        found = np.array([float(s) for s in valley(x=x, y=y).values()])
        if kind == "newton":
            step = -np.linalg.solve(bends(x=x, y=y), found)
        else:
            step = (0.9 if kind == "momentum" else 0.0) * step - 0.001 * found
        here = here + step
        path.append(tuple(here))
    return np.array(path)


plain, momentum, newton = descend("plain", 300), descend("momentum", 300), descend("newton", 6)
for name, path in (("plain", plain), ("momentum", momentum), ("newton", newton)):
    print(f"{name:<9} {len(path) - 1:>4} steps, at {path[-1].round(4)}")

print("Hessian at (1, 1):", *bends(x=1, y=1).tolist())
print(f"condition number {np.linalg.cond(bends(x=1, y=1)):.2f}")

# %%
cb.draw(
    cb.Panel("x", (-2, 2), "y", (-1, 3), size=(420, 420))
    .levels(
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        [0.3, 3, 30, 300, 1000],
        shades=["#a9b3bd", "#586571"],
    )
    .path(*newton.T, "Newton", colour="#00785a", dots=True, dashed=True, at=1, side="e")
    .path(*momentum.T, colour="#b04a00")
    .text(0.3, 0.5, "momentum", colour="#b04a00", side="e")
    .path(*plain.T, "plain", colour="#0072b2", side="w")
    .dots([-1.2, 1], [1, 1], ["start", "lowest"], side="n"),
    title="Three ways down Rosenbrock's valley",
    note="Newton's second step leaves the picture below, and the third comes back",
)

# %% [markdown]
# ## Six ways
#
# Who is fastest? That depends on the rows. Eight of them, 569 with 30 features, and 100,000: read
# the column `time`. With eight rows the way from Python into a library costs more than the
# arithmetic. With 100,000 the arithmetic counts, and libraries that compile it catch up. (These
# are first impressions, on the machine that runs this notebook. `cb.benchmark` measures with
# care.)

# %%
cb.compare("batch_regression")

# %%
cb.compare("breast_cancer_logistic_regression", ["by_hand", "finite_difference", "torch", "jax"])

# %%
cb.compare("straight_line_at_scale", size=100_000)

# %% [markdown]
# How many digits are right, over the problems of the class? Formulas have nearly all 16. Central
# differences have about ten, and fewer where values are large or slopes small.

# %%
names = [
    "delta_method",
    "product_rule",
    "quotient_rule",
    "chain_rule_single",
    "saddle",
    "cylinder_volume",
    "damped_wave",
    "general_chain_rule",
    "deep_composition",
    "single_point_regression",
    "batch_regression",
    "binary_cross_entropy",
]
found = cb.verify(names, ["by_hand", "finite_difference"])
digits = {
    backend: {r.problem: round(r.digits, 1) for r in found if r.backend == backend}
    for backend in ("by_hand", "finite_difference")
}
cb.draw(
    *(cb.Bars("correct digits", digits[name], name, across=(0, 16), width=190) for name in digits),
    title="Correct digits, of 16",
)

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("14.1")

# %%
check("14.1", ..., ..., ...)

# %%
exercise("14.2")

# %%
check("14.2", ..., ..., ..., ..., ...)

# %%
exercise("14.3")

# %%
check("14.3", ..., ..., ..., ..., ...)

# %%
exercise("14.4")

# %%
check("14.4", ..., ..., ...)

# %%
exercise("14.5")

# %%
check("14.5", ..., ..., ..., ..., ..., ..., ...)

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
run = lesson_run(14)
print("on", run.environments[0].machine["cpu"])
for size in (8, 569, 100_000):
    times = {r.backend: r.seconds["call"] for r in run if r.size == size}
    print(
        f"{size:>7,} rows: fastest is {min(times, key=times.get)}, slowest {max(times, key=times.get)}"
    )
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("batch_regression"))`, or, in a terminal, `calcbench bench batch_regression`
# and then `calcbench cite`.

# %%
print(cite(run))
