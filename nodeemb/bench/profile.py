"""Where a CPU-second of training goes, and what its arithmetic alone would take.

Steps of the preset deepwalk are timed by the functions they consist of. The time of slopes
is split by doing one part of every block alone, as often as training does it.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable
from itertools import islice
from typing import cast

import numpy as np

from nodeemb.bench.figures import Figure
from nodeemb.compiled import njit
from nodeemb.engine import feed_of, layout_of, make_backend
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.training.backends.blocks import band_pitch, make_room
from nodeemb.training.backends.kernels import longest
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.products import TILE, multiply, turn
from nodeemb.training.backends.vectors import gather, sigmoid
from nodeemb.training.batch import Band, Part
from nodeemb.training.batches import batches
from nodeemb.training.tables import new_tables

_BATCHES = 32
_TIMES = 3  # all is done so often, and the fastest counts


def profile(name: str, graph: Graph, dim: int) -> list[Figure]:
    """Nanoseconds a pair of training with deepwalk, one thread: all of it, then its parts.

    sampling: walks, blocks and noise rows; gather: rows copied from the table; products;
    sigmoid; weights: all else that is done to scores; scatter: slopes summed by node and
    tables updated; interpreter: what is left of a step. At the end what the operations of
    the pairs within the window and of the noise would take at the speed of a product that
    lies in the nearest cache.
    """
    recipe = load_recipe("deepwalk", overrides={"roles.dim": dim})
    feed, shift = feed_of(graph, recipe, 0)
    layout = layout_of(recipe)
    tables = new_tables(graph.num_nodes, layout, 0)
    engine = make_backend("cpu", tables, layout, recipe, shift, 1, "cpu")
    rate = recipe.training.learning_rate
    drawn = batches(feed, 0)
    for parts in islice(drawn, 2):
        engine.step(parts, rate)
    begun = time.process_time()
    given = list(islice(drawn, _BATCHES))
    sampling = time.process_time() - begun
    whole: list[dict[str, float]] = []
    for _ in range(_TIMES):
        watch = cProfile.Profile(time.process_time)
        pairs = watch.runcall(lambda: sum(engine.step(p, rate).pairs for p in given))
        whole.append(_cumulative(watch))
    step, slopes, scatter = (
        min(each[key] for each in whole) for key in ("step", "_slopes_of", "_apply")
    )
    left, right = next(iter(layout.channels.values()))
    spent = {"": step + sampling, "_sampling": sampling}
    pitch = padded(dim, tables.table.itemsize)
    alone: dict[str, Callable[[Band, Part], None]] = {
        "_gather": lambda band, part: _gathers(
            tables.table, left, right, pitch, band.rows, band.blocks, part.noise_right
        ),
        "_products": lambda band, part: _products(
            tables.table, len(band.after), pitch, dim, band.blocks, part.noise_right
        ),
        "_sigmoid": lambda band, part: _sigmoids(
            tables.table, len(band.after), band.blocks, part.noise_right
        ),
    }
    bands = [(cast(Band, part.pairs), part) for parts in given for part in parts]
    for key, work in alone.items():
        spent[key] = min(_seconds(work, bands) for _ in range(_TIMES + 1))
    spent["_weights"] = max(0.0, slopes - sum(spent[key] for key in alone))
    spent["_scatter"] = scatter
    spent["_interpreter"] = max(0.0, step - slopes - scatter)
    rows = sum(len(band.rows) * part.noise_right.shape[1] for band, part in bands)
    operations = 6 * dim * (pairs + rows)
    spent["_arithmetic"] = operations / _peak(dim, tables.table.dtype)
    return [
        Figure(f"{name}{key}", 1e9 * value / pairs, "ns/pair", "lower")
        for key, value in spent.items()
    ]


def _cumulative(watch: cProfile.Profile) -> dict[str, float]:
    """Seconds of each function by name, the functions it calls included."""
    stats = pstats.Stats(watch).stats  # type: ignore[attr-defined]
    return {function: told[3] for (_, _, function), told in stats.items()}


def _seconds(
    work: Callable[[Band, Part], None], bands: list[tuple[Band, Part]]
) -> float:
    begun = time.process_time()
    for band, part in bands:
        work(band, part)
    return time.process_time() - begun


def _peak(dim: int, dtype: np.dtype) -> float:
    """Operations a second of a product in the nearest cache."""
    rows, columns, times = 8 * TILE, 64, 2000
    a, b, out = (
        np.ones(size, dtype) for size in (rows * dim, dim * columns, rows * columns)
    )
    best = np.inf
    for _ in range(2 * _TIMES):
        begun = time.process_time()
        _many(times, out, a, b, rows, columns, dim)
        best = min(best, time.process_time() - begun)
    return 2.0 * times * rows * columns * dim / best


@njit
def _many(times, out, a, b, rows, columns, depth):
    for _ in range(times):
        multiply(out, 0, columns, rows, columns, a, 0, depth, 1, b, 0, columns, depth, False)  # fmt: skip


@njit
def _gathers(table, left, right, pitch, rows, blocks, noise):
    """The copies of the rows of every block."""
    room = make_room(longest(blocks), noise.shape[1], 1, pitch, table)
    none = np.zeros(0, table.dtype)
    for b in range(len(blocks) - 1):
        own = rows[blocks[b] : blocks[b + 1]]
        gather(table, own, left, none, room.x, pitch)
        gather(table, own, right, none, room.y, pitch)
        gather(table, noise[b], right, none, room.z, pitch)


@njit
def _products(table, window, pitch, length, blocks, noise):
    """The products of every block, on zeros, and the turning that they need."""
    size, others = table.itemsize, noise.shape[1]
    room = make_room(longest(blocks), others, 2 * window + 1, pitch, table)
    wide, jump, zero = padded(others, size), band_pitch(2 * window + 1, size), TILE - 1
    flat, out = room.scores, np.zeros_like(room.x)
    for b in range(len(blocks) - 1):
        count = blocks[b + 1] - blocks[b]
        across = padded(count, size) + padded(1, size)
        turn(room.turned, across, room.y, pitch, count, length)
        for i in range(0, count, TILE):
            low, high = max(0, i - window), min(count, i + TILE + window)
            some, at = min(TILE, count - i), i * jump + zero + window + low - i
            multiply(
                flat, at, jump - 1, some, high - low, room.x, i * pitch, pitch, 1,
                room.turned, low, across, length, False,
            )  # fmt: skip
            for x in (room.x, room.y):
                multiply(
                    out, i * pitch, pitch, some, length, flat, at, jump - 1, 1,
                    x, low * pitch, pitch, high - low, False,
                )  # fmt: skip
        turn(room.turned, wide, room.z, pitch, others, length)
        multiply(
            flat, 0, wide, count, others, room.x, 0, pitch, 1, room.turned, 0, wide,
            length, False,
        )  # fmt: skip
        multiply(
            out, 0, pitch, count, length, flat, 0, wide, 1, room.z, 0, pitch, others, True
        )  # fmt: skip
        multiply(
            room.y, 0, pitch, others, length, flat, 0, 1, wide, room.x, 0, pitch, count,
            False,
        )  # fmt: skip


@njit
def _sigmoids(table, window, blocks, noise):
    """The sigmoids of every block, on zeros."""
    size, others = table.itemsize, noise.shape[1]
    room = make_room(longest(blocks), others, 2 * window + 1, 1, table)
    wide, jump = padded(others, size), band_pitch(2 * window + 1, size)
    for b in range(len(blocks) - 1):
        count = blocks[b + 1] - blocks[b]
        for end in (count * jump, count * wide):
            sigmoid(room.scores[:end])
