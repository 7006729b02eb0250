"""Metrics against scikit-learn and slow twins, ties included; intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import binom, chisquare
from sklearn.metrics import average_precision_score, roc_auc_score

from nodeemb.errors import DataRefused
from nodeemb.evaluation import metrics
from nodeemb.evaluation.bootstrap import (
    ranking_of_counts,
    resample,
    resample_key,
    resampled_means,
    resampled_ranking,
)

# Few distinct values: most scores are tied.
tied = hnp.arrays(
    np.float64,
    st.integers(1, 30),
    elements=st.sampled_from([-1.5, 0.0, 0.25, 1.0, 2.0]),
)


def _slow_mrr(positive, negative):
    ranks = [
        ((1 + (negative > s).sum()) + (1 + (negative >= s).sum())) / 2 for s in positive
    ]
    return np.mean([1 / r for r in ranks])


def _slow_hits(positive, negative, k):
    if len(negative) < k:
        return 1.0
    bar = sorted(negative, reverse=True)[k - 1]
    return np.mean([s > bar for s in positive])


@settings(max_examples=150, deadline=None)
@given(positive=tied, negative=tied, k=st.integers(1, 12))
def test_metrics_equal_their_slow_twins(positive, negative, k):
    pairs = positive[:, None] - negative
    wins = ((pairs > 0) + (pairs == 0) / 2).mean()
    assert metrics.auc(positive, negative) == pytest.approx(wins)
    assert metrics.mean_reciprocal_rank(positive, negative) == pytest.approx(
        _slow_mrr(positive, negative)
    )
    assert metrics.hits(positive, negative, k) == pytest.approx(
        _slow_hits(positive, negative, k)
    )


@settings(max_examples=150, deadline=None)
@given(positive=tied, negative=tied, seed=st.integers(0, 1000), k=st.integers(1, 8))
def test_weighted_kernel_equals_scikit_learn(positive, negative, seed, k):
    rng = np.random.default_rng(seed)
    weight_p = rng.integers(0, 4, len(positive)).astype(np.uint16)
    weight_n = rng.integers(0, 4, len(negative)).astype(np.uint16)
    weight_p[0] += 1
    weight_n[0] += 1
    out = _ranked(positive, negative, weight_p, weight_n, k)
    labels = np.r_[np.ones(len(positive)), np.zeros(len(negative))]
    scores, weights = np.r_[positive, negative], np.r_[weight_p, weight_n]
    judged = {"y_true": labels, "y_score": scores, "sample_weight": weights}
    assert out[0] == pytest.approx(roc_auc_score(**judged))
    assert out[1] == pytest.approx(average_precision_score(**judged))
    # Whole weights are repeats:
    repeated = np.repeat(positive, weight_p), np.repeat(negative, weight_n)
    assert out[2] == pytest.approx(_slow_mrr(*repeated))
    assert out[3] == pytest.approx(_slow_hits(*repeated, k))


def _ranked(positive, negative, weight_p, weight_n, k):
    scores = np.concatenate([positive, negative])
    order = np.argsort(-scores, kind="stable").astype(np.int32)
    last = np.append(scores[order][1:] != scores[order][:-1], True)
    out = np.empty(4)
    counts = np.concatenate([weight_p, weight_n])
    ranking_of_counts(order, last, counts, len(positive), np.array([k]), out)
    return out


def test_resampled_ranking_measures_the_resample():
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(0.5, 1, 70).round(1), rng.normal(0, 1, 90).round(1)
    key = np.uint64(11)
    got = resampled_ranking(positive, negative, np.array([5, 2, 100]), 6, key)
    for r in range(6):
        counts = [np.empty(70, np.uint16), np.empty(90, np.uint16)]
        for side in (0, 1):
            resample(resample_key(key, r, bool(side)), counts[side])
        drawn = np.repeat(positive, counts[0]), np.repeat(negative, counts[1])
        assert got[r] == pytest.approx(
            [
                metrics.auc(*drawn),
                metrics.average_precision(*drawn),
                metrics.mean_reciprocal_rank(*drawn),
                *(metrics.hits(*drawn, k) for k in (5, 2, 100)),
            ]
        )


@pytest.mark.parametrize("k", [1, 2, 7, 1000])
def test_a_resample_has_as_many_draws_as_things(k):
    counts = np.empty(k, np.uint16)
    resample(np.uint64(5), counts)
    assert counts.sum() == k


def test_counts_of_a_resample_are_binomial():
    k = 20_000
    counts = np.empty(k, np.uint16)
    resample(np.uint64(8), counts)
    seen = np.bincount(counts, minlength=6)
    seen = np.append(seen[:5], seen[5:].sum())
    law = binom.pmf(np.arange(5), k, 1 / k)
    assert chisquare(seen, k * np.append(law, 1 - law.sum())).pvalue > 1e-4


def test_intervals_are_as_wide_as_theory_says():
    rng = np.random.default_rng(3)
    positive, negative = rng.normal(1, 1, 4000), rng.normal(0, 1, 4000)
    got = metrics.measure(positive, negative, replicates=400, hits_at=[10])["auc"]
    a = got.value
    # Hanley and McNeil 1982.
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    se = np.sqrt((a * (1 - a) + 3999 * (q1 - a * a) + 3999 * (q2 - a * a)) / 4000**2)
    assert got.high - got.low == pytest.approx(2 * 1.96 * se, rel=0.2)
    assert got.low < a < got.high


def test_interval_of_a_mean():
    wins = np.repeat([1.0, 0.0], [700, 300])
    got = metrics.measure_mean(wins, replicates=400)
    assert got.value == 0.7
    assert got.high - got.low == pytest.approx(
        2 * 1.96 * np.sqrt(0.21 / 1000), rel=0.25
    )
    assert metrics.measure_mean(wins, replicates=0) == (0.7, 0.7, 0.7)
    assert (resampled_means(np.ones(7), 3, np.uint64(1)) == 1).all()


def test_all_metrics_by_name_and_without_intervals():
    positive, negative = np.array([3.0, 1.0]), np.array([2.0, 0.0, 0.0])
    got = metrics.measure(positive, negative, hits_at=[1, 2], replicates=0)
    assert list(got) == metrics.metric_names([1, 2])
    assert got["auc"] == (5 / 6, 5 / 6, 5 / 6)
    assert got["mrr"].value == pytest.approx((1 + 1 / 2) / 2)
    assert [got[f"hits@{k}"].value for k in (1, 2)] == [0.5, 1.0]


def test_the_seed_decides_the_interval():
    rng = np.random.default_rng(1)
    scores = rng.random(200), rng.random(200)
    first, again, other = (metrics.measure(*scores, seed=s)["auc"] for s in (0, 0, 1))
    assert first == again
    assert first != other and first.value == other.value


def test_pair_accuracy_counts_ties_one_half():
    got = metrics.pair_accuracy(np.array([2.0, 1.0, 1.0]), np.array([1.0, 1.0, 2.0]))
    assert got.tolist() == [1.0, 0.5, 0.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_scores_are_refused(bad):
    good, broken = np.array([1.0, 2.0]), np.array([1.0, bad])
    for call in (
        metrics.auc,
        metrics.average_precision,
        metrics.mean_reciprocal_rank,
        metrics.pair_accuracy,
        lambda a, b: metrics.hits(a, b, 1),
    ):
        for scores in ((good, broken), (broken, good)):
            with pytest.raises(DataRefused, match="1 of 2 scores are not finite"):
                call(*scores)


def test_nothing_to_rank_is_refused():
    with pytest.raises(DataRefused, match="no scores"):
        metrics.auc(np.array([]), np.array([1.0]))
