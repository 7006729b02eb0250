"""Noise nodes: the law they are drawn from, and the draws a block shares.

    q(v) = (1 - uniform) degree(v)^power / Z  +  uniform / n

The law is one, whatever it is mixed from: exact, and drawn from one alias table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.sampling.alias import alias_table, draws


class NoiseLaw(NamedTuple):
    """A law over nodes.

    q: (n,) float64 probabilities; prob, jump: its alias tables.
    """

    q: np.ndarray
    prob: np.ndarray
    jump: np.ndarray


def noise_law(degree: np.ndarray, power: float, uniform: float = 0.0) -> NoiseLaw:
    """Nodes in proportion to degree ** power, mixed with every node alike.

    0 ** 0 is 1: power 0 is every node alike too.

    Args:
        degree: (n,) float64, the degree on the side that noise replaces.
        power: 0 to 2. Above 0 a node of degree 0 is never drawn by its degree.
        uniform: share of the draws that are any node alike.
    """
    weights = np.power(degree, power)
    q = weights / weights.sum()
    if uniform:
        q = (1 - uniform) * q + uniform / len(q)
    return NoiseLaw(q, *alias_table(q))


def draw_noise(
    law: NoiseLaw, key: np.uint64, first_block: int, blocks: int, shared: int
) -> np.ndarray:
    """(blocks, shared) int32: noise rows of the blocks numbered from `first_block`."""
    flat = draws(law.prob, law.jump, key, first_block * shared, blocks * shared)
    return flat.reshape(blocks, shared)
