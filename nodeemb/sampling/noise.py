"""Noise nodes: the law they are drawn from, and the draws a block shares."""

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


def noise_law(degree: np.ndarray, power: float) -> NoiseLaw:
    """Nodes in proportion to degree ** power; 0 ** 0 is 1: power 0 is every node alike.

    Args:
        degree: (n,) float64, the degree on the side that noise replaces.
        power: 0 to 2. Above 0 a node of degree 0 is never drawn.
    """
    weights = np.power(degree, power)
    q = weights / weights.sum()
    return NoiseLaw(q, *alias_table(q))


def draw_noise(
    law: NoiseLaw, key: np.uint64, first_block: int, blocks: int, shared: int
) -> np.ndarray:
    """(blocks, shared) int32: noise rows of the blocks numbered from `first_block`."""
    flat = draws(law.prob, law.jump, key, first_block * shared, blocks * shared)
    return flat.reshape(blocks, shared)
