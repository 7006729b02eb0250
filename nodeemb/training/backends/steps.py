"""Several steps in one call of compiled code, shared out among threads.

A step has two phases: the slopes of all its blocks, from the same tables, and one update of
each node that has some. Whoever does the last block groups the slopes by node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.roles.layout import Map
from nodeemb.training.backends.blocks import make_room
from nodeemb.training.backends.kernels import (
    Segments,
    Slopes,
    apply_share,
    do_aligned_block,
    do_band_block,
    group,
    words_for,
)
from nodeemb.training.backends.pieces import (
    CALLED_OFF,
    OPEN,
    open_next,
    piece_done,
    take_piece,
    wait_for,
)
from nodeemb.training.backends.stack import AlignedPairs, Bands, Stack

_SHARES = 4  # of the updates of a step, for each thread


class Model(NamedTuple):
    """What is trained, and how.

    table, squares: as in `Tables`. edges: (roles + 1,) first column of each role and bias.
    shift: (num_nodes,) or empty. halves: an int16 array where products are of bfloat16, None
    for float32. segments: of all sides. objective, optimizer: their codes. floored: so many
    first columns are kept at 0 or above.
    """

    table: np.ndarray
    squares: np.ndarray
    edges: np.ndarray
    shift: np.ndarray
    halves: np.ndarray | None
    segments: Segments
    objective: int
    optimizer: int
    floored: int


class Grouped(NamedTuple):
    """Room to group slopes by node: as `group` has them; nodes: (1,) int64 how many."""

    head: np.ndarray
    following: np.ndarray
    touched: np.ndarray
    order: np.ndarray
    ends: np.ndarray
    nodes: np.ndarray


class Told(NamedTuple):
    """What steps are told, and tell.

    rates: (S,) float64 learning rates. loss_every: (S,) int64: measure the loss of every so
    many blocks of a step, 0: none. losses: (as many as there are ends of blocks, 2): of the
    block that begins there.
    """

    rates: np.ndarray
    loss_every: np.ndarray
    losses: np.ndarray


@njit(nogil=True)
def do_steps(
    threads, phases, place, pairs, model: Model, stack: Stack, bands: Bands | None,
    aligned: AlignedPairs | None, slopes: Slopes, grouped: Grouped, told: Told,
):  # fmt: skip
    """Does pieces of some steps until all are done, or called off.

    threads: how many do. phases: two for each step. place: (2,) int64 how far the thread has
    come: its phase, and how often it has waited for it in vain. pairs: (P,) int64, += what
    the thread did of each part.

    Returns:
        whether it is done; if not, the others are long in coming to an end: call it again.
    """
    shares = 1 if threads == 1 else _SHARES * threads
    # most often all parts have vectors of one length
    spot = spot_for(stack.steps[place[0] // 2], model, stack)
    while place[0] < 2 * len(stack.counts):
        phase, s = place[0], place[0] // 2
        found = wait_for(phases, phase)
        if found != OPEN:
            place[1] += 1
            return found == CALLED_OFF
        if phase % 2 == 0:
            _find_slopes(
                s, phases, spot, pairs, model, stack, bands, aligned, slopes, grouped, told
            )  # fmt: skip
        else:
            _apply(s, phases, shares, model, slopes, grouped, told.rates[s])
        place[0], place[1] = phase + 1, 0
    return True


@njit
def _find_slopes(
    s, phases, spot, pairs, model, stack, bands, aligned, slopes, grouped, told
):  # fmt: skip
    """Blocks of a step, until none is left."""
    p, blocks = stack.steps[s], 0
    for k in range(p, stack.steps[s + 1]):
        blocks += _blocks_in(stack, k)
    passed = 0
    piece = take_piece(phases, 2 * s)
    while piece < max(1, blocks):
        if piece < blocks:
            while piece - passed >= _blocks_in(stack, p):
                passed += _blocks_in(stack, p)
                p += 1
            if stack.lengths[p] != spot[2]:
                spot = spot_for(p, model, stack)
            pairs[p] += do_block(
                piece - passed, p, spot, model, stack, bands, aligned, slopes,
                told.loss_every[s], told.losses,
            )  # fmt: skip
        if piece_done(phases, 2 * s, max(1, blocks)):
            grouped.nodes[0] = group(
                slopes.nodes[: stack.counts[s]], grouped.head, grouped.following,
                grouped.touched, grouped.order, grouped.ends,
            )  # fmt: skip
            open_next(phases, 2 * s)
        piece = take_piece(phases, 2 * s)


@njit
def _apply(s, phases, shares, model, slopes, grouped, rate):
    """Shares of a step's updates, until none is left."""
    nodes = grouped.nodes[0]
    share = take_piece(phases, 2 * s + 1)
    while share < shares:
        if nodes > 0:
            apply_share(
                share, shares, model.table, model.squares, model.edges, slopes,
                model.segments, grouped.order, grouped.ends[:nodes], grouped.touched,
                model.optimizer, rate, model.floored,
            )  # fmt: skip
        if piece_done(phases, 2 * s + 1, shares):
            open_next(phases, 2 * s + 1)
        share = take_piece(phases, 2 * s + 1)


@njit
def spot_for(p, model, stack):
    """Where a thread works at blocks of parts with vectors as long as those of part p, since
    what lies behind a vector must be zeros: a Room, its Words or None, the length."""
    pitch = stack.pitches[p]
    room = make_room(stack.longest, stack.noise, stack.wide, pitch, model.table)
    return room, words_for(model.halves, room, pitch), stack.lengths[p]


@njit
def _blocks_in(stack, p):
    """How many blocks a part has."""
    return stack.opened[p + 1] - stack.opened[p] - 1


@njit
def do_block(
    b, p, spot, model, stack, bands, aligned, slopes, loss_every, losses
):  # fmt: skip
    """Slopes of block b of part p.

    Returns:
        the number of pairs.
    """
    if bands is None:
        return _of_aligned(
            b, p, spot, model, stack, aligned, slopes, loss_every, losses
        )
    else:  # noqa: RET505  (numba leaves out one of two branches)
        if stack.band[p]:
            return _of_band(b, p, spot, model, stack, bands, slopes, loss_every, losses)
        return _of_aligned(
            b, p, spot, model, stack, aligned, slopes, loss_every, losses
        )


@njit
def _of_band(b, p, spot, model, stack, bands, slopes, loss_every, losses):
    first, last = stack.first[p], stack.last[p]
    a, z = bands.windows[p], bands.windows[p + 1]
    blocks, right, left, own = _blocks_of(p, stack, losses)
    side = stack.sides[p]
    return do_band_block(
        b, spot[0], spot[1], model.table, model.shift,
        _map_of(model.segments, side), _map_of(model.segments, side ^ 1), side,
        stack.lengths[p], stack.pitches[p],
        bands.rows[first:last], bands.start[first:last], bands.stop[first:last], blocks,
        bands.after[a:z], bands.before[a:z], bands.limits[p], bands.labels[p],
        bands.left_out[:, bands.gaps[p] : bands.gaps[p + 1]],
        right, left, stack.noise_weight[p], model.objective,
        slopes, stack.at[p], stack.base[p], loss_every, own,
    )  # fmt: skip


@njit
def _of_aligned(b, p, spot, model, stack, aligned, slopes, loss_every, losses):
    if aligned is None:
        return 0
    else:  # noqa: RET505  (as above)
        first, last = stack.first[p], stack.last[p]
        blocks, right, left, own = _blocks_of(p, stack, losses)
        side = stack.sides[p]
        do_aligned_block(
            b, spot[0], spot[1], model.table, model.shift,
            _map_of(model.segments, side), _map_of(model.segments, side ^ 1), side,
            stack.lengths[p], stack.pitches[p],
            aligned.left[first:last], aligned.right[first:last],
            aligned.weight[first:last], aligned.label[first:last], blocks,
            right, left, stack.noise_weight[p], model.objective,
            slopes, stack.at[p], stack.base[p], loss_every, own,
        )  # fmt: skip
        return blocks[b + 1] - blocks[b]


@njit
def _blocks_of(p, stack, losses):
    """The ends of a part's blocks, their noise (B, N) on the right and on the left, and the
    losses that are theirs."""
    first, last = stack.opened[p], stack.opened[p + 1]
    count = last - first - 1
    right = stack.noise_right[stack.right_at[p] : stack.right_at[p + 1]]
    left = stack.noise_left[stack.left_at[p] : stack.left_at[p + 1]]
    return (
        stack.blocks[first:last],
        right.reshape(count, len(right) // max(1, count)),
        left.reshape(count, len(left) // max(1, count)),
        losses[first : last - 1],
    )


@njit
def _map_of(segments, side):
    """The map of a side, by its number."""
    a, z = segments.pointers[side], segments.pointers[side + 1]
    ones = segments.ones[segments.ones_at[side] : segments.ones_at[side + 1]]
    return Map(
        segments.column[a:z], segments.place[a:z], segments.length[a:z],
        segments.sign[a:z], ones, segments.shifts[side],
    )  # fmt: skip
