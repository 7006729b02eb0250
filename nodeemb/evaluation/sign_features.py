"""What is known of a pair in a signed graph: counts of its ends, scores of a model.

    log(1 + n),  n = positive and negative links out of and into u, and of v

The link asked about, and its sign, never counts itself.

Source: Leskovec, Huttenlocher, Kleinberg. Predicting positive and negative links in online
social networks. WWW 2010, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.embedding.scoring import channel_scores
from nodeemb.evaluation.scorer import door, score_pairs
from nodeemb.evaluation.split import Split
from nodeemb.graph.graph import Graph

ChannelScores = Callable[[np.ndarray, np.ndarray], np.ndarray]


def known_links(split: Split) -> Graph:
    """The graph without its test links: what may be known when a test link is asked."""
    keep = np.ones(split.graph.num_arcs, bool)
    keep[split.graph.arc_positions(split.test[:, 0], split.test[:, 1])] = False
    return split.graph.keep_arcs(keep)


def degree_counts(known: Graph, rows: np.ndarray, turned: bool = False) -> np.ndarray:
    """(k, 8) log(1 + n) of the links of the two ends that are known, the pair's own apart.

    Args:
        known: a signed directed graph.
        rows: (k, 2) pairs; links of `known` are left out of their own counts.
        turned: the counts as they stand for the pair the other way round, v before u.
            The link left out is still the one from u to v.

    Returns:
        out +, out -, in +, in - of the first end, then of the second.
    """
    assert known.sign is not None
    n, signs = known.num_nodes, (known.sign > 0, known.sign < 0)
    ends = known.sources, known.targets
    counts = np.stack([np.bincount(end[s], minlength=n) for end in ends for s in signs])
    u, v = rows[:, 0], rows[:, 1]
    first, second = counts[:, u].T.astype(float), counts[:, v].T.astype(float)
    arcs = known.arc_positions(u, v)
    there = np.flatnonzero(arcs >= 0)
    negative = (known.sign[arcs[there]] < 0).astype(np.int64)
    first[there, negative] -= 1
    second[there, 2 + negative] -= 1
    both = (second, first) if turned else (first, second)
    return np.log1p(np.hstack(both))


def door_of_channels(model: Any, graph: Graph) -> ChannelScores:
    """The scores of every channel of an Embedding, or the one score of another model.

    Raises:
        WrongUse: a model of another graph, or without a score. See `scorer.door`.
    """
    score = door(model, graph)
    if not isinstance(model, Embedding):
        return lambda u, v: score_pairs(score, np.stack([u, v], 1), "a model")[:, None]

    def channels(sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        args = model.table, model.layout
        columns = [
            channel_scores(*args, name, sources, targets).astype(np.float64)
            for name in model.layout.channels
        ]
        return np.stack(columns, axis=1)

    return channels
