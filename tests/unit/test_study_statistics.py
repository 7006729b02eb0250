"""Verdicts, intervals and tests of a study beside scipy's and beside slow twins."""

import itertools

import numpy as np
import pytest
from scipy import stats

from nodeemb.study.statistics import difference, holm, shift, trend


def test_an_interval_is_students_widened_for_splits_that_share_links():
    values = [0.01, 0.02, 0.0, 0.015, 0.012]
    found = difference(values, 0.001, 0.0)
    told = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((told.low, told.high))
    wider = difference(values, 0.001, 1.0)
    assert (wider.high - wider.mean) == pytest.approx(
        (found.high - found.mean) * np.sqrt((1 / 5 + 1) / (1 / 5))
    )


@pytest.mark.parametrize("seed", range(30))
def test_verdicts_are_those_of_one_and_two_sided_tests(seed):
    draw = np.random.default_rng(seed)
    values = draw.normal(draw.choice([-0.01, 0, 0.002, 0.01]), 0.003, 6)
    margin = 0.005
    above = stats.ttest_1samp(values, -margin, alternative="greater").pvalue < 0.05
    below = stats.ttest_1samp(values, margin, alternative="less").pvalue < 0.05
    differs = stats.ttest_1samp(values, 0).pvalue < 0.05
    if above and below:
        expected = "equivalent"
    elif differs:
        expected = "better" if values.mean() > 0 else "worse"
    else:
        expected = "undecided"
    assert difference(values.tolist(), margin, 0.0).verdict == expected


def test_all_four_verdicts_exist():
    for values, verdict in (
        ([0.02, 0.021, 0.019], "better"),
        ([-0.02, -0.021, -0.019], "worse"),
        ([0.0, 0.001, -0.001], "equivalent"),
        ([0.02, -0.021, 0.03], "undecided"),
    ):
        assert difference(values, 0.005, 0.0).verdict == verdict


def test_a_shift_is_the_median_of_pairwise_means_and_its_interval_covers():
    values = [0.3, -0.1, 0.5, 0.2, 0.9, 0.4, 0.25, -0.05]
    found = shift(values)
    means = [(a + b) / 2 for a, b in itertools.combinations_with_replacement(values, 2)]
    assert found.middle == pytest.approx(np.median(means))
    assert found.p == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)
    # the interval has what the test does not refuse, asked between any two means
    edges = np.unique([-1.0, *means, 2.0])
    for place in (edges[1:] + edges[:-1]) / 2:
        p = stats.wilcoxon(np.array(values) - place, method="exact").pvalue
        assert (found.low <= place <= found.high) == (p > 0.05)


@pytest.mark.parametrize("count", [6, 7, 8, 10, 13])
def test_an_interval_over_data_sets_misses_no_oftener_than_it_says(count):
    """Every choice of signs is alike likely: the interval leaves out 0 where p <= .05."""
    sizes = np.random.default_rng(count).gamma(2.0, size=count)
    draw = np.random.default_rng(1)
    for _ in range(100):
        found = shift(sizes * draw.choice([-1, 1], count))
        assert (found.low <= 0 <= found.high) == (found.p > 0.05)


@pytest.mark.parametrize("seed", range(8))
def test_wilcoxons_p_is_exact_with_ties_and_zeros(seed):
    values = np.random.default_rng(seed).integers(-3, 5, 9).astype(float)
    ranked = stats.rankdata(np.abs(values[values != 0]))
    signs = np.array(list(itertools.product([0, 1], repeat=len(ranked))))
    sums, told = signs @ ranked, ranked[values[values != 0] > 0].sum()
    chance = 2 * min(np.mean(sums <= told), np.mean(sums >= told))
    assert shift(values).p == pytest.approx(min(1, chance))


def test_few_data_sets_have_the_widest_interval():
    found = shift([0.1, 0.2, 0.3])
    assert (found.low, found.high) == pytest.approx((0.1, 0.3))
    assert shift([0.0, 0.0]).p == 1


def test_holms_steps():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_a_trend_and_what_it_hangs_on():
    dose = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    rising = trend(dose, [1, 2, 3, 4, 5, 6], list("aabbcc"))
    assert rising.tau == pytest.approx(1) and rising.least == pytest.approx(1)
    assert rising.p < 0.01
    one = trend(dose, [3, 2, 1, 2.5, 9, 10], list("aabbcc"))
    assert one.least < one.tau <= one.most
    assert one.tau == pytest.approx(stats.kendalltau(dose, [3, 2, 1, 2.5, 9, 10])[0])


def test_a_trends_p_is_by_permutation_where_doses_are_equal():
    """As with graphs that have no direction, whose dose is 0."""
    dose = [0.0, 0.0, 0.1, 0.2, 0.2, 0.4]
    response = [1.0, 3.0, 2.0, 5.0, 5.0, 4.0]
    told = abs(stats.kendalltau(dose, response).statistic)
    taus = [
        abs(stats.kendalltau(dose, one).statistic)
        for one in itertools.permutations(response)
    ]
    p = np.mean(np.array(taus) >= told - 1e-12)
    assert trend(dose, response, list("abcdef")).p == pytest.approx(p)


def test_a_trend_with_equal_doses_beyond_all_orders_is_drawn_alike_each_time():
    dose = [0.0] * 3 + [0.1 * place for place in range(12)]
    response = [(7 * place) % 15 + 0.0 for place in range(15)]
    one, two = (trend(dose, response, list(map(str, dose))) for _ in range(2))
    assert one == two
    assert one.p == pytest.approx(stats.kendalltau(dose, response).pvalue, abs=0.05)


def test_a_trend_without_doses_that_differ_is_none():
    assert trend([0.0] * 4, [1, 2, 3, 4], list("abcd")) == (0.0, 1.0, 0.0, 0.0)
    found = trend([0.0, 0.0, 0.0, 0.1], [1, 2, 3, 4], list("abcd"))
    assert not np.isnan([*found]).any()
    assert found.least == 0.0  # nothing is left to rise with
