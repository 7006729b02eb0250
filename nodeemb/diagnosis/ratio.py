"""Ratios of sums over nodes, with an interval from drawing nodes again.

A pair of nodes belongs to both, so that a node drawn twice brings its pairs twice from
either side; to first order the sum over pairs then changes by twice the node's own part:

    upper(w) = sum_a (2 w_a - 1) upper_a,    w ~ Multinomial(n; 1/n, ..., 1/n)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.rng import stream_key

_DRAWS = 400


class Ratio(NamedTuple):
    """upper, lower: (n,): each node's part of the two sums."""

    upper: np.ndarray
    lower: np.ndarray


class Estimate(NamedTuple):
    """A share; all nan where what it is of cannot be told from nothing.

    value: the share. low, high: its 95 % interval.
    """

    value: float
    low: float
    high: float


def mean(ratios: list[Ratio]) -> Ratio:
    """The same sums over several deals of the evidence."""
    return Ratio(
        np.mean([ratio.upper for ratio in ratios], axis=0),
        np.mean([ratio.lower for ratio in ratios], axis=0),
    )


def value(ratio: Ratio) -> float:
    """sum of upper / sum of lower; nan where there is nothing to take it of."""
    lower = ratio.lower.sum()
    return float(ratio.upper.sum() / lower) if lower > 0 else float("nan")


def estimate(ratio: Ratio, seed: int) -> Estimate:
    """sum of upper / sum of lower, with its interval.

    Args:
        ratio: parts of the nodes.
        seed: of the nodes drawn.
    """
    key = int(stream_key(seed, "diagnose nodes"))
    draw = np.random.Generator(np.random.Philox(key))
    size = len(ratio.upper)
    parts = np.stack([ratio.upper, ratio.lower], axis=1)
    whole = parts.sum(axis=0)
    drawn = np.empty((_DRAWS, 2))
    for number in range(_DRAWS):
        times = np.bincount(draw.integers(size, size=size), minlength=size)
        drawn[number] = 2 * times @ parts - whole
    if whole[1] <= 0 or np.quantile(drawn[:, 1], 0.025) <= 0:
        return Estimate(float("nan"), float("nan"), float("nan"))
    shares = drawn[:, 0] / np.maximum(drawn[:, 1], 1e-300)
    low, high = np.quantile(shares, [0.025, 0.975])
    return Estimate(float(whole[0] / whole[1]), float(low), float(high))
