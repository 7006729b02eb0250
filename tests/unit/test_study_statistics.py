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
    # the interval has what the test does not refuse
    for place in np.linspace(-0.5, 1.0, 61):
        if min(abs(place - mean) for mean in means) < 1e-6:
            continue
        p = stats.wilcoxon(np.array(values) - place, method="exact").pvalue
        assert (found.low <= place <= found.high) == (p > 0.05)


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
