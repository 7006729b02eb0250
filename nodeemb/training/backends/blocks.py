"""One block: scores, slopes and loss of its pairs and of its noise.

Nothing as long as the number of pairs leaves a block: slopes of scores live in buffers of a
block's size, and what comes out are slopes of vectors. Vectors lie one after the other in
flat arrays, `pitch` numbers each (a whole number of machine vectors, zeros at the end).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.prefetch import zeros_of
from nodeemb.training.backends import short_blocks as short
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.products import TILE
from nodeemb.training.backends.vectors import (
    LOOSE,
    add,
    clear,
    copy,
    dot,
    loss_of,
    sigmoid,
    softplus,
    weigh,
)
from nodeemb.training.backends.whole_blocks import (
    band_pitch,
    band_scores,
    band_slopes,
    noise_scores,
    noise_slopes,
)

_SPREAD = np.uint32(2654435769)  # 2**32 by the golden ratio: Fibonacci hashing


class Room(NamedTuple):
    """What a thread works in, for blocks of up to `longest` rows and `noise` noise rows.

    x, y: the left and right vectors of a block; noise_right, noise_left: those of its noise;
    turned: vectors of a right side, or of noise, with rows and columns exchanged; scores,
    scratch: one number a pair or more; mass_left, mass_right: (longest,) positive weight of
    each row; law: weights of the scores of a row; left, right: (longest,) int32, nodes of x
    and of y in aligned blocks; place_left, place_right: (longest,) int32, which of them a
    pair joins; slots: int32, for finding equal rows; names: int32, the rows of a block, with
    room on both sides, or of its noise.
    """

    x: np.ndarray
    y: np.ndarray
    noise_right: np.ndarray
    noise_left: np.ndarray
    turned: np.ndarray
    scores: np.ndarray
    scratch: np.ndarray
    mass_left: np.ndarray
    mass_right: np.ndarray
    law: np.ndarray
    left: np.ndarray
    right: np.ndarray
    place_left: np.ndarray
    place_right: np.ndarray
    slots: np.ndarray
    names: np.ndarray


@njit
def make_room(longest, noise, wide, pitch, like):
    """A Room for blocks of `longest` rows, with bands of `wide` contexts, of `like`'s type."""
    size = like.itemsize
    rows, others = padded(longest, size), padded(noise, size)
    band = longest * band_pitch(wide, size) + padded(TILE - 1, size)
    scores = max(longest * others, band)
    slots = 4
    while slots < 2 * longest:
        slots *= 2
    return Room(
        zeros_of(rows * pitch, like),
        zeros_of(rows * pitch, like),
        zeros_of(others * pitch, like),
        zeros_of(others * pitch, like),
        zeros_of(max(rows + padded(1, size), others) * pitch, like),
        zeros_of(scores, like),
        zeros_of(max(scores, padded(1, size) * others), like),
        np.zeros(longest, like.dtype),
        np.zeros(longest, like.dtype),
        np.zeros(max(others, padded(wide, size)), like.dtype),
        np.zeros(longest, np.int32),
        np.zeros(longest, np.int32),
        np.zeros(longest, np.int32),
        np.zeros(longest, np.int32),
        np.zeros(slots, np.int32),
        np.zeros(others + longest + 2 * band_pitch(wide, size), np.int32),
    )


@njit(borrowing=True)
def noise_block(
    near, far, rows, mass, room, words, near_words, far_words, pitch, length, far_rows,
    weight, objective, slopes, near_at, far_at, with_loss,
):  # fmt: skip
    """Noise against every `near` vector; slopes of both; the loss if asked.

    near: L vectors of `rows` (L,), mass (L,) positive weight of each; far: N of far_rows
    (N,). words, near_words, far_words: None for float32; for bfloat16 what stands in the
    place of room, near and far, which then need not hold vectors.
    slopes[near_at:] += L vectors; slopes[far_at:] <- N vectors.
    """
    count, noise = len(rows), len(far_rows)
    wide = padded(noise, near.itemsize)
    flat = room.scores[: count * wide]
    if words is None:
        noise_scores(flat, near, far, room, pitch, length, count, noise)
    else:
        short.noise_scores(
            flat, words, near_words, far_words, pitch, length, count, noise
        )
    loss = 0.0
    if with_loss:
        losses = room.scratch[: count * wide]
        if objective == 0:
            softplus(flat, losses)
        else:
            square(flat, losses)
        for i in range(count):
            own = losses[i * wide : i * wide + noise]
            loss += weight * mass[i] * apart(own, rows[i], far_rows)
    squash = squashed_by_weigh(objective, flat)
    law, names, one = room.law[:wide], room.names, near.dtype.type
    law[:] = 1
    write(names, 0, far_rows)
    for i in range(count):
        weigh(
            flat, i * wide, law, one(weight * mass[i]), names, 0, rows[i], one(0), 0, noise,
            wide, squash,
        )  # fmt: skip
    if words is None:
        noise_slopes(
            flat, near, far, room, pitch, length, count, noise, slopes, near_at, far_at
        )
    else:
        short.noise_slopes(
            flat,
            words,
            near_words,
            far_words,
            pitch,
            length,
            count,
            noise,
            slopes,
            near_at,
            far_at,
        )
    return loss


@njit(borrowing=True)
def write(out, at, values):
    """out[at:] <- values; numba would copy them first, in case they lie in out."""
    for k in range(len(values)):
        out[at + k] = values[k]


@njit(borrowing=True)
def squashed_by_weigh(objective, scores):
    """Is `weigh` to take the sigmoid of scores; where it cannot, that is done here."""
    if objective == 0 and scores.itemsize != 4:
        sigmoid(scores)
    return objective == 0 and scores.itemsize == 4


@njit(borrowing=True)
def square(scores, out):
    """out <- the squared loss of scores with label 0."""
    for k in range(len(scores)):
        out[k] = scores[k] * scores[k] / 2


@njit(fastmath=LOOSE, borrowing=True)
def apart(values, row, rows):
    """The sum of the values whose row is another."""
    total = values.dtype.type(0)
    for n in range(len(values)):
        total += values[n] if rows[n] != row else values.dtype.type(0)
    return total


@njit(borrowing=True)
def band_block(
    room, words, rows, start, stop, first, after, before, limit, label, left_out, objective,
    pitch, length, slopes, left_at, right_at, with_loss, both,
):  # fmt: skip
    """The positive pairs of a block of rows (L,), whose vectors are in room.x and room.y,
    or in `words`.

    words: the vectors, and room for slopes, in bfloat16; None for float32. start, stop
    and the pairs left out count from `first`. slopes[left_at:] and slopes[right_at:] <- L vectors each; room.mass_left, and room.mass_right if `both`, <-
    positive weight of each row.

    Scores, and then their slopes, are kept by distance: see `whole_blocks`.

    Returns:
        the loss, 0 if not asked for, and the number of pairs, equal rows included.
    """
    count, window = len(rows), len(after)
    ahead, behind = far(after), far(before)
    wide = behind + 1 + ahead
    flat = room.scores
    jump, one = band_pitch(wide, flat.itemsize), flat.dtype.type
    zero = TILE - 1 + behind  # the place of i and i is i * jump + zero
    mass_left, mass_right = room.mass_left[:count], room.mass_right[:count]
    if words is None:
        band_scores(room, pitch, length, count, behind, ahead)
    else:
        short.band_scores(flat, words, pitch, length, count, behind, ahead)
    loss = 0.0
    if with_loss:
        for i in range(count):
            low, high = reach(i, start, stop, first, limit, behind, ahead)
            for j in range(low, high):
                if rows[i] != rows[j]:
                    w = after[j - i - 1] if j > i else before[i - j - 1]
                    score = np.float64(flat[i * jump + zero + j - i])
                    loss += w * loss_of(objective, score, label)
        for k in range(left_out.shape[1]):
            i, j = left_out[0, k] - first, left_out[1, k] - first
            if rows[i] != rows[j]:
                w = after[j - i - 1] if j > i else before[i - j - 1]
                score = np.float64(flat[i * jump + zero + j - i])
                loss -= w * loss_of(objective, score, label)
    own = padded(wide, flat.itemsize)
    squash = squashed_by_weigh(objective, flat[: count * jump])
    law = room.law[:own]
    law[:] = 0
    for d in range(1, window + 1):
        if ahead:
            law[behind + d] = after[d - 1]
        if behind:
            law[behind - d] = before[d - 1]
    names, pairs = room.names, 0
    write(names, behind, rows)
    clear(flat, 0, TILE - 1)
    for i in range(count):
        low, high = reach(i, start, stop, first, limit, behind, ahead)
        pairs += max(0, high - low - 1)
        begin = i * jump + TILE - 1
        mass_left[i] = weigh(
            flat, begin, law, one(1), names, i, rows[i], one(label), behind + low - i,
            behind + high - i, own, squash,
        )  # fmt: skip
        clear(flat, begin + own, jump - own)
    if both:
        for j in range(count):
            mass_right[j] = column_mass(
                j, rows, start, stop, first, limit, behind, ahead, law
            )
    for k in range(left_out.shape[1]):
        i, j = left_out[0, k] - first, left_out[1, k] - first
        flat[i * jump + zero + j - i] = 0
    if words is None:
        band_slopes(
            room, pitch, length, count, behind, ahead, slopes, left_at, right_at
        )
    else:
        short.band_slopes(
            flat, words, pitch, length, count, behind, ahead,
            slopes, left_at, right_at,
        )  # fmt: skip
    return loss, pairs


@njit(borrowing=True)
def far(weights):
    """How far one side of a window reaches: not at all where no weight is above 0."""
    for weight in weights:
        if weight > 0:
            return len(weights)
    return 0


@njit(fastmath=LOOSE, borrowing=True)
def column_mass(j, rows, start, stop, first, limit, behind, ahead, law):
    """The weight of all pairs of a band whose right row stands at place j."""
    begin = np.int64(start[j]) - first
    low = max(begin, j - ahead)
    high = min(np.int64(stop[j]) - first, j + behind + 1, begin + limit)
    total = law.dtype.type(0)
    for i in range(low, high):
        total += law[behind + j - i] if rows[i] != rows[j] else law.dtype.type(0)
    return total


@njit(inline="always")
def reach(i, start, stop, first, limit, behind, ahead):
    """The range of contexts of place i, itself included; empty where it is no centre."""
    begin = np.int64(start[i]) - first
    low = max(begin, i - behind)
    high = min(np.int64(stop[i]) - first, i + ahead + 1)
    if i - begin >= limit:
        return i, i
    return low, high


@njit(borrowing=True)
def merge(rows, slots, merged, places):
    """Equal rows become one: merged[places[k]] is rows[k].

    rows (P,) nodes; merged (P or more,) out, in order of first appearance; places (P,) out;
    slots: room to work in, a power of two of at least 2 P numbers.

    Returns:
        how many there are.
    """
    slots[:] = 0
    last = np.uint32(len(slots) - 1)
    count = 0
    for k in range(len(rows)):
        spread = np.uint32(np.uint32(rows[k]) * _SPREAD)
        slot = (spread >> np.uint32(16)) & last
        while slots[slot] > 0 and merged[slots[slot] - 1] != rows[k]:
            slot = (slot + np.uint32(1)) & last
        if slots[slot] == 0:
            merged[count] = rows[k]
            count += 1
            slots[slot] = count
        places[k] = slots[slot] - 1
    return count


@njit(borrowing=True)
def aligned_block(
    room, left, right, weight, label, objective, pitch,
    slopes, left_at, left_count, right_at, right_count, with_loss,
):  # fmt: skip
    """The pairs of an aligned block, between vectors of room.x and room.y.

    left, right (P,): rows; room.place_left, room.place_right: which vectors they have.
    slopes[left_at:], slopes[right_at:] <- a vector for each in room.x and in room.y;
    room.mass_left, room.mass_right <- their positive weights.

    Returns:
        the loss, and the sum of the weights; 0 if not asked for.
    """
    count = len(left)
    scores, one = room.scores[:count], slopes.dtype.type
    i_of, j_of = room.place_left, room.place_right
    for k in range(count):
        scores[k] = dot(room.x, i_of[k] * pitch, room.y, j_of[k] * pitch, pitch)
    loss = total = 0.0
    if with_loss:
        for k in range(count):
            if left[k] != right[k]:
                value = loss_of(objective, np.float64(scores[k]), label[k])
                loss, total = loss + weight[k] * value, total + weight[k]
    if objective == 0:
        sigmoid(scores)
    room.mass_left[:left_count] = 0
    room.mass_right[:right_count] = 0
    some_left = some_right = 0
    for k in range(count):
        i, j = i_of[k], j_of[k]
        slope = one(0)
        if left[k] != right[k]:
            slope = one(weight[k]) * (scores[k] - one(label[k]))
            if label[k] > 0:
                room.mass_left[i] += weight[k]
                room.mass_right[j] += weight[k]
        # vectors are numbered by first appearance: what is new is written, not added to
        x, y = i * pitch, j * pitch
        if i == some_left:
            copy(slopes, left_at + x, slope, room.y, y, pitch)
            some_left += 1
        else:
            add(slopes, left_at + x, slope, room.y, y, pitch)
        if j == some_right:
            copy(slopes, right_at + y, slope, room.x, x, pitch)
            some_right += 1
        else:
            add(slopes, right_at + y, slope, room.x, x, pitch)
    return loss, total


@njit
def count_places(start, stop, first, after, before, limit):
    """Places within the window, equal rows included."""
    ahead, behind = far(after), far(before)
    total = 0
    for i in range(len(start)):
        place = i + first - start[i]
        if place < limit:
            total += min(ahead, stop[i] - (i + first) - 1) + min(behind, place)
    return total
