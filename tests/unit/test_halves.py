"""Products of bfloat16 against torch's, for every shape of tile and what lies around it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numba import njit, types
from numba.extending import intrinsic

from nodeemb import material
from nodeemb.bench.made import made_graph
from nodeemb.errors import WrongUse
from nodeemb.recipe import load_recipe
from nodeemb.run import embed
from nodeemb.training.backends.halves import (
    WIDTHS,
    halve,
    meet_apart,
    meet_words,
    multiply_halves,
)
from nodeemb.training.backends.halves import (
    rounded as bits_of,
)
from nodeemb.training.backends.machine import (
    HALVES,
    HALVES_AT_ONCE,
    address,
    load,
    padded,
    store,
    vector_of,
)
from nodeemb.training.backends.products import TILE, tiled

GRAPH = made_graph(1000, 6000)
HALVED = {"training.bfloat16": True}


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
    np.testing.assert_array_equal(
        as_numbers(rows)[: x.size].reshape(x.shape), rounded(x)
    )
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
    rows, pairs, out = (
        halved(flat, 400)[0],
        halved(b, 16)[1],
        np.zeros((8, 16), np.float32),
    )
    for row, step in ((7, 2), (2, 18), (0, 3)):
        multiply_halves(
            out.ravel(), 0, 16, 8, 16, rows, 5, row, step, pairs, 0, 32, 3, False
        )
        words = 5 + row * np.arange(8)[:, None] + step * np.arange(3)
        a = rounded(flat)[0][np.stack([words, words + 1], axis=-1).reshape(8, 6)]
        np.testing.assert_allclose(out, a @ rounded(b), atol=1e-5)


def tile_by(meet):
    """A tile as some machines do it, whatever this one would."""

    @intrinsic
    def by(
        context, rows, wide, out, at, pitch, a, a_at, a_row, a_step, b, b_at, b_pitch, depth, plus
    ):  # fmt: skip
        return tiled(out, a, b, WIDTHS, meet)

    @njit
    def tile(rows, wide, out, pitch, a, a_row, b, b_pitch, depth, plus):
        by(rows, wide, out, 0, pitch, a, 0, a_row, 2, b, 0, b_pitch, depth, plus)

    return tile


# Intel has the instruction, and does not use it: it is slow there
at_once = pytest.mark.skipif(
    not HALVES_AT_ONCE, reason="this processor has no VDPBF16PS"
)
TILES = {"apart": tile_by(meet_apart), "at once": tile_by(meet_words)}
WAYS = ["apart", pytest.param("at once", marks=at_once)]


@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("rows", [1, 2, TILE])
@pytest.mark.parametrize("wide", WIDTHS)
@pytest.mark.parametrize("way", WAYS)
def test_words_give_the_same_products_at_once_and_taken_apart(rows, wide, plus, way):
    rng = np.random.default_rng(rows * wide)
    columns, lanes = wide * padded(1, 4), padded(1, 4)
    a = rng.standard_normal((rows, 2 * lanes)).astype(np.float32)
    b = rng.standard_normal((2 * lanes, columns)).astype(np.float32)
    out = rng.standard_normal((rows, columns)).astype(np.float32)
    wanted = rounded(a).astype(np.float64) @ rounded(b) + plus * out
    given = (
        halved(a, 2 * lanes)[0],
        2 * lanes,
        halved(b, columns)[1],
        2 * columns,
        lanes,
    )
    TILES[way](rows, wide, out.ravel(), columns, *given, plus)
    np.testing.assert_allclose(out, wanted, atol=1e-5)


def round_by(direct):
    @intrinsic
    def round_vector(context, x, at, out):
        def generate(context, builder, signature, args):
            kinds = signature.args
            value = load(builder, vector_of(context, kinds[0]), address(context, builder, kinds[0], *args[:2]))  # fmt: skip
            bits = bits_of(builder, value, direct=direct)
            store(builder, bits.type, bits, address(context, builder, kinds[2], args[2], args[1]))  # fmt: skip
            return context.get_dummy_value()

        return types.void(x, types.intp, out), generate

    @njit
    def round_all(x, out, lanes):
        for at in range(0, len(x), lanes):
            round_vector(x, at, out)

    return round_all


ROUNDINGS = {"apart": round_by(False), "at once": round_by(True)}


@pytest.mark.parametrize("way", WAYS)
def test_rounding_is_the_same_with_and_without_the_instruction(way):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(4096).astype(np.float32) * 10.0 ** rng.integers(
        -30, 30, 4096
    )
    x = x.astype(np.float32)
    x[:8] = 0.0, -0.0, 1 + 2**-8, 1 + 3 * 2**-8, np.inf, -np.inf, 3.4e38, np.nan
    out = np.zeros(len(x), np.int16)
    ROUNDINGS[way](x, out, padded(1, 4))
    np.testing.assert_array_equal(as_numbers(out), rounded(x))


def test_the_instruction_is_used_on_amd_alone():
    if not Path("/proc/cpuinfo").exists():
        pytest.skip("nothing tells whose processor this is")
    amd = "AuthenticAMD" in Path("/proc/cpuinfo").read_text()
    assert (HALVES_AT_ONCE and amd) == HALVES


def test_products_of_bfloat16_are_refused_where_they_would_round_biases():
    for preset in ("verse", "glove", "rose"):
        with pytest.raises(WrongUse, match="round biases"):
            load_recipe(preset, overrides={"training.bfloat16": True})
    with pytest.raises(WrongUse, match="float64"):
        embed(GRAPH, "deepwalk", dtype="float64", options=HALVED)


@pytest.mark.parametrize("preset", ["deepwalk", "nerd"])
def test_an_embedding_is_another_by_rounding_alone_whatever_the_threads(preset):
    given = {"graph": GRAPH, "preset": preset, "dim": 16, "seed": 0}
    exact = embed(**given)
    one, two = (embed(**given, threads=n, options=HALVED) for n in (1, 2))
    np.testing.assert_array_equal(one.table, two.table)
    off = np.abs(one.table - exact.table).max()
    assert 0 < off < 0.1 * np.abs(exact.table).max()


def test_who_lacks_the_instruction_is_told(monkeypatch):
    for has, told in ((True, False), (False, True)):
        monkeypatch.setattr(material, "HALVES", has)
        made = embed(GRAPH, "deepwalk", dim=4, options=HALVED)
        assert any("VDPBF16PS" in note for note in made.manifest["notes"]) == told
