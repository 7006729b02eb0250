"""The fused CPU kernels: gather, score, slope, sum; nothing as long as the pairs is kept.

Blocks are shared out among threads; each writes its rows' slopes to places of its own,
and `apply` sums the slopes of a node in the order of the batch. So the result is the same
for any number of threads.
"""

from __future__ import annotations

import math

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.training.backends.blocks import (
    aligned_block,
    band_block,
    count_places,
    noise_block,
)
from nodeemb.training.backends.vectors import accumulate, descend, gather, square


@njit(parallel=True)
def band_part(
    table,
    shift,
    left_map,
    right_map,
    length,
    rows,
    start,
    stop,
    blocks,
    after,
    before,
    limit,
    label,
    noise_right,
    noise_left,
    noise_weight,
    objective,
    slopes,
    base,
    loss_every,
    losses,
    threads,
):
    """Slopes of all blocks of a band part.

    Written to `slopes` (flat) from `base`: R left vectors, R right vectors, then the right
    and the left noise vectors of every block. losses (B, 2) <- loss and positive weight
    of every `loss_every`th block, 0 elsewhere.

    Returns:
        the number of pairs.
    """
    num_blocks, total = len(blocks) - 1, len(rows)
    n_right, n_left = noise_right.shape[1], noise_left.shape[1]
    longest = 0
    for b in range(num_blocks):
        longest = max(longest, blocks[b + 1] - blocks[b])
    pairs = 0
    at_right = base + total * length
    at_noise = at_right + total * length
    for t in prange(threads):
        x = np.empty((longest, length), table.dtype)
        y = np.empty((longest, length), table.dtype)
        z = np.empty((max(n_right, n_left, 1), length), table.dtype)
        mass_left, mass_right = (
            np.empty(longest, table.dtype),
            np.empty(longest, table.dtype),
        )
        size = longest * max(n_right, n_left, 2 * len(after) + 1)
        buffers = (
            np.empty(size, table.dtype),
            np.empty(size, table.dtype),
            np.empty(longest * length, table.dtype),
        )
        counted = 0
        for b in range(t, num_blocks, threads):
            first, last = blocks[b], blocks[b + 1]
            count = last - first
            own = rows[first:last]
            with_loss = loss_every > 0 and b % loss_every == 0
            gather(table, own, left_map, shift, x)
            gather(table, own, right_map, shift, y)
            dx = slopes[base + first * length : base + last * length].reshape(
                count, length
            )
            dy = slopes[at_right + first * length : at_right + last * length].reshape(
                count, length
            )
            loss = band_block(
                x[:count],
                y[:count],
                own,
                start[first:last],
                stop[first:last],
                first,
                after,
                before,
                limit,
                label,
                objective,
                buffers,
                mass_left[:count],
                mass_right[:count],
                dx,
                dy,
                with_loss,
            )
            weight = 0.0
            if with_loss:
                for i in range(count):
                    weight += mass_left[i]
            noise_at = at_noise + b * (n_right + n_left) * length
            if n_right > 0:
                gather(table, noise_right[b], right_map, shift, z)
                dz = slopes[noise_at : noise_at + n_right * length].reshape(
                    n_right, length
                )
                loss += noise_block(
                    x[:count],
                    own,
                    mass_left[:count],
                    z[:n_right],
                    noise_right[b],
                    noise_weight,
                    objective,
                    buffers,
                    dx,
                    dz,
                    with_loss,
                )
            if n_left > 0:
                noise_at += n_right * length
                gather(table, noise_left[b], left_map, shift, z)
                dz = slopes[noise_at : noise_at + n_left * length].reshape(
                    n_left, length
                )
                loss += noise_block(
                    y[:count],
                    own,
                    mass_right[:count],
                    z[:n_left],
                    noise_left[b],
                    noise_weight,
                    objective,
                    buffers,
                    dy,
                    dz,
                    with_loss,
                )
            losses[b, 0] = loss
            losses[b, 1] = weight
            counted += count_places(
                start[first:last], stop[first:last], first, after, before, limit
            )
        pairs += counted
    return pairs


@njit(parallel=True)
def aligned_part(
    table,
    shift,
    left_map,
    right_map,
    length,
    left,
    right,
    weight,
    label,
    blocks,
    noise_right,
    noise_left,
    noise_weight,
    objective,
    slopes,
    base,
    loss_every,
    losses,
    threads,
):
    """Slopes of all blocks of an aligned part; as `band_part`, with P pairs for R rows."""
    num_blocks, total = len(blocks) - 1, len(left)
    n_right, n_left = noise_right.shape[1], noise_left.shape[1]
    longest = 0
    for b in range(num_blocks):
        longest = max(longest, blocks[b + 1] - blocks[b])
    at_right = base + total * length
    at_noise = at_right + total * length
    for t in prange(threads):
        x = np.empty((longest, length), table.dtype)
        y = np.empty((longest, length), table.dtype)
        z = np.empty((max(n_right, n_left, 1), length), table.dtype)
        mass = np.empty(longest, table.dtype)
        size = max(longest * max(n_right, n_left), 1)
        buffers = (
            np.empty(size, table.dtype),
            np.empty(size, table.dtype),
            np.empty(longest * length, table.dtype),
        )
        for b in range(t, num_blocks, threads):
            first, last = blocks[b], blocks[b + 1]
            count = last - first
            own_left, own_right = left[first:last], right[first:last]
            with_loss = loss_every > 0 and b % loss_every == 0
            gather(table, own_left, left_map, shift, x)
            gather(table, own_right, right_map, shift, y)
            dx = slopes[base + first * length : base + last * length].reshape(
                count, length
            )
            dy = slopes[at_right + first * length : at_right + last * length].reshape(
                count, length
            )
            loss = aligned_block(
                x[:count],
                y[:count],
                own_left,
                own_right,
                weight[first:last],
                label[first:last],
                objective,
                mass[:count],
                dx,
                dy,
                with_loss,
            )
            total_weight = 0.0
            if with_loss:
                for i in range(count):
                    if own_left[i] != own_right[i]:
                        total_weight += weight[first + i]
            noise_at = at_noise + b * (n_right + n_left) * length
            if n_right > 0:
                gather(table, noise_right[b], right_map, shift, z)
                dz = slopes[noise_at : noise_at + n_right * length].reshape(
                    n_right, length
                )
                loss += noise_block(
                    x[:count],
                    own_left,
                    mass[:count],
                    z[:n_right],
                    noise_right[b],
                    noise_weight,
                    objective,
                    buffers,
                    dx,
                    dz,
                    with_loss,
                )
            if n_left > 0:
                noise_at += n_right * length
                gather(table, noise_left[b], left_map, shift, z)
                dz = slopes[noise_at : noise_at + n_left * length].reshape(
                    n_left, length
                )
                loss += noise_block(
                    y[:count],
                    own_right,
                    mass[:count],
                    z[:n_left],
                    noise_left[b],
                    noise_weight,
                    objective,
                    buffers,
                    dy,
                    dz,
                    with_loss,
                )
            losses[b, 0] = loss
            losses[b, 1] = total_weight


@njit
def chain(rows, head, following, touched):
    """Links the contributions of each node in batch order.

    rows: (E,) int32 node of each contribution. head: (num_nodes,) int32, all -1, and
    again -1 after `apply`. following: (E,) int32 out. touched: (E,) int32 out.

    Returns:
        the number of nodes touched.
    """
    count = 0
    for e in range(len(rows) - 1, -1, -1):
        row = rows[e]
        if head[row] < 0:
            touched[count] = row
            count += 1
        following[e] = head[row]
        head[row] = e
    return count


@njit(parallel=True)
def apply(
    table,
    squares,
    edges,
    slopes,
    offsets,
    sides,
    seg_ptr,
    seg_column,
    seg_place,
    seg_length,
    seg_sign,
    head,
    following,
    touched,
    optimizer,
    rate,
    threads,
):
    """Sums the slopes of each touched node in batch order and updates it once.

    edges: (roles + 1,) first column of each role and bias. offsets (E,): where a
    contribution begins in `slopes`; sides (E,): which map it goes through; seg_*: the maps'
    segments, side s has seg_ptr[s] .. seg_ptr[s + 1]. optimizer: 0 SGD, 1 row-wise Adagrad.
    """
    one = table.dtype.type
    step = one(rate)
    for t in prange(threads):
        total = np.empty(table.shape[1], table.dtype)
        for k in range(t, len(touched), threads):
            row = touched[k]
            total[:] = 0
            e = head[row]
            head[row] = -1
            while e >= 0:
                at, side = offsets[e], sides[e]
                for s in range(seg_ptr[side], seg_ptr[side + 1]):
                    column, place, length = (
                        seg_column[s],
                        at + seg_place[s],
                        seg_length[s],
                    )
                    accumulate(
                        total[column : column + length],
                        slopes[place : place + length],
                        seg_sign[s] > 0,
                    )
                e = following[e]
            for r in range(len(edges) - 1):
                a, b = edges[r], edges[r + 1]
                if a == b:
                    continue
                factor = step
                if optimizer == 1:
                    squares[row, r] += square(total[a:b]) / one(b - a)
                    factor = step / (math.sqrt(squares[row, r]) + one(1e-10))
                descend(table[row, a:b], total[a:b], one(factor))
