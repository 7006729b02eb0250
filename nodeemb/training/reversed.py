"""Noise that is a pair itself the other way round, left out where that is an edge.

    for every positive pair (u, v) of weight w:  K r w l(score(v, u), 0),  unless v -> u

with r the share of the noise. So the optimum of a pair gains K r w+(v, u) in its w-, and
pairs that occur one way only are pulled apart from their reverse. An edge that is mutual
has none of it.

Aligned pairs are told that they are read from right to left, and true edges have weight 0.
In a band a weight goes by distance and not by pair, so the whole band is read from right to
left with label 0, and the true edges in it follow as aligned pairs of label 0 and the
negative weight: a loss is linear in its weights and a step takes all slopes from the same
tables, so that the two cancel exactly, up to rounding. For this every pair of a band is
looked up; only those found are ever kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nodeemb.compiled import njit
from nodeemb.graph.graph import Adjacency
from nodeemb.graph.kernels import find_arcs
from nodeemb.training.batch import Aligned, Band, Part

Array = np.ndarray


def reversed_parts(
    channel: int, pairs: Band | Aligned, per_pair: float, out: Adjacency
) -> Iterator[Part]:
    """The reversed noise of a channel's positive pairs, block by block beside them.

    Args:
        channel: number of the channel.
        pairs: of label 1.
        per_pair: K times the share of the noise.
        out: the edges of the training graph, by source.
    """
    if isinstance(pairs, Aligned):
        yield _part(channel, _other_way(pairs, per_pair, out))
        return
    after, before = per_pair * pairs.after, per_pair * pairs.before
    noise = pairs._replace(after=after, before=before, label=0.0)
    yield _part(channel, noise)
    true = _taken_away(noise, out)
    if len(true.left):
        yield _part(channel, true)


def _part(channel: int, pairs: Band | Aligned) -> Part:
    nothing = np.empty((len(pairs.blocks) - 1, 0), np.int32)
    return Part(channel, pairs, nothing, nothing, 0.0, reversed=True)


def _other_way(pairs: Aligned, per_pair: float, out: Adjacency) -> Aligned:
    """The same pairs as noise; the weight is 0 where the reverse is an edge."""
    edges = find_arcs(
        out.pointers,
        out.neighbours,
        pairs.right.astype(np.int64),
        pairs.left.astype(np.int64),
    )
    weight = np.where(edges < 0, per_pair * pairs.weight, 0).astype(np.float32)
    return pairs._replace(weight=weight, label=np.zeros_like(pairs.label))


def _taken_away(noise: Band, out: Adjacency) -> Aligned:
    """The pairs of a band whose reverse is an edge, with their weights turned negative."""
    band = noise[:7]
    count = _true_edges(*band, *out[:2], *_room(0, 0))
    room = _room(count, len(noise.blocks))
    _true_edges(*band, *out[:2], *room)
    left, right, weight, blocks = room
    return Aligned(left, right, weight, np.zeros_like(weight), blocks)


def _room(count: int, ends: int) -> tuple[np.ndarray, ...]:
    left, right = np.empty(count, np.int32), np.empty(count, np.int32)
    return left, right, np.empty(count, np.float32), np.zeros(ends, np.int64)


@njit
def is_edge(pointers: Array, neighbours: Array, source: int, target: int) -> bool:
    low, high = pointers[source], pointers[source + 1]
    while low < high:
        middle = (low + high) // 2
        if neighbours[middle] == target:
            return True
        if neighbours[middle] < target:
            low = middle + 1
        else:
            high = middle
    return False


@njit
def _true_edges(
    rows: Array, start: Array, stop: Array, blocks: Array, after: Array, before: Array,
    limit: int, pointers: Array, neighbours: Array,
    left: Array, right: Array, weight: Array, ends: Array,
) -> int:  # fmt: skip
    """Counts the pairs of a band whose reverse is an edge; keeps them where there is room.

    left, right, weight: (count,) and ends (B + 1,): filled, or all of length 0.

    Returns:
        the count.
    """
    window, count = len(after), 0
    for b in range(len(blocks) - 1):
        for i in range(blocks[b], blocks[b + 1]):
            if i - start[i] >= limit:
                continue
            for j in range(max(start[i], i - window), min(stop[i], i + window + 1)):
                if rows[i] == rows[j]:
                    continue
                law = after[j - i - 1] if j > i else before[i - j - 1]
                if law == 0 or not is_edge(pointers, neighbours, rows[j], rows[i]):
                    continue
                if len(left) > 0:
                    left[count], right[count], weight[count] = rows[i], rows[j], -law
                count += 1
        if len(ends) > 0:
            ends[b + 1] = count
    return count
