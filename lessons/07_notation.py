# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7. Notation, and derivatives of derivatives
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/not.published/calcbench/blob/main/lessons/07_notation.ipynb)

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
# ∂, d, ∇, a subscript, a dash: books write the same slope in many ways. What do the signs say? And
# what is the slope of a slope?

# %% [markdown]
# ## With a pencil
#
# A wave on a rope that dies away, $u = e^{-t/2} \sin(x - 2t)$. Two variables of different kinds:
# the place x and the time t.
#
# 1. Hold the time, a photograph: $u_x = \frac{\partial u}{\partial x} = e^{-t/2} \cos(x - 2t)$.
# 2. Hold the place, one spot of the rope:
#    $u_t = \frac{\partial u}{\partial t} = -\frac{1}{2} e^{-t/2} \sin(x - 2t) - 2 e^{-t/2} \cos(x - 2t)$.
#    Product rule, and chain rule inside.
# 3. Look closely: the first part is $-\frac{1}{2} u$, the second $-2 u_x$. So
#    $u_t = -\frac{1}{2} u - 2 u_x$, everywhere.
# 4. A slope is a function, and has slopes. $u_{xt}$ is first by x, then by t. Its twin $u_{tx}$
#    goes the other way round. For smooth functions they are *equal*.
#
# All second derivatives together make a table, the *Hessian*. It is symmetric, for that reason.


# %%
def u(x, t):
    """Compute the height of the rope."""
    return math.exp(-t / 2) * math.sin(x - 2 * t)


at = {"x": 1, "t": 0.5}
slopes = cb.gradient("damped_wave", at=at)
print("u =", u(1, 0.5), " u_x =", slopes["x"], " u_t =", slopes["t"])

# %% [markdown]
# ## The picture
#
# The whole life of the wave. Along a row runs the place, upwards the time. Level curves: each has
# its height on it. The crests lean to the right, for the wave travels: 2 to the right for 1 of
# time.

# %%
shades = ["#b04a00", "#8a6500", "#586571", "#2484b0", "#0b2457"]
cb.draw(
    cb.Panel("x", (-6, 6), "t", (0, 4), size=(560, 300))
    .levels(u, [-0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8], shades=shades)
    .dots([1], [0.5], ["(1, ½)"], side="e"),
    title="u over place and time",
)

# %% [markdown]
# Photographs: t is held, x runs. From one to the next the wave has moved on, and is lower.


# %%
def photograph(t):
    """Draw the rope at a time."""
    panel = cb.Panel("x", (-6, 6), "u", (-1, 1), f"t = {t} is held", (280, 130))
    return panel.curve(lambda x: u(x, t)).rule(y=0)


cb.draw(*map(photograph, (0, 1, 2, 3)))

# %% [markdown]
# One spot: x = 1 is held, t runs. At t = ½ it goes down with slope −1.558.

# %%
cb.draw(
    cb.Panel("t", (0, 4), "u", (-1, 1), "x = 1 is held", (420, 240))
    .curve(lambda t: u(1, t))
    .line(float(slopes["t"]), (0.5, 0), "slope −1.558", reach=0.55, at=0.3, side="e")
    .dots([0.5], [0])
    .rule(y=0)
)

# %% [markdown]
# ## Who writes what
#
# | | by hand | calcbench | SymPy | PyTorch | JAX |
# |---|---|---|---|---|---|
# | slope of one variable | dy/dx, y′, f′(x) | `cb.gradient` | `diff(y, x)` | `backward()`, then `x.grad` | `grad(f)` |
# | partial derivative | ∂u/∂x, uₓ, ∂ₓu, D₁u | `cb.partial(p, "x")` | `diff(u, x)` | `x.grad` | `grad(f, 0)` |
# | gradient, all slopes | ∇u, grad u | `cb.gradient(p)` | a list of `diff` | all `.grad` | `grad(f, (0, 1))` |
# | second, mixed | ∂²u/∂t∂x, uₓₜ | `cb.hessian(p)[0, 1]` | `diff(u, x, t)` | `grad` of a `grad` | `grad(grad(f, 0), 1)` |
# | Hessian | H, ∇²u | `cb.hessian(p)` | `hessian(u, (x, t))` | `torch.func.hessian(f)` | `hessian(f)` |
# | Jacobian, of a vector | J, ∂f/∂x | `cb.jacobian(p)` | `Matrix.jacobian` | `torch.func.jacrev(f)` | `jacobian(f)` |
#
# - The round ∂ says: other variables are held. The straight d says: nothing is held, or there is
#   nothing else.
# - In $u_{xt}$ the order is from left to right, in $\frac{\partial^2 u}{\partial t\,\partial x}$
#   from right to left: both go first by x. As the twins are equal, mistaking it does no harm.
#
# Does it matter what is held? Very much. Take z = x·y, where y = x²:
#
# - ∂z/∂x, with y held: y. At x = 2 that is 4.
# - dz/dx, with y moving along: z is x³, and its slope 3x². At x = 2 that is 12.

# %%
x, y, t = sympy.symbols("x y t")
print("y held: ", sympy.diff(x * y, x).subs(y, x**2).subs(x, 2))
print("y moves:", sympy.diff((x * y).subs(y, x**2), x).subs(x, 2))

# %% [markdown]
# ## By algebra
#
# The twins, and step 3, with letters:

# %%
wave = sympy.exp(-t / 2) * sympy.sin(x - 2 * t)
print("u_xt − u_tx =", sympy.simplify(sympy.diff(wave, x, t) - sympy.diff(wave, t, x)))
equation = sympy.diff(wave, t) + wave / 2 + 2 * sympy.diff(wave, x)
print("u_t + u/2 + 2 u_x =", sympy.simplify(equation))

# %% [markdown]
# ## Six ways
#
# The Hessian at (1, ½). Each row of the table has its four entries.

# %%
cb.compare("damped_wave", operator="hessian", at=at)

# %% [markdown]
# JAX and PyTorch get it by *nesting*: the slope of a function that is a slope itself.

# %%
if find_spec("jax"):
    import jax
    import jax.numpy as jnp

    def rope(x, t):
        """Write the wave in JAX."""
        return jnp.exp(-t / 2) * jnp.sin(x - 2 * t)

    print("u_xt =", jax.grad(jax.grad(rope, 0), 1)(1.0, 0.5))
    print("u_tx =", jax.grad(jax.grad(rope, 1), 0)(1.0, 0.5))

# %%
print("calcbench:", cb.hessian("damped_wave", "by_hand", at=at)[0, 1])

# %% [markdown]
# ## Exercises
#
# Take a pencil. In a notebook, write your answers in place of the dots, and run the cell. An answer
# is a number, such as 0.35355 (five digits are enough), or a formula in quotes, such as
# "sqrt(2)/4"; where there are choices, it is a letter in quotes, such as "a". A wrong one gets a
# hint. The second time, the answer is shown, and why. `score()` counts.

# %%
exercise("7.1")

# %%
check("7.1", ..., ..., ...)

# %%
exercise("7.2")

# %%
check("7.2", ..., ..., ...)

# %%
exercise("7.3")

# %%
check("7.3", ..., ...)

# %%
exercise("7.4")

# %%
check("7.4", ..., ...)

# %%
exercise("7.5")

# %%
check("7.5", ..., ...)

# %%
score()

# %% [markdown]
# ## Citing
#
# The tables above were made on the machine that runs this lesson. To quote a time, quote a run: a
# file that says on which machine, with which versions, and when. One travels with this lesson, the
# same for everybody. Here is its table (of the Hessian). `time` is the median of many rounds, and
# `±` says how sure it is; `× fastest` and `× cost` are how many times as long as the fastest takes,
# and as the function alone; `prepare` is spent once, before. A time that is not known to 5 % is
# called `noisy`. The lines below say who is best for how many calls.

# %%
run = lesson_run(7)
run

# %% [markdown]
# `cite` writes the entry for a list of references, and a sentence. Of a run of your own it is
# `cite(cb.benchmark("damped_wave"))`, or, in a terminal, `calcbench bench damped_wave` and then
# `calcbench cite`.

# %%
print(cite(run))
