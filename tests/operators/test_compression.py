"""Colours and compression: valid, few, and every entry where it is said to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcbench.operators.colouring import colour_columns
from calcbench.operators.compression import (
    choose_side,
    compress,
    compress_jacobian,
    compress_symmetric,
)
from calcbench.problem.structure import DIAGONAL, Banded, BlockDiagonal, Coordinates

RNG = np.random.default_rng(5)


def pattern(matrix):
    return Coordinates(*np.nonzero(matrix)).pattern(*matrix.shape)


@st.composite
def matrices(draw, square=False):
    """A sparse matrix, some of whose rows and columns are full, empty, or there twice."""
    rows, columns = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    columns = rows if square else columns
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    matrix = rng.uniform(1, 2, (rows, columns)) * (rng.random((rows, columns)) < 0.2)
    for line in draw(st.lists(st.integers(0, rows - 1), max_size=2)):
        matrix[line] = rng.uniform(1, 2, columns)
    for line in draw(st.lists(st.integers(0, columns - 1), max_size=2)):
        matrix[:, line] = matrix[:, 0]
    return matrix


@given(matrices())
def test_columns_of_a_colour_never_meet_in_a_row(matrix):
    row, column = pattern(matrix)
    colour = colour_columns((row, column), matrix.shape[1])
    met = row * (colour.max() + 1) + colour[column]
    assert len(np.unique(met)) == len(met)
    assert sorted({*colour}) == [*range(colour.max() + 1)]
    assert colour.max(initial=0) < max(1, matrix.shape[1])


@pytest.mark.parametrize(
    ("structure", "colours"),
    [(DIAGONAL, 1), (Banded(1), 3), (Banded(3), 7), (BlockDiagonal(4), 4)],
)
def test_bands_and_blocks_have_as_many_colours_as_entries_of_a_row(structure, colours):
    assert compress(structure.pattern(1_003, 1_003), 1_003).colours == colours


def test_columns_that_are_alike_are_coloured_apart():
    """Observations of cameras (three parameters) and points (two), two residuals each."""
    camera, spot = RNG.integers(0, 4, 60), RNG.integers(0, 20, 60)
    matrix = np.zeros((120, 12 + 40))
    for k, (c, p) in enumerate(zip(camera, spot, strict=True)):
        matrix[2 * k : 2 * k + 2, 3 * c : 3 * c + 3] = 1
        matrix[2 * k : 2 * k + 2, 12 + 2 * p : 14 + 2 * p] = 1
    assert compress(pattern(matrix), 52).colours == 5


@given(matrices(square=True))
def test_a_symmetric_matrix_is_read_off_its_products(matrix):
    whole = matrix + matrix.T
    compression = compress_symmetric(pattern(whole), len(whole))
    products = compression.vectors @ whole
    stored = whole[pattern(whole)]
    np.testing.assert_array_equal(products.ravel()[compression.places(len(whole))], stored)
    sizes = [len(whole) // 3, len(whole) - len(whole) // 3]
    parts = np.split(products, sizes[:1], axis=1)
    flat = np.concatenate([part.ravel() for part in parts])
    np.testing.assert_array_equal(flat[compression.places_in_parts(sizes)], stored)


def test_a_full_row_and_column_cost_one_colour():
    arrow = np.eye(50)
    arrow[7], arrow[:, 7] = 1, 1
    assert compress_symmetric(pattern(arrow), 50).colours == 2
    assert compress(pattern(arrow), 50).colours == 50


@given(matrices(), st.sampled_from([(True, True), (True, False), (False, True)]))
def test_a_jacobian_is_read_off_its_products(matrix, ways):
    rows, columns = matrix.shape
    side = choose_side(pattern(matrix), rows, columns, *ways)
    sizes = [columns // 2, columns - columns // 2]
    found = compress_jacobian(pattern(matrix), rows, sizes, side)
    assert ways[0] or not len(found.directions)
    assert ways[1] or not len(found.cotangents)
    ahead = (found.directions @ matrix.T).ravel()
    behind = np.split(found.cotangents @ matrix, sizes[:1], axis=1)
    products = np.concatenate([ahead, *(part.ravel() for part in behind)])
    np.testing.assert_array_equal(products[found.places], matrix[pattern(matrix)])
    assert len(found.directions) + len(found.cotangents) >= side.products


@pytest.mark.parametrize("turned", [False, True])
def test_a_full_line_of_a_jacobian_is_taken_by_itself(turned):
    """A full row and a full column beside a diagonal: one pullback, or one pushforward."""
    matrix = np.eye(40, 41)
    matrix[3], matrix[:, 5] = 1, 1
    matrix = matrix.T if turned else matrix
    rows, columns = matrix.shape
    side = choose_side(pattern(matrix), rows, columns, True, True)
    found = compress_jacobian(pattern(matrix), rows, [columns], side)
    assert (len(found.directions), len(found.cotangents)) == (2, 1)


def test_directions_of_the_same_parts_are_one_sweep():
    """Two parameters: of the first all columns meet, of the second every other one."""
    matrix = np.zeros((6, 5), dtype=bool)
    matrix[:, :2] = True
    matrix[::2, 2] = matrix[1::2, 3] = matrix[5, 4] = True
    side = choose_side(pattern(matrix), 6, 5, forward=True, reverse=False)
    found = compress_jacobian(pattern(matrix), 6, [2, 3], side)
    assert sorted((parts.tolist(), count) for parts, count in found.sweeps) == [([0], 2), ([1], 2)]
    first = 0
    for parts, count in found.sweeps:
        mine = found.directions[first : first + count]
        moved = [bool(mine[:, :2].any()), bool(mine[:, 2:].any())]
        np.testing.assert_array_equal(np.flatnonzero(moved), parts)
        first += count
    numbers = np.random.default_rng(0).normal(size=matrix.shape) * matrix
    np.testing.assert_allclose(
        (found.directions @ numbers.T).ravel()[found.places], numbers[matrix]
    )


@pytest.mark.parametrize("uneven", [False, True])
def test_rows_that_store_all_products_store_their_columns(uneven):
    """Rows with an entry by a parameter of their own, before and behind two of all rows."""
    matrix = np.zeros((6, 7), dtype=bool)
    matrix[np.arange(6), np.arange(6) // 2] = True
    matrix[:, 3:5] = matrix[::2, 5] = matrix[1::2, 6] = True
    matrix[2, 0] = uneven
    side = choose_side(pattern(matrix), 6, 7, forward=True, reverse=False)
    found = compress_jacobian(pattern(matrix), 6, [3, 2, 2], side)
    assert found.full == (not uneven)
    numbers = np.random.default_rng(0).normal(size=matrix.shape) * matrix
    products = found.directions @ numbers.T
    np.testing.assert_allclose(products.ravel()[found.places], numbers[matrix])
    if found.full:
        np.testing.assert_allclose(products.T.ravel(), numbers[matrix])
