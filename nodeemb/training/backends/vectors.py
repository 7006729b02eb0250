"""Arithmetic on vectors and numbers that the fused CPU kernels are made of."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numba.extending import overload

from nodeemb.compiled import njit
from nodeemb.prefetch import fetch
from nodeemb.roles.layout import Map

# The only liberties with arithmetic: sums may be reordered and fused, so that they run in
# vectors. Infinities and NaN keep their meaning, and the same program gives the same sums.
AHEAD = 8
LOOSE = {"reassoc", "contract", "nsz"}
_F = np.float32
_CLAMP = _F(30.0)
_LOG2E = _F(1.4426950408889634)
# 1.5 * 2**23: adding it and taking it away rounds to whole numbers
_ROUND = _F(12582912.0)
# 2**f = sum (f ln 2)^i / i! for |f| <= 1/2: the term left out is below 2e-7
_E = [_F(math.log(2.0) ** i / math.factorial(i)) for i in range(7)]
_E1, _E2, _E3, _E4, _E5, _E6 = _E[1], _E[2], _E[3], _E[4], _E[5], _E[6]
_ONE = _F(1.0)
_BIAS = np.int32(127)
_MANTISSA = np.int32(23)


def sigmoid(values, scratch):
    """values <- 1 / (1 + exp(-values)), in place; scratch is as long."""
    raise NotImplementedError


# numpy's division needs no look at each divisor, which would keep the loop from vectors
@overload(sigmoid, jit_options={"error_model": "numpy"})
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
def loss_of(objective, score, label):
    """The loss of a score (objectives.value)."""
    if objective == 1:
        return 0.5 * (score - label) ** 2
    return max(score, 0.0) + math.log1p(math.exp(-abs(score))) - score * label


# Loops over slices from 0: an index that might be negative would keep the compiler from
# using vectors.


@njit
def copy(out, more, plus):
    if plus:
        for c in range(len(more)):
            out[c] = more[c]
    else:
        for c in range(len(more)):
            out[c] = -more[c]


@njit
def accumulate(out, more, plus):
    if plus:
        for c in range(len(more)):
            out[c] += more[c]
    else:
        for c in range(len(more)):
            out[c] -= more[c]


@njit
def descend(values, slopes, factor):
    for c in range(len(values)):
        values[c] -= factor * slopes[c]


@njit(fastmath=LOOSE)
def square(values):
    total = values.dtype.type(0)
    for c in range(len(values)):
        total += values[c] * values[c]
    return total


@njit
def gather(table, rows, side: Map, shift, out, pitch):
    """out[i * pitch :] <- the vector of rows[i] on one side of a channel."""
    flat, width = table.reshape(table.size), table.shape[1]
    for i in range(len(rows)):
        row, at = rows[i], i * pitch
        if i + AHEAD < len(rows):
            for k in range(len(side.column)):
                fetch(flat, rows[i + AHEAD] * width + side.column[k], side.length[k])
        for k in range(len(side.column)):
            a, b, length = side.column[k], at + side.place[k], side.length[k]
            copy(out[b : b + length], table[row, a : a + length], side.sign[k] > 0)
        for k in side.ones:
            out[at + k] = 1.0
        if side.shift >= 0:
            out[at + side.shift] = shift[row]


@njit(fastmath=LOOSE)
def dot(x, y):
    total = x.dtype.type(0)
    for c in range(len(x)):
        total += x[c] * y[c]
    return total
