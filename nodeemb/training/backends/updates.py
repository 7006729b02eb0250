"""The updates of a step: slopes brought together by node, summed, and applied once."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.prefetch import fetch, fetch_to_write
from nodeemb.training.backends.pieces import done_but_last
from nodeemb.training.backends.vectors import AHEAD, add, copy, dot


@njit(borrowing=True)
def group(nodes, head, following, touched, order, ends):
    """Brings the contributions of each node together, in batch order.

    nodes: (E,) int32 node of each contribution, -1 for none. head: (num_nodes,) int32, all
    -1 before and after. following: (E,) int32, room to work in. touched: (E,) int32 out.
    order (E,) int32 out: the contributions, node after node; those of touched[k] end at
    ends[k] (E,).

    Returns:
        the number of nodes touched.
    """
    count = at = 0
    for e in range(len(nodes) - 1, -1, -1):
        node = nodes[e]
        if node < 0:
            continue
        if head[node] < 0:
            touched[count] = node
            count += 1
        following[e] = head[node]
        head[node] = e
    for k in range(count):
        e = head[touched[k]]
        head[touched[k]] = -1
        while e >= 0:
            order[at] = e
            at += 1
            e = following[e]
        ends[k] = at
    return count


class Early(NamedTuple):
    """Whether updates are done before all slopes are there.

    late: how many ranges of slopes, the first of grouped.late, are not there yet; 0: it is
    not early. phases, phase, pieces: where to see whether others have made them meanwhile,
    as `done_but_last` is asked.
    """

    late: int
    phases: np.ndarray
    phase: int
    pieces: int


@njit
def apply_share(share, shares, model, slopes, grouped, rate, early):
    """Sums the slopes of a share of the touched nodes in batch order and updates each once.

    Early, only nodes whose slopes are all there are updated, and put down as -1, until those
    that were late have come; they are left out when the share is done again.
    """
    ends = grouped.ends[: grouped.nodes[0]]
    count, roles, dtype = ends[-1], len(model.edges) - 1, model.table.dtype
    # contributions shared out evenly, whole nodes each: a popular one has many
    first = np.searchsorted(ends, share * count // shares, "right")
    last = np.searchsorted(ends, (share + 1) * count // shares, "right")
    sums = Sums(
        np.empty(model.table.shape[1], dtype), np.zeros(roles, np.int64),
        np.empty(roles, np.int64), np.empty(roles, dtype),
    )  # fmt: skip
    update_each(first, last, model, slopes, grouped, ends, sums, rate, early)


class Sums(NamedTuple):
    """The slopes of one node so far.

    values: (columns,) their sums. found: (roles,) int64, how many a role has. begin, sign:
    (roles,) where the first of a role begins among the slopes, and its sign; where it is
    the only one it is not in `values`.
    """

    values: np.ndarray
    found: np.ndarray
    begin: np.ndarray
    sign: np.ndarray


@njit(borrowing=True)
def update_each(first, last, model, slopes, grouped, ends, sums, rate, early):
    """`apply_share` for the touched nodes first .. last - 1."""
    table, squares, edges = model.table, model.squares, model.edges
    order, touched, segments = grouped.order, grouped.touched, model.segments
    count, step = ends[-1], table.dtype.type(rate)
    flat, width = table.reshape(table.size), table.shape[1]
    sizes, roles = squares.reshape(squares.size), squares.shape[1]
    values, _, sides, offsets = slopes
    at = ends[first - 1] if first > 0 else 0
    for k in range(first, last):
        if early.late > 0 and done_but_last(early.phases, early.phase, early.pieces):
            return
        begin, at = at, ends[k]
        if k + AHEAD < last and touched[k + AHEAD] >= 0:
            fetch_to_write(flat, touched[k + AHEAD] * width, width)
            fetch_to_write(sizes, touched[k + AHEAD] * roles, roles)
        node = np.int64(touched[k])
        if node < 0 or any_late(order, begin, at, grouped.late, early.late):
            continue
        for j in range(begin, at):
            if j + AHEAD < count:
                e = order[j + AHEAD]
                fetch(values, offsets[e], segments.pitches[sides[e]])
            collect(sums, edges, segments, sides[order[j]], values, offsets[order[j]])
        update(
            flat, sizes, node, width, edges, sums, values, model.optimizer, step,
            model.floored,
        )  # fmt: skip
        if early.late > 0:
            touched[k] = -1


@njit(borrowing=True)
def any_late(order, begin, end, ranges, late):
    """Is any of the contributions order[begin:end] in one of the first `late` ranges?"""
    for j in range(begin, end):
        for r in range(late):
            if ranges[r, 0] <= order[j] < ranges[r, 1]:
                return True
    return False


@njit(inline="always")
def collect(sums, edges, segments, side, values, base):
    """One slope more of a node; the first of a role stays where it is."""
    for k in range(segments.roles_at[side], segments.roles_at[side + 1]):
        r = segments.role[k]
        begin, sign = (
            base + segments.role_place[k],
            values.dtype.type(segments.role_sign[k]),
        )
        sums.found[r] += 1
        if sums.found[r] == 1:
            sums.begin[r], sums.sign[r] = begin, sign
        else:
            a, long = edges[r], edges[r + 1] - edges[r]
            if sums.found[r] == 2:
                copy(sums.values, a, sums.sign[r], values, sums.begin[r], long)
            add(sums.values, a, sign, values, begin, long)


@njit(inline="always")
def update(flat, sizes, row, width, edges, sums, values, optimizer, step, floored):
    """One update of each role of a node that has slopes; `sums` are none afterwards."""
    one, roles = flat.dtype.type, len(edges) - 1
    for r in range(roles):
        found, sums.found[r] = sums.found[r], 0
        if found == 0:
            continue
        a, long = edges[r], edges[r + 1] - edges[r]
        if found == 1:
            square = dot(values, sums.begin[r], values, sums.begin[r], long)
        else:
            square = dot(sums.values, a, sums.values, a, long)
        if square == 0:
            continue
        factor = step
        if optimizer == 1:
            sizes[row * roles + r] += square / one(long)
            factor = step / (math.sqrt(sizes[row * roles + r]) + one(1e-10))
        if found == 1:
            factor *= sums.sign[r]
            add(flat, row * width + a, -factor, values, sums.begin[r], long)
        else:
            add(flat, row * width + a, -factor, sums.values, a, long)
        for c in range(a, min(a + long, floored)):
            flat[row * width + c] = max(flat[row * width + c], one(0))
