"""Is one better than another, worse, the same, or is that not known?

Splits of one graph share most of their links, so that the variance of a mean over them is
more than s^2 / n (Nadeau and Bengio):

    se^2 = s^2 (1 / n + test / train)

*Equivalent* is a finding of its own: the 90 % interval lies within the margin, which is what
two one-sided tests at 5 % ask (Schuirmann). No difference being found is not one.

Source: Nadeau, Bengio. Inference for the generalization error. Machine Learning 52, 2003.
Schuirmann. J. Pharmacokinetics and Biopharmaceutics 15, 1987. Hodges, Lehmann. Estimates of
location based on rank tests. Ann. Math. Stat. 34, 1963. Holm. Scand. J. Statistics 6, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations
from typing import Literal, NamedTuple

import numpy as np

from nodeemb.rng import stream_key, units

_ORDERS = 10_000  # looked at, at most, for p by permutation

Verdict = Literal["better", "worse", "equivalent", "undecided"]


class Difference(NamedTuple):
    """A mean difference over splits. low, high: its 95 % interval."""

    mean: float
    low: float
    high: float
    verdict: Verdict


class Shift(NamedTuple):
    """Where differences over data sets lie.

    middle: Hodges-Lehmann estimate. low, high: its interval of at least 95 %, or of all
    there is where so few data sets can give none. p: Wilcoxon's signed-rank test, exact,
    two-sided; zeros are left out.
    """

    middle: float
    low: float
    high: float
    p: float


def difference(
    values: Sequence[float], margin: float, test_to_train: float
) -> Difference:
    """Paired differences of two arms over splits of one graph.

    Args:
        values: one a split, two or more.
        margin: below which a difference does not matter.
        test_to_train: links tested on for each that is trained on; 0 for splits that share
            nothing.
    """
    from scipy.stats import t

    count = len(values)
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) * math.sqrt(1 / count + test_to_train)
    wide, narrow = (float(t.ppf(q, count - 1)) * error for q in (0.975, 0.95))
    low, high = mean - wide, mean + wide
    verdict: Verdict = "undecided"
    if -margin < mean - narrow and mean + narrow < margin:
        verdict = "equivalent"
    elif low > 0:
        verdict = "better"
    elif high < 0:
        verdict = "worse"
    return Difference(mean, low, high, verdict)


def shift(values: Sequence[float]) -> Shift:
    """Mean differences of two arms over data sets, one each."""
    given = np.asarray(values, float)
    walsh = np.sort((given[:, None] + given[None, :])[np.triu_indices(len(given))] / 2)
    law = _signed_ranks(np.arange(1, len(given) + 1))
    # the k lowest and k highest Walsh averages are outside of the interval, with k the
    # highest sum of ranks of chance .025 or less
    outside = max(int(np.searchsorted(np.cumsum(law), 0.025, side="right")) - 1, 0)
    return Shift(
        float(np.median(walsh)),
        float(walsh[outside]),
        float(walsh[-1 - outside]),
        _wilcoxon(given[given != 0]),
    )


def _signed_ranks(ranks: np.ndarray) -> np.ndarray:
    """(sum + 1,): chance of each sum of whole-number ranks with signs by a coin."""
    law = np.ones(1)
    for rank in ranks:
        longer = np.zeros(len(law) + rank)
        longer[: len(law)] += law / 2
        longer[rank:] += law / 2
        law = longer
    return law


def _wilcoxon(values: np.ndarray) -> float:
    """Exact also with ties, as which scipy's is not: equal sizes share their ranks."""
    from scipy.stats import rankdata

    twice = np.rint(2 * rankdata(np.abs(values))).astype(
        int
    )  # a shared rank may be half
    law, told = _signed_ranks(twice), int(twice[values > 0].sum())
    return float(min(1.0, 2 * min(law[: told + 1].sum(), law[told:].sum())))


def holm(chances: Sequence[float]) -> list[float]:
    """p-values of a family of tests, so that one false finding in it has chance p."""
    order = np.argsort(chances, kind="stable")
    found = [0.0] * len(order)
    least = 0.0
    for place, number in enumerate(order):
        least = max(least, min(1.0, (len(order) - place) * chances[number]))
        found[number] = least
    return found


class Trend(NamedTuple):
    """Kendall's tau, its p by permutation, and the range of tau with one group left out.

    tau is 0 where the doses, or the responses, are all equal.
    """

    tau: float
    p: float
    least: float
    most: float


def trend(
    dose: Sequence[float], response: Sequence[float], groups: Sequence[str]
) -> Trend:
    """Does the response rise with the dose?

    Args:
        dose, response: one a data set, three or more.
        groups: of each data set; tau is found again without each of them.
    """
    from scipy.stats import kendalltau

    rest = []
    for group in sorted(set(groups)):
        kept = [place for place, name in enumerate(groups) if name != group]
        if len(kept) >= 3:
            rest.append(_tau([dose[i] for i in kept], [response[i] for i in kept]))
    tau = _tau(dose, response)
    rest = rest or [tau]
    if len(set(dose)) == len(dose) and len(set(response)) == len(response):
        p = float(kendalltau(dose, response).pvalue)
    else:
        p = _permuted(dose, response)
    return Trend(tau, p, min(rest), max(rest))


def _tau(dose: Sequence[float], response: Sequence[float]) -> float:
    from scipy.stats import kendalltau

    if len(set(dose)) < 2 or len(set(response)) < 2:
        return 0.0
    return float(kendalltau(dose, response).statistic)


def _permuted(dose: Sequence[float], response: Sequence[float]) -> float:
    """p of tau where values are equal, by all orders of the doses, or by some of them."""
    one, other = (
        np.sign(np.subtract.outer(values, values)) for values in (dose, response)
    )
    count, told = len(one), abs(np.sum(one * other))
    if math.factorial(count) <= _ORDERS:
        orders = np.array(list(permutations(range(count))))
    else:
        drawn = units(stream_key(0, "trend"), 0, (_ORDERS - 1) * count)
        orders = np.argsort(drawn.reshape(-1, count), axis=1)
        orders = np.concatenate([[np.arange(count)], orders])
    sums = [
        np.sum(one[some[:, :, None], some[:, None, :]] * other, axis=(1, 2))
        for some in np.array_split(orders, len(orders) // 200 + 1)
    ]
    return float(np.mean(np.abs(np.concatenate(sums)) >= told))
