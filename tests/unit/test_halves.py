"""Products of bfloat16 against torch's, for every shape of tile and what lies around it."""

import numpy as np
import pytest
import torch

from nodeemb.training.backends.halves import halve, multiply_halves
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.products import TILE


def rounded(values):
    """The nearest bfloat16 of each, as float32."""
    return torch.from_numpy(values).bfloat16().float().numpy()


def halved(x, length):
    """`rows` and `pairs` of a matrix, with their pitches."""
    count, pitch = x.shape
    rows = np.zeros((count + 1) * pitch, np.int16)
    pairs = np.zeros((count + 1) // 2 * 2 * pitch, np.int16)
    halve(x.ravel(), 0, pitch, count, length, rows, pitch, pairs, 2 * pitch, 0)
    return rows, pairs


def as_numbers(halves):
    """The float32 that bfloat16 stand for."""
    return (halves.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_halves_are_the_nearest_bfloat16(count):
    rng = np.random.default_rng(count)
    x = rng.standard_normal((count, 48)).astype(np.float32)
    x[0, :6] = 0.0, -0.0, 1 + 2**-8, 1 + 3 * 2**-8, np.inf, 3e38
    rows, pairs = halved(x, 48)
    np.testing.assert_array_equal(as_numbers(rows)[: x.size].reshape(x.shape), rounded(x))
    two = as_numbers(pairs).reshape(-1, 48, 2)
    np.testing.assert_array_equal(two[:, :, 0], rounded(x)[::2])
    np.testing.assert_array_equal(two[: count // 2, :, 1], rounded(x)[1::2])
    assert not two[count // 2 :, :, 1].any()


def test_not_a_number_stays_none():
    x = np.full((2, 16), np.nan, np.float32)
    rows, pairs = halved(x, 16)
    assert np.isnan(as_numbers(rows)[:32]).all() and np.isnan(as_numbers(pairs)).all()


@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("rows", [1, *range(2, TILE + 2), 3 * TILE + 1])
@pytest.mark.parametrize("columns", [1, 15, 16, 17, 33, 48, 63, 64, 130])
def test_products_equal_those_of_rounded_numbers(plus, rows, columns):
    rng = np.random.default_rng(rows * columns)
    for depth in (2, 7, 32):
        wide, deep = padded(columns, 4), padded(depth, 4)
        a = np.zeros((rows, deep), np.float32)
        a[:, :depth] = rng.standard_normal((rows, depth))
        b = rng.standard_normal((depth, wide)).astype(np.float32)
        before = rng.standard_normal((rows + 2, wide)).astype(np.float32)
        out = before.copy()
        multiply_halves(
            out.ravel(), wide, wide, rows, columns, halved(a, deep)[0], 0, deep, 2,
            halved(b, wide)[1], 0, 2 * wide, (depth + 1) // 2, plus,
        )  # fmt: skip
        wanted = rounded(a[:, :depth]).astype(np.float64) @ rounded(b)
        wanted += plus * before[1:-1]
        np.testing.assert_allclose(out[1:-1, :columns], wanted[:, :columns], atol=1e-5)
        np.testing.assert_array_equal(out[[0, -1]], before[[0, -1]])


def test_rows_of_words_may_begin_at_odd_places():
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((1, 400)).astype(np.float32)
    b = rng.standard_normal((6, 16)).astype(np.float32)
    rows, pairs, out = halved(flat, 400)[0], halved(b, 16)[1], np.zeros((8, 16), np.float32)
    for row, step in ((7, 2), (2, 18), (0, 3)):
        multiply_halves(
            out.ravel(), 0, 16, 8, 16, rows, 5, row, step, pairs, 0, 32, 3, False
        )
        words = 5 + row * np.arange(8)[:, None] + step * np.arange(3)
        a = rounded(flat)[0][np.stack([words, words + 1], axis=-1).reshape(8, 6)]
        np.testing.assert_allclose(out, a @ rounded(b), atol=1e-5)
