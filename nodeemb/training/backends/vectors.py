"""Arithmetic on vectors and numbers that the fused CPU kernels are made of."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numba.extending import overload

from nodeemb.compiled import njit
from nodeemb.roles.layout import Map

# The only liberties with arithmetic: sums may be reordered and fused, so that they run in
# vectors. Infinities and NaN keep their meaning, and the same program gives the same sums.
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


@overload(sigmoid)
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
def gather(table, rows, side: Map, shift, out):
    """out[i] <- the vector of rows[i] on one side of a channel."""
    for i in range(len(rows)):
        row = rows[i]
        for k in range(len(side.column)):
            a, b, length = side.column[k], side.place[k], side.length[k]
            copy(out[i, b : b + length], table[row, a : a + length], side.sign[k] > 0)
        for k in side.ones:
            out[i, k] = 1.0
        if side.shift >= 0:
            out[i, side.shift] = shift[row]


@njit
def add(out, more):
    for i in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[i, c] += more[i, c]


@njit(fastmath=LOOSE)
def dot(x, i, y, j):
    total = x.dtype.type(0)
    for c in range(x.shape[1]):
        total += x[i, c] * y[j, c]
    return total


@njit(fastmath=LOOSE)
def dots(x, i, y, low, high, out):
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
        out[j - low] = dot(x, i, y, j)
        j += 1


@njit(fastmath=LOOSE)
def combine(out, i, factors, vectors, low, high):
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
