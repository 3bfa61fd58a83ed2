"""Contracts of names: one place that the page, the type of `xp` and messages are made from."""

from vocabulary.page import hold

from calcbench.vocabulary.constants import CONSTANTS
from calcbench.vocabulary.names import GENERIC, NAMES, contracts
from calcbench.vocabulary.primitives import PRIMITIVES


def test_the_page_lists_exactly_the_names():
    lines = [(name, contract.line) for name, contract in contracts().items()]
    rows = [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in lines]
    hold("names", "\n".join(["| name | meaning |", "|---|---|", *rows]))


def test_there_are_names_enough_and_few_primitives():
    assert len(NAMES) >= 130
    assert len(PRIMITIVES) <= 45


def test_a_name_is_a_constant_a_primitive_or_follows_from_others():
    kinds = [CONSTANTS.keys(), PRIMITIVES.keys(), GENERIC.keys()]
    assert sum(map(len, kinds)) == len(NAMES)
    assert set().union(*kinds) == NAMES.keys()


def test_every_contract_has_types_and_a_text():
    for name, contract in contracts().items():
        assert contract.text.endswith("."), name
        assert contract.meaning, name
        if contract.signature:
            kinds = [p.annotation for p in contract.signature.parameters.values()]
            assert contract.signature.empty not in [contract.signature.return_annotation, *kinds]


def test_a_contract_says_how_its_name_is_called():
    assert contracts()["clip"].call == "clip(x, low=None, high=None)"
    assert contracts()["linalg.solve"].call == "linalg.solve(a, b)"
    assert contracts()["pi"].call == "pi"
    assert contracts()["square"].line == "square(x): x²"
