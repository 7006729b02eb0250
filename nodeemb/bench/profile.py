"""Where a CPU-second of training goes, and what its arithmetic alone would take.

Steps of the preset deepwalk are timed, and the compiled code in them alone. The time of slopes
is split by doing one part of every block alone, as often as training does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, cast

import numpy as np

from nodeemb.bench.figures import Figure
from nodeemb.compiled import njit
from nodeemb.engine import feed_of, layout_of, make_backend
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.training.backends import short_blocks as short
from nodeemb.training.backends.blocks import make_room, squashed_by_weigh
from nodeemb.training.backends.cpu import CpuBackend
from nodeemb.training.backends.groups import group_step
from nodeemb.training.backends.halves import multiply_halves
from nodeemb.training.backends.kernels import take_both, take_noise, words_for
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.pieces import new_phases
from nodeemb.training.backends.products import TILE, multiply
from nodeemb.training.backends.stack import Stack
from nodeemb.training.backends.steps import do_steps
from nodeemb.training.backends.updates import make_sums, update_each
from nodeemb.training.backends.vectors import weigh
from nodeemb.training.backends.whole_blocks import (
    band_pitch,
    band_scores,
    band_slopes,
    noise_scores,
    noise_slopes,
)
from nodeemb.training.batch import Band, Part
from nodeemb.training.batches import batches_ahead
from nodeemb.training.tables import new_tables

_TAKEN = 2  # times so many batches as are made at once
_TIMES = 3  # all is done so often, and the fastest counts


def profile(name: str, graph: Graph, choices: dict[str, Any]) -> list[Figure]:
    """Nanoseconds a pair of training with deepwalk, one thread: all of it, then its parts.

    sampling: walks, blocks and noise rows; gather: rows copied from the table, and rounded;
    products; sigmoid: all that is done to scores; scatter: slopes of a node summed and
    tables updated; grouping: which slopes a node has; rest: what is left of the steps, most of
    it the writing of slopes; interpreter: what is left of all. At the end what the operations
    of the pairs within the window and of the noise would take at the speed of a product that
    lies in the nearest cache.

    Args:
        name: what the figures begin with.
        graph: ignored are its directions.
        choices: of the preset, `roles.dim` among them.
    """
    recipe = load_recipe("deepwalk", overrides=choices)
    halved, dim = recipe.training.bfloat16, recipe.width() // 2
    feed, shift = feed_of(graph, recipe, 0)
    layout = layout_of(recipe)
    tables = new_tables(graph.num_nodes, layout, 0)
    engine = cast(
        CpuBackend, make_backend("cpu", tables, layout, recipe, shift, 1, "cpu")
    )
    rate = recipe.training.learning_rate
    _stepped(engine, next(batches_ahead(feed, 0)), rate)
    begun = time.process_time()
    drawn = list(islice(batches_ahead(feed, 0), _TAKEN))
    sampling = time.process_time() - begun
    abouts = [
        engine.about(engine.stacked(s), [rate] * len(s), [0] * len(s)) for s in drawn
    ]
    forms = [
        (about.stack, about.groups, *engine.chains(about.stack, 1)) for about in abouts
    ]
    steps = compiled = scatter = grouping = np.inf
    for _ in range(_TIMES + 1):
        begun = time.process_time()
        pairs = sum(_stepped(engine, s, rate) for s in drawn)
        steps = min(steps, time.process_time() - begun)
        compiled = min(compiled, _seconds(partial(_do_steps, engine), abouts))
        scatter = min(scatter, _seconds(_updates, abouts))
        grouping = min(grouping, _seconds(_group_each, forms))
    left, right = next(iter(layout.channels.values()))
    spent = {"": steps + sampling, "_sampling": sampling}
    pitch, table = padded(dim, tables.table.itemsize), tables.table
    words = np.empty(0, np.int16) if halved else None
    alone: dict[str, Callable[..., None]] = {
        "_gather": lambda band, part: _gathers(
            table, words, left, right, pitch, band.rows, band.blocks, part.noise_right
        ),
        "_products": lambda band, part: _products(
            table, words, len(band.after), pitch, dim, band.blocks, part.noise_right
        ),
        "_sigmoid": lambda band, part: _sigmoids(
            table, len(band.after), band.blocks, part.noise_right
        ),
    }
    parts = [part for several in drawn for batch in several for part in batch]
    bands = [(cast(Band, part.pairs), part) for part in parts]
    for key, work in alone.items():
        spent[key] = min(_seconds(work, bands) for _ in range(_TIMES + 1))
    spent["_scatter"], spent["_grouping"] = scatter, grouping
    told = (*alone, "_scatter", "_grouping")
    spent["_rest"] = max(0.0, compiled - sum(spent[key] for key in told))
    spent["_interpreter"] = max(0.0, steps - compiled)
    rows = sum(len(band.rows) * part.noise_right.shape[1] for band, part in bands)
    operations = 6 * dim * (pairs + rows)
    spent["_arithmetic"] = operations / _peak(dim, table.dtype, halved)
    return [
        Figure(f"{name}{key}", 1e9 * value / pairs, "ns/pair", "lower")
        for key, value in spent.items()
    ]


def _stepped(engine: CpuBackend, several: list[list[Part]], rate: float) -> int:
    """Does steps; the pairs of them."""
    rates, none = [rate] * len(several), [0] * len(several)
    return sum(
        loss.pairs for loss in engine.steps(engine.stacked(several), rates, none)
    )


def _do_steps(engine: CpuBackend, *about: Any) -> None:
    stack = cast(Stack, about[1])
    phases, place = new_phases(2 * len(stack.counts), 1, every=2), np.zeros(2, np.int64)
    pairs, [chains] = np.zeros(len(stack.band), np.int64), engine.chains(stack, 1)
    do_steps(0, phases, place, pairs, chains, *about)


def _seconds(work: Callable[..., object], given: Sequence[tuple[Any, ...]]) -> float:
    begun = time.process_time()
    for some in given:
        work(*some)
    return time.process_time() - begun


def _peak(dim: int, dtype: np.dtype, halved: bool) -> float:
    """Operations a second of a product in the nearest cache."""
    rows, columns, times = 8 * TILE, 64, 2000
    short = np.dtype(np.int16)
    a, b, out = (
        np.ones(size, kind)
        for size, kind in (
            (rows * dim, short if halved else dtype),
            (dim * columns, short if halved else dtype),
            (rows * columns, dtype),
        )
    )
    many, best = (_many_halves if halved else _many), np.inf
    for _ in range(2 * _TIMES):
        begun = time.process_time()
        many(times, out, a, b, rows, columns, dim)
        best = min(best, time.process_time() - begun)
    return 2.0 * times * rows * columns * dim / best


@njit
def _many(times, out, a, b, rows, columns, depth):
    for _ in range(times):
        multiply(out, 0, columns, rows, columns, a, 0, depth, 1, b, 0, columns, depth, False)  # fmt: skip


@njit
def _many_halves(times, out, a, b, rows, columns, depth):
    for _ in range(times):
        multiply_halves(out, 0, columns, rows, columns, a, 0, depth, 2, b, 0, 2 * columns, depth // 2, False)  # fmt: skip


@njit
def _group_each(stack, groups, chains):
    """The slopes of all steps by node."""
    for s in range(len(stack.counts)):
        group_step(s, stack, groups, chains)


@njit
def _updates(model, stack, bands, aligned, groups, slopes, told):
    """The updates of all nodes, block after block, on whatever slopes there are."""
    sums = make_sums(model)
    for s in range(len(stack.counts)):
        begin, end = stack.opened[stack.steps[s]], stack.opened[stack.steps[s + 1]]
        for place in range(begin, end):
            update_each(
                groups.own[place, 0], groups.own[place, 1], model, slopes, groups, sums,
                told.rates[s],
            )  # fmt: skip


@njit
def _longest(blocks):
    """Rows of the longest block."""
    most = 1
    for b in range(len(blocks) - 1):
        most = max(most, blocks[b + 1] - blocks[b])
    return most


@njit
def _gathers(table, words, left, right, pitch, rows, blocks, noise):
    """The copies of the rows of every block."""
    room = make_room(_longest(blocks), noise.shape[1], 1, pitch, table)
    halves, none = words_for(words, room, pitch), np.zeros(0, table.dtype)
    for b in range(len(blocks) - 1):
        own = rows[blocks[b] : blocks[b + 1]]
        take_both(table, own, left, right, none, room, halves, pitch)
        take_noise(
            table, noise[b], noise[b][:0], left, right, none, room, halves, pitch
        )


@njit
def _products(table, words, window, pitch, length, blocks, noise):
    """The products of every block, on zeros, and the turning and rounding within them."""
    others = noise.shape[1]
    room = make_room(_longest(blocks), others, 2 * window + 1, pitch, table)
    halves = words_for(words, room, pitch)
    slopes = np.zeros((2 * _longest(blocks) + others) * pitch, table.dtype)
    for b in range(len(blocks) - 1):
        count = blocks[b + 1] - blocks[b]
        _block(room, halves, window, pitch, length, count, others, slopes)


@njit
def _block(room, words, window, pitch, length, count, others, slopes):
    flat, right_at = room.scores, count * pitch
    if words is None:
        band_scores(room, pitch, length, count, window, window)
        band_slopes(room, pitch, length, count, window, window, slopes, 0, right_at)
        noise_scores(flat, room.x, room.noise_right, room, pitch, length, count, others)
        noise_slopes(
            flat, room.x, room.noise_right, room, pitch, length, count, others, slopes, 0,
            2 * right_at,
        )  # fmt: skip
    else:
        short.band_scores(flat, words, pitch, length, count, window, window)
        short.band_slopes(
            flat, words, pitch, length, count, window, window, slopes, 0,
            right_at,
        )  # fmt: skip
        short.noise_scores(
            flat, words, words.left, words.noise_right, pitch, length, count, others
        )
        short.noise_slopes(
            flat, words, words.left, words.noise_right, pitch, length, count, others, slopes,
            0, 2 * right_at,
        )  # fmt: skip


@njit
def _sigmoids(table, window, blocks, noise):
    """The sigmoids of every block, on zeros, and their weights."""
    size, others = table.itemsize, noise.shape[1]
    room = make_room(_longest(blocks), others, 2 * window + 1, 1, table)
    wide, jump = padded(others, size), band_pitch(2 * window + 1, size)
    law, one = np.ones(wide + jump, table.dtype), table.dtype.type(1)
    own = padded(2 * window + 1, size)
    for b in range(len(blocks) - 1):
        count = blocks[b + 1] - blocks[b]
        for pitch, length in ((jump, own), (wide, wide)):
            squash = squashed_by_weigh(0, room.scores[: count * pitch])
            for i in range(count):
                weigh(
                    room.scores, i * pitch, law, one, room.names, 0, np.int32(-1), one, 0,
                    length, length, squash,
                )  # fmt: skip
