"""Several steps in one call of compiled code, shared out among threads.

A step has two phases: the slopes of all its blocks, from the same tables, and one update of
each node that has some. Slopes are grouped by node as soon as all blocks have said whose
theirs are, and have read all they need of the tables, by whoever first finds no block left.
While others are still at the last blocks it updates nodes whose slopes are all there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.training.backends import short_blocks
from nodeemb.training.backends.blocks import Room, make_room
from nodeemb.training.backends.kernels import (
    Segments,
    Slopes,
    do_aligned_block,
    do_band_block,
    words_for,
)
from nodeemb.training.backends.pieces import (
    CALLED_OFF,
    OPEN,
    done_but_last,
    note,
    noted,
    open_next,
    piece_done,
    take_last,
    take_piece,
    wait_for,
)
from nodeemb.training.backends.stack import AlignedPairs, Bands, Stack
from nodeemb.training.backends.updates import Early, apply_share, group

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
    """Room to group slopes by node: as `group` has them; nodes: (1,) int64 how many.

    late: (3 * threads, 2) int64, room for ranges of slopes that are not there yet: of the
    left, the right and the noise vectors of a block that each of the others is at.
    """

    head: np.ndarray
    following: np.ndarray
    touched: np.ndarray
    order: np.ndarray
    ends: np.ndarray
    nodes: np.ndarray
    late: np.ndarray


class Spot(NamedTuple):
    """Where a thread works at blocks whose vectors have one length: what lies behind them
    stays zeros. words: None where products are of float32."""

    room: Room
    words: short_blocks.Words | None
    length: int


class Told(NamedTuple):
    """What steps are told, and tell.

    rates: (S,) float64 learning rates. loss_every: (S,) int64: measure the loss of every so
    many blocks of a step, 0: none. losses: (as many as there are ends of blocks, 2): of the
    block that begins there. done: (as many,) int64, zeros before; not 0 once it is done.
    """

    rates: np.ndarray
    loss_every: np.ndarray
    losses: np.ndarray
    done: np.ndarray


@njit(nogil=True)
def do_steps(
    me, phases, place, pairs, model: Model, stack: Stack, bands: Bands | None,
    aligned: AlignedPairs | None, slopes: Slopes, grouped: Grouped, told: Told,
):  # fmt: skip
    """Does pieces of some steps until all are done, or called off.

    me: the thread's number. phases: two for each step. place: (2,) int64 how far the thread
    has come: its phase, and how often it has waited for it in vain. pairs: (P,) int64, +=
    what the thread did of each part.

    Returns:
        whether it is done; if not, the others are long in coming to an end: call it again.
    """
    threads = phases.shape[1] - 1
    shares = 1 if threads == 1 else _SHARES * threads
    found = wait_for(phases, place[0])
    if found != OPEN:
        place[1] += 1
        return found == CALLED_OFF
    # most often all parts have vectors of one length
    spot = spot_for(stack.steps[place[0] // 2], model, stack)
    while found == OPEN:
        phase, s = place[0], place[0] // 2
        if phase % 2 == 0:
            find_slopes(
                s, phases, me, spot, pairs, model, stack, bands, aligned, slopes,
                grouped, told,
            )  # fmt: skip
        else:
            _apply(s, phases, me, shares, model, slopes, grouped, told.rates[s])
        place[0], place[1] = phase + 1, 0
        if place[0] == 2 * len(stack.counts):
            return True
        found = wait_for(phases, place[0])
    return found == CALLED_OFF


@njit(inline="always")
def find_slopes(
    s, phases, me, spot, pairs, model, stack, bands, aligned, slopes, grouped,
    told,
):  # fmt: skip
    """Blocks of a step, until none is left, the grouping of slopes by node, and updates that
    need not wait for the last blocks."""
    p, blocks, passed = stack.steps[s], 0, 0
    for k in range(p, stack.steps[s + 1]):
        blocks += _blocks_in(stack, k)
    piece = take_piece(phases, 2 * s, me, blocks)
    while piece >= 0:
        if piece < passed:  # of another thread's, which may lie before those done
            p, passed = stack.steps[s], 0
        while piece - passed >= _blocks_in(stack, p):
            passed += _blocks_in(stack, p)
            p += 1
        if stack.lengths[p] != spot.length:
            spot = spot_for(p, model, stack)
        b, every = piece - passed, told.loss_every[s]
        if stack.band[p]:
            pairs[p] += do_band_block(
                b, p, phases, 2 * s, spot, model, stack, bands, slopes, every,
                told.losses,
            )  # fmt: skip
        else:
            pairs[p] += do_aligned_block(
                b, p, phases, 2 * s, spot, model, stack, aligned, slopes, every,
                told.losses,
            )  # fmt: skip
        note(told.done, stack.opened[p] + b)
        if piece_done(phases, 2 * s, blocks + 1):
            open_next(phases, 2 * s)
        piece = take_piece(phases, 2 * s, me, blocks)
    if take_last(phases, 2 * s, blocks):
        grouped.nodes[0] = group(
            slopes.nodes[: stack.counts[s]], grouped.head, grouped.following,
            grouped.touched, grouped.order, grouped.ends,
        )  # fmt: skip
        _apply_early(s, phases, me, blocks, model, stack, slopes, grouped, told)
        if piece_done(phases, 2 * s, blocks + 1):
            open_next(phases, 2 * s)


@njit(inline="always")
def _apply_early(s, phases, me, blocks, model, stack, slopes, grouped, told):
    """A thread's own share of a step's updates, as far as their slopes are there, while
    others are at the last blocks."""
    threads = phases.shape[1] - 1
    if threads == 1 or done_but_last(phases, 2 * s, blocks) or grouped.nodes[0] == 0:
        return
    late = _at_work(s, stack, told.done, grouped.late)
    if late == 0:  # they have just been done
        return
    early = Early(late, phases, 2 * s, blocks)
    for k in range(_SHARES):
        if done_but_last(phases, 2 * s, blocks):
            return
        share = _SHARES * (threads - me) - 1 - k
        apply_share(
            share, _SHARES * threads, model, slopes, grouped, told.rates[s], early
        )  # fmt: skip


@njit
def _at_work(s, stack, done, late):
    """Where the slopes of the blocks that are not done lie among those of a step.

    late: out, the first of a range and the end.

    Returns:
        how many ranges there are.
    """
    many = 0
    for p in range(stack.steps[s], stack.steps[s + 1]):
        at, blocks = stack.at[p], _blocks_in(stack, p)
        count = stack.last[p] - stack.first[p]
        noise = stack.right_at[p + 1] - stack.right_at[p]
        noise += stack.left_at[p + 1] - stack.left_at[p]
        for b in range(blocks):
            place = stack.opened[p] + b
            if noted(done, place):
                continue
            first, last = stack.blocks[place], stack.blocks[place + 1]
            late[many] = at + first, at + last
            late[many + 1] = at + count + first, at + count + last
            first = at + 2 * count + b * (noise // blocks)
            late[many + 2] = first, first + noise // blocks
            many += 3
    return many


@njit(inline="always")
def _apply(s, phases, me, shares, model, slopes, grouped, rate):
    """Shares of a step's updates, until none is left."""
    nodes = grouped.nodes[0]
    piece = take_piece(phases, 2 * s + 1, me, shares)
    while piece >= 0:
        if nodes > 0:
            # nodes come by their last place in the batch, backwards: those of noise, then
            # those of the last blocks, which a thread's own shares are nearest to
            apply_share(
                shares - 1 - piece, shares, model, slopes, grouped, rate,
                Early(0, phases, 0, 0),
            )  # fmt: skip
        if piece_done(phases, 2 * s + 1, shares):
            open_next(phases, 2 * s + 1)
        piece = take_piece(phases, 2 * s + 1, me, shares)


@njit(inline="always")
def spot_for(p, model, stack):
    """For parts with vectors as long as those of part p."""
    pitch = stack.pitches[p]
    room = make_room(stack.longest, stack.noise, stack.wide, pitch, model.table)
    return Spot(room, words_for(model.halves, room, pitch), stack.lengths[p])


@njit
def _blocks_in(stack, p):
    """How many blocks a part has."""
    return stack.opened[p + 1] - stack.opened[p] - 1
