"""Alias tables and noise: counts, entropy, and the faults that published code has had."""

from __future__ import annotations

from collections import Counter

import laws
import naive
import numpy as np
import planted
import pytest
import scipy.stats
from agreement import CHANCE, chi_square

from nodeemb.rng import stream_key, units
from nodeemb.sampling import noise
from nodeemb.sampling.alias import alias_table, draws
from nodeemb.sampling.noise import draw_noise, noise_law
from nodeemb.sampling.options import AlternatingOptions, EdgeOptions, WalkOptions
from nodeemb.sampling.registry import plan

POWERS = [0.0, 0.75, 1.0, 2.0]


def drawn_nodes(law: noise.NoiseLaw, count: int = 200_000) -> Counter:
    blocks = draw_noise(law, stream_key(3, "noise"), 17, count // 50, 50)
    assert blocks.shape == (count // 50, 50)
    return Counter(blocks.ravel().tolist())


def entropy(counts: Counter) -> float:
    return float(scipy.stats.entropy(list(counts.values())))


@pytest.mark.parametrize("size", [1, 2, 7, 500])
def test_alias_draws_follow_their_weights(size):
    weights = units(stream_key(size, "weights"), 0, size) ** 3 + 1e-3
    counts = Counter(
        draws(*alias_table(weights), stream_key(0, "draws"), 0, 100_000).tolist()
    )
    if size == 1:
        assert counts == {0: 100_000}
    else:
        assert chi_square(counts, dict(enumerate(weights / weights.sum()))) > CHANCE


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize(
    ("graph", "options"),
    [
        ("small_digraph", WalkOptions()),
        ("small_digraph", WalkOptions(direction="ignore")),
        ("small_digraph_unweighted", EdgeOptions()),
        ("block_model", AlternatingOptions()),
        ("star_out", EdgeOptions()),
    ],
)
def test_noise_of_either_side_follows_its_own_degree(graph, options, power):
    graph = planted.PLANTED[graph]()
    plan_ = plan(graph, options, seed=0)
    out, into = naive.out_neighbours(graph), naive.in_neighbours(graph)
    if getattr(options, "direction", "") == "ignore":
        out = into = naive.all_neighbours(graph)
    for degree, near in ((plan_.left_degree, out), (plan_.right_degree, into)):
        exact = laws.noise_law(
            [sum(w for _, w in near[v]) for v in sorted(near)], power
        )
        law = noise_law(degree, power)
        assert law.q == pytest.approx(exact)
        counts = drawn_nodes(law)
        possible = {v: chance for v, chance in enumerate(exact) if chance > 0}
        if len(possible) > 1:
            assert chi_square(counts, possible) > CHANCE
        assert set(counts) == set(possible)


@pytest.mark.parametrize("power", POWERS)
def test_noise_has_the_entropy_of_its_law(power):
    degree = np.floor(1 / (units(stream_key(0, "degree"), 0, 1000) + 0.002))
    law = noise_law(degree, power)
    exact = scipy.stats.entropy(law.q)
    assert entropy(drawn_nodes(law)) == pytest.approx(exact, abs=0.01)
    if power == 0:
        assert exact == pytest.approx(np.log(1000))


@pytest.mark.parametrize("uniform", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("power", [0.75, 2.0])
def test_a_mixture_with_uniform_noise_follows_its_law(power, uniform):
    degree = np.r_[0.0, 0.0, np.arange(1.0, 39.0)]
    law = noise_law(degree, power, uniform)
    exact = laws.noise_law(degree, power, uniform)
    assert law.q == pytest.approx(exact)
    counts = drawn_nodes(law)
    possible = {v: chance for v, chance in enumerate(exact) if chance > 0}
    assert set(counts) == set(possible), "a node without degree comes by `uniform` only"
    assert chi_square(counts, possible) > CHANCE


def test_a_mixture_of_other_shares_is_seen():
    degree = np.arange(1.0, 21.0)
    counts = drawn_nodes(noise_law(degree, 1.0, 0.3))
    assert (
        chi_square(counts, dict(enumerate(laws.noise_law(degree, 1.0, 0.25)))) < CHANCE
    )


def test_blocks_of_noise_do_not_repeat_each_other():
    law = noise_law(np.ones(1000), 0.0)
    key = stream_key(3, "noise")
    blocks = draw_noise(law, key, 0, 500, 64)
    assert len({block.tobytes() for block in blocks}) == 500
    again = np.vstack(
        [draw_noise(law, key, 0, 123, 64), draw_noise(law, key, 123, 377, 64)]
    )
    assert np.array_equal(again, blocks)
    # two draws at any lag meet as often as chance has it: 1 in 1,000
    flat = blocks.ravel()
    for lag in (1, 2, 64, 640):
        same = int((flat[lag:] == flat[:-lag]).sum())
        assert scipy.stats.binomtest(same, len(flat) - lag, 1 / 1000).pvalue > CHANCE


# ---- and would it be seen? --------------------------------------------------------------


@pytest.fixture
def repeating(monkeypatch):
    """A fault of published code: the same few draws again and again."""

    def few(prob, jump, key, first, count):
        return np.tile(draws(prob, jump, key, 0, 250), -(-count // 250))[:count]

    monkeypatch.setattr(noise, "draws", few)


def test_repeating_noise_is_seen(repeating):
    law = noise_law(np.ones(1000), 0.0)
    counts = drawn_nodes(law)
    assert chi_square(counts, dict(enumerate(law.q))) < CHANCE
    assert entropy(counts) < np.log(1000) - 1


def test_noise_of_another_power_is_seen():
    degree = np.arange(1.0, 21.0)
    counts = drawn_nodes(noise_law(degree, 0.75))
    assert chi_square(counts, dict(enumerate(laws.noise_law(degree, 0.8)))) < CHANCE
