"""Elementary functions that follow from others, and rounding."""

from __future__ import annotations

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import elementwise, mp
from calcbench.conformance.points import NEAR, ORDINARY

case = Table(CLOSE_COMPOSED)

POSITIVE = [0.3, 1.0, 2.5, 1e-8, 1e8]

case.elementary("square", lambda x: x * x, [*ORDINARY, *NEAR])
case.elementary("reciprocal", lambda x: 1 / x, [*ORDINARY, 1e8])
case.elementary("exp2", lambda x: mp.mpf(2) ** x, [*ORDINARY, *NEAR, -40.0])
case.elementary("log2", lambda x: mp.log(x) / mp.log(2), POSITIVE)
case.elementary("log10", lambda x: mp.log10(x), POSITIVE)
case.elementary("sinh", mp.sinh, [*ORDINARY, *NEAR, 20.0, -20.0])
case.elementary("cosh", mp.cosh, [*ORDINARY, *NEAR, 20.0, -20.0])
case.elementary("asinh", mp.asinh, [*ORDINARY, *NEAR, 1e8, -1e8])
case.elementary("acosh", mp.acosh, [1.25, 2.5, 1.0625, 1e8])
case.elementary("atanh", mp.atanh, [-0.75, -0.3, 0.3, 0.75, *NEAR])
case.elementary("sign", mp.sign, ORDINARY)
case.elementary("clip", lambda x: min(max(x, mp.mpf(-0.5)), mp.mpf(1.5)), ORDINARY, -0.5, 1.5)
case.elementary("clip", lambda x: max(x, mp.mpf(-0.5)), ORDINARY, -0.5)
case.elementary("clip", lambda x: min(x, mp.mpf(1.5)), ORDINARY, None, 1.5)

case.elementary("atan", mp.atan, [*ORDINARY, *NEAR, 1e8, -1e8])
case.elementary("floor", mp.floor, [-2.5, -0.3, 0.3, 2.5])
case.elementary("ceil", mp.ceil, [-2.5, -0.3, 0.3, 2.5])
case.elementary("round", mp.nint, [-2.75, -0.3, 0.3, 1.0, 2.25])
case.elementary("asin", mp.asin, [-0.75, -0.3, 0.3, 0.75, *NEAR])
case.elementary("acos", mp.acos, [-0.75, -0.3, 0.3, 0.75, *NEAR])
case(
    "remainder",
    lambda xp, x, y: xp.remainder(x, y),
    [[5.25, -5.25, 5.25, -5.25], [2.0, 2.0, -2.0, -2.0]],
    elementwise(lambda x, y: x - mp.floor(x / y) * y),
)
QUADRANTS = ([0.5, 0.5, -0.5, -0.5, 2.0, -2.0, 1e-8], [1.25, -1.25, 1.25, -1.25, 0.25, 0.25, -1.0])
for at in (QUADRANTS, (0.5, -1.25)):
    case("atan2", lambda xp, y, x: xp.atan2(y, x), at, elementwise(mp.atan2))

PAIRS = ([0.3, 1.0, 2.5, 1e-3, 0.0], [2.5, 0.3, 1.0, 1e3, 0.75])
for at in (PAIRS, (0.3, 2.5)):
    case("hypot", lambda xp, x, y: xp.hypot(x, y), at, elementwise(lambda x, y: mp.hypot(x, y)))
for at in ([x[:4] for x in PAIRS], (0.3, 2.5)):
    case("pow", lambda xp, x, y: xp.pow(x, y), at, elementwise(lambda x, y: x**y))
