"""Stencils: which pairs of a sequence train, and with what weight.

A window is two arrays of weights by distance, after and before the centre; it is never
expanded into pairs. The stencil of first nodes and the stencil of edges give aligned pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.sampling.options import FirstStencil, WindowStencil
from nodeemb.sampling.sequences import Pairs, Sequences


class Window(NamedTuple):
    """A band of contexts around each centre.

    after, before: (window,) float64: weight of the context at distance d + 1.
    limit: only the first `limit` places of a sequence are centres.
    """

    after: np.ndarray
    before: np.ndarray
    limit: int


def distance_weights(kind: str, window: int, stop_probability: float) -> np.ndarray:
    """(window,) float64: the weight at distances 1 .. window.

    flat: 1. linear: (w - d + 1) / w, the mean of word2vec's randomly shortened window.
    inverse: 1 / d (GloVe). geometric: a (1 - a)^(d - 1) and at d = w all that is left,
    (1 - a)^(w - 1): the law of the last node of a walk of at least one step that stops
    with probability a after each step and at the latest after w (APP).
    """
    d = np.arange(1, window + 1, dtype=np.float64)
    if kind == "flat":
        return np.ones(window)
    if kind == "linear":
        return (window - d + 1) / window
    if kind == "inverse":
        return 1 / d
    weights = stop_probability * (1 - stop_probability) ** (d - 1)
    weights[-1] = (1 - stop_probability) ** (window - 1)
    return weights


def make_window(options: WindowStencil, longest: int) -> Window:
    """The band of a window stencil for sequences of up to `longest` nodes."""
    weights = distance_weights(
        options.weights, options.window, options.stop_probability
    )
    none = np.zeros(options.window)
    limit = longest
    if options.centres == "whole_horizon":
        limit = longest - options.window
    return Window(
        after=none if options.sides == "before" else weights,
        before=none if options.sides == "after" else weights,
        limit=limit,
    )


def first_pairs(
    sequences: Sequences,
    options: FirstStencil,
    alternating: bool,
    signs: np.ndarray | None = None,
) -> Pairs:
    """The first node of each sequence with its later nodes.

    In alternating walks the contexts are the nodes of the other side (places 1, 3, 5 ...),
    and the node on the source side is always left.

    Args:
        sequences: walks.
        options: the weights.
        alternating: whether sides change at every step.
        signs: (count, longest) int8 codes of each node as seen from the first, which
            become the kinds of the pairs; None: all of kind 0.
    """
    longest = sequences.rows.shape[1]
    contexts = longest // 2 if alternating else longest - 1
    weights = distance_weights(options.weights, contexts, options.stop_probability)
    stride = 2 if alternating else 1
    left, right, weight = _first_pairs(*sequences, weights.astype(np.float32), stride)
    kind = np.zeros(len(left), np.int8)
    if signs is not None:
        places = np.arange(longest)
        used = (places > 0) & ((places - 1) % stride == 0)
        kind = signs[used & (places < sequences.lengths[:, None])]
    return Pairs(left, right, weight, kind)


@njit
def _first_pairs(rows, lengths, sides, weights, stride):
    total = 0
    for i in range(len(lengths)):
        total += lengths[i] // 2 if stride == 2 else lengths[i] - 1
    left, right = np.empty(total, np.int32), np.empty(total, np.int32)
    weight = np.empty(total, np.float32)
    at = 0
    for i in range(len(lengths)):
        for k in range(1, lengths[i], stride):
            a, b = rows[i, 0], rows[i, k]
            left[at], right[at] = (a, b) if sides[i] == 0 else (b, a)
            weight[at] = weights[(k - 1) // stride]
            at += 1
    return left, right, weight
