"""The fused CPU kernels: gather, score, slope, sum; nothing as long as the pairs is kept.

Blocks are shared out among threads; each writes its rows' slopes to places of its own,
and `apply` sums the slopes of a node in the order of the batch. So the result is the same
for any number of threads.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numba.extending import overload

from nodeemb.compiled import njit, prange

# The only liberties with arithmetic: sums may be reordered and fused, so that they run in
# vectors. Infinities and NaN keep their meaning, and the same program gives the same sums.
_LOOSE = {"reassoc", "contract", "nsz"}
_F = np.float32
_CLAMP = _F(30.0)
_LOG2E = _F(1.4426950408889634)
_ROUND = _F(
    12582912.0
)  # 1.5 * 2**23: adding and taking it away rounds to whole numbers
# 2**f = sum (f ln 2)^i / i! for |f| <= 1/2: the term left out is below 2e-7
_E = [_F(math.log(2.0) ** i / math.factorial(i)) for i in range(7)]
_E1, _E2, _E3, _E4, _E5, _E6 = _E[1], _E[2], _E[3], _E[4], _E[5], _E[6]
_ONE = _F(1.0)
_BIAS = np.int32(127)
_MANTISSA = np.int32(23)


def _sigmoid(values, scratch):
    """values <- 1 / (1 + exp(-values)), in place; scratch is as long."""
    raise NotImplementedError


@overload(_sigmoid)
def _sigmoid_by_type(values, scratch):
    if values.dtype == nb.float32:

        def fast(values, scratch):
            # exp(-x) = 2**k * 2**f; 2**k is made in the exponent bits, so that the loop
            # is plain arithmetic and the compiler uses vectors
            power = scratch.view(np.int32)
            for i in range(len(values)):
                x = min(max(values[i], -_CLAMP), _CLAMP) * -_LOG2E
                k = (x + _ROUND) - _ROUND
                f = x - k
                power[i] = (np.int32(k) + _BIAS) << _MANTISSA
                values[i] = _ONE + f * (
                    _E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * (_E5 + f * _E6))))
                )
            for i in range(len(values)):
                values[i] = _ONE / (_ONE + values[i] * scratch[i])

        return fast

    def exact(values, scratch):
        for i in range(len(values)):
            x = values[i]
            if x >= 0:
                values[i] = 1.0 / (1.0 + math.exp(-x))
            else:
                e = math.exp(x)
                values[i] = e / (1.0 + e)

    return exact


@njit(inline="always")
def _value(objective, score, label):
    """The loss of a score (objectives.value)."""
    if objective == 1:
        return 0.5 * (score - label) ** 2
    return max(score, 0.0) + math.log1p(math.exp(-abs(score))) - score * label


# Loops over slices from 0: an index that might be negative would keep the compiler from
# using vectors.


@njit
def _copy(out, more, plus):
    if plus:
        for c in range(len(more)):
            out[c] = more[c]
    else:
        for c in range(len(more)):
            out[c] = -more[c]


@njit
def _accumulate(out, more, plus):
    if plus:
        for c in range(len(more)):
            out[c] += more[c]
    else:
        for c in range(len(more)):
            out[c] -= more[c]


@njit
def _descend(values, slopes, factor):
    for c in range(len(values)):
        values[c] -= factor * slopes[c]


@njit(fastmath=_LOOSE)
def _square(values):
    total = values.dtype.type(0)
    for c in range(len(values)):
        total += values[c] * values[c]
    return total


@njit
def _gather(table, rows, side, shift, out):
    """out[i] <- the vector of rows[i] on one side of a channel."""
    for i in range(len(rows)):
        row = rows[i]
        for k in range(len(side.column)):
            a, b, length = side.column[k], side.place[k], side.length[k]
            _copy(out[i, b : b + length], table[row, a : a + length], side.sign[k] > 0)
        for k in side.ones:
            out[i, k] = 1.0
        if side.shift >= 0:
            out[i, side.shift] = shift[row]


@njit
def _add(out, more):
    for i in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[i, c] += more[i, c]


@njit
def _noise(
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
                        * _value(objective, np.float64(scores[i, n]), 0.0)
                    )
    if objective == 0:
        _sigmoid(scores_flat[:size], scratch[:size])
    for i in range(count):
        factor = scores_flat.dtype.type(weight * mass[i])
        for n in range(noise):
            scores[i, n] = scores[i, n] * factor if rows[i] != far_rows[n] else 0.0
    sums = sums_flat[: count * length].reshape(count, length)
    np.dot(scores, far, sums)
    _add(near_slopes, sums)
    np.dot(scores.T, near, far_slopes)
    return loss


@njit(fastmath=_LOOSE)
def _dot(x, i, y, j):
    total = x.dtype.type(0)
    for c in range(x.shape[1]):
        total += x[i, c] * y[j, c]
    return total


@njit(fastmath=_LOOSE)
def _dots(x, i, y, low, high, out):
    """out[j - low] <- <x[i], y[j]> for low <= j < high, four at a time."""
    zero = x.dtype.type(0)
    j = low
    while j + 4 <= high:
        a, b, c, d = zero, zero, zero, zero
        for k in range(x.shape[1]):
            v = x[i, k]
            a += v * y[j, k]
            b += v * y[j + 1, k]
            c += v * y[j + 2, k]
            d += v * y[j + 3, k]
        out[j - low], out[j - low + 1], out[j - low + 2], out[j - low + 3] = a, b, c, d
        j += 4
    while j < high:
        out[j - low] = _dot(x, i, y, j)
        j += 1


@njit(fastmath=_LOOSE)
def _combine(out, i, factors, vectors, low, high):
    """out[i] <- sum over low <= j < high of factors[j - low] * vectors[j], four at a time."""
    at, j = 0, low
    for k in range(out.shape[1]):
        out[i, k] = 0
    while j + 4 <= high:
        a, b, c, d = factors[at], factors[at + 1], factors[at + 2], factors[at + 3]
        for k in range(out.shape[1]):
            out[i, k] += (a * vectors[j, k] + b * vectors[j + 1, k]) + (
                c * vectors[j + 2, k] + d * vectors[j + 3, k]
            )
        at, j = at + 4, j + 4
    while j < high:
        a = factors[at]
        for k in range(out.shape[1]):
            out[i, k] += a * vectors[j, k]
        at, j = at + 1, j + 1


@njit(fastmath=_LOOSE)
def _weigh(slopes, law, rows, row, label, mass):
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
def _band(
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
        low, high = _reach(i, start, stop, first, limit, behind, ahead)
        _dots(x, i, y, low, high, g[i, low - i + behind :])
        if with_loss:
            for j in range(low, high):
                if rows[i] != rows[j]:
                    w = after[j - i - 1] if j > i else before[i - j - 1]
                    loss += w * _value(
                        objective, np.float64(g[i, j - i + behind]), label
                    )
    if objective == 0:
        _sigmoid(flat[: count * wide], scratch[: count * wide])
    law, column = np.zeros(wide, flat.dtype), scratch[:wide]
    for d in range(1, window + 1):
        if ahead:
            law[behind + d] = after[d - 1]
        if behind:
            law[behind - d] = before[d - 1]
    for i in range(count):
        low, high = _reach(i, start, stop, first, limit, behind, ahead)
        a, b = low - i + behind, high - i + behind
        g[i, :a] = 0
        g[i, b:] = 0
        mass_left[i] = _weigh(
            g[i, a:b],
            law[a:b],
            rows[low:high],
            rows[i],
            one(label),
            mass_right[low:high],
        )
        _combine(dx, i, g[i, a:b], y, low, high)
    for j in range(count):
        low, high = max(0, j - ahead), min(count, j + behind + 1)
        for i in range(low, high):
            column[i - low] = g[i, j - i + behind]
        _combine(dy, j, column, x, low, high)
    return loss


@njit(inline="always")
def _reach(i, start, stop, first, limit, behind, ahead):
    """The range of contexts of place i, itself included; empty where it is no centre."""
    begin = np.int64(start[i]) - first
    low = max(begin, i - behind)
    high = min(np.int64(stop[i]) - first, i + ahead + 1)
    if i - begin >= limit:
        return i, i
    return low, high


@njit
def _aligned(x, y, left, right, weight, label, objective, mass_left, dx, dy, with_loss):
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
        total = _dot(x, k, y, k)
        if with_loss:
            loss += weight[k] * _value(objective, np.float64(total), label[k])
        score[0] = total
        if objective == 0:
            _sigmoid(score, scratch)
        g = one(weight[k]) * (score[0] - one(label[k]))
        for c in range(x.shape[1]):
            dx[k, c] = g * y[k, c]
            dy[k, c] = g * x[k, c]
        if label[k] > 0:
            mass_left[k] = weight[k]
    return loss


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
            _gather(table, own, left_map, shift, x)
            _gather(table, own, right_map, shift, y)
            dx = slopes[base + first * length : base + last * length].reshape(
                count, length
            )
            dy = slopes[at_right + first * length : at_right + last * length].reshape(
                count, length
            )
            loss = _band(
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
                _gather(table, noise_right[b], right_map, shift, z)
                dz = slopes[noise_at : noise_at + n_right * length].reshape(
                    n_right, length
                )
                loss += _noise(
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
                _gather(table, noise_left[b], left_map, shift, z)
                dz = slopes[noise_at : noise_at + n_left * length].reshape(
                    n_left, length
                )
                loss += _noise(
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
            counted += _count_pairs(
                start[first:last], stop[first:last], first, after, before, limit
            )
        pairs += counted
    return pairs


@njit
def _count_pairs(start, stop, first, after, before, limit):
    """Places within the window, equal rows included."""
    ahead = len(after) if after.max() > 0 else 0
    behind = len(before) if before.max() > 0 else 0
    total = 0
    for i in range(len(start)):
        place = i + first - start[i]
        if place < limit:
            total += min(ahead, stop[i] - (i + first) - 1) + min(behind, place)
    return total


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
            _gather(table, own_left, left_map, shift, x)
            _gather(table, own_right, right_map, shift, y)
            dx = slopes[base + first * length : base + last * length].reshape(
                count, length
            )
            dy = slopes[at_right + first * length : at_right + last * length].reshape(
                count, length
            )
            loss = _aligned(
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
                _gather(table, noise_right[b], right_map, shift, z)
                dz = slopes[noise_at : noise_at + n_right * length].reshape(
                    n_right, length
                )
                loss += _noise(
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
                _gather(table, noise_left[b], left_map, shift, z)
                dz = slopes[noise_at : noise_at + n_left * length].reshape(
                    n_left, length
                )
                loss += _noise(
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
                    _accumulate(
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
                    squares[row, r] += _square(total[a:b]) / one(b - a)
                    factor = step / (math.sqrt(squares[row, r]) + one(1e-10))
                _descend(table[row, a:b], total[a:b], one(factor))
