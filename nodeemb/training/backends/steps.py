"""Several steps in one call of compiled code, shared out among threads.

A step is slopes of all its blocks, from the same tables, then one update of each node that
has some; the threads meet between the two and behind them. What is done by one of them, the
grouping of slopes by node, is done by the last to arrive.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.roles.layout import Map
from nodeemb.training.backends.kernels import (
    Segments,
    aligned_blocks,
    apply_share,
    band_blocks,
    group,
)
from nodeemb.training.backends.meeting import (
    CALLED_OFF,
    CLOSED,
    OPEN,
    arrive,
    open_after,
    wait_after,
)


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
    t, threads, meeting, place, pairs,
    model, stack, bands, aligned, slopes, grouped, told,
):  # fmt: skip
    """A thread's share of some steps; it gives up where the meeting is called off.

    meeting: where the threads wait for each other. place: (8,) int64 how far the thread has
    come: its step, how many of the step's two parts are behind it, and how often it has
    waited here in vain. pairs: (P,) int64 out, that the thread did of each part.

    Returns:
        whether it is done; if not, the others are long in coming: call it once more.
    """
    while place[0] < len(stack.counts):
        s = place[0]
        if place[1] == 0:
            for p in range(stack.steps[s], stack.steps[s + 1]):
                pairs[p] = slopes_of_part(
                    t, threads, p, model, stack, bands, aligned, slopes,
                    told.loss_every[s], told.losses,
                )  # fmt: skip
            if arrive(meeting, 2 * s, threads):
                grouped.nodes[0] = group(
                    slopes.nodes[: stack.counts[s]], grouped.head, grouped.following,
                    grouped.touched, grouped.order, grouped.ends,
                )  # fmt: skip
                open_after(meeting, 2 * s)
            place[1] = 1
        if place[1] == 1:
            found = _waited(meeting, 2 * s, place)
            if found != OPEN:
                return found == CALLED_OFF
            if grouped.nodes[0] > 0:
                apply_share(
                    t, threads, model.table, model.squares, model.edges, slopes,
                    model.segments, grouped.order, grouped.ends[: grouped.nodes[0]],
                    grouped.touched, model.optimizer, told.rates[s], model.floored,
                )  # fmt: skip
            if arrive(meeting, 2 * s + 1, threads):
                open_after(meeting, 2 * s + 1)
            place[1] = 2
        found = _waited(meeting, 2 * s + 1, place)
        if found != OPEN:
            return found == CALLED_OFF
        place[0], place[1] = s + 1, 0
    return True


@njit
def _waited(meeting, number, place):
    """As `wait_after`; counts how often that was in vain."""
    found = wait_after(meeting, number)
    place[2] = place[2] + 1 if found == CLOSED else 0
    return found


@njit
def slopes_of_part(
    t, threads, p, model, stack, bands, aligned, slopes, loss_every, losses
):  # fmt: skip
    """Slopes of a thread's blocks of a part.

    Returns:
        the number of pairs; of an aligned part the first thread tells all.
    """
    if bands is None:
        return _of_aligned(
            t, threads, p, model, stack, aligned, slopes, loss_every, losses
        )
    else:  # noqa: RET505  (numba leaves out one of two branches)
        if stack.band[p]:
            return _of_band(
                t, threads, p, model, stack, bands, slopes, loss_every, losses
            )
        return _of_aligned(
            t, threads, p, model, stack, aligned, slopes, loss_every, losses
        )


@njit
def _of_band(t, threads, p, model, stack, bands, slopes, loss_every, losses):
    first, last = stack.first[p], stack.last[p]
    a, z = bands.windows[p], bands.windows[p + 1]
    blocks, right, left, own = _blocks_of(p, stack, losses)
    side = stack.sides[p]
    return band_blocks(
        t, threads, model.table, model.shift, model.halves,
        _map_of(model.segments, side), _map_of(model.segments, side ^ 1), side,
        stack.lengths[p], stack.pitches[p],
        bands.rows[first:last], bands.start[first:last], bands.stop[first:last], blocks,
        bands.after[a:z], bands.before[a:z], bands.limits[p], bands.labels[p],
        bands.left_out[:, bands.gaps[p] : bands.gaps[p + 1]],
        right, left, stack.noise_weight[p], model.objective,
        slopes, stack.at[p], stack.base[p], loss_every, own,
    )  # fmt: skip


@njit
def _of_aligned(t, threads, p, model, stack, aligned, slopes, loss_every, losses):
    if aligned is None:
        return 0
    else:  # noqa: RET505  (as above)
        first, last = stack.first[p], stack.last[p]
        blocks, right, left, own = _blocks_of(p, stack, losses)
        side = stack.sides[p]
        aligned_blocks(
            t, threads, model.table, model.shift, model.halves,
            _map_of(model.segments, side), _map_of(model.segments, side ^ 1), side,
            stack.lengths[p], stack.pitches[p],
            aligned.left[first:last], aligned.right[first:last],
            aligned.weight[first:last], aligned.label[first:last], blocks,
            right, left, stack.noise_weight[p], model.objective,
            slopes, stack.at[p], stack.base[p], loss_every, own,
        )  # fmt: skip
        return last - first if t == 0 else 0


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
