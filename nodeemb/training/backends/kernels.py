"""The fused CPU kernels: gather, score, slope, sum; nothing as long as the pairs is kept.

Blocks are shared out among threads; each writes its rows' slopes to places of its own,
and `updates` sums the slopes of a node in the order of the batch. So the result is the same
for any number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.roles.layout import Map
from nodeemb.training.backends import short_blocks as short
from nodeemb.training.backends.blocks import (
    aligned_block,
    band_block,
    merge,
    noise_block,
)
from nodeemb.training.backends.vectors import gather


class Segments(NamedTuple):
    """The maps of all sides of all channels, left before right.

    pointers: (sides + 1,): the segments of a side; column, place, length, sign: theirs, as
    in `Map`; ones: its places in turn, of a side from ones_at (sides + 1,) on; shifts:
    (sides,). pitches: (sides,) numbers of a side's vector. The same by whole roles, and
    biases: those of a side begin at roles_at (sides + 1,); role: which, role_place and
    role_sign: where in the vector, and with which sign.
    """

    pointers: np.ndarray
    column: np.ndarray
    place: np.ndarray
    length: np.ndarray
    sign: np.ndarray
    ones: np.ndarray
    ones_at: np.ndarray
    shifts: np.ndarray
    pitches: np.ndarray
    roles_at: np.ndarray
    role: np.ndarray
    role_place: np.ndarray
    role_sign: np.ndarray


# A part has 2 R vectors of its R rows or pairs, left before right, then the right and the
# left noise vectors of each block.


@njit(borrowing=True)
def do_band_block(
    b, p, spot, model, stack, bands, slopes, loss_every, losses
):  # fmt: skip
    """Slopes of block b of part p, a band.

    slopes <- of the vectors of the block. losses <- at the block's place its loss and
    positive weight, of every `loss_every`th block, 0 elsewhere.

    Returns:
        the number of pairs.
    """
    if bands is None:  # then numba leaves out the rest
        return 0
    room, words, length, table = spot.room, spot.words, spot.length, model.table
    pitch, side = stack.pitches[p], stack.sides[p]
    left_map, right_map = map_of(model.segments, side), map_of(model.segments, side ^ 1)
    blocks, noise_right, noise_left, losses = blocks_of(p, stack, losses)
    begin, end = stack.first[p], stack.last[p]
    rows, start, stop = (
        bands.rows[begin:end],
        bands.start[begin:end],
        bands.stop[begin:end],
    )
    a, z = bands.windows[p], bands.windows[p + 1]
    after, before = bands.after[a:z], bands.before[a:z]
    left_out = bands.left_out[:, bands.gaps[p] : bands.gaps[p + 1]]
    first, last = blocks[b], blocks[b + 1]
    own = rows[first:last]
    with_loss = loss_every > 0 and b % loss_every == 0
    left_at, right_at, noise_at = _places(
        stack.base[p], pitch, len(rows), b, first, noise_right, noise_left
    )
    take_both(table, own, left_map, right_map, model.shift, room, words, pitch)
    take_noise(
        table, noise_right[b], noise_left[b], left_map, right_map, model.shift, room, words,
        pitch,
    )  # fmt: skip
    a = np.searchsorted(left_out[0], first)
    z = np.searchsorted(left_out[0], last)
    loss, counted = band_block(
        room, words, own, start[first:last], stop[first:last], first,
        after, before, bands.limits[p], bands.labels[p], left_out[:, a:z], model.objective,
        pitch, length, slopes, left_at, right_at, with_loss,
        noise_left.shape[1] > 0,
    )  # fmt: skip
    losses[b, 1] = total(room.mass_left[: len(own)]) if with_loss else 0.0
    losses[b, 0] = loss + both_noises(
        length, pitch, room, words, own, own, noise_right[b], noise_left[b],
        stack.noise_weight[p], model.objective, slopes, left_at, right_at, noise_at,
        with_loss,
    )  # fmt: skip
    return counted


@njit(borrowing=True)
def do_aligned_block(
    b, p, spot, model, stack, aligned, slopes, loss_every, losses
):  # fmt: skip
    """Slopes of block b of part p, of aligned pairs; as `do_band_block`.

    Rows that are equal have one vector a block: its noise counts by the sum of the weights
    of its pairs, which is the same sum of losses for less work.
    """
    if aligned is None:  # then numba leaves out the rest
        return 0
    room, words, length, table = spot.room, spot.words, spot.length, model.table
    pitch, side = stack.pitches[p], stack.sides[p]
    left_map, right_map = map_of(model.segments, side), map_of(model.segments, side ^ 1)
    blocks, noise_right, noise_left, losses = blocks_of(p, stack, losses)
    count = stack.last[p] - stack.first[p]
    first, last = blocks[b], blocks[b + 1]
    a, z = stack.first[p] + first, stack.first[p] + last
    left, right = aligned.left[a:z], aligned.right[a:z]
    with_loss = loss_every > 0 and b % loss_every == 0
    left_at, right_at, noise_at = _places(
        stack.base[p], pitch, count, b, first, noise_right, noise_left
    )
    some_left = room.left[: merge(left, room.slots, room.left, room.place_left)]
    some_right = room.right[: merge(right, room.slots, room.right, room.place_right)]
    gather(table, some_left, left_map, model.shift, room.x, pitch)
    gather(table, some_right, right_map, model.shift, room.y, pitch)
    halve_both(words, room, pitch, len(some_left), len(some_right))
    take_noise(
        table, noise_right[b], noise_left[b], left_map, right_map, model.shift, room, words,
        pitch,
    )  # fmt: skip
    loss, losses[b, 1] = aligned_block(
        room, left, right, aligned.weight[a:z], aligned.label[a:z],
        model.objective, pitch, slopes, left_at, len(some_left),
        right_at, len(some_right), with_loss,
    )  # fmt: skip
    losses[b, 0] = loss + both_noises(
        length, pitch, room, words, some_left, some_right, noise_right[b], noise_left[b],
        stack.noise_weight[p], model.objective, slopes, left_at, right_at, noise_at,
        with_loss,
    )  # fmt: skip
    return last - first


@njit(inline="always")
def blocks_of(p, stack, losses):
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


@njit(inline="always")
def map_of(segments, side):
    """The map of a side, by its number: left before right, the sides of a channel together."""
    a, z = segments.pointers[side], segments.pointers[side + 1]
    ones = segments.ones[segments.ones_at[side] : segments.ones_at[side + 1]]
    return Map(
        segments.column[a:z], segments.place[a:z], segments.length[a:z],
        segments.sign[a:z], ones, segments.shifts[side],
    )  # fmt: skip


@njit
def words_for(halves, room, pitch):
    """Room for products of bfloat16; None where they are of float32."""
    if halves is None:
        return None
    else:  # noqa: RET505  (numba leaves out one of two branches)
        return short.make_words(room, pitch)


@njit(borrowing=True)
def take_both(table, rows, left_map, right_map, shift, room, words, pitch):
    """The vectors of a block's rows on both sides, in the numbers that products are of."""
    if words is None:
        gather(table, rows, left_map, shift, room.x, pitch)
        gather(table, rows, right_map, shift, room.y, pitch)
    else:
        short.take(table, rows, left_map, shift, room.x, pitch, words.left)
        short.take(table, rows, right_map, shift, room.y, pitch, words.right)


@njit(borrowing=True)
def take_noise(
    table, noise_right, noise_left, left_map, right_map, shift, room, words, pitch
):  # fmt: skip
    """The same of a block's noise on both sides."""
    if words is None:
        gather(table, noise_right, right_map, shift, room.noise_right, pitch)
        gather(table, noise_left, left_map, shift, room.noise_left, pitch)
    else:
        right, left = words.noise_right, words.noise_left
        short.take(table, noise_right, right_map, shift, room.noise_right, pitch, right)
        short.take(table, noise_left, left_map, shift, room.noise_left, pitch, left)


@njit(borrowing=True)
def halve_both(words, room, pitch, left_count, right_count):
    """The vectors of a block in bfloat16 too, if that is asked for."""
    if words is not None:
        short.halve_rows(room.x, pitch, left_count, words.left)
        short.halve_rows(room.y, pitch, right_count, words.right)


@njit(inline="always")
def _places(base, pitch, count, b, first, noise_right, noise_left):
    """Where the slopes of the left, the right and the noise vectors of a block begin.

    count: rows or pairs of the part, whose slopes begin at `base`; first: of the block.
    """
    noise = 2 * count + b * (noise_right.shape[1] + noise_left.shape[1])
    return (
        base + first * pitch, base + (count + first) * pitch, base + noise * pitch
    )  # fmt: skip


@njit(borrowing=True)
def both_noises(
    length, pitch, room, words, left, right, noise_right, noise_left, noise_weight,
    objective, slopes, left_at, right_at, noise_at, with_loss,
):  # fmt: skip
    """Noise of a block in place of its right ends, then of its left ends.

    left, right: the rows of room.x and room.y; room.mass_left and room.mass_right: theirs.
    noise_right, noise_left: the rows of what `take_noise` took.

    Returns:
        the loss, 0 if not asked for.
    """
    loss, second_at = 0.0, noise_at + len(noise_right) * pitch
    if words is None:
        x = y = to_right = to_left = None
    else:
        x, y = words.left, words.right
        to_right, to_left = words.noise_right, words.noise_left
    for noise, near, far, short_near, short_far, rows, mass, near_at, far_at in (
        (noise_right, room.x, room.noise_right, x, to_right, left, room.mass_left, left_at,
         noise_at),
        (noise_left, room.y, room.noise_left, y, to_left, right, room.mass_right, right_at,
         second_at),
    ):  # fmt: skip
        if len(noise) > 0:
            loss += noise_block(
                near, far, rows, mass, room, words, short_near, short_far, pitch, length,
                noise, noise_weight, objective, slopes, near_at, far_at, with_loss,
            )  # fmt: skip
    return loss


@njit(borrowing=True)
def total(values):
    """The sum in float64."""
    result = 0.0
    for value in values:
        result += value
    return result
