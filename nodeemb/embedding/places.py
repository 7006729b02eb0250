"""How many nodes score above a link's target, by matrix products: exactly, for many links.

A product of blocks, of a source's vector x with a node's y, is never further from their
score than e = 4 r eps |x| |y| (`nodeemb.embedding.nearest`). So a node whose product is more
than e above the score of the link scores above it, one more than e below it scores below it,
and only those between are scored, by the form of every other score: the counts are those of
scoring every pair. The difference is rounded once more, by far less than what e has to spare.

The links are taken by source, so that the products of a source are made once, and memory
holds a block of them, some 10 MB, and the pairs between.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.embedding.nearest import Sides, answers, questions

_SOURCES = 512  # at a time
_NODES = 2048  # at a time
_LINKS = 4096  # at a time


class Counts(NamedTuple):
    """Other nodes than the target of each of k links that score above it, and as it does.

    above, level: (k,) int64.
    """

    above: np.ndarray
    level: np.ndarray


def count_above(
    made: Sides,
    sources: np.ndarray,
    targets: np.ndarray,
    pointers: np.ndarray,
    left_out: np.ndarray,
) -> Counts | None:
    """Counts of (k,) links, ordered by source; None where a vector is too long for bounds.

    Args:
        made: as `sides` gives it, forward.
        sources, targets: (k,) rows.
        pointers, left_out: compressed rows of all sources: the nodes that do not count.
    """
    counts = Counts(np.zeros(len(sources), np.int64), np.zeros(len(sources), np.int64))
    scores = made.scores(sources, targets)
    for first, last in _groups(sources):
        part = slice(first, last)
        those = Counts(*(each[part] for each in counts))
        link = sources[part], targets[part], scores[part]
        if not _count(made, *link, pointers, left_out, those):
            return None
    return counts


def _groups(sources: np.ndarray) -> list[tuple[int, int]]:
    """Ranges of links that are asked together: not too many sources, nor too many links."""
    begins = np.append(np.flatnonzero(np.diff(sources, prepend=-1)), len(sources))
    ranges, first = [], 0
    while first < len(sources):
        place = int(np.searchsorted(begins, first, side="right")) - 1 + _SOURCES
        last = int(min(begins[min(place, len(begins) - 1)], first + _LINKS))
        ranges.append((first, last))
        first = last
    return ranges


def _count(
    made: Sides,
    sources: np.ndarray,
    targets: np.ndarray,
    scores: np.ndarray,
    pointers: np.ndarray,
    left_out: np.ndarray,
    counts: Counts,
) -> bool:
    """Adds to the counts of one group; False where its vectors are too long."""
    rows, line = np.unique(sources, return_inverse=True)
    asks = questions(made, rows)
    if asks is None:
        return False
    near, added = asks
    added, nodes = added[line], len(made.table)
    space = np.empty(len(rows) * min(_NODES, nodes), made.table.dtype)
    for first in range(0, nodes, _NODES):
        part = slice(first, min(first + _NODES, nodes))
        shape = len(rows), part.stop - first
        products = space[: shape[0] * shape[1]].reshape(shape)
        np.matmul(near, answers(made, part).T, out=products)
        _leave_out(products, rows, first, pointers, left_out)
        between = np.zeros(len(sources) + 1, np.int64)
        against = products, line, scores, added, made.far_norms[part]
        _compare(*against, counts.above, between)
        np.cumsum(between, out=between)
        link, node = np.empty((2, between[-1]), np.int64)
        _collect(*against, between, link, node)
        node += first
        other = node != targets[link]
        link, node = link[other], node[other]
        found = made.scores(sources[link], node)
        for count, which in (
            (counts.above, found > scores[link]),
            (counts.level, found == scores[link]),
        ):
            count += np.bincount(link[which], minlength=len(count))
    return True


@njit
def _leave_out(products, rows, first, pointers, left_out):
    """Nodes that do not count, and a source itself, have no product."""
    last = first + products.shape[1]
    for i in range(len(rows)):
        row = rows[i]
        if first <= row < last:
            products[i, row - first] = -np.inf
        for at in range(pointers[row], pointers[row + 1]):
            node = left_out[at]
            if first <= node < last:
                products[i, node - first] = -np.inf


@njit
def _compare(products, line, scores, added, norms, above, between):
    """Adds what is surely above a link to (k,) `above`; between[1 + k]: what may be."""
    for link in range(len(line)):
        row, score, share = products[line[link]], scores[link], added[link]
        high, some = 0, 0
        for node in range(len(norms)):
            apart, most = row[node] - score, share * norms[node]
            high += apart > most
            some += apart >= -most
        above[link] += high
        between[link + 1] = some - high


@njit
def _collect(products, line, scores, added, norms, between, links, nodes):
    """The pairs that `_compare` counted in `between`, now where those of a link begin."""
    for link in range(len(line)):
        row, score, share = products[line[link]], scores[link], added[link]
        place = between[link]
        if place == between[link + 1]:
            continue
        for node in range(len(norms)):
            apart, most = row[node] - score, share * norms[node]
            if -most <= apart <= most:
                links[place], nodes[place] = link, node
                place += 1
