"""Special functions: closed forms of mpmath's."""

from __future__ import annotations

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import elementwise, mp
from calcbench.conformance.points import NEAR, ORDINARY

case = Table(CLOSE_COMPOSED)

case.elementary("expit", lambda x: 1 / (1 + mp.exp(-x)), [*ORDINARY, *NEAR])
case.elementary("logit", lambda x: mp.log(x / (1 - x)), [0.25, 0.5, 0.9375, 1e-8])
case.elementary("entr", lambda x: -x * mp.log(x), [0.3, 1.0, 2.5, 1e-8])
case.elementary("erf", mp.erf, [*ORDINARY, *NEAR, 4.0])
case.elementary("erfc", mp.erfc, [*ORDINARY, *NEAR, 4.0])
# The tails, where 1 + erf and 2 − erfc cancel. They are steep: slopes count relative to themselves.
TAIL = [-5.0, -8.0, -12.0, -25.0]
for name, call, tail in (
    ("erfc", lambda xp, x: xp.erfc(-x), lambda x: mp.erfc(-x)),
    ("ndtr", lambda xp, x: xp.ndtr(x), mp.ncdf),
    ("ndtr", lambda xp, x: xp.log(xp.ndtr(x)), lambda x: mp.log(mp.ncdf(x))),
    ("gelu", lambda xp, x: xp.gelu(x), lambda x: x * mp.ncdf(x)),
):
    case(name, call, [TAIL], elementwise(tail), scale=0.0, close=1e-12)
case.elementary("ndtr", mp.ncdf, [*ORDINARY, *NEAR, -4.0])
case.elementary("gelu", lambda x: x * mp.ncdf(x), [*ORDINARY, *NEAR])
case.elementary(
    "gelu",
    lambda x: x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3))),
    [*ORDINARY, *NEAR],
    "tanh",
)
case.elementary("gammaln", lambda x: mp.log(mp.gamma(x)), [0.3, 1.25, 2.5, 8.0, 1e-3, 40.0])
case.elementary("digamma", mp.digamma, [0.3, 1.25, 2.5, 8.0, 1e-3, 40.0])
case.elementary("erfinv", mp.erfinv, [-0.75, -0.3, 0.3, 0.9375, *NEAR])
case.elementary("log_ndtr", lambda x: mp.log(mp.ncdf(x)), [*ORDINARY, *NEAR, 4.0])
case.elementary("i0e", lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), [*ORDINARY, 1e-8, -12.0, 40.0])
for n in (0, 1, 2, 5):
    case(
        "polygamma" if n else "digamma",
        lambda xp, x, n=n: xp.polygamma(n, x),
        [[0.3, 1.25, 2.5, 8.0, 40.0]],
        elementwise(lambda x, n=n: mp.polygamma(n, x)),
        scale=0.0,
    )
case(
    "polygamma", lambda xp, x: xp.polygamma(1, x), [2.5], elementwise(lambda x: mp.polygamma(1, x))
)
# Where an inverse is steep, and where a distribution function is as good as 0.
for name, call, tail, at in (
    ("erfinv", lambda xp, x: xp.erfinv(x), mp.erfinv, [-1 + 2.0**-16, 1 - 2.0**-30, 1e-8]),
    ("log_ndtr", lambda xp, x: xp.log_ndtr(x), lambda x: mp.log(mp.ncdf(x)), [-9.5, -40.0, -800.0]),
):
    case(name, call, [at], elementwise(tail), scale=0.0, close=1e-10)
case(
    "betaln",
    lambda xp, a, b: xp.betaln(a, b),
    [[0.3, 2.5, 8.0], [1.25, 0.3, 2.5]],
    elementwise(lambda a, b: mp.log(mp.beta(a, b))),
)

PAIRS = ([0.3, 1.0, 2.5, 1e-3, 0.0], [2.5, 0.3, 1.0, 1e3, 0.75])
for at in (PAIRS, (0.3, 2.5)):
    case("xlogy", lambda xp, x, y: xp.xlogy(x, y), at, elementwise(lambda x, y: x * mp.log(y)))
    case(
        "xlog1py", lambda xp, x, y: xp.xlog1py(x, y), at, elementwise(lambda x, y: x * mp.log1p(y))
    )
for at in ([x[:4] for x in PAIRS], (0.3, 2.5)):
    case(
        "rel_entr",
        lambda xp, x, y: xp.rel_entr(x, y),
        at,
        elementwise(lambda x, y: x * mp.log(x / y)),
    )
