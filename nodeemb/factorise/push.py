"""Who ends up at a node: personalised PageRank towards each target, by pushing backwards.

    pi(u, v) = alpha sum_l (1 - alpha)^l P^l[u, v],    P = out-weight normalised A

P has a zero row at a node without out-link: a walk there stops or is lost, and pi(u, .)
sums to less than one. From a target v, what is left walking at a node w moves to each
in-neighbour u times (1 - alpha) P[u, w], until no node has more than `left`; then

    pi(u, v) - left  <=  what is settled at u  <=  pi(u, v).

Source: Andersen, Borgs, Chayes, Hopcroft, Mirrokni, Teng. Local computation of PageRank
contributions. WAW 2007.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.factorise.matrix import Sparse, inverse
from nodeemb.factorise.watch import Watch

BLOCK = 2**23  # entries of a block of targets, at most
PARTS = 16
_ROOM = 0.9  # of the entries there is room for, that are kept where there are too many


class Ends(NamedTuple):
    """For each target the sources with a PageRank above `bar`.

    by_target: rows are targets, columns sources, float32.
    bar: what was dropped; above `asked` where the room was not enough.
    """

    by_target: Sparse
    bar: float


def arriving(forward: Sparse, back: Sparse) -> Sparse:
    """P by its columns: row w holds P[u, w] of each in-neighbour u.

    Args:
        forward: A, by sources; only its row sums are used.
        back: the transpose.
    """
    scale = inverse(forward.sums())[back.columns]
    values = scale * back.values if len(back.values) else scale
    return Sparse(back.pointers, back.columns, values)


def targets_at_once(size: int) -> int:
    """Targets of a block: the same for any number of threads."""
    return max(1, min(size, 1024, BLOCK // max(size, 1)))


def push_all(
    steps: Sparse, stop: float, left: float, bar: float, room: int, watch: Watch
) -> Ends:
    """PageRanks above `bar` of all pairs, at most `room` of them.

    Args:
        steps: as `arriving` gives them.
        stop: alpha.
        left: what may be left walking at a node; the bar once that is higher.
        bar: entries up to this are dropped; raised where more than `room` are above it.
        room: entries to hold at once.
        watch: told after each block.
    """
    size = steps.size
    columns, values = np.empty(room, np.int32), np.empty(room, np.float32)
    counts = np.zeros(size, np.int64)
    wide, end = targets_at_once(size), 0
    some = np.empty((wide, size), np.int32)
    found = np.empty((wide, size), np.float32)
    work = np.zeros((PARTS, 2, size)), np.empty((PARTS, 2, size), np.int32)
    state = np.zeros((PARTS, size), np.int8)
    for first in range(0, size, wide):
        last = min(first + wide, size)
        near = max(left, bar)  # what would be dropped need not be followed
        _push(*steps, stop, near, first, last, bar, *work, state, some, found, counts)
        new = int(counts[first:last].sum())
        if end + new > room:
            block = [found[i, : counts[first + i]] for i in range(last - first)]
            bar = _higher(np.concatenate([values[:end], *block]), room)
            end = _thin(columns, values, counts, first, bar)
            _thin_block(some, found, counts, first, last, bar)
        for i in range(last - first):
            more = counts[first + i]
            columns[end : end + more] = some[i, :more]
            values[end : end + more] = found[i, :more]
            end += more
        watch.tell(f"PageRank, {last:,} of {size:,} nodes", last / size)
    pointers = np.concatenate([[0], np.cumsum(counts)])
    return Ends(Sparse(pointers, columns[:end], values[:end]), bar)


def _higher(values: np.ndarray, room: int) -> float:
    """The bar that leaves nine tenths of the room, so that it need not rise each time."""
    rank = len(values) - int(_ROOM * room)
    values.partition(rank)
    return float(values[rank])


@njit
def _thin(columns, values, counts, rows, bar):
    """Drops what is not above the bar from the first `rows` rows; how many are left."""
    at = end = 0
    for row in range(rows):
        kept = 0
        for _ in range(counts[row]):
            if values[at] > bar:
                columns[end], values[end] = columns[at], values[at]
                end += 1
                kept += 1
            at += 1
        counts[row] = kept
    return end


@njit
def _thin_block(columns, values, counts, first, last, bar):
    """The same for the rows of a block, each in its own place."""
    for row in range(last - first):
        kept = 0
        for at in range(counts[first + row]):
            if values[row, at] > bar:
                columns[row, kept], values[row, kept] = (
                    columns[row, at],
                    values[row, at],
                )
                kept += 1
        counts[first + row] = kept


@njit(parallel=True)
def _push(
    pointers, sources, chances, stop, left, first, last, bar,
    masses, lists, state, columns, values, counts,
):  # fmt: skip
    parts = len(masses)
    for part in prange(parts):
        settled, walking = masses[part]
        for target in range(first + part, last, parts):
            touched = _push_one(
                pointers, sources, chances, stop, left, target,
                settled, walking, lists[part, 0], lists[part, 1], state[part],
            )  # fmt: skip
            row, count = target - first, 0
            for i in range(touched):
                source = lists[part, 1, i]
                if settled[source] > bar:
                    columns[row, count] = source
                    values[row, count] = settled[source]
                    count += 1
                settled[source], walking[source] = 0.0, 0.0
                state[part, source] = 0
            counts[target] = count


@njit
def _push_one(
    pointers, sources, chances, stop, left, target,
    settled, walking, queue, touched, state,
):  # fmt: skip
    """Pushes from one target; how many nodes stand in `touched`.

    state: (n,) 0 untouched, 1 touched, 2 waiting in the (n,) ring `queue`.
    """
    n = len(pointers) - 1
    walking[target] = 1.0
    touched[0], count = target, 1
    queue[0], start, waiting = target, 0, 1
    state[target] = 2
    while waiting:
        node = queue[start]
        start = start + 1 if start + 1 < n else 0
        waiting -= 1
        state[node] = 1
        mass = walking[node]
        walking[node] = 0.0
        settled[node] += stop * mass
        mass *= 1.0 - stop
        for at in range(pointers[node], pointers[node + 1]):
            source = sources[at]
            if state[source] == 0:
                state[source] = 1
                touched[count] = source
                count += 1
            walking[source] += mass * chances[at]
            if state[source] == 1 and walking[source] > left:
                state[source] = 2
                place = start + waiting
                queue[place if place < n else place - n] = source
                waiting += 1
    return count
