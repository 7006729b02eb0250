"""Several steps in one call of compiled code, shared out among threads.

A step has two phases. First all its blocks, whose slopes are from the same tables: each
updates the nodes that no other block reads as soon as it has their slopes. Then one update of
each node of several blocks; a step without such nodes goes over that phase. Which nodes these
are is found out before a step begins, by whoever has nothing else to do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.training.backends import short_blocks
from nodeemb.training.backends.blocks import Room, make_room
from nodeemb.training.backends.groups import Chains, Groups, group_step, shared_of
from nodeemb.training.backends.kernels import (
    Segments,
    do_aligned_block,
    do_band_block,
    words_for,
)
from nodeemb.training.backends.pieces import (
    CALLED_OFF,
    CLOSED,
    OPEN,
    open_next,
    piece_done,
    take_piece,
    take_thing,
    thing_made,
    wait_for,
)
from nodeemb.training.backends.stack import AlignedPairs, Bands, Stack
from nodeemb.training.backends.updates import (
    Sums,
    apply_share,
    make_sums,
    update_each,
)

_SHARES = 4  # of the updates of nodes of several blocks, for each thread


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


class Spot(NamedTuple):
    """Where a thread works at blocks whose vectors have one length: what lies behind them
    stays zeros. words: None where products are of float32. sums: for its updates."""

    room: Room
    words: short_blocks.Words | None
    length: int
    sums: Sums


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
    me, phases, place, pairs, chains: Chains, model: Model, stack: Stack, bands: Bands | None,
    aligned: AlignedPairs | None, groups: Groups, slopes: np.ndarray, told: Told,
):  # fmt: skip
    """Does pieces of some steps until all are done, or called off.

    me: the thread's number. phases: two for each step, the first of which needs its groups.
    place: (2,) int64 how far the thread has come: its phase, and how often it has waited for
    it in vain. pairs: (P,) int64, += what the thread did of each part. chains: the thread's.
    slopes: room for the numbers of a step's slopes.

    Returns:
        whether it is done; if not, the others are long in coming to an end: call it again.
    """
    found = _group_and_wait(phases, place[0], stack, groups, chains)
    if found != OPEN:
        place[1] += 1
        return found == CALLED_OFF
    # most often all parts have vectors of one length
    spot = spot_for(stack.steps[place[0] // 2], model, stack)
    while found == OPEN:
        phase, s = place[0], place[0] // 2
        if phase % 2 == 0:
            _do_blocks(
                s, phases, me, spot, pairs, model, stack, bands, aligned, groups, slopes, told
            )  # fmt: skip
        else:
            _update_shared(
                s, phases, me, spot.sums, model, stack, groups, slopes, told.rates[s]
            )
        place[0], place[1] = phase + 1, 0
        if place[0] == 2 * len(stack.counts):
            return True
        found = _group_and_wait(phases, place[0], stack, groups, chains)
    return found == CALLED_OFF


@njit(borrowing=True)
def _group_and_wait(phases, phase, stack, groups, chains):
    """As `wait_for`; until a phase may begin, slopes of steps to come are grouped."""
    found = wait_for(phases, phase, 1)
    while found == CLOSED:
        s = take_thing(phases, len(stack.counts))
        if s < 0:
            found = wait_for(phases, phase)
            break
        group_step(s, stack, groups, chains)
        thing_made(phases, 2 * s)
        found = wait_for(phases, phase, 1)
    return found


@njit(inline="always")
def _do_blocks(
    s, phases, me, spot, pairs, model, stack, bands, aligned, groups, slopes, told
):  # fmt: skip
    """Blocks of a step, until none is left."""
    p, blocks, passed = stack.steps[s], 0, 0
    for k in range(p, stack.steps[s + 1]):
        blocks += _blocks_in(stack, k)
    pieces = max(1, blocks)  # somebody must open the next phase
    piece = take_piece(phases, 2 * s, me, pieces)
    while piece >= 0:
        if piece < passed:  # of another thread's, which may lie before those done
            p, passed = stack.steps[s], 0
        while blocks > 0 and piece - passed >= _blocks_in(stack, p):
            passed += _blocks_in(stack, p)
            p += 1
        if blocks > 0:
            if stack.lengths[p] != spot.length:
                spot = spot_for(p, model, stack)
            b, every = piece - passed, told.loss_every[s]
            if stack.band[p]:
                pairs[p] += do_band_block(
                    b, p, spot, model, stack, bands, slopes, every, told.losses
                )
            else:
                pairs[p] += do_aligned_block(
                    b, p, spot, model, stack, aligned, slopes, every, told.losses
                )
            at = stack.opened[p] + b
            update_each(
                groups.own[at, 0], groups.own[at, 1], model, slopes, groups, spot.sums,
                told.rates[s],
            )  # fmt: skip
        if piece_done(phases, 2 * s, pieces):
            first, last = shared_of(s, stack, groups)
            open_next(phases, 2 * s if last > first else 2 * s + 1)
        piece = take_piece(phases, 2 * s, me, pieces)


@njit(inline="always")
def _update_shared(s, phases, me, sums, model, stack, groups, slopes, rate):
    """Shares of the updates of nodes of several blocks, until none is left."""
    first, last = shared_of(s, stack, groups)
    if last <= first:
        return
    threads = phases.shape[1] - 1
    shares = 1 if threads == 1 else _SHARES * threads
    piece = take_piece(phases, 2 * s + 1, me, shares)
    while piece >= 0:
        apply_share(piece, shares, first, last, model, slopes, groups, sums, rate)
        if piece_done(phases, 2 * s + 1, shares):
            open_next(phases, 2 * s + 1)
        piece = take_piece(phases, 2 * s + 1, me, shares)


@njit(inline="always")
def spot_for(p, model, stack):
    """For parts with vectors as long as those of part p."""
    pitch = stack.pitches[p]
    room = make_room(stack.longest, stack.noise, stack.wide, pitch, model.table)
    return Spot(
        room, words_for(model.halves, room, pitch), stack.lengths[p], make_sums(model)
    )


@njit
def _blocks_in(stack, p):
    """How many blocks a part has."""
    return stack.opened[p + 1] - stack.opened[p] - 1
