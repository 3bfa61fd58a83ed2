"""What a class or the decorator declares: bad declarations are told in one line."""

import re

import numpy as np
import pytest

import calcbench as cb
from calcbench.cli import main
from calcbench.problem.declarations import check_declarations
from calcbench.problem.inputs import own_point


def declared(**attributes):
    class Mine(cb.Problem):
        def inputs(self, size, rng):
            return {"m": 1.0, "x": [1.0, 2.0], "y": [1.0, 2.0]}

        def cost(self, xp, m, *, x, y):
            return xp.mean((m * x - y) ** 2)

    for name, value in attributes.items():
        setattr(Mine, name, value)
    return Mine()


def decorated(**options):
    @cb.problem(m=1.0, x=[1.0, 2.0], y=[1.0, 2.0], **options)
    def mine(xp, m, *, x, y):
        return xp.mean((m * x - y) ** 2)

    return mine


BOTH = [
    ({"sizes": ()}, "sizes must be a tuple of whole numbers of at least 1"),
    ({"sizes": 5}, "sizes must be"),
    ({"sizes": "ab"}, "sizes must be"),
    ({"sizes": (-1,)}, "sizes must be"),
    ({"sizes": (1.5,)}, "sizes must be"),
    ({"sizes": (True,)}, "sizes must be"),
    ({"rows": 3}, "rows must be a tuple of names of data"),
    ({"rows": "x"}, "rows must be a tuple of names of data"),
    ({"rows": ("x", "z")}, "rows names 'z', which is not data (x, y)"),
    ({"rows": ("m",)}, "rows names 'm', which is not data"),
    ({"reduction": "product"}, "reduction = 'product': choose from mean, sum"),
    ({"reduction": "Sum"}, "did you mean 'sum'?"),
    ({"reduction": 5}, 'reduction must be "mean" or "sum"'),
    ({"domain": "m"}, "domain must be a dict"),
    ({"domain": (0, 1, 2)}, "domain must be a dict"),
    ({"domain": {"m": (1, 0)}}, "domain must be a dict"),
    ({"domain": {"m": (0, np.nan)}}, "low < high"),
    ({"domain": {"m": "ab"}}, "low < high"),
    ({"domain": {"mm": (0, 1)}}, "domain names 'mm', which is not a parameter (m); did you mean"),
    ({"domain": {"x": (0, 1)}}, "domain names 'x', which is not a parameter"),
    ({"limits": "x"}, "limits must be a dict"),
    ({"limits": {"sympy": 5}}, "limits must be a dict"),
    ({"formula": 5}, "formula must be a text"),
    ({"derivation": "abc"}, "derivation must be a tuple of steps"),
    ({"derivation": ("abc",)}, "derivation must be a tuple of steps"),
    ({"sources": 5}, "sources must be a tuple of texts"),
    ({"gradient": {"m": 2.0}}, "gradient must be a function"),
    ({"structure": 5}, "structure must be a function"),
]
CLASS = [
    ({"requires": "numpy"}, "requires must be a tuple of names of modules"),
    ({"requires": 5}, "requires must be a tuple"),
    ({"install": 5}, "install must be a text"),
    ({"name": 5}, "name must be a text"),
    ({"name": None}, "name must be a text"),
    ({"data": None}, "'data' lists its data arguments"),
    ({"data": "y.txt"}, "keep that under another name, such as self.files"),
    ({"data": ["x", "y"]}, "'data' lists its data arguments"),
    ({"parameters": {"m": 1.0}}, "'parameters' lists its parameters"),
]


@pytest.mark.parametrize(("attributes", "message"), BOTH + CLASS)
def test_a_bad_attribute_of_a_class_is_told(attributes, message):
    with pytest.raises(cb.ProblemError, match=re.escape(message)) as caught:
        own_point(declared(**attributes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("options", "message"), BOTH)
def test_a_bad_option_of_the_decorator_is_told(options, message):
    with pytest.raises(cb.ProblemError, match=re.escape(message)) as caught:
        cb.compare(decorated(**options), ["by_hand"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "attributes",
    [
        {"sizes": [1, np.int64(10)]},
        {"rows": ["x", "y"]},
        {"domain": {"m": (0, np.inf)}},
        {"domain": lambda values: bool(values["m"] > 0)},
        {"limits": {"sympy": (1000, "too long")}},
        {"derivation": [("First.", "x"), ("Then.", "y")]},
        {"requires": ("numpy",)},
    ],
)
def test_good_declarations_pass(attributes):
    problem = declared(**attributes)
    check_declarations(problem)
    assert own_point(problem)["m"] == 1.0


def test_a_bad_file_is_one_line_and_status_2(tmp_path, capsys, monkeypatch):
    file = tmp_path / "mine.py"
    file.write_text(
        "import calcbench\n\n\n@calcbench.problem(m=1.0, x=[1.0], reductoin='sum')\n"
        "def mine(m, *, x):\n    return m * x[0]\n"
    )
    monkeypatch.setattr("sys.argv", ["calcbench", "compare", str(file), "-b", "finite_difference"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert "no such option: did you mean 'reduction'" in captured.err
    assert "Traceback" not in captured.err
