"""How well scores tell links from other pairs: AUC, AP, MRR, Hits@K, pair accuracy.

| metric | in words | ties |
|---|---|---|
| auc | how often a link scores above a negative | count one half |
| ap | mean precision over the ranks of the links | one rank for all that are equal |
| mrr | mean of 1 / rank of a link among all negatives | mean of best and worst rank |
| hits@K | share of links strictly above the K-th best negative | not above |
| pair_accuracy | how often s(u, v) > s(v, u) for a one-way link | count one half |
| spearman | how far scores and given values have the same order | mean rank |

AUC and AP are scikit-learn's. Hits@K is that of the OGB collab task and MRR averages
optimistic and pessimistic rank (Hu et al. Open Graph Benchmark. NeurIPS 2020).
Intervals are 95 % percentile intervals over resampled links and negatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nodeemb.errors import DataRefused
from nodeemb.rng import stream_key


class Measured(NamedTuple):
    """A value and its 95 % interval (the value itself where none was asked for)."""

    value: float
    low: float
    high: float


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve of (p,) scores of links and (q,) of negatives."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(*_labelled(positive, negative)))


def average_precision(positive: np.ndarray, negative: np.ndarray) -> float:
    """Average precision of (p,) scores of links and (q,) of negatives."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(*_labelled(positive, negative)))


def mean_reciprocal_rank(positive: np.ndarray, negative: np.ndarray) -> float:
    """Mean of 1 / rank of each of (p,) links among all (q,) negatives."""
    ordered = np.sort(_finite(negative))
    positive = _finite(positive)
    best = len(ordered) - np.searchsorted(ordered, positive, side="right")
    worst = len(ordered) - np.searchsorted(ordered, positive, side="left")
    return float(np.mean(1 / (1 + (best + worst) / 2)))


def hits(positive: np.ndarray, negative: np.ndarray, k: int) -> float:
    """Share of (p,) links above the k-th best of (q,) negatives; 1 if q < k."""
    negative = _finite(negative)
    if len(negative) < k:
        return 1.0
    bar = np.partition(negative, len(negative) - k)[len(negative) - k]
    return float(np.mean(_finite(positive) > bar))


def pair_accuracy(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """(k,) 1, 1/2 or 0: does each link score above its own reverse; ties one half."""
    forward, backward = _finite(forward), _finite(backward)
    return (1 + np.sign(forward - backward)) / 2


def metric_names(hits_at: Sequence[int]) -> list[str]:
    """The metrics of `measure`, in its order."""
    return ["auc", "ap", "mrr", *(f"hits@{k}" for k in hits_at)]


def measure(
    positive: np.ndarray,
    negative: np.ndarray,
    *,
    hits_at: Sequence[int] = (20, 50, 100),
    replicates: int = 100,
    seed: int = 0,
) -> dict[str, Measured]:
    """All ranking metrics with intervals.

    Args:
        positive: (p,) scores of links.
        negative: (q,) scores of negatives.
        hits_at: the K of Hits@K.
        replicates: resamples for the intervals; 0 for none.
        seed: of the resampling. Link i is drawn alike for every scorer, so that
            differences between scorers are not blurred by the draws.

    Raises:
        DataRefused: no positive or no negative, or scores that are not finite.
    """
    values = [
        auc(positive, negative),
        average_precision(positive, negative),
        mean_reciprocal_rank(positive, negative),
        *(hits(positive, negative, k) for k in hits_at),
    ]
    names = metric_names(hits_at)
    if not replicates:
        return {n: Measured(v, v, v) for n, v in zip(names, values, strict=True)}
    from nodeemb.evaluation.bootstrap import resampled_ranking

    spread = resampled_ranking(
        positive,
        negative,
        np.asarray(hits_at, np.int64),
        replicates,
        stream_key(seed, "bootstrap"),
    )
    bounds = np.percentile(spread, [2.5, 97.5], axis=0).T
    return {
        name: Measured(value, float(low), float(high))
        for name, value, (low, high) in zip(names, values, bounds, strict=True)
    }


def measure_mean(
    values: np.ndarray, *, replicates: int = 100, seed: int = 0
) -> Measured:
    """The mean of (k,) values with its interval over resampled values."""
    value = float(np.mean(values))
    if not replicates:
        return Measured(value, value, value)
    from nodeemb.evaluation.bootstrap import resampled_means

    spread = resampled_means(values, replicates, stream_key(seed, "bootstrap"))
    low, high = np.percentile(spread, [2.5, 97.5])
    return Measured(value, float(low), float(high))


def measure_spearman(
    values: np.ndarray, scores: np.ndarray, *, replicates: int = 100, seed: int = 0
) -> Measured:
    """Spearman's rank correlation with its interval over resampled pairs.

    Ties have their mean rank, as in scipy. Resamples with one rank only are left out of
    the interval.

    Args:
        values, scores: (k,) finite numbers, k at least 2, neither all equal.

    Raises:
        DataRefused: numbers that are not finite, or all equal.
    """
    from scipy.stats import spearmanr

    values, scores = _finite(values), _finite(scores)
    if not np.ptp(values) or not np.ptp(scores):
        raise DataRefused("all numbers to correlate are equal: they have no order")
    value = float(spearmanr(values, scores).statistic)
    if not replicates:
        return Measured(value, value, value)
    from nodeemb.evaluation.bootstrap import resampled_spearman

    spread = resampled_spearman(
        values, scores, replicates, stream_key(seed, "bootstrap")
    )
    low, high = np.nanpercentile(spread, [2.5, 97.5])
    return Measured(value, float(low), float(high))


def _labelled(
    positive: np.ndarray, negative: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    scores = np.concatenate([_finite(positive), _finite(negative)])
    labels = np.zeros(len(scores), bool)
    labels[: len(positive)] = True
    return labels, scores


def _finite(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if not len(scores):
        raise DataRefused("there are no scores to rank", allowed="At least one a side")
    bad = int((~np.isfinite(scores)).sum())
    if bad:
        raise DataRefused(f"{bad:,} of {len(scores):,} scores are not finite numbers")
    return scores
