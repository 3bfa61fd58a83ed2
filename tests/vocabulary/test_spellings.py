"""Which backend spells a name itself: a table in docs/vocabulary.md, which UPDATE_DOCS=1 writes.

A name that a backend does not spell follows from others there, or is missing.
"""

import pytest
from vocabulary.page import hold
from vocabulary.selectors import BUILT_IN, COMPLEX, MISSING, vocabulary

from calcbench.vocabulary.composed import DEFINITIONS
from calcbench.vocabulary.primitives import PRIMITIVES

ALIKE = {"finite_difference": "by_hand"}
"""Backends with the vocabulary of another one, beside which they have no column."""

HEADS = {"by_hand": "NumPy", COMPLEX: "complex step"}
"""Selector → what its column is called, if not so."""

COLUMNS = ("by_hand", COMPLEX, *(name for name in BUILT_IN if name not in ("by_hand", *ALIKE)))

COMPOSED_ON_PURPOSE = {
    ("tensorflow", "cumulative_prod"): (
        "`cumulative_prod` under `tensorflow`: beside a 0, the slopes of tf.math.cumprod are 0."
    ),
    ("jax", "conv2d"): (
        "`conv1d` and `conv2d` under `jax`: XLA ends the process at the gradient of some."
    ),
    ("tensorflow", "conv2d"): (
        "`conv1d` and `conv2d` under `tensorflow`: tf.nn has channels first on a GPU alone."
    ),
    ("jax", "sort"): "`sort` under `jax`: descending, jnp.sort has the last of equals first.",
    ("torch", "median"): (
        "`median` under `torch`: of an even number of them, torch.median is the lower of two."
    ),
    ("torch", "top_k"): "`top_k` under `torch`: of equals, torch.topk may take any first.",
    ("torch", "gelu"): "`gelu` and `ndtr`: by `erf`, they lose their digits in the lower tail.",
    ("jax", "erfinv"): "`erfinv` under `jax`: it loses digits near 1.",
    ("tensorflow", "erfinv"): "`erfinv` under `tensorflow`: it loses digits near 0.",
    ("jax", "linalg.expm"): (
        "`linalg.expm` under `jax`: off by 10⁻⁷ at 40; `tensorflow`'s XLA refuses its slopes."
    ),
    ("jax", "log_ndtr"): ("`log_ndtr` under `jax`: off by 10⁻¹¹ near −25, its slope by 3·10⁻⁹."),
}
"""(selector, name) → why the library's own will not do."""

OWN, FOLLOWS, NONE = "●", "○", "–"


def spelled(name: str, selector: str) -> str:
    """How a backend has a name."""
    if name in vocabulary(selector).spelling:
        return OWN
    return FOLLOWS if name in DEFINITIONS else NONE


def table() -> str:
    columns = (*COLUMNS, "certified")
    lines = ["| name | " + " | ".join(HEADS.get(c, c) for c in columns) + " |"]
    lines.append("|---" + "|:-:" * len(columns) + "|")
    lines += [
        f"| `{name}` | " + " | ".join(spelled(name, column) for column in columns) + " |"
        for name in DEFINITIONS
    ]
    refused = [f"- `{name}` under `{mode}`: {why}." for (mode, name), why in MISSING.items()]
    composed = [f"- {why}" for why in COMPOSED_ON_PURPOSE.values()]
    return "\n".join(
        [
            *lines,
            *("", "Refused in a mode of a backend:", "", *refused),
            *("", "Composed, though the library has them:", "", *composed),
        ]
    )


def test_the_page_says_who_spells_what():
    hold("who spells what", table())


@pytest.mark.parametrize(("selector", "name"), COMPOSED_ON_PURPOSE)
def test_what_will_not_do_is_composed(selector, name):
    assert spelled(name, selector) == FOLLOWS


def test_backends_with_one_column_have_one_vocabulary():
    for name, other in ALIKE.items():
        one, same = vocabulary(name).spelling, vocabulary(other).spelling
        different = {each for each in one.keys() | same.keys() if one.get(each) != same.get(each)}
        assert different <= {"stop_gradient"}  # which differences refuse


@pytest.mark.parametrize("selector", [*COLUMNS, "certified"])
def test_no_built_in_backend_lacks_a_primitive(selector):
    assert {*PRIMITIVES} - vocabulary(selector).spelling.keys() == set()


def test_a_running_total_is_no_chain_of_sums_where_a_library_has_one():
    """As it is defined, it is n operations: a compiler takes seconds for a few hundred."""
    for selector in ("by_hand", COMPLEX, "torch", "tensorflow", "jax", "autograd"):
        assert "cumulative_sum" in vocabulary(selector).spelling
