"""The updates of nodes: the slopes of each summed, and applied once."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.prefetch import fetch, fetch_to_write
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.vectors import AHEAD, add, copy, dot


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


@njit
def make_sums(model):
    """Room for the sums of a node."""
    roles, dtype = len(model.edges) - 1, model.table.dtype
    return Sums(
        np.empty(model.table.shape[1], dtype), np.zeros(roles, np.int64),
        np.empty(roles, np.int64), np.empty(roles, dtype),
    )  # fmt: skip


@njit(borrowing=True)
def apply_share(share, shares, first, last, model, slopes, groups, sums, rate):
    """Updates a share of the touched nodes first .. last - 1, as `update_each`."""
    ends = groups.ends[first:last]
    begin = groups.ends[first - 1]
    # contributions shared out evenly, whole nodes each: a popular one has many
    count = ends[-1] - begin
    a = np.searchsorted(ends, begin + share * count // shares, "right")
    z = np.searchsorted(ends, begin + (share + 1) * count // shares, "right")
    update_each(first + a, first + z, model, slopes, groups, sums, rate)


@njit(borrowing=True)
def update_each(first, last, model, slopes, groups, sums, rate):
    """Sums the slopes of touched nodes first .. last - 1 in batch order and updates each once.

    slopes: the numbers of all slopes of the step.
    """
    if last <= first:
        return
    table, squares, edges = model.table, model.squares, model.edges
    touched, ends, segments = groups.touched, groups.ends, model.segments
    step = table.dtype.type(rate)
    flat, width = table.reshape(table.size), table.shape[1]
    sizes, roles = squares.reshape(squares.size), squares.shape[1]
    sides, places = groups.sides, groups.places
    unit = padded(1, table.itemsize)
    at, count = ends[first - 1], ends[last - 1]
    for k in range(first, last):
        begin, at = at, ends[k]
        if k + AHEAD < last:
            fetch_to_write(flat, touched[k + AHEAD] * width, width)
            fetch_to_write(sizes, touched[k + AHEAD] * roles, roles)
        for j in range(begin, at):
            if j + AHEAD < count:
                ahead = np.int64(places[j + AHEAD]) * unit
                fetch(slopes, ahead, segments.pitches[sides[j + AHEAD]])
            place = np.int64(places[j]) * unit
            collect(sums, edges, segments, sides[j], slopes, place)
        update(
            flat, sizes, np.int64(touched[k]), width, edges, sums, slopes, model.optimizer,
            step, model.floored,
        )  # fmt: skip


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
