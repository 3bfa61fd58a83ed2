"""`calcbench list`: problems and backends. It imports neither NumPy nor a framework."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import click

from calcbench.catalogue.cards import Card
from calcbench.catalogue.catalogue import Catalogue
from calcbench.catalogue.door import backends, default_backends, problems
from calcbench.cli.flags import json_option, no_missing_option
from calcbench.cli.terminal import columns_given, print_json
from calcbench.errors import printable

CATALOGUES = {"problems": problems, "backends": backends}

UNBOUNDED = 10_000
"""Characters of a line that is not cut, for it goes into a file or another program, and `COLUMNS`
does not say how wide that is."""


@click.command("list")
@click.argument("what", type=click.Choice(list(CATALOGUES)), required=False)
@no_missing_option
@json_option
def command(what: str | None, no_missing: bool, as_json: bool) -> None:
    """List problems and backends, and why something is not available.

    \b
    Examples:
      calcbench list
      calcbench list backends --json
    """
    chosen = {
        name: _cards(get(), no_missing) for name, get in CATALOGUES.items() if what in (None, name)
    }
    if as_json:
        listed = {name: list(map(_data, cards)) for name, cards in chosen.items()}
        for backend in listed.get("backends", ()):
            backend["default"] = backend["name"] in default_backends()
        print_json(listed)
        return
    piped = columns_given() or UNBOUNDED
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else piped
    for heading, cards in chosen.items():
        click.secho(f"{heading} ({len(cards)})", bold=True)
        _print_cards(cards, width, by_theme=heading == "problems")
        click.echo()


def _cards(catalogue: Catalogue, no_missing: bool) -> list[Card]:
    """List the cards; what is broken stays, also where what is not installed is left out."""
    cards = catalogue.cards.values()
    return [card for card in cards if not (no_missing and card.missing and not card.broken)]


def _print_cards(cards: list[Card], width: int, by_theme: bool) -> None:
    pad = max((len(card.name) for card in cards), default=0)
    theme = None
    for card in cards:
        if by_theme and card.theme != theme:
            theme = card.theme
            note = "" if card.default else f" (not in the default set; ask for it: -p {theme})"
            click.secho(f"  {printable(theme + note)}", dim=True)
        _print_card(card, pad, width)
        if not by_theme and card.name not in default_backends():
            note = f"not in the default set; ask for it: -b {card.name}"
            click.secho(f"    {'':<{pad}}    {note}", dim=True)


def _print_card(card: Card, pad: int, width: int) -> None:
    """Print a line on a card: its summary, cut at the width, or why it is missing, in full."""
    line = f"    {printable(card.name):<{pad}}  {printable(_describe(card))}"
    if len(line) > width and not card.missing:
        line = line[: width - 1] + "…"
    click.secho(line, fg="red" if card.broken else "yellow" if card.missing else None)
    for option, choices in {} if card.missing else card.options.items():
        values = " | ".join(map(str, choices)) or "a number"
        click.secho(f"    {'':<{pad}}    {printable(f'[{option}={values}]')}", dim=True)


def _describe(card: Card) -> str:
    """Give a card's summary, or why it cannot be used: of a plugin, with what brings it."""
    if card.broken:
        return f"cannot be used: {card.broken} (in {card.theme})"
    return card.missing or card.summary


def _data(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "theme": card.theme,
        "default": card.default,
        "summary": card.summary,
        "options": card.options,
        "missing": card.missing,
        "broken": card.broken,
    }
