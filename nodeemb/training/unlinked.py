"""Pairs without a link, as pairs of their own kind: what "no feedback" looks like.

    every pair (u, v) brings `per_pair` pairs (u, w) or (w, v), none of them an edge,
    with its weight; they are of the kind "none"

A channel trains them with the label that it has for "none", so that a channel of positive
and a channel of negative links see the same pairs. Noise of a channel, in contrast, goes
with the channel's own positive pairs and keeps what happens to be an edge.

Source: Xu, Hu, Wu, Du. Link prediction with signed latent factors in signed social
networks. KDD 2019, section 4 (null pairs; the published code's check that they are no
edges never rejects one).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.graph.graph import Adjacency
from nodeemb.rng import unit
from nodeemb.sampling.alias import draw
from nodeemb.sampling.noise import NoiseLaw
from nodeemb.sampling.sequences import Pairs
from nodeemb.training.reversed import is_edge

TRIES = 16  # draws of a node before a pair is given up; its weight is then 0
_SIDES = {"target": 0, "source": 1, "both": 2}


class Unlinked(NamedTuple):
    """How pairs without a link are drawn.

    per_pair: for every pair, at least 1.
    side: which end is replaced: "target", "source" or "both", turn and turn about.
    left, right: laws of the nodes that replace the two ends.
    """

    per_pair: int
    side: str
    left: NoiseLaw
    right: NoiseLaw


def with_unlinked(
    pairs: Pairs, how: Unlinked, out: Adjacency, key: np.uint64, code: int
) -> Pairs:
    """The pairs, and behind them those without a link that they bring.

    Args:
        pairs: as drawn.
        how: the law of what is added.
        out: the edges of the training graph, by source.
        key: of the draws.
        code: kind of the pairs added.
    """
    added = _draw(
        pairs.left, pairs.right, pairs.weight, how.per_pair, _SIDES[how.side],
        *how.left[1:], *how.right[1:], out.pointers, out.neighbours, key,
    )  # fmt: skip
    kind = np.full(len(added[0]), code, np.int8)
    columns = zip(pairs, (*added, kind), strict=True)
    return Pairs(*(np.concatenate(both) for both in columns))


@njit
def _draw(
    left: np.ndarray, right: np.ndarray, weight: np.ndarray, per_pair: int, side: int,
    left_prob: np.ndarray, left_jump: np.ndarray,
    right_prob: np.ndarray, right_jump: np.ndarray,
    pointers: np.ndarray, neighbours: np.ndarray, key: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    count = len(left) * per_pair
    sources, targets = np.empty(count, np.int32), np.empty(count, np.int32)
    weights = np.zeros(count, np.float32)
    for at in range(count):
        i = at // per_pair
        source, target = left[i], right[i]
        replaced = side if side < 2 else at % 2
        for turn in range(TRIES):
            u = unit(key, at * TRIES + turn)
            if replaced == 0:
                target = np.int32(draw(right_prob, right_jump, u))
            else:
                source = np.int32(draw(left_prob, left_jump, u))
            if source != target and not is_edge(pointers, neighbours, source, target):
                weights[at] = weight[i]
                break
        sources[at], targets[at] = source, target
    return sources, targets, weights
