"""How far a column would move with other nodes: draw them anew, and measure again.

A node that is drawn twice counts twice, with all pairs that it is the source of: links, negatives
and hidden events. All models of a split meet the same draws, so that differences between them
are paired.

Source: Efron, Tibshirani. An Introduction to the Bootstrap. 1993, chapter 8 (the unit that is
drawn is the one that stands for itself, not each of its parts).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nodeemb.evaluation.bootstrap import auc_of_clusters, resample
from nodeemb.evaluation.metrics import pair_accuracy
from nodeemb.evaluation.questions import Answers, Unasked
from nodeemb.rng import stream_key

# column -> (questions answered right, questions answered wrong)
RANKED = {"auc": ("links", "uniform"), "auc_reversed": ("links", "reversed")}
_DIGITS = 6


def drawn_nodes(size: int, times: int, seed: int) -> np.ndarray:
    """(times, size) uint16: how often each node is drawn, in draws of as many as there are."""
    counts = np.empty((times, size), np.uint16)
    for number, row in enumerate(counts):
        resample(stream_key(seed, "nodes drawn", number), row)
    return counts


def resampled_ratio(
    above: np.ndarray, below: np.ndarray, counts: np.ndarray
) -> list[float]:
    """Sum of `above` over sum of `below`, each (n,) a number a node, for each draw."""
    return _told((counts @ above) / (counts @ below))


def resampled_columns(
    answers: Answers, columns: Iterable[str], counts: np.ndarray
) -> dict[str, list[float]]:
    """Some columns of a model for each draw; those that cannot be asked are left out."""
    found = {}
    for column in columns:
        try:
            values = _column(answers, column, counts)
        except Unasked:
            continue
        if values is not None and np.isfinite(values).all():
            found[column] = _told(values)
    return found


def _column(answers: Answers, column: str, counts: np.ndarray) -> np.ndarray | None:
    pairs = answers.questions.pairs
    if column == "pair_accuracy":
        right = pair_accuracy(answers.of("one_way"), answers.of("turned"))
        drawn = counts[:, pairs("one_way")[:, 0]].astype(np.float64)
        return drawn @ right / drawn.sum(1)
    if column not in RANKED:
        return None
    links, others = RANKED[column]
    return auc_of_clusters(
        answers.of(links),
        answers.of(others),
        pairs(links)[:, 0],
        pairs(others)[:, 0],
        counts,
    )


def _told(values: Any) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]
