"""What may be missing where the tests run, and how to tell that it is."""

import re
from importlib.util import find_spec

import calcbench as cb

OPTIONAL = {"altair", "contourpy", "vl_convert"} | {
    module
    for catalogue in (cb.backends(), cb.problems())
    for card in catalogue.cards.values()
    for module in card.declared.get("requires", ())
}
"""What may be missing where the tests run; anything else is missing because a test wants it so."""


def is_absent(message):
    """Whether the packages of which a message says that they are not installed are not there."""
    said = re.search(r"([\w, ]+) is not installed", message)
    modules = {name.strip() for name in said[1].split(",")} if said else set()
    return bool(modules) and modules <= OPTIONAL and not any(map(find_spec, modules))
