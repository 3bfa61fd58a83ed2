"""Differences as witnesses: what they vouch for, of how many components, and by which bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from calcbench.judge.witnesses import MOST, Witness, ask_complex_step, ask_differences

MANY = np.random.default_rng(0).normal(size=4 * MOST)


def bowl(arguments: dict[str, np.ndarray]) -> Any:
    return np.sum(arguments["x"] ** 2 + np.sin(arguments["x"]))


def slope(x: np.ndarray) -> np.ndarray:
    return 2 * x + np.cos(x)


def ask(claimed: np.ndarray) -> tuple[Witness, Witness | None]:
    found = ask_differences(bowl, {"x": MANY}, claimed, "float64")
    return found, ask_complex_step(bowl, {"x": MANY}, claimed, found)


def test_every_component_counts_though_not_all_are_tried() -> None:
    right, step = ask(slope(MANY))
    assert len(right.positions) == MOST
    assert right.agrees
    assert step is not None
    assert step.agrees
    assert step.digits > 12


@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_component_that_is_not_tried_is_found(wrong: float) -> None:
    claimed = slope(MANY)
    tried = ask_differences(bowl, {"x": MANY}, claimed, "float64").positions
    claimed[next(k for k in range(len(MANY)) if k not in tried)] = wrong
    found, step = ask(claimed)
    assert not found.outside[:-1].any()
    assert found.outside[-1]
    assert not found.agrees
    assert step is not None
    assert not step.agrees


def test_direction_in_single_precision_is_that_of_the_rounded_numbers() -> None:
    single = MANY.astype(np.float32).astype(np.float64)

    def call(arguments: dict[str, np.ndarray]) -> Any:
        return bowl({"x": arguments["x"].astype(np.float32)})

    found = ask_differences(call, {"x": single}, slope(single), "float32")
    assert found.direction is not None
    assert not found.outside.any()


def test_components_without_a_derivative_are_left_out() -> None:
    x = np.array([0.0, 2.0, 0.0])
    claimed = np.array([5.0, 1.0, np.nan])

    def sizes(arguments: dict[str, np.ndarray]) -> Any:
        return np.sum(np.abs(arguments["x"]))

    found = ask_differences(sizes, {"x": x}, claimed, "float64", skipped=x == 0)
    assert found.positions.tolist() == [1]
    assert found.agrees


def test_kinks_vouch_for_nothing_and_curves_are_no_kinks() -> None:
    def call(arguments: dict[str, np.ndarray]) -> Any:
        a, b, c = arguments["x"]
        return np.abs(a) + 1e-3 * np.maximum(b, 0) + np.abs(c) ** 1.5 + np.exp(8 * c)

    found = ask_differences(call, {"x": np.zeros(3)}, np.array([0.0, 5e-4, 8.0]), "float64")
    assert np.isfinite(found.bounds).tolist() == [False, False, True]
    assert not found.agrees
    wild = ask_differences(
        lambda arguments: np.sum(np.sin(1e3 * arguments["x"])),
        {"x": MANY[:50]},
        MANY[:50],
        "float64",
    )
    assert np.all(np.isfinite(wild.bounds))


@pytest.mark.parametrize("power", [1, 2, 3])
def test_bound_at_zero_is_never_zero(power: int) -> None:
    """At 0 a relative change moves nothing, and a value of 0 has no rounding of its own."""
    factors = np.array([1.1, 0.3, 7.0])

    def call(arguments: dict[str, np.ndarray]) -> Any:
        return np.sum((factors * arguments["x"]) ** power)

    right = factors if power == 1 else np.zeros(3)
    found = ask_differences(call, {"x": np.zeros(3)}, right * (1 + 2e-16), "float64")
    assert np.all(found.bounds > 0)
    assert not found.outside.any()
    step = ask_complex_step(call, {"x": np.zeros(3)}, right * (1 + 2e-16), found)
    assert step is not None
    assert not step.outside.any()


def test_components_are_tried_while_there_is_time_and_all_along_a_direction() -> None:
    calls = 0

    def counting(arguments: dict[str, np.ndarray]) -> Any:
        nonlocal calls
        calls += 1
        return bowl(arguments)

    claimed = slope(MANY)
    found = ask_differences(counting, {"x": MANY}, claimed, "float64", seconds=0.0)
    assert calls < 30
    assert len(found.positions) < 3
    assert found.of == len(MANY)
    assert found.agrees
    claimed[7] += 1.0
    assert not ask_differences(bowl, {"x": MANY}, claimed, "float64", seconds=0.0).agrees


@pytest.mark.parametrize("claimed", [np.nan, 0.0, 1e12])
def test_quotients_without_a_digit_vouch_for_nothing(claimed: float) -> None:
    def angle(arguments: dict[str, np.ndarray]) -> Any:
        return np.arctan2(*arguments["x"])

    told = np.full(2, claimed)
    found = ask_differences(angle, {"x": np.zeros(2)}, told, "float64")
    assert found.vague
    assert not found.outside.any()
    assert not found.agrees
