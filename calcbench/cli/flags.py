"""Flags that many commands have. Nothing is imported for them: `calcbench list` is to be quick."""

from __future__ import annotations

import click

no_missing_option = click.option(
    "--no-missing", is_flag=True, help="Leave out what is not installed."
)

json_option = click.option("--json", "as_json", is_flag=True, help="Data instead of text.")
