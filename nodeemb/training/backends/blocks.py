"""One block: scores, slopes and loss of its pairs and of its noise.

Nothing as long as the number of pairs leaves a block: slopes of scores live in buffers of a
block's size, and what comes out are slopes of vectors.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.training.backends.vectors import (
    LOOSE,
    add,
    combine,
    dot,
    dots,
    loss_of,
    sigmoid,
)


@njit
def noise_block(
    near,
    rows,
    mass,
    far,
    far_rows,
    weight,
    objective,
    buffers,
    near_slopes,
    far_slopes,
    with_loss,
):
    """Noise `far` against every `near` vector; slopes of both; the loss if asked.

    near (L, d), mass (L,) positive weight of each; far (N, d); near_slopes += (L, d);
    far_slopes <- (N, d).
    """
    count, noise, length = len(rows), len(far_rows), near.shape[1]
    scores_flat, scratch, sums_flat = buffers
    size = count * noise
    scores = scores_flat[:size].reshape(count, noise)
    np.dot(near, far.T, scores)
    loss = 0.0
    if with_loss:
        for i in range(count):
            for n in range(noise):
                if rows[i] != far_rows[n]:
                    loss += (
                        weight
                        * mass[i]
                        * loss_of(objective, np.float64(scores[i, n]), 0.0)
                    )
    if objective == 0:
        sigmoid(scores_flat[:size], scratch[:size])
    for i in range(count):
        factor = scores_flat.dtype.type(weight * mass[i])
        for n in range(noise):
            scores[i, n] = scores[i, n] * factor if rows[i] != far_rows[n] else 0.0
    sums = sums_flat[: count * length].reshape(count, length)
    np.dot(scores, far, sums)
    add(near_slopes, sums)
    np.dot(scores.T, near, far_slopes)
    return loss


@njit(fastmath=LOOSE)
def weigh(slopes, law, rows, row, label, mass):
    """slopes <- weight * (slopes - label), 0 where the rows are equal; mass += weight.

    Returns:
        the sum of the weights.
    """
    total = slopes.dtype.type(0)
    for k in range(len(slopes)):
        w = law[k] if rows[k] != row else slopes.dtype.type(0)
        slopes[k] = w * (slopes[k] - label)
        mass[k] += w
        total += w
    return total


@njit
def band_block(
    x,
    y,
    rows,
    start,
    stop,
    first,
    after,
    before,
    limit,
    label,
    objective,
    buffers,
    mass_left,
    mass_right,
    dx,
    dy,
    with_loss,
):
    """The positive pairs of a block.

    x, y: (L, d) left and right vectors of rows (L,); start, stop count from `first`.
    dx, dy <- their slopes; mass_left, mass_right <- positive weight of each row.

    Slopes are kept by distance, g[i, j - i + behind], in (L, behind + 1 + ahead) numbers.
    """
    count, window = len(rows), len(after)
    ahead = window if after.max() > 0 else 0
    behind = window if before.max() > 0 else 0
    wide = behind + 1 + ahead
    flat, scratch = buffers[0], buffers[1]
    g = flat[: count * wide].reshape(count, wide)
    one = flat.dtype.type
    loss = 0.0
    mass_right[:] = 0
    for i in range(count):
        low, high = reach(i, start, stop, first, limit, behind, ahead)
        dots(x, i, y, low, high, g[i, low - i + behind :])
        if with_loss:
            for j in range(low, high):
                if rows[i] != rows[j]:
                    w = after[j - i - 1] if j > i else before[i - j - 1]
                    loss += w * loss_of(
                        objective, np.float64(g[i, j - i + behind]), label
                    )
    if objective == 0:
        sigmoid(flat[: count * wide], scratch[: count * wide])
    law, column = np.zeros(wide, flat.dtype), scratch[:wide]
    for d in range(1, window + 1):
        if ahead:
            law[behind + d] = after[d - 1]
        if behind:
            law[behind - d] = before[d - 1]
    for i in range(count):
        low, high = reach(i, start, stop, first, limit, behind, ahead)
        a, b = low - i + behind, high - i + behind
        g[i, :a] = 0
        g[i, b:] = 0
        mass_left[i] = weigh(
            g[i, a:b],
            law[a:b],
            rows[low:high],
            rows[i],
            one(label),
            mass_right[low:high],
        )
        combine(dx, i, g[i, a:b], y, low, high)
    for j in range(count):
        low, high = max(0, j - ahead), min(count, j + behind + 1)
        for i in range(low, high):
            column[i - low] = g[i, j - i + behind]
        combine(dy, j, column, x, low, high)
    return loss


@njit(inline="always")
def reach(i, start, stop, first, limit, behind, ahead):
    """The range of contexts of place i, itself included; empty where it is no centre."""
    begin = np.int64(start[i]) - first
    low = max(begin, i - behind)
    high = min(np.int64(stop[i]) - first, i + ahead + 1)
    if i - begin >= limit:
        return i, i
    return low, high


@njit
def aligned_block(
    x, y, left, right, weight, label, objective, mass_left, dx, dy, with_loss
):
    """The pairs of an aligned block; dx, dy <- slopes; mass_left <- weight for noise."""
    loss = 0.0
    one = x.dtype.type
    score = np.zeros(1, x.dtype)
    scratch = np.zeros(1, x.dtype)
    for k in range(len(left)):
        mass_left[k] = 0
        if left[k] == right[k]:
            dx[k, :] = 0
            dy[k, :] = 0
            continue
        total = dot(x, k, y, k)
        if with_loss:
            loss += weight[k] * loss_of(objective, np.float64(total), label[k])
        score[0] = total
        if objective == 0:
            sigmoid(score, scratch)
        g = one(weight[k]) * (score[0] - one(label[k]))
        for c in range(x.shape[1]):
            dx[k, c] = g * y[k, c]
            dy[k, c] = g * x[k, c]
        if label[k] > 0:
            mass_left[k] = weight[k]
    return loss


@njit
def count_places(start, stop, first, after, before, limit):
    """Places within the window, equal rows included."""
    ahead = len(after) if after.max() > 0 else 0
    behind = len(before) if before.max() > 0 else 0
    total = 0
    for i in range(len(start)):
        place = i + first - start[i]
        if place < limit:
            total += min(ahead, stop[i] - (i + first) - 1) + min(behind, place)
    return total
