"""Arithmetic written as vector code, against numpy's, for every length and what lies around."""

import numpy as np
import pytest

from nodeemb.compiled import njit
from nodeemb.prefetch import zeros_of
from nodeemb.training.backends import vectors
from nodeemb.training.backends.blocks import merge
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.whole_blocks import thin

TYPES = [np.float32, np.float64]
LENGTHS = [*range(35), 63, 64, 65, 130]
FIRST, BEGIN, FACTOR = 3, 5, -0.75


@njit
def add(out, at, factor, values, begin, length):
    vectors.add(out, at, factor, values, begin, length)


@njit
def copy(out, at, factor, values, begin, length):
    vectors.copy(out, at, factor, values, begin, length)


@njit
def clear(out, at, length):
    vectors.clear(out, at, length)


@njit
def dot(x, x_at, y, y_at, length):
    return vectors.dot(x, x_at, y, y_at, length)


@njit
def sigmoid(values):
    vectors.sigmoid(values)


@njit
def softplus(values, out):
    vectors.softplus(values, out)


def drawn(dtype):
    """Two arrays with room around the numbers worked on."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(150).astype(dtype) for _ in range(2)]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_vectors_are_written_added_and_cleared_and_nothing_around_them(dtype, length):
    before, values = drawn(dtype)
    more = dtype(FACTOR) * values[BEGIN : BEGIN + length]
    own = slice(FIRST, FIRST + length)
    works = {
        copy: lambda out: more,
        add: lambda out: out + more,
    }
    for work, wanted in works.items():
        out, want = before.copy(), before.copy()
        want[own] = wanted(want[own])
        work(out, FIRST, dtype(FACTOR), values, BEGIN, length)
        np.testing.assert_allclose(out, want, rtol=0, atol=4 * np.finfo(dtype).eps)
        np.testing.assert_array_equal(out[:FIRST], before[:FIRST])
        np.testing.assert_array_equal(out[FIRST + length :], before[FIRST + length :])
    before[own] = np.nan
    want = before.copy()
    want[own] = 0
    clear(before, FIRST, length)
    np.testing.assert_array_equal(before, want)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_dot_is_the_inner_product(dtype, length):
    x, y = drawn(dtype)
    got = dot(x, FIRST, y, BEGIN, length)
    x, y = x[FIRST:][:length].astype(np.float64), y[BEGIN:][:length].astype(np.float64)
    scale = np.abs(x * y).sum()
    np.testing.assert_allclose(got, x @ y, rtol=0, atol=8 * np.finfo(dtype).eps * scale)


@pytest.mark.parametrize("dtype", TYPES)
def test_sigmoid_and_softplus(dtype):
    scores = np.linspace(-29, 29, 999).astype(dtype)
    exact = scores.astype(np.float64)
    share, loss = scores.copy(), np.empty_like(scores)
    sigmoid(share)
    softplus(scores, loss)
    close = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(share, 1 / (1 + np.exp(-exact)), rtol=close)
    np.testing.assert_allclose(loss, np.logaddexp(0, exact), rtol=close)


@pytest.mark.parametrize("dtype", TYPES)
def test_sigmoid_and_softplus_far_out(dtype):
    scores = np.array([-1e30, -200, 200, 1e30, np.nan], dtype)
    share, loss = scores.copy(), np.empty_like(scores)
    sigmoid(share)
    softplus(scores, loss)
    np.testing.assert_allclose(share[:4], [0, 0, 1, 1], atol=1e-12)
    np.testing.assert_allclose(loss[:4], np.maximum(scores[:4], 0), atol=1e-12)
    assert np.isnan(share[4]) and np.isnan(loss[4])


@pytest.mark.parametrize("bound", [1, 5, 2**31 - 1])
def test_merge_numbers_rows_by_first_appearance(bound):
    rows = np.random.default_rng(0).integers(0, bound, 100, np.int32, endpoint=True)
    merged, places = np.full(110, -7, np.int32), np.empty(100, np.int32)
    count = merge(rows, np.ones(256, np.int32), merged, places)
    np.testing.assert_array_equal(merged[:count], list(dict.fromkeys(rows)))
    np.testing.assert_array_equal(merged[places], rows)
    assert (merged[count:] == -7).all()


@pytest.mark.parametrize("dtype", TYPES)
def test_zeros_begin_with_a_line_of_memory(dtype):
    for count in (0, 1, 1000):
        values = zeros_of(count, np.empty(0, dtype))
        assert values.shape == (count,) and values.dtype == dtype
        assert values.ctypes.data % 64 == 0 and not values.any()


@pytest.mark.parametrize("size", [4, 8])
def test_thin_is_what_fills_a_quarter_of_a_last_machine_vector(size):
    lanes = padded(1, size)
    few = lanes // 4
    assert [thin(n, size) for n in (lanes, few, lanes + few, lanes + few + 1)] == [
        0, few, few, 0,
    ]  # fmt: skip


@njit
def weigh(
    slopes, at, law, factor, names, names_at, row, label, low, high, length, squash
):
    return vectors.weigh(
        slopes, at, law, factor, names, names_at, row, label, low, high, length, squash
    )


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("squash", [False, True])
@pytest.mark.parametrize("length", [1, 16, 21, 33, 64])
def test_slopes_are_weighed_within_their_range_and_apart_from_their_own_row(
    dtype, squash, length
):
    if squash and dtype == np.float64:
        return  # done beforehand, by `sigmoid`
    rng = np.random.default_rng(length)
    whole = padded(length, np.dtype(dtype).itemsize)
    before = (40 * rng.standard_normal(FIRST + whole + 20)).astype(dtype)
    before[FIRST : FIRST + 4] = 0, 100, -100, 1e-8
    law, names = rng.random(whole).astype(dtype), rng.integers(0, 3, whole + BEGIN)
    low, high = length // 5, length - length // 7
    own = slice(FIRST, FIRST + whole)
    scores = before[own].astype(np.float64)
    if squash:
        scores = 1 / (1 + np.exp(-scores))
    places = np.arange(whole)
    counts = (places >= low) & (places < high) & (names[BEGIN:] != 1)
    weights = np.where(counts, law.astype(np.float64) * FACTOR, 0)
    out = before.copy()
    total = weigh(
        out, FIRST, law, dtype(FACTOR), names.astype(np.int32), BEGIN, np.int32(1),
        dtype(0.5), low, high, length, squash,
    )  # fmt: skip
    near = 1e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(total, weights.sum(), rtol=0, atol=10 * near)
    wanted = weights * (scores - 0.5)
    np.testing.assert_allclose(out[own], wanted, rtol=near, atol=near)
    np.testing.assert_array_equal(out[:FIRST], before[:FIRST])
    np.testing.assert_array_equal(out[FIRST + whole :], before[FIRST + whole :])


def test_a_score_that_is_no_number_gives_a_slope_that_is_none():
    scores, law = np.full(padded(3, 4), np.nan, np.float32), np.ones(64, np.float32)
    names = np.zeros(64, np.int32)
    weigh(
        scores,
        0,
        law,
        np.float32(1),
        names,
        0,
        np.int32(1),
        np.float32(1),
        0,
        2,
        3,
        True,
    )
    assert np.isnan(scores[:2]).all() and not scores[2:].any()
