"""`calcbench list`: problems and backends. It imports neither NumPy nor a framework."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import click

from calcbench.catalogue.cards import Card
from calcbench.catalogue.catalogue import Catalogue
from calcbench.catalogue.door import backends, default_backends, problems
from calcbench.cli.terminal import print_json
from calcbench.errors import printable

CATALOGUES = {"problems": problems, "backends": backends}

UNBOUNDED = 10_000
"""Characters of a line that is not cut, for it goes into a file or another program."""


@click.command("list")
@click.argument("what", type=click.Choice(list(CATALOGUES)), required=False)
@click.option("--json", "as_json", is_flag=True, help="Data instead of a table.")
def command(what: str | None, as_json: bool) -> None:
    """List problems and backends, and why something is not available.

    \b
    Examples:
      calcbench list
      calcbench list backends --json
    """
    chosen = {name: get() for name, get in CATALOGUES.items() if what in (None, name)}
    if as_json:
        listed = {n: [_data(c) for c in found.cards.values()] for n, found in chosen.items()}
        for backend in listed.get("backends", ()):
            backend["default"] = backend["name"] in default_backends()
        print_json(listed)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBOUNDED
    for heading, catalogue in chosen.items():
        click.secho(f"{heading} ({len(catalogue)})", bold=True)
        _print_cards(catalogue, width, by_theme=heading == "problems")
        click.echo()


def _print_cards(catalogue: Catalogue, width: int, by_theme: bool) -> None:
    pad = max((len(name) for name in catalogue), default=0)
    theme = None
    for card in catalogue.cards.values():
        if by_theme and card.theme != theme:
            theme = card.theme
            click.secho(f"  {printable(theme)}", dim=True)
        _print_card(card, pad, width)
        if not by_theme and card.name not in default_backends():
            note = f"not in the default set; ask for it: -b {card.name}"
            click.secho(f"    {'':<{pad}}    {note}", dim=True)


def _print_card(card: Card, pad: int, width: int) -> None:
    """Print a line on a card: its summary, cut at the width, or why it is missing, in full."""
    line = f"    {printable(card.name):<{pad}}  {printable(card.missing or card.summary)}"
    if len(line) > width and not card.missing:
        line = line[: width - 1] + "…"
    click.secho(line, fg="yellow" if card.missing else None)
    for option, choices in {} if card.missing else card.options.items():
        values = " | ".join(map(str, choices)) or "a number"
        click.secho(f"    {'':<{pad}}    {printable(f'[{option}={values}]')}", dim=True)


def _data(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "theme": card.theme,
        "summary": card.summary,
        "options": card.options,
        "missing": card.missing,
    }
