"""Backends that can be used here, and stand-ins that say why others cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from calcbench.backend.backend import Backend
from calcbench.catalogue.door import backends, default_backends
from calcbench.errors import CalcbenchError, NotInstalled, SelectorError
from calcbench.operators import Operator
from calcbench.problem.point import Point


class BrokenPlugin(CalcbenchError):
    """A backend that is installed but cannot be loaded: a fault, not something to install."""


@dataclass(frozen=True)
class Unavailable(Backend):
    """Stands in for a backend whose plugin cannot be loaded, so that its row says why."""

    name = "unavailable"
    kind = "exact"

    label: str = ""
    error: CalcbenchError = field(default_factory=CalcbenchError)

    @property
    def selector(self) -> str:
        """The name of the backend that is not there."""
        return self.label

    def prepare(self, point: Point, operator: str | Operator = "gradient") -> Any:
        """Raise the error that says why."""
        raise self.error

    namespace = convert = prepare  # type: ignore[assignment]


def make_backend(name: str, options: dict[str, Any]) -> Backend:
    """Make the backend of a name, or a stand-in whose row says why it cannot be used."""
    try:
        backend: Backend = backends()[name](**options)
        return backend
    except SelectorError:
        raise
    except CalcbenchError as error:
        card = backends().cards[name]
        if card.missing and not card.broken:
            return Unavailable(label=name, error=NotInstalled(card.missing))
        return Unavailable(label=name, error=BrokenPlugin(str(error)))


def default_witnesses() -> list[Backend]:
    """List the witnesses (`Backend.witnesses`) of default backends that need nothing installed."""
    cards = backends().cards
    free = [name for name in default_backends() if not cards[name].declared.get("requires")]
    return [witness for name in free for witness in make_backend(name, {}).witnesses()]
