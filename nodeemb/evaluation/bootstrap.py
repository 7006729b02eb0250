"""How much a measured number would move with other links: resample and measure again.

Links and negatives are resampled apart, with replacement, as counts over scores that
are sorted once; every metric of a resample is then one pass from the best score down.

Source: Efron, Tibshirani. An Introduction to the Bootstrap. 1993, chapter 13.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.rng import bits, stream_key

_S32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def resampled_ranking(
    positive: np.ndarray,
    negative: np.ndarray,
    hits_at: np.ndarray,
    replicates: int,
    key: np.uint64,
) -> np.ndarray:
    """(replicates, 3 + len(hits_at)): AUC, AP, MRR and Hits@K of each resample.

    Args:
        positive: (p,) finite scores of links.
        negative: (q,) finite scores of negatives.
        hits_at: (h,) int64, the K of Hits@K.
        replicates: how many resamples.
        key: of the draws.
    """
    scores = np.concatenate([positive, negative]).astype(np.float64)
    order = np.argsort(-scores).astype(np.int32)
    ordered = scores[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    link_keys, negative_keys = (
        np.array([resample_key(key, r, side) for r in range(replicates)], np.uint64)
        for side in (False, True)
    )
    return _rankings(order, last, len(positive), hits_at, link_keys, negative_keys)


def auc_of_clusters(
    positive: np.ndarray,
    negative: np.ndarray,
    positive_of: np.ndarray,
    negative_of: np.ndarray,
    counts: np.ndarray,
) -> np.ndarray:
    """(replicates,) AUC where each pair counts as often as its cluster was drawn.

    NaN where no link or no negative was.

    Args:
        positive, negative: (p,) and (q,) finite scores.
        positive_of, negative_of: (p,) and (q,) cluster of each.
        counts: (replicates, clusters) uint16, how often each was drawn.
    """
    scores = np.concatenate([positive, negative]).astype(np.float64)
    order = np.argsort(-scores).astype(np.int32)
    ordered = scores[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    cluster = np.concatenate([positive_of, negative_of]).astype(np.int32)
    return _aucs(order, last, len(positive), cluster, counts)


def resampled_means(values: np.ndarray, replicates: int, key: np.uint64) -> np.ndarray:
    """(replicates,) means of resamples of (k,) values."""
    keys = [resample_key(key, r, False) for r in range(replicates)]
    return _means(np.asarray(values, np.float64), np.array(keys, np.uint64))


def resampled_spearman(
    x: np.ndarray, y: np.ndarray, replicates: int, key: np.uint64
) -> np.ndarray:
    """(replicates,) Spearman correlations of resamples of (k,) pairs of numbers.

    NaN where all that was drawn has one rank.
    """
    keys = [resample_key(key, r, False) for r in range(replicates)]
    return _spearmans(*_sorted(x), *_sorted(y), np.array(keys, np.uint64))


def _sorted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k,) positions, smallest value first, and whether each is the last of its equals."""
    order = np.argsort(values, kind="stable")
    ordered = np.asarray(values)[order]
    return order, np.append(ordered[1:] != ordered[:-1], True)


def resample_key(key: np.uint64, replicate: int, negatives: bool) -> np.uint64:
    """The key of the draws of one resample of one side."""
    return stream_key(int(key), "resample", replicate, int(negatives))


@njit
def resample(key: np.uint64, counts: np.ndarray) -> None:
    """Fills (k,) counts with how often each of k things is drawn in k draws.

    Two draws from each 64 random bits; multiply-shift, bias k / 2**32 at most.
    """
    counts[:] = 0
    n = np.uint64(len(counts))
    for i in range(0, len(counts), 2):
        word = bits(key, i)
        counts[np.int64(((word >> _S32) * n) >> _S32)] += 1
        if i + 1 < len(counts):
            counts[np.int64(((word & _LOW) * n) >> _S32)] += 1


@njit
def _next_bar(hits_at: np.ndarray, passed: float) -> float:
    """The smallest K above the negatives passed; infinite if there is none."""
    bar = np.inf
    for k in hits_at:
        if k > passed:
            bar = min(bar, k)
    return bar


@njit
def ranking_of_counts(
    order: np.ndarray,
    last: np.ndarray,
    counts: np.ndarray,
    num_links: int,
    hits_at: np.ndarray,
    out: np.ndarray,
) -> None:
    """Writes AUC, AP, MRR and Hits@K of weighted scores into `out`.

    Args:
        order: (p + q,) positions, best score first; below p a link, else a negative.
        last: (p + q,) bool: is this the last of the scores equal to it.
        counts: (p + q,) how often each link, then each negative counts.
        num_links: p.
        hits_at: (h,) the K of Hits@K.
        out: (3 + h,) float64.
    """
    above_p, above_n = 0.0, 0.0  # weight of what scores strictly higher
    here_p, here_n = 0.0, 0.0  # weight of what scores the same
    lost, precision, reciprocal = 0.0, 0.0, 0.0
    out[3:] = -1.0
    bar = _next_bar(hits_at, 0.0)
    for i in range(len(order)):
        # Selecting, not branching: which side comes next is a coin that no processor
        # can guess.
        is_link = order[i] < num_links
        weight = np.float64(counts[order[i]])
        here_p += weight if is_link else 0.0
        here_n += 0.0 if is_link else weight
        if not last[i]:
            continue
        if above_n + here_n >= bar:
            for h in range(len(hits_at)):
                if out[3 + h] < 0.0 and above_n + here_n >= hits_at[h]:
                    out[3 + h] = above_p
            bar = _next_bar(hits_at, above_n + here_n)
        below_n = above_n + here_n / 2
        lost += here_p * below_n
        reciprocal += here_p / (1 + below_n)
        above_p += here_p
        above_n += here_n
        precision += here_p * above_p / max(above_p + above_n, 1.0)
        here_p, here_n = 0.0, 0.0
    out[0] = 1 - lost / (above_p * above_n)
    out[1] = precision / above_p
    out[2] = reciprocal / above_p
    for h in range(len(hits_at)):
        out[3 + h] = out[3 + h] / above_p if out[3 + h] >= 0.0 else 1.0


@njit(parallel=True)
def _rankings(
    order: np.ndarray,
    last: np.ndarray,
    num_links: int,
    hits_at: np.ndarray,
    link_keys: np.ndarray,
    negative_keys: np.ndarray,
) -> np.ndarray:
    replicates = len(link_keys)
    out = np.empty((replicates, 3 + len(hits_at)))
    for r in prange(replicates):
        counts = np.empty(len(order), np.uint16)
        resample(link_keys[r], counts[:num_links])
        resample(negative_keys[r], counts[num_links:])
        ranking_of_counts(order, last, counts, num_links, hits_at, out[r])
    return out


@njit(parallel=True)
def _aucs(
    order: np.ndarray,
    last: np.ndarray,
    num_links: int,
    cluster: np.ndarray,
    drawn: np.ndarray,
) -> np.ndarray:
    out = np.empty(len(drawn))
    none = np.empty(0, np.int64)
    for r in prange(len(drawn)):
        counts = np.empty(len(order), np.uint16)
        for i in range(len(counts)):
            counts[i] = drawn[r, cluster[i]]
        if counts[:num_links].sum() == 0 or counts[num_links:].sum() == 0:
            out[r] = np.nan
            continue
        told = np.empty(3)
        ranking_of_counts(order, last, counts, num_links, none, told)
        out[r] = told[0]
    return out


@njit(parallel=True)
def _means(values: np.ndarray, keys: np.ndarray) -> np.ndarray:
    out = np.empty(len(keys))
    for r in prange(len(keys)):
        counts = np.empty(len(values), np.uint16)
        resample(keys[r], counts)
        total = 0.0
        for i in range(len(values)):
            total += counts[i] * values[i]
        out[r] = total / len(values)
    return out


@njit
def ranks_of_counts(
    order: np.ndarray, last: np.ndarray, counts: np.ndarray, out: np.ndarray
) -> None:
    """Writes the mean rank of each value that counts several times into (k,) `out`.

    Args:
        order: (k,) positions, smallest value first.
        last: (k,) bool: is this the last of the values equal to it.
        counts: (k,) how often each value counts; what counts 0 times has no use for its rank.
    """
    below, here, first = 0.0, 0.0, 0
    for i in range(len(order)):
        here += counts[order[i]]
        if last[i]:
            for j in range(first, i + 1):
                out[order[j]] = below + (here + 1) / 2
            below, here, first = below + here, 0.0, i + 1


@njit
def correlation_of_counts(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> float:
    """Pearson correlation of (k,) pairs of mean ranks that count several times."""
    mean = (counts.sum() + 1) / 2
    xx, yy, xy = 0.0, 0.0, 0.0
    for i in range(len(x)):
        dx, dy = x[i] - mean, y[i] - mean
        xx += counts[i] * dx * dx
        yy += counts[i] * dy * dy
        xy += counts[i] * dx * dy
    return xy / np.sqrt(xx * yy) if xx > 0 and yy > 0 else np.nan


@njit(parallel=True)
def _spearmans(
    x_order: np.ndarray,
    x_last: np.ndarray,
    y_order: np.ndarray,
    y_last: np.ndarray,
    keys: np.ndarray,
) -> np.ndarray:
    out = np.empty(len(keys))
    for r in prange(len(keys)):
        counts = np.empty(len(x_order), np.uint16)
        x, y = np.empty(len(counts)), np.empty(len(counts))
        resample(keys[r], counts)
        ranks_of_counts(x_order, x_last, counts, x)
        ranks_of_counts(y_order, y_last, counts, y)
        out[r] = correlation_of_counts(x, y, counts)
    return out
