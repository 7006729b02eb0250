"""Noise that is a pair itself the other way round, left out where that is an edge.

    for every positive pair (u, v) of weight w:  K r w l(score(v, u), 0),  unless v -> u

with r the share of the noise. So the optimum of a pair gains K r w+(v, u) in its w-, and
pairs that occur one way only are pulled apart from their reverse. An edge that is mutual
has none of it.

A part is told that it is read from right to left; true edges have weight 0 among aligned
pairs, and are left out of a band by their places. For this every pair of a band is looked
up; only those found are kept.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.graph.graph import Adjacency
from nodeemb.graph.kernels import find_arcs
from nodeemb.training.batch import Aligned, Band, Part

Array = np.ndarray


def reversed_part(
    channel: int, pairs: Band | Aligned, per_pair: float, out: Adjacency
) -> Part:
    """The reversed noise of a channel's positive pairs, block by block as they are.

    Args:
        channel: number of the channel.
        pairs: of label 1.
        per_pair: K times the share of the noise.
        out: the edges of the training graph, by source.
    """
    nothing = np.empty((len(pairs.blocks) - 1, 0), np.int32)
    noise: Band | Aligned
    if isinstance(pairs, Aligned):
        noise = _aligned(pairs, per_pair, out)
    else:
        noise = pairs._replace(
            after=per_pair * pairs.after,
            before=per_pair * pairs.before,
            label=0.0,
            left_out=_true_edges_of(pairs, out),
        )
    return Part(channel, noise, nothing, nothing, 0.0, reversed=True)


def _aligned(pairs: Aligned, per_pair: float, out: Adjacency) -> Aligned:
    """The same pairs as noise; the weight is 0 where the reverse is an edge."""
    ends = pairs.right.astype(np.int64), pairs.left.astype(np.int64)
    edges = find_arcs(out.pointers, out.neighbours, *ends)
    weight = np.where(edges < 0, per_pair * pairs.weight, 0).astype(np.float32)
    return pairs._replace(weight=weight, label=np.zeros_like(pairs.label))


def _true_edges_of(band: Band, out: Adjacency) -> np.ndarray:
    """(2, G): the places of the pairs of a band whose reverse is an edge."""
    about = (*band[:7], out.pointers, out.neighbours)
    found = np.empty((2, _true_edges(*about, np.empty((2, 0), np.int64))), np.int64)
    _true_edges(*about, found)
    return found


@njit
def is_edge(pointers: Array, neighbours: Array, source: int, target: int) -> bool:
    """Is there an arc between two rows, in this direction."""
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
    limit: int, pointers: Array, neighbours: Array, found: Array,
) -> int:  # fmt: skip
    """Counts the pairs of a band whose reverse is an edge.

    found: (2, count), filled with their places; or (2, 0).

    Returns:
        the count.
    """
    window, count = len(after), 0
    for i in range(blocks[-1]):
        if i - start[i] >= limit:
            continue
        for j in range(max(start[i], i - window), min(stop[i], i + window + 1)):
            if rows[i] == rows[j]:
                continue
            law = after[j - i - 1] if j > i else before[i - j - 1]
            if law == 0 or not is_edge(pointers, neighbours, rows[j], rows[i]):
                continue
            if found.shape[1] > 0:
                found[0, count], found[1, count] = i, j
            count += 1
    return count
