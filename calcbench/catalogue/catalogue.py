"""Catalogue: problems or backends by name, loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from calcbench.catalogue import listing
from calcbench.catalogue.cards import Card, describe_error
from calcbench.errors import CalcbenchError, SelectorError, nearest, short_repr


class Catalogue(Mapping[str, Any]):
    """Problems or backends by name; indexing loads one, iterating loads nothing."""

    def __init__(
        self,
        noun: str,
        cards: list[Card],
        check: Callable[[Any, str], Any] = lambda found, _: found,
    ) -> None:
        """Take what the entries are called (`problem`, `backend`) and their cards.

        Of two with one name the first keeps it; the other is listed with that as its fault.
        `check` makes an entry of what a card loads, or raises.
        """
        self.noun = noun
        self.cards: dict[str, Card] = {}
        self._check = check
        for card in cards:
            if card.name in self.cards:
                owner = self.cards[card.name].theme
                fault = f"the name {card.name!r} is already taken, in {owner}"
                card = replace(card, name=f"{card.name} ({card.theme})", broken=fault)
            self.cards[card.name] = card

    def __getitem__(self, name: str) -> Any:
        """Import and return the entry. Raises `SelectorError` for an unknown name."""
        if name not in self:
            known = nearest(
                name if isinstance(name, str) else "", self.cards, f"calcbench list {self.noun}s"
            )
            raise SelectorError(f"no {self.noun} {short_repr(name)}: {known}")
        card = self.cards[name]
        if card.broken:
            raise CalcbenchError(f"{self.noun} {name!r} cannot be used: {card.broken}")
        try:
            return self._check(card.load(), name)
        except CalcbenchError:
            raise
        except (Exception, SystemExit) as error:  # whatever a plugin does when it is imported
            raise CalcbenchError(
                f"{self.noun} {name!r} does not import: {describe_error(error)}"
            ) from error

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.cards

    def get(self, name: str, default: Any = None) -> Any:
        """Return the entry, or `default` where there is none of that name."""
        if name not in self:
            return default
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.cards)

    def __len__(self) -> int:
        return len(self.cards)

    def __repr__(self) -> str:
        """Tabulate the entries: name, theme or options, summary or why one is not available."""
        return listing.as_text(self.noun, self.cards.values())

    def _repr_html_(self) -> str:
        return listing.as_html(self.noun, self.cards.values())
