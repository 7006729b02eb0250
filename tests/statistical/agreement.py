"""Do counts agree with a law? Chi-square tests that refuse a true sampler once in a million."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import laws
import numpy as np
import scipy.stats

CHANCE = 1e-6  # of a false alarm, were the seeds not fixed
LEAST = 5.0  # expected count of a cell; smaller ones are put together


def chi_square(counts: Mapping[Hashable, int], law: Mapping[Hashable, float]) -> float:
    """p of counts under one law (values sum to 1); 0 where something impossible was seen."""
    return chi_square_of_many([(counts, law)])


def chi_square_of_many(
    tests: Iterable[tuple[Mapping[Hashable, int], Mapping[Hashable, float]]],
) -> float:
    """p of several counts, each under its own law: statistics and freedom add up."""
    statistic, freedom = 0.0, 0
    for counts, law in tests:
        assert np.isclose(float(sum(law.values())), 1)
        if not set(counts) <= {cell for cell, chance in law.items() if chance > 0}:
            return 0.0
        found, expected = _pooled(counts, law)
        if len(found) > 1:
            statistic += scipy.stats.chisquare(found, expected).statistic
            freedom += len(found) - 1
    assert freedom > 0, "too few draws for a test"
    return float(scipy.stats.chi2.sf(statistic, freedom))


def _pooled(counts, law) -> tuple[np.ndarray, np.ndarray]:
    total = sum(counts.values())
    found = np.array([counts.get(cell, 0) for cell in law], float)
    expected = np.array(list(law.values()), float) * total
    rare = expected < LEAST
    if expected[rare].sum() < LEAST and rare.any():  # too rare even together
        rare |= expected == expected[~rare].min(initial=np.inf)
    if rare.any():
        found = np.append(found[~rare], found[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    return found, expected


def wald(found: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    """p of a sum with known mean and covariance, its parts depending on each other.

    What the covariance says is fixed must be met exactly, or p is 0.
    """
    gap = (found - mean).ravel()
    values, vectors = np.linalg.eigh(covariance)
    free = values > 1e-9 * values.max()
    along = vectors.T @ gap
    if np.abs(along[~free]).max(initial=0) > 1e-6 * np.abs(mean).max():
        return 0.0
    return float(
        scipy.stats.chi2.sf((along[free] ** 2 / values[free]).sum(), free.sum())
    )


def pair_law(graph, sampler, stencil) -> tuple[np.ndarray, np.ndarray]:
    """Exact mean (n, n) and covariance (n * n, n * n) of an epoch's pair weights.

    Walks are independent once their starts are known. Starts are fixed in number, but for
    weighted alternating walks: there m arcs are drawn, each with two walks from it.
    """
    n = graph.num_nodes
    mean, covariance = np.zeros(n * n), np.zeros((n * n, n * n))
    starts = []
    for times, law in laws.walk_law(graph, sampler):
        each = np.array(
            [laws.pair_matrix([walk], n, sampler, stencil).ravel() for walk, _ in law]
        )
        chance = np.array([p for _, p in law])
        own = chance @ each
        starts.append((times, own))
        mean += times * own
        covariance += times * ((each.T * chance) @ each - np.outer(own, own))
    if sampler.kind == "alternating" and graph.weight is not None:
        for (times, out), (_, into) in zip(starts[::2], starts[1::2], strict=True):
            covariance += times * np.outer(out + into, out + into)
        covariance -= np.outer(mean, mean) / graph.num_arcs
    return mean.reshape(n, n), covariance
