"""What the derivative of a loop is made of: nothing as long as the loop at each of its steps."""

import collections

import numpy as np
import pytest

import calcbench
from calcbench.catalogue.selection import find_backend
from calcbench.problem.inputs import own_point

STEPS = 5


@calcbench.problem(w=np.linspace(0.1, 0.9, STEPS))
def running(xp, w):
    """Sum of squares of what a loop keeps, which reads a parameter step by step."""

    def step(state, x):
        state = xp.tanh(state + x)
        return state, state**2

    return xp.sum(xp.scan(step, 0.0 * w[0], w)[1])


def record(backend):
    """The cost on torch's tape."""
    point = own_point(running)
    parameters, data = backend.loader(point)(point)
    variables = tuple(p.requires_grad_() for p in parameters)
    return backend.function(point).apply(variables, backend.arrays(point, data))


def count_nodes(value):
    """How many nodes of each name a tape has."""
    nodes, ahead = set(), [value.grad_fn]
    while ahead:
        node = ahead.pop()
        if node is not None and node not in nodes:
            nodes.add(node)
            ahead += [before for before, _ in node.next_functions]
    return collections.Counter(node.name() for node in nodes)


def test_torch_unstacks_what_a_short_loop_reads_by_one_node():
    pytest.importorskip("torch")
    found = count_nodes(record(find_backend("torch")))
    assert found["TanhBackward0"] == STEPS
    assert found["UnbindBackward0"] == 1
    assert found["SelectBackward0"] == 1  # the cost's own w[0]


def test_of_a_long_loop_torch_takes_few_slices_at_once():
    """Else their derivatives wait for each other, and lie in between those of the state."""
    torch = pytest.importorskip("torch")
    xp, waiting = find_backend("torch").namespace(), []
    w = torch.arange(100.0, dtype=torch.float64, requires_grad=True)

    def step(state, x):
        node = x.grad_fn
        if node not in waiting:
            waiting.append(node)
            assert node._sequence_nr() > state.grad_fn._sequence_nr()
        return state + x, x**2

    total, squares = xp.scan(step, 1.0 * w[0], w)
    assert total.item() == 4950
    np.testing.assert_array_equal(squares.tolist(), np.arange(100.0) ** 2)
    assert {node.name() for node in waiting} == {"UnbindBackward0"}
    assert len(waiting) >= 100 // 8


def test_tensorflow_pops_off_what_a_loop_reads_and_keeps():
    """To write into a list, or an array of zeros for a look-up, is to copy all at every step."""
    tf = pytest.importorskip("tensorflow")
    backend, point = find_backend("tensorflow[mode=function]"), own_point(running)
    gradient = backend.gradient(backend.function(point))
    parameters, _ = backend.loader(point)(point)
    graph = tf.function(lambda w: gradient.apply((w,), ()), autograph=False)
    library = graph.get_concrete_function(*parameters).graph.as_graph_def().library
    bodies = [{node.op for node in f.node_def} for f in library.function]
    assert any("TensorListPopBack" in body for body in bodies)
    found = {op for body in bodies for op in body}
    assert not found & {
        "TensorListSetItem",
        "TensorListGetItem",
        "StridedSlice",
        "StridedSliceGrad",
    }


@calcbench.problem(
    w=[0.7, 0.4], W=np.linspace(-0.8, 0.9, 8).reshape(4, 2), outputs=lambda inputs: 2
)
def reading(xp, w, W):
    """A loop over a parameter, what depends on two, integers and constants; it keeps None, too."""

    def step(state, read):
        row, slope, k, c = read
        first = xp.tanh(state[0] * row[0] + slope[1] * c)
        return (first, state[1] * xp.take(w, k)), (first * row, None)

    read = (W, xp.sin(W) * w[1], np.array([0, 1, 1, 0]), np.linspace(0.5, 2.0, 4))
    (first, second), (rows, nothing) = xp.scan(step, (w[0], 1.0), read)
    assert nothing is None
    return xp.stack([first + xp.sum(rows * rows), second])


@calcbench.problem(w=[0.7, 0.4], W=np.linspace(-0.8, 0.9, 8).reshape(4, 2))
def reading_one(xp, w, W):
    """The norm of `reading`, and a loop of one step."""
    read = reading.cost(xp, w, W)
    last, kept = xp.scan(lambda s, x: (s * xp.sin(x[0]), s * x), w[0], W[1:2])
    return xp.sum(read * read) + last * xp.sum(kept)


@calcbench.problem(w=[0.7, 0.4], W=np.linspace(-0.8, 0.9, 8).reshape(4, 2))
def one_step(xp, w, W):
    """A loop of one step alone: a graph has no loop for it."""
    last, kept = xp.scan(lambda s, x: (s * xp.sin(x[0]), s * x), w[0], W[1:2])
    return last * xp.sum(kept * w)


@pytest.mark.few(4, more=17)
@pytest.mark.parametrize("mode", ["eager", "function", "xla"])
@pytest.mark.parametrize(
    ("problem", "operator"),
    [
        *((reading, operator) for operator in ("jacobian", "pushforward", "pullback")),
        *((reading_one, operator) for operator in ("gradient", "hvp")),
        *((one_step, operator) for operator in ("pushforward", "hessian")),
    ],
    ids=lambda given: getattr(given, "name", given),
)
def test_derivatives_of_what_a_loop_reads(problem, operator, mode):
    pytest.importorskip("tensorflow")
    (row,) = calcbench.verify(problem, f"tensorflow[mode={mode}]", operator=operator)
    assert (row.status, row.judged) == ("ok", ""), row.reason


# --- TensorFlow's graphs, where a cost is checked -------------------------------------------------

GRAPHS = ["tensorflow[mode=function]", "tensorflow[mode=xla]"]


@pytest.mark.parametrize("selector", GRAPHS)
def test_a_cost_is_checked_without_its_steps_one_by_one(selector):
    """A step is called to be traced, and not as often as the loop goes on."""
    pytest.importorskip("tensorflow")
    called = []

    @calcbench.problem(w=np.linspace(0.1, 0.9, 40), start=2.5)
    def counted(xp, w, start):
        def step(state, x):
            called.append(x)
            return xp.tanh(state + x), None

        def halve(state):
            called.append(state)
            return 0.5 * state

        least = xp.while_loop(lambda s: s * s > 1e-20, halve, start, 60)
        return xp.scan(step, least, w)[0]

    find_backend(selector).prepare(own_point(counted))
    assert 2 <= len(called) < 12


@pytest.mark.parametrize("selector", GRAPHS)
def test_what_fails_at_a_later_step_is_told_by_its_line(selector):
    """XLA itself would take the last element instead."""
    pytest.importorskip("tensorflow")

    @calcbench.problem(w=[1.0, 2.0])
    def beyond(xp, w):
        return xp.scan(lambda s, k: (s * xp.take(w, k), None), w[0], np.array([0, 1, 2]))[0]

    (row,) = calcbench.verify(beyond, selector)
    assert row.status == "error"
    assert row.reason.startswith("test_loops.py:")
    assert "indices = 2 is not in [0, 2)" in row.reason


@pytest.mark.parametrize("selector", ["tensorflow", *GRAPHS])
def test_a_tape_that_is_cut_inside_a_loop_is_told(selector):
    pytest.importorskip("tensorflow")

    @calcbench.problem(a=1.5, b=2.0)
    def cut(xp, a, b):
        return xp.scan(lambda s, x: (s * a * x + xp.floor(b), None), a, np.arange(3.0))[0]

    assert find_backend(selector).unconnected(own_point(cut)) == ("b",)


# --- arrays of NumPy ------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "tensorflow[mode=function]"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_unstack_along_any_axis(backend, axis):
    pytest.importorskip(backend.partition("[")[0])
    given = np.arange(6.0).reshape(2, 3)
    chosen = find_backend(backend)
    parts = chosen.namespace().unstack(chosen.convert(given), axis=axis)
    assert isinstance(parts, tuple)
    expected = np.moveaxis(given, axis, 0)
    assert len(parts) == len(expected)
    for part, other in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(chosen.to_numpy(part), other)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("backend", ["torch", "tensorflow", *GRAPHS])
def test_loops_read_arrays_of_numpy(backend, dtype):
    """They are no parameter and no data."""
    name, _, options = backend.rstrip("]").partition("[")
    pytest.importorskip(name)
    chosen = find_backend(f"{name}[{options}{options and ','}dtype={dtype}]")
    xp, number = chosen.namespace(), chosen.to_numpy
    total, squares = xp.scan(lambda s, x: (s + x, x**2), xp.asarray(0.0), np.arange(1.0, 4.0))
    assert number(total).dtype == number(squares).dtype == dtype
    assert (number(total), number(squares).tolist()) == (6.0, [1.0, 4.0, 9.0])
    parts = xp.unstack(np.array([[1, 2], [3, 4]]), 1)
    assert [number(part).tolist() for part in parts] == [[1, 3], [2, 4]]
    assert number(xp.unstack(np.ones(2))[1]).dtype == dtype
