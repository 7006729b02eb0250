"""The fused CPU kernels: gather, score, slope, sum; nothing as long as the pairs is kept.

Blocks are shared out among threads; each writes its rows' slopes to places of its own,
and `apply` sums the slopes of a node in the order of the batch. So the result is the same
for any number of threads.
"""

from __future__ import annotations

import math

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.prefetch import fetch
from nodeemb.training.backends.blocks import (
    aligned_block,
    band_block,
    count_places,
    make_room,
    noise_block,
)
from nodeemb.training.backends.vectors import AHEAD, accumulate, descend, gather, square


@njit(parallel=True)
def band_part(
    table, shift, left_map, right_map, length, pitch,
    rows, start, stop, blocks, after, before, limit, label, left_out,
    noise_right, noise_left, noise_weight, objective,
    slopes, base, loss_every, losses, threads,
):  # fmt: skip
    """Slopes of all blocks of a band part.

    Written to `slopes` from `base`, vectors of `pitch` numbers: R left vectors, R right
    vectors, then the right and the left noise vectors of every block. losses (B, 2) <-
    loss and positive weight of every `loss_every`th block, 0 elsewhere.

    Returns:
        the number of pairs.
    """
    noise = max(noise_right.shape[1], noise_left.shape[1])
    at_right = base + len(rows) * pitch
    at_noise = at_right + len(rows) * pitch
    pairs = 0
    for t in prange(threads):
        room = make_room(longest(blocks), noise, 2 * len(after) + 1, pitch, table)
        counted = 0
        for b in range(t, len(blocks) - 1, threads):
            first, last = blocks[b], blocks[b + 1]
            own = rows[first:last]
            with_loss = loss_every > 0 and b % loss_every == 0
            left_at, right_at = base + first * pitch, at_right + first * pitch
            gather(table, own, left_map, shift, room.x, pitch)
            gather(table, own, right_map, shift, room.y, pitch)
            a = np.searchsorted(left_out[0], first)
            z = np.searchsorted(left_out[0], last)
            loss = band_block(
                room, own, start[first:last], stop[first:last], first,
                after, before, limit, label, left_out[:, a:z], objective,
                pitch, length, slopes, left_at, right_at, with_loss,
            )  # fmt: skip
            losses[b, 1] = total(room.mass_left[: len(own)]) if with_loss else 0.0
            losses[b, 0] = loss + both_noises(
                table, shift, left_map, right_map, length, pitch, room,
                own, room.mass_left, own, room.mass_right,
                noise_right[b], noise_left[b], noise_weight, objective,
                slopes, left_at, right_at, at_noise + b * noise_size(noise_right, noise_left, pitch),
                with_loss,
            )  # fmt: skip
            counted += count_places(
                start[first:last], stop[first:last], first, after, before, limit
            )
        pairs += counted
    return pairs


@njit(parallel=True)
def aligned_part(
    table, shift, left_map, right_map, length, pitch,
    left, right, weight, label, blocks,
    noise_right, noise_left, noise_weight, objective,
    slopes, base, loss_every, losses, threads,
):  # fmt: skip
    """Slopes of all blocks of an aligned part; as `band_part`, with P pairs for R rows."""
    noise = max(noise_right.shape[1], noise_left.shape[1])
    at_right = base + len(left) * pitch
    at_noise = at_right + len(left) * pitch
    for t in prange(threads):
        room = make_room(longest(blocks), noise, 0, pitch, table)
        for b in range(t, len(blocks) - 1, threads):
            first, last = blocks[b], blocks[b + 1]
            own_left, own_right = left[first:last], right[first:last]
            with_loss = loss_every > 0 and b % loss_every == 0
            left_at, right_at = base + first * pitch, at_right + first * pitch
            gather(table, own_left, left_map, shift, room.x, pitch)
            gather(table, own_right, right_map, shift, room.y, pitch)
            loss = aligned_block(
                room, own_left, own_right, weight[first:last], label[first:last],
                objective, pitch, length, slopes, left_at, right_at, with_loss,
            )  # fmt: skip
            losses[b, 1] = 0.0
            if with_loss:
                for i in range(last - first):
                    if own_left[i] != own_right[i]:
                        losses[b, 1] += weight[first + i]
            losses[b, 0] = loss + both_noises(
                table, shift, left_map, right_map, length, pitch, room,
                own_left, room.mass_left, own_right, room.mass_left,
                noise_right[b], noise_left[b], noise_weight, objective,
                slopes, left_at, right_at, at_noise + b * noise_size(noise_right, noise_left, pitch),
                with_loss,
            )  # fmt: skip


@njit
def both_noises(
    table, shift, left_map, right_map, length, pitch, room,
    left, left_mass, right, right_mass,
    noise_right, noise_left, noise_weight, objective,
    slopes, left_at, right_at, noise_at, with_loss,
):  # fmt: skip
    """Noise of a block in place of its right ends, then of its left ends.

    left, right: the rows of room.x and room.y, with their positive weights.

    Returns:
        the loss, 0 if not asked for.
    """
    loss = 0.0
    if len(noise_right) > 0:
        gather(table, noise_right, right_map, shift, room.z, pitch)
        loss += noise_block(
            room.x, left, left_mass, room, pitch, length, noise_right, noise_weight,
            objective, slopes, left_at, noise_at, with_loss,
        )  # fmt: skip
    if len(noise_left) > 0:
        gather(table, noise_left, left_map, shift, room.z, pitch)
        loss += noise_block(
            room.y, right, right_mass, room, pitch, length, noise_left, noise_weight,
            objective, slopes, right_at, noise_at + len(noise_right) * pitch, with_loss,
        )  # fmt: skip
    return loss


@njit
def total(values):
    """The sum in float64."""
    result = 0.0
    for value in values:
        result += value
    return result


@njit
def noise_size(noise_right, noise_left, pitch):
    """Numbers that the noise slopes of one block take."""
    return (noise_right.shape[1] + noise_left.shape[1]) * pitch


@njit
def longest(blocks):
    """Rows of the longest block."""
    most = 1
    for b in range(len(blocks) - 1):
        most = max(most, blocks[b + 1] - blocks[b])
    return most


@njit
def name_slopes(
    left, right, noise_right, noise_left, left_side, base, pitch, rows, sides, offsets
):
    """Which node, which side and which place in `slopes` a part's vectors have.

    left, right (R,): nodes; noise_right, noise_left (blocks, N): theirs. left_side: the
    number of the left side's map, the right side's is its even or odd neighbour. base: the
    place of the part's first vector. rows, sides, offsets (E,) out, in the order in which
    the slopes are written.
    """
    right_side = left_side ^ 1
    count, width = len(left), noise_right.shape[1]
    for e in range(count):
        rows[e], sides[e] = left[e], left_side
        rows[count + e], sides[count + e] = right[e], right_side
    e = 2 * count
    for b in range(len(noise_right)):
        for n in range(width):
            rows[e + n], sides[e + n] = noise_right[b, n], right_side
        e += width
        for n in range(noise_left.shape[1]):
            rows[e + n], sides[e + n] = noise_left[b, n], left_side
        e += noise_left.shape[1]
    for e in range(len(rows)):
        offsets[e] = base + e * pitch


@njit
def group(rows, head, following, touched, order, ends):
    """Brings the contributions of each node together, in batch order.

    rows: (E,) int32 node of each contribution. head: (num_nodes,) int32, all -1 before and
    after. following: (E,) int32, room to work in. touched: (E,) int32 out. order (E,) int32
    out: the contributions, node after node; those of touched[k] end at ends[k] (E,).

    Returns:
        the number of nodes touched.
    """
    count = at = 0
    for e in range(len(rows) - 1, -1, -1):
        row = rows[e]
        if head[row] < 0:
            touched[count] = row
            count += 1
        following[e] = head[row]
        head[row] = e
    for k in range(count):
        e = head[touched[k]]
        head[touched[k]] = -1
        while e >= 0:
            order[at] = e
            at += 1
            e = following[e]
        ends[k] = at
    return count


@njit(parallel=True)
def apply(
    table,
    squares,
    edges,
    slopes,
    offsets,
    sides,
    pitches,
    seg_ptr,
    seg_column,
    seg_place,
    seg_length,
    seg_sign,
    order,
    ends,
    touched,
    optimizer,
    rate,
    floored,
    threads,
):
    """Sums the slopes of each touched node in batch order and updates it once.

    edges: (roles + 1,) first column of each role and bias. offsets (E,): where a
    contribution begins in `slopes`; sides (E,): which map it goes through; pitches: numbers
    of a side's vector; seg_*: the maps' segments, side s has seg_ptr[s] .. seg_ptr[s + 1].
    order, ends, touched: as `group` gives them, of the nodes touched. optimizer: 0 SGD,
    1 row-wise Adagrad. floored: so many first columns are kept at 0 or above.
    """
    one = table.dtype.type
    step = one(rate)
    for t in prange(threads):
        total = np.empty(table.shape[1], table.dtype)
        flat, width = table.reshape(table.size), table.shape[1]
        # contributions shared out evenly, whole nodes each: a popular one has many
        first = np.searchsorted(ends, t * len(order) // threads, "right")
        last = np.searchsorted(ends, (t + 1) * len(order) // threads, "right")
        at = ends[first - 1] if first > 0 else 0
        for k in range(first, last):
            row = touched[k]
            if k + AHEAD < last:
                fetch(flat, touched[k + AHEAD] * width, width)
            total[:] = 0
            for j in range(at, ends[k]):
                if j + AHEAD < len(order):
                    e = order[j + AHEAD]
                    fetch(slopes, offsets[e], pitches[sides[e]])
                base, side = offsets[order[j]], sides[order[j]]
                for s in range(seg_ptr[side], seg_ptr[side + 1]):
                    column, length = seg_column[s], seg_length[s]
                    place = base + seg_place[s]
                    accumulate(
                        total[column : column + length],
                        slopes[place : place + length],
                        seg_sign[s] > 0,
                    )
            at = ends[k]
            for r in range(len(edges) - 1):
                a, b = edges[r], edges[r + 1]
                total_square = square(total[a:b])
                if total_square == 0:
                    continue
                factor = step
                if optimizer == 1:
                    squares[row, r] += total_square / one(b - a)
                    factor = step / (math.sqrt(squares[row, r]) + one(1e-10))
                descend(table[row, a:b], total[a:b], one(factor))
                for c in range(a, min(b, floored)):
                    table[row, c] = max(table[row, c], one(0))
