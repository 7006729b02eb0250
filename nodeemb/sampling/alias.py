"""Draw from a discrete law in constant time, for one law or one law a node.

Source: Vose. A linear algorithm for generating random numbers with a given distribution.
IEEE TSE 17(9), 1991. The first uniform number serves both choices: once the column is
chosen from its whole part, the fraction left is uniform again.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.rng import unit


@njit
def _fill(weights, prob, jump, small, large):
    """Vose's tables of one law, written into `prob` and `jump` (places in the law)."""
    n = len(weights)
    total = 0.0
    for i in range(n):
        total += weights[i]
    num_small = num_large = 0
    scaled = np.empty(n)
    for i in range(n):
        scaled[i] = weights[i] * n / total
        jump[i] = i
        if scaled[i] < 1.0:
            small[num_small] = i
            num_small += 1
        else:
            large[num_large] = i
            num_large += 1
    while num_small and num_large:
        num_small -= 1
        less, more = small[num_small], large[num_large - 1]
        prob[less] = scaled[less]
        jump[less] = more
        scaled[more] -= 1.0 - scaled[less]
        if scaled[more] < 1.0:
            num_large -= 1
            small[num_small] = more
            num_small += 1
    for k in range(num_large):
        prob[large[k]] = 1.0
    for k in range(num_small):  # left over by rounding only
        prob[small[k]] = 1.0


@njit
def alias_table(weights):
    """Tables of one law.

    Args:
        weights: (n,) float64, 0 or more, some above 0; n below 2**31.

    Returns:
        prob (n,) float64 and jump (n,) int32.
    """
    n = len(weights)
    prob, jump = np.empty(n), np.empty(n, np.int32)
    _fill(weights, prob, jump, np.empty(n, np.int32), np.empty(n, np.int32))
    return prob, jump


@njit
def alias_rows(pointers, weights):
    """Tables of one law a node, over its arcs.

    Args:
        pointers: (n + 1,) int64 of an adjacency.
        weights: (num_arcs,) above 0, in its order.

    Returns:
        prob (num_arcs,) float32 and jump (num_arcs,) int32: places within the node.
    """
    count = len(weights)
    prob, jump = np.empty(count, np.float32), np.empty(count, np.int32)
    most = 0
    for v in range(len(pointers) - 1):
        most = max(most, pointers[v + 1] - pointers[v])
    small, large = np.empty(most, np.int32), np.empty(most, np.int32)
    for v in range(len(pointers) - 1):
        a, b = pointers[v], pointers[v + 1]
        if b > a:
            _fill(weights[a:b].astype(np.float64), prob[a:b], jump[a:b], small, large)
    return prob, jump


@njit(inline="always")
def draw(prob, jump, u):
    """The place that the uniform number u in [0, 1) chooses."""
    scaled = u * len(prob)
    place = np.int64(scaled)
    if scaled - place >= prob[place]:
        return np.int64(jump[place])
    return place


@njit
def draws(prob, jump, key, first, count):
    """(count,) int32: draws number first .. first + count - 1 of stream `key`."""
    out = np.empty(count, np.int32)
    for i in range(count):
        out[i] = draw(prob, jump, unit(key, first + i))
    return out
