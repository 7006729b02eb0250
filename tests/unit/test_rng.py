"""Draws: the published generator's own numbers, uniform, independent, the same in the twin."""

from __future__ import annotations

import naive
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from nodeemb import rng

CHANCE = 1e-6
WORDS = st.integers(0, 2**64 - 1)

# What SplitMix64 gives one after the other when its state starts at 0 and at 1234567.
PUBLISHED = {
    0: [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
        0xF88BB8A8724C81EC,
        0x1B39896A51A8749B,
    ],
    1234567: [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ],
}


@pytest.mark.parametrize("state", PUBLISHED)
def test_draw_number_i_is_output_number_i_of_splitmix64(state):
    outputs = [int(rng.bits(np.uint64(state), i)) for i in range(5)]
    assert outputs == PUBLISHED[state]
    assert [naive.bits(state, i) for i in range(5)] == PUBLISHED[state]


@given(WORDS, st.integers(0, 2**62), st.integers(1, 2**32 - 1))
def test_draws_equal_their_twins(key, index, bound):
    assert int(rng.bits(np.uint64(key), index)) == naive.bits(key, index)
    assert rng.unit(np.uint64(key), index) == naive.unit(key, index)
    assert rng.below(np.uint64(key), index, bound) == naive.below(key, index, bound)


@given(st.integers(), st.text(max_size=20), st.lists(st.integers(), max_size=3))
def test_keys_equal_their_twins(seed, stream, numbers):
    assert int(rng.stream_key(seed, stream, *numbers)) == naive.key(
        seed, stream, *numbers
    )


@given(WORDS, st.integers(0, 60))
def test_permutations_equal_their_twins_and_hold_every_number(key, n):
    order = rng.permutation(np.uint64(key), n).tolist()
    assert order == naive.permutation(key, n)
    assert sorted(order) == list(range(n))


@given(WORDS, st.integers(0, 2**40), st.integers(0, 30), st.integers(1, 1000))
def test_many_draws_are_single_draws_in_a_row(key, first, count, bound):
    key = np.uint64(key)
    places = range(first, first + count)
    assert rng.units(key, first, count).tolist() == [rng.unit(key, i) for i in places]
    assert rng.integers(key, first, count, bound).tolist() == [
        rng.below(key, i, bound) for i in places
    ]


def test_keys_differ_by_seed_stream_and_numbers():
    keys = [
        rng.stream_key(seed, stream, *numbers)
        for seed in (0, 1, -1, 2**70)
        for stream in ("walk", "noise", "start")
        for numbers in ((), (0,), (1,), (0, 0), (0, 1), (1, 0), (10,))
    ]
    assert len(set(keys)) == len(keys)


def test_keys_do_not_run_names_and_numbers_together():
    assert rng.stream_key(1, "a", 23) != rng.stream_key(1, "a", 2, 3)
    assert rng.stream_key(12, "3") != rng.stream_key(1, "23")


@pytest.mark.parametrize("bins", [2, 10, 1000])
def test_units_are_uniform(bins):
    drawn = rng.units(rng.stream_key(0, "uniform"), 0, 200_000)
    assert drawn.min() >= 0 and drawn.max() < 1
    counts = np.bincount((drawn * bins).astype(int), minlength=bins)
    assert scipy.stats.chisquare(counts).pvalue > CHANCE
    assert scipy.stats.kstest(drawn, "uniform").pvalue > CHANCE


def test_the_largest_and_smallest_unit_stay_in_range():
    assert (2**64 - 1 >> 11) / 2**53 < 1
    drawn = rng.units(np.uint64(5), 0, 1_000_000)
    assert 0 <= drawn.min() < 1e-5 and 1 - 1e-5 < drawn.max() < 1


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 1000])
def test_integers_are_uniform(bound):
    drawn = rng.integers(rng.stream_key(0, "whole"), 0, 100_000, bound)
    counts = np.bincount(drawn, minlength=bound)
    assert len(counts) == bound
    if bound > 1:
        assert scipy.stats.chisquare(counts).pvalue > CHANCE


def test_every_bit_is_a_fair_coin():
    words = np.array([rng.bits(np.uint64(99), i) for i in range(20_000)], np.uint64)
    for place in range(64):
        ones = int(((words >> np.uint64(place)) & np.uint64(1)).sum())
        assert scipy.stats.binomtest(ones, len(words)).pvalue > CHANCE / 64


def independent(one: np.ndarray, other: np.ndarray, bins: int = 16) -> float:
    """p of a chi-square test of independence on bins x bins cells."""
    table = np.zeros((bins, bins))
    np.add.at(table, ((one * bins).astype(int), (other * bins).astype(int)), 1)
    return float(scipy.stats.chi2_contingency(table).pvalue)


def test_streams_epochs_and_seeds_are_independent():
    draws = [
        rng.units(rng.stream_key(seed, stream, epoch), 0, 50_000)
        for seed, stream, epoch in (
            (0, "walk", 0),
            (0, "walk", 1),
            (1, "walk", 0),
            (0, "noise", 0),
        )
    ]
    for i, one in enumerate(draws):
        for other in draws[:i]:
            assert independent(one, other) > CHANCE


@pytest.mark.parametrize("lag", [1, 2, 3, 40, 80])
def test_draws_of_a_stream_are_independent_of_earlier_ones(lag):
    drawn = rng.units(rng.stream_key(0, "walk", 0), 0, 100_000)
    assert independent(drawn[lag:], drawn[:-lag]) > CHANCE


def test_the_test_of_independence_sees_dependence():
    drawn = rng.units(rng.stream_key(0, "walk", 0), 0, 50_000)
    assert independent(drawn, (drawn + 0.1 * drawn[::-1]) % 1) < CHANCE


def test_a_step_and_the_draws_inside_it_are_independent():
    """Second-order walks use a draw of the walk's stream as the key of the step's own."""
    key = rng.stream_key(0, "walk", 0)
    own = [np.uint64(rng.bits(key, i)) for i in range(20_000)]
    inside = np.array([[rng.unit(k, 0), rng.unit(k, 1)] for k in own])
    outside = rng.units(key, 0, 20_000)
    assert independent(inside[:, 0], inside[:, 1]) > CHANCE
    assert independent(inside[:, 0], outside) > CHANCE
    assert independent(inside[1:, 0], inside[:-1, 0]) > CHANCE


def test_permutations_of_four_come_equally_often():
    orders: dict[tuple[int, ...], int] = {}
    for epoch in range(24_000):
        order = tuple(rng.permutation(rng.stream_key(0, "start", epoch), 4).tolist())
        orders[order] = orders.get(order, 0) + 1
    assert len(orders) == 24
    assert scipy.stats.chisquare(list(orders.values())).pvalue > CHANCE
