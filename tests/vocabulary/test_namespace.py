"""A namespace made from a module and what is spelled differently there."""

import types

import numpy as np
import pytest

from calcbench.errors import ProblemError, Unsupported
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.namespace import Namespace, iterate
from calcbench.vocabulary.numpy import NUMPY


class Module(types.SimpleNamespace):
    """A library that counts how often it is asked for something."""

    def __init__(self, **names):
        super().__init__(**names, asked=0)

    def __getattribute__(self, name):
        if name in NAMES or name == "linalg":
            self.asked += 1
        return super().__getattribute__(name)


def test_a_module_and_what_is_spelled_differently():
    module = Module(exp=np.exp, log=np.log10, linalg=Module(solve=np.linalg.solve, slogdet=None))
    xp = Namespace.over(module, {"log": np.log, "linalg.slogdet": np.linalg.slogdet})
    assert xp.exp is np.exp
    assert xp.log is np.log
    assert xp.linalg.solve is np.linalg.solve
    assert xp.linalg.slogdet is np.linalg.slogdet


def test_what_neither_has_is_not_there():
    xp = Namespace.over(Module(exp=np.exp, linalg=Module()), {})
    with pytest.raises(Unsupported, match=r"xp\.sin is not available on this backend"):
        _ = xp.sin
    xp = Namespace.over(Module(), {"linalg.solve": np.linalg.solve})
    with pytest.raises(Unsupported, match=r"xp\.linalg\.cholesky is not available"):
        _ = xp.linalg.cholesky


def test_a_module_adds_no_name_to_the_vocabulary():
    xp = Namespace.over(np, {})
    assert xp.einsum is np.einsum
    with pytest.raises(ProblemError, match=r"xp\.arctan2 is not in the array vocabulary"):
        _ = xp.arctan2


def test_a_name_that_follows_from_others():
    xp = Namespace({"stack": np.stack})
    assert xp.cumulative_sum(np.array([1.0, 2.0, 4.0])).tolist() == [1.0, 3.0, 7.0]
    assert xp.cumulative_sum is xp.cumulative_sum
    spelled = Namespace.over(Module(), {"cumulative_sum": max})
    assert spelled.cumulative_sum is max


def test_what_follows_from_others_does_so_in_the_vocabulary_that_is_built():
    first = Namespace({"stack": np.stack})
    assert first.cumulative_sum(np.ones(2)).tolist() == [1.0, 2.0]
    second = Namespace.over(first, {"stack": list})
    assert second.cumulative_sum.args == (second,)


def test_iterate_is_a_loop_unless_it_is_spelled():
    assert Namespace.over(Module(), {}).iterate is iterate
    assert Namespace.over(Module(), {"iterate": max}).iterate is max


def test_names_are_resolved_once():
    module = Module(exp=np.exp)
    xp = Namespace.over(module, {})
    before = module.asked
    assert [xp.exp(0.0) for _ in range(3)] == [1.0, 1.0, 1.0]
    assert module.asked == before


def test_over_another_namespace():
    partial = Namespace({"exp": np.exp, "linalg.solve": np.linalg.solve})
    xp = Namespace.over(partial, {"log": np.log})
    assert (xp.exp, xp.log, xp.linalg.solve) == (np.exp, np.log, np.linalg.solve)
    with pytest.raises(Unsupported, match="not available"):
        _ = xp.sin


def test_numpy_spells_with_numpys_own_functions():
    """No layer of Python where the library's function will do: it would be timed."""
    own = [n for n in NAMES if "." not in n and getattr(NUMPY, n) is getattr(np, n, None)]
    assert {"exp", "log", "sum", "mean", "matmul", "einsum", "reshape", "concat"} < {*own}
