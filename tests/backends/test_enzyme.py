"""JAX's mode enzyme: what it differentiates, what it refuses, and what the verdict sees."""

import contextlib
import importlib.util
import os
import sys

import numpy as np
import pytest

import calcbench as cb
from calcbench.backends.jax import derivatives, enzyme
from calcbench.catalogue.selection import select_backends
from calcbench.conformance.vocabulary import NAMES, check
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status
from calcbench.show import doctor

ENZYME = "jax[mode=enzyme]"

WRONG = ("digamma", "polygamma", "log_ndtr", "prod", "cumulative_prod", "stop_gradient")
"""Names whose derivative by Enzyme is not right everywhere."""

WITHOUT_RULE = (
    *("linalg.cholesky", "linalg.solve", "linalg.solve_triangular", "linalg.inv"),
    *("linalg.slogdet", "linalg.det", "linalg.matrix_power", "linalg.eigh", "linalg.eigvalsh"),
    *("linalg.svd", "linalg.svdvals", "linalg.qr"),
)
"""Names that JAX computes by LAPACK, whose routines Enzyme does not know."""

needs_enzyme = pytest.mark.skipif(
    importlib.util.find_spec("enzyme_ad") is None, reason="enzyme_ad is not installed"
)


@cb.problem(w=[0.3, -0.2, 0.9])
def chain(xp, w):
    return xp.sum(xp.tanh(w) * xp.exp(w)) + xp.logsumexp(w)


def test_where_it_is_missing_the_mode_says_how_to_install_it(monkeypatch):
    pytest.importorskip("jax")
    monkeypatch.setattr(enzyme, "MODULE", "no_enzyme_here")
    wanted = r"'jax\[mode=enzyme\]': no_enzyme_here is not installed; install it with: .*enzyme\]'"
    with pytest.raises(cb.NotInstalled, match=wanted):
        cb.gradient(chain, ENZYME)
    assert cb.gradient("saddle", "jax")["x"] == 6  # and the other modes are there


def test_doctor_tries_it_where_it_is_installed_and_says_where_it_is_not(monkeypatch):
    """As its backend declares it, for what is listed without being imported."""
    pytest.importorskip("jax")
    ((option, needed),) = derivatives.Jax.requires_for.items()
    assert (option, needed) == ("mode=enzyme", ((enzyme.MODULE,), enzyme.INSTALL))
    there = importlib.util.find_spec(enzyme.MODULE) is not None
    jax, found = doctor.examine(names=["jax"]).backends
    assert (jax.backend, jax.status) == ("jax", Status.OK)
    assert (found.backend, found.status) == (
        ENZYME,
        Status.OK if there else Status.NOT_INSTALLED,
    )
    monkeypatch.setitem(sys.modules, enzyme.MODULE, None)
    findings = doctor.examine(names=["jax"])
    told = f"enzyme_ad is not installed; install it with: {enzyme.INSTALL}"
    assert (findings.backends[1].status, findings.backends[1].reason) == (
        Status.NOT_INSTALLED,
        told,
    )
    assert findings.healthy


def test_doctor_does_not_ask_for_it_without_jax(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    (found,) = doctor.examine(names=["jax"]).backends
    assert (found.backend, found.status) == ("jax", Status.NOT_INSTALLED)


def test_what_enzyme_says_of_an_operation_is_shortened():
    said = (
        "INTERNAL: Failed\nPipeline failed:\ncould not compute the adjoint for this operation "
        '%1 = "stablehlo.tan"(%0) : (tensor<f64>) -> tensor<f64>\n'
    )
    with pytest.raises(cb.Unsupported, match="it has no rule for tan"), enzyme.refusals():
        raise ValueError(said)
    called = said.replace('"stablehlo.tan"', '"stablehlo.custom_call" call_target_name = "dgetrf"')
    with pytest.raises(cb.Unsupported, match="it has no rule for dgetrf"), enzyme.refusals():
        raise ValueError(called)
    with pytest.raises(ValueError, match="another"), enzyme.refusals():
        raise ValueError("another")
    assert enzyme.DUMPS not in os.environ


@needs_enzyme
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_operators_of_first_and_second_order_are_certified(dtype):
    for operator in ("value_and_gradient", "pushforward", "gradient_and_hvp", "hessian"):
        backend = f"jax[mode=enzyme,dtype={dtype}]"
        (record,) = cb.compare(chain, backend, operator=operator, timed=False).records
        assert record.status is Status.OK, record
        assert record.digits > (12.5 if dtype == "float64" else 5), record


@needs_enzyme
@pytest.mark.parametrize("problem", ["curve_fit_residuals", "broyden_tridiagonal"])
def test_jacobians_by_rows_columns_and_colours(problem):
    (record,) = cb.compare(problem, ENZYME, operator="jacobian", timed=False).records
    assert record.status is Status.OK, record


@needs_enzyme
def test_a_wide_jacobian_goes_by_rows():
    @cb.problem(w=np.arange(4.0), outputs=lambda inputs: 2)
    def wide(xp, w):
        return xp.stack([xp.sum(w**2), xp.sum(xp.sin(w))])

    wanted = [2 * np.arange(4.0), np.cos(np.arange(4.0))]
    np.testing.assert_allclose(cb.jacobian(wide, ENZYME), wanted, rtol=1e-15)


@needs_enzyme
@pytest.mark.parametrize("cache", [0, derivatives.SECOND_CACHE])
def test_several_products_are_one_of_copies_or_go_in_a_loop(cache, monkeypatch):
    import jax

    monkeypatch.setattr(derivatives, "SECOND_CACHE", cache)

    @cb.problem(w=np.arange(1.0, 4.0), outputs=lambda inputs: 4)
    def several(xp, w):
        total = xp.sum(w**2)
        return xp.stack([total, xp.sin(w[0]) * w[1], w[2] * total, xp.exp(w[1])])

    (backend,) = select_backends([ENZYME])
    w = np.arange(1.0, 4.0)
    total, twice = np.sum(w**2), 2 * w
    wanted = [
        twice,
        [np.cos(w[0]) * w[1], np.sin(w[0]), 0],
        w[2] * twice + [0, 0, total],
        [0, np.exp(w[1]), 0],
    ]
    function = backend.function(own_point(several))
    directions, cotangents = np.eye(3)[[2, 0]], np.eye(4)[[3, 0, 2]]
    with backend.context():
        given = (jax.numpy.asarray(w),)
        for derive, seeds, products in (
            (backend.pushforwards, (directions,), directions @ np.transpose(wanted)),
            (backend.pullbacks, cotangents, (cotangents @ wanted,)),
        ):
            apply, seeds = derive(function).apply, jax.tree.map(jax.numpy.asarray, seeds)
            found = jax.jit(apply)(given, (), seeds)
            np.testing.assert_allclose(found, products, rtol=1e-14)
            loops = "scan[" in str(jax.make_jaxpr(apply)(given, (), seeds))
            assert loops == (cache == 0)


@needs_enzyme
def test_what_it_cannot_do_is_skipped_with_the_reason(capfd):
    @cb.problem(w=[0.3, 0.2, 0.9])
    def special(xp, w):
        return xp.sum(xp.digamma(w))

    @cb.problem(w=[0.3, 0.2, 0.9])
    def solved(xp, w):
        return xp.sum(xp.linalg.solve(xp.eye(3) + xp.sum(w**2), w))

    for problem, reason in ((special, "xp.digamma is not available"), (solved, "has no rule for")):
        with pytest.raises(cb.Unsupported, match=reason):
            cb.gradient(problem, ENZYME)
    assert capfd.readouterr().err == ""


@needs_enzyme
@pytest.mark.few(6)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_vocabulary_is_right_or_refused(name):
    (backend,) = select_backends([ENZYME])
    if name in WRONG:
        said = pytest.raises(cb.Unsupported, match=rf"xp\.{name} is not available with mode=enzyme")
    elif name in WITHOUT_RULE:
        said = pytest.raises(cb.Unsupported, match="it has no rule for lapack_")
    else:
        said = contextlib.nullcontext()
    with said:
        check(backend, name)


@needs_enzyme
def test_the_verdict_sees_what_it_gets_wrong():
    """A product of elements of one array is differentiated by dividing by them (0.0.16)."""

    @cb.problem(w=[0.0, 2.0, 3.0])
    def product(xp, w):
        return w[0] * w[1] * w[2]

    wrong, right = cb.compare(product, [ENZYME, "jax"], timed=False).records
    assert right.status is Status.OK
    assert wrong.status is Status.DISAGREE
    assert "nan" in wrong.reason
