"""Whose slopes a step has, known before it is done: by block, and of several blocks.

A node that occurs in one block of a step alone is read by no other, so that block updates it
as soon as its slopes are there, while they, and the node's row, are near. Only the nodes of
several blocks wait until all blocks are done.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.training.backends.stack import AlignedPairs, Bands, Stack

_NONE = np.empty(0, np.int32)
_FOUND = -2  # less the last slope of a node of several blocks: it is put down already


class Groups(NamedTuple):
    """The slopes of some steps, node after node; those of a step once it is grouped.

    own: (ends of blocks, 2) int64: the block at place k of `Stack.blocks` has the nodes
        own[k, 0] .. own[k, 1] - 1 to itself. At the place of the end of a step's last block
        are the nodes of several blocks; at the others' there are none.
    touched: (T,) int32 nodes. ends: (T,) int32: where the slopes of touched[k] end, and those
        of the next begin.
    places: (E,) int32, where each begins among the numbers of its step, in vectors of the
        machine; sides: (E,) int8, through which side's map it is.
    nodes_at, slopes_at: (S,) int64, from where on there is room for the nodes and the slopes of
        a step. Its first node is none, and ends where the slopes begin.
    rows, left, right: int32 nodes of the bands and the aligned pairs, empty without these.
    unit: numbers of a vector of the machine.
    Slopes of a node are in the order of the batch.
    """

    own: np.ndarray
    touched: np.ndarray
    ends: np.ndarray
    places: np.ndarray
    sides: np.ndarray
    nodes_at: np.ndarray
    slopes_at: np.ndarray
    rows: np.ndarray
    left: np.ndarray
    right: np.ndarray
    unit: int


class Chains(NamedTuple):
    """Room for a thread to group slopes in.

    last: (num_nodes,) int32, all -1 before and after: of each node its last slope so far.
    before, block: (E,) int32, of each slope of a step the one before it of the same node, -1
    for none, and the place of its block. shared: (E,) int32, the nodes of several blocks.
    """

    last: np.ndarray
    before: np.ndarray
    block: np.ndarray
    shared: np.ndarray


def new_groups(
    stack: Stack, bands: Bands | None, aligned: AlignedPairs | None, unit: int
) -> Groups:
    """For the slopes of a stack, none of whose steps is grouped."""
    rows = np.where(stack.band, stack.last - stack.first, 0)
    # a row of a band has two slopes
    most = stack.counts - np.add.reduceat(rows, stack.steps[:-1]) + 1
    nodes_at, slopes_at = (np.cumsum([0, *many]) for many in (most, stack.counts))
    left, right = (_NONE, _NONE) if aligned is None else aligned[:2]
    nodes, slopes = nodes_at[-1], slopes_at[-1]
    return Groups(
        np.empty((len(stack.blocks), 2), np.int64),
        np.empty(nodes, np.int32), np.empty(nodes, np.int32),
        np.empty(slopes, np.int32), np.empty(slopes, np.int8),
        nodes_at[:-1], slopes_at[:-1],
        _NONE if bands is None else bands.rows, left, right, unit,
    )  # fmt: skip


def new_chains(num_nodes: int, slopes: int) -> Chains:
    """For steps of so many slopes at most."""
    return Chains(np.full(num_nodes, -1, np.int32), *np.empty((3, slopes), np.int32))


@njit(inline="always")
def shared_of(s, stack, groups):
    """The range of the nodes of several blocks of step s."""
    place = stack.opened[stack.steps[s + 1]] - 1
    return groups.own[place, 0], groups.own[place, 1]


@njit(borrowing=True, nogil=True)
def group_step(s, stack, groups, chains):
    """Groups the slopes of step s.

    A row of a band is found once: its left slope stands for both, until they are put down.
    """
    last, before, block = chains.last, chains.before, chains.block
    first, end, unit = stack.steps[s], stack.steps[s + 1], groups.unit
    for p in range(first, end):
        _chain(p, stack, groups, chains)
    nodes, at, waiting = groups.nodes_at[s] + 1, groups.slopes_at[s], 0
    groups.ends[nodes - 1] = at
    for p in range(first, end):
        opened, where = stack.opened[p], _slopes_of(p, stack, unit)
        for b in range(stack.opened[p + 1] - opened - 1):
            groups.own[opened + b, 0] = nodes
            for some in _nodes_of(p, b, stack, groups):
                for node in some:
                    e = last[node]
                    if e < 0:
                        continue
                    if not _of_one_block(e, before, block):
                        chains.shared[waiting] = node
                        last[node] = _FOUND - e
                        waiting += 1
                        continue
                    if before[e] < 0 and e - where.at < where.rows:  # as most are
                        _put_row(at, at + 1, e, where, groups)
                        at += 2
                    else:
                        at += _put(e, before, p, where, stack, groups, at)
                    last[node] = -1
                    groups.touched[nodes], groups.ends[nodes] = node, at
                    nodes += 1
            groups.own[opened + b, 1] = nodes
        place = stack.opened[p + 1] - 1
        groups.own[place, 0] = groups.own[place, 1] = nodes
    where = _slopes_of(end - 1, stack, unit)
    for k in range(waiting):
        node = chains.shared[k]
        e, last[node] = _FOUND - last[node], -1
        at += _put(e, before, end - 1, where, stack, groups, at)
        groups.touched[nodes], groups.ends[nodes] = node, at
        nodes += 1
    groups.own[stack.opened[end] - 1, 1] = nodes


@njit(inline="always")
def _nodes_of(p, b, stack, groups):
    """The nodes of block b of part p: at the left and the right ends of its pairs, of a band
    once, and of its noise on the right and on the left."""
    opened, end = stack.opened[p], stack.opened[p + 1]
    a = stack.first[p] + stack.blocks[opened + b]
    z = stack.first[p] + stack.blocks[opened + b + 1]
    blocks, right_at, left_at = end - opened - 1, stack.right_at, stack.left_at
    to_right = _noise_of(b, blocks, stack.noise_right, right_at[p], right_at[p + 1])
    to_left = _noise_of(b, blocks, stack.noise_left, left_at[p], left_at[p + 1])
    if stack.band[p]:
        return groups.rows[a:z], groups.rows[z:z], to_right, to_left
    return groups.left[a:z], groups.right[a:z], to_right, to_left


@njit(inline="always")
def _noise_of(b, blocks, noise, first, end):
    """The noise rows of block b, of a part's on one side."""
    width = (end - first) // blocks
    return noise[first + b * width : first + (b + 1) * width]


@njit(borrowing=True)
def _chain(p, stack, groups, chains):
    """The slopes of part p, each behind the one before it of its node.

    Equal rows at one side of a block of aligned pairs have one slope, numbered by first
    appearance, as `merge` has them.
    """
    opened, at = stack.opened[p], stack.at[p]
    blocks, band = stack.opened[p + 1] - opened - 1, stack.band[p]
    count = stack.last[p] - stack.first[p]
    for b in range(blocks):
        some, _, _, _ = _nodes_of(p, b, stack, groups)
        e = at + stack.blocks[opened + b]
        _follow(some, e, not band, opened + b, chains)
    for b in range(blocks):
        _, some, _, _ = _nodes_of(p, b, stack, groups)
        e = at + count + stack.blocks[opened + b]
        _follow(some, e, not band, opened + b, chains)
    e = at + 2 * count
    for b in range(blocks):
        _, _, to_right, to_left = _nodes_of(p, b, stack, groups)
        for some in (to_right, to_left):
            _follow(some, e, False, opened + b, chains)
            e += len(some)


@njit(borrowing=True)
def _follow(nodes, e, once, place, chains):
    """Slopes of nodes from number e on; of equal nodes one if they have it once."""
    first, last = e, chains.last
    for node in nodes:
        if once and last[node] >= first:
            continue
        chains.before[e], chains.block[e] = last[node], place
        last[node] = e
        e += 1


@njit(borrowing=True)
def _of_one_block(e, before, block):
    """Are all slopes of a node, whose last is e, of one block?"""
    place, e = block[e], before[e]
    while e >= 0:
        if block[e] != place:
            return False
        e = before[e]
    return True


class _PartSlopes(NamedTuple):
    """Where the slopes of a part are, all int64.

    at, base: the number of its first, and where that begins, in vectors of the machine.
    pitch: from one to the next. many: its rows or pairs; rows: its rows, 0 for pairs.
    side: of its left side. right, both: noise rows of a block on the right, and in all.
    """

    at: int
    base: int
    pitch: int
    many: int
    rows: int
    side: int
    right: int
    both: int


@njit(inline="always")
def _slopes_of(p, stack, unit):
    count, opened = stack.last[p] - stack.first[p], stack.opened
    blocks = max(1, opened[p + 1] - opened[p] - 1)
    right = (stack.right_at[p + 1] - stack.right_at[p]) // blocks
    left = (stack.left_at[p + 1] - stack.left_at[p]) // blocks
    return _PartSlopes(
        stack.at[p], stack.base[p] // unit, stack.pitches[p] // unit, count,
        count if stack.band[p] else 0, stack.sides[p], right, right + left,
    )  # fmt: skip


@njit(borrowing=True)
def _put(e, before, p, where, stack, groups, at):
    """A node's slopes in the order of the batch from `at` on; e: the last, which is not behind
    part p; where: the slopes of that are.

    Returns:
        how many there are.
    """
    many, k, q = 0, e, p
    while k >= 0:
        while k < stack.at[q]:
            q -= 1
        band = stack.band[q] and k - stack.at[q] < stack.last[q] - stack.first[q]
        many, k = many + 1 + band, before[k]
    k = at + many
    while e >= 0:
        if e < where.at:
            while e < stack.at[p]:
                p -= 1
            where = _slopes_of(p, stack, groups.unit)
        own = e - where.at
        if own >= where.rows:
            k -= 1
            right = own >= where.many
            if own >= 2 * where.many:
                right = (own - 2 * where.many) % where.both < where.right
            groups.places[k] = where.base + own * where.pitch
            groups.sides[k] = where.side ^ np.int64(right)
            e = before[e]
            continue
        some, f = 0, e
        while f >= where.at:
            some, f = some + 1, before[f]
        while e >= where.at:
            k -= 1
            _put_row(k - some, k, e, where, groups)
            e = before[e]
        k -= some
    return many


@njit(inline="always")
def _put_row(left, right, e, where, groups):
    """The slopes of a row of a band, of which the left one is e, come at these places."""
    place = where.base + (e - where.at) * where.pitch
    groups.places[left], groups.sides[left] = place, where.side
    groups.places[right] = place + where.many * where.pitch
    groups.sides[right] = where.side ^ 1
