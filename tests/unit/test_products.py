"""Products in registers against numpy's, for every shape of tile and what lies around it."""

import numba
import numpy as np
import pytest

from nodeemb.prefetch import fetch, fetch_to_write
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.products import TILE, multiply, multiply_band, turn

TYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("rows", [1, *range(2, TILE + 2), 3 * TILE + 1])
@pytest.mark.parametrize("columns", [1, 15, 16, 17, 33, 63, 64, 130])
def test_multiply_equals_numpy(dtype, plus, rows, columns):
    rng = np.random.default_rng(rows * columns)
    size = np.dtype(dtype).itemsize
    for depth in (0, 1, 7):
        pitch = padded(columns, size)
        a = rng.standard_normal((rows, depth)).astype(dtype)
        b = rng.standard_normal((depth, pitch)).astype(dtype)
        before = rng.standard_normal((rows + 2, pitch)).astype(dtype)
        out = before.copy()
        multiply(
            out.ravel(), pitch, pitch, rows, columns, a.ravel(), 0, depth, 1,
            b.ravel(), 0, pitch, depth, plus,
        )  # fmt: skip
        wanted = a.astype(np.float64) @ b + plus * before[1:-1]
        np.testing.assert_allclose(
            out[1:-1, :columns], wanted[:, :columns], atol=30 * np.finfo(dtype).eps
        )
        np.testing.assert_array_equal(out[[0, -1]], before[[0, -1]])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("columns", [1, 16, 17, 63, 130])
@pytest.mark.parametrize("depth", [2 * TILE, 2 * TILE + 1, TILE + 20])
def test_a_band_is_multiplied_as_if_zeros_lay_around_it(dtype, columns, depth):
    rng = np.random.default_rng(columns)
    pitch = padded(columns, np.dtype(dtype).itemsize)
    b = rng.standard_normal((depth, pitch)).astype(dtype)
    band = np.zeros((TILE, depth), dtype)
    for r in range(TILE):
        wide = depth - TILE + 1
        band[r, r : r + wide] = rng.standard_normal(wide)
    out, wanted = np.ones((2, TILE + 2, pitch), dtype)
    multiply(
        wanted.ravel(), pitch, pitch, TILE, columns, band.ravel(), 0, depth, 1, b.ravel(),
        0, pitch, depth, False,
    )  # fmt: skip
    around = np.where(band == 0, np.nan, band)  # none of these is read
    for a, row, step in ((around, depth, 1), (around.T.copy(), 1, TILE)):
        multiply_band(
            out.ravel(), pitch, pitch, columns, a.ravel(), 0, row, step, b.ravel(), 0,
            pitch, depth,
        )  # fmt: skip
        np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize("dtype", TYPES)
def test_multiply_reads_turned_and_slanted_matrices(dtype):
    rng = np.random.default_rng(0)
    flat = rng.standard_normal(400).astype(dtype)
    b = rng.standard_normal((9, 16)).astype(dtype)
    out = np.zeros((8, 16), dtype)
    for row, step in ((1, 8), (7, 3), (0, 1)):
        multiply(
            out.ravel(), 0, 16, 8, 16, flat, 5, row, step, b.ravel(), 0, 16, 9, False
        )
        a = flat[5 + row * np.arange(8)[:, None] + step * np.arange(9)]
        np.testing.assert_allclose(out, a @ b, atol=30 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", TYPES)
def test_turn_exchanges_rows_and_columns(dtype):
    a = np.arange(48 * 80, dtype=dtype).reshape(48, 80)
    out = np.zeros((80, 48), dtype)
    turn(out.ravel(), 48, a.ravel(), 80, 48, 80)
    np.testing.assert_array_equal(out, a.T)


def test_a_sum_does_not_depend_on_its_place_in_a_tile():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((13, 200)), rng.standard_normal((200, 160))
    a, b = a.astype(np.float32), b.astype(np.float32)
    whole = np.zeros((13, 160), np.float32)
    multiply(
        whole.ravel(), 0, 160, 13, 160, a.ravel(), 0, 200, 1, b.ravel(), 0, 160, 200, False
    )  # fmt: skip
    one = np.zeros(16, np.float32)
    for i in range(13):
        for j in range(0, 160, 16):
            multiply(
                one, 0, 16, 1, 16, a.ravel(), i * 200, 200, 1, b.ravel(), j, 160, 200, False
            )  # fmt: skip
            np.testing.assert_array_equal(one, whole[i, j : j + 16])


def test_fetch_changes_nothing():
    values = np.arange(100.0)
    fetch(values, 3, 50)
    fetch_to_write(values, 3, 50)
    np.testing.assert_array_equal(values, np.arange(100.0))


@pytest.mark.parametrize("ask, writes", [(fetch, 0), (fetch_to_write, 1)])
def test_what_is_fetched_to_write_is_asked_for_as_such(ask, writes):
    kernel = numba.njit(lambda values: ask(values, 0, 50))
    kernel(np.zeros(50))
    code = kernel.inspect_llvm(kernel.signatures[0]).splitlines()
    asked = [line for line in code if "call void @llvm.prefetch" in line]
    assert asked and all(f"i32 {writes}, i32 3, i32 1)" in line for line in asked)


def test_padded_is_the_least_multiple_of_a_machine_vector():
    lanes = padded(1, 4)
    assert lanes in (4, 8, 16) and padded(1, 8) * 2 == lanes
    assert [padded(n, 4) for n in (0, lanes, lanes + 1)] == [0, lanes, 2 * lanes]
