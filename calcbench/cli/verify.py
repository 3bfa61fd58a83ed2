"""`calcbench verify`: what `compare` says, but for times."""

from __future__ import annotations

from typing import Any

import click

from calcbench.cli.compare import compare_and_exit
from calcbench.cli.options import COMPARISON, take


@click.command("verify")
@take(*COMPARISON)
def command(**selection: Any) -> None:
    """Check agreement alone, without timing; exit status 1 if any backend is wrong.

    \b
    Examples:
      calcbench verify
      calcbench verify my_cost.py && echo "my gradient is right"
      calcbench verify second_order --operator hessian
    """
    compare_and_exit(timed=False, **selection)
