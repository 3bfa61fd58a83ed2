"""The places of a graph's nodes: in layers, from operands to result, with few crossings."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

SWEEPS = 12
"""How often the order within layers is improved, forwards and backwards in turn."""


class Bend(NamedTuple):
    """Where an edge passes through a layer that it does not end in."""

    start: Hashable
    end: Hashable
    layer: int


def arrange(operands: Mapping[Hashable, Sequence[Hashable]]) -> list[list[Hashable]]:
    """Put the nodes of a graph into layers, in order; `operands` has those of every node.

    A node stands behind all of its operands, and one without operands right before the first node
    that needs it. An edge over several layers has a `Bend` in each one between its ends. The order
    within a layer follows the mean place of the neighbours (Sugiyama, Tagawa & Toda, IEEE Trans.
    Systems, Man, and Cybernetics 11 (1981) 109-125).
    """
    depth = _depths(operands)
    layers: list[list[Hashable]] = [[] for _ in range(max(depth.values()) + 1)]
    neighbours: dict[Hashable, list[Hashable]] = {}
    for node in operands:
        layers[depth[node]].append(node)
    for end, starts in operands.items():
        for start in starts:
            chain = [start, *bends(start, end, depth[start], depth[end]), end]
            for bend in chain[1:-1]:
                assert isinstance(bend, Bend)
                layers[bend.layer].append(bend)
            for one, other in itertools.pairwise(chain):
                neighbours.setdefault(one, []).append(other)
                neighbours.setdefault(other, []).append(one)
    for sweep in range(SWEEPS):
        order = layers if sweep % 2 == 0 else layers[::-1]
        for before, layer in itertools.pairwise(order):
            _sort(layer, before, neighbours)
    return layers


def bends(start: Hashable, end: Hashable, first: int, last: int) -> list[Bend]:
    """List the bends of an edge between two layers."""
    return [Bend(start, end, layer) for layer in range(first + 1, last)]


def _depths(operands: Mapping[Hashable, Sequence[Hashable]]) -> dict[Hashable, int]:
    """Count the layers below each node."""
    depth: dict[Hashable, int] = {}
    for node in operands:  # operands come before what is computed from them
        depth[node] = 1 + max((depth[operand] for operand in operands[node]), default=-1)
    first_use = {
        start: depth[end] - 1
        for end in sorted(operands, key=lambda node: -depth[node])
        for start in operands[end]
        if not operands[start]
    }
    return {**depth, **first_use}


def _sort(
    layer: list[Hashable], before: list[Hashable], neighbours: Mapping[Hashable, list[Hashable]]
) -> None:
    """Order a layer by the mean place of each node's neighbours in the layer beside it."""
    place = {node: k for k, node in enumerate(before)}
    means = {}
    for k, node in enumerate(layer):
        found = [place[other] for other in neighbours.get(node, ()) if other in place]
        means[node] = sum(found) / len(found) if found else float(k)
    layer.sort(key=means.__getitem__)
