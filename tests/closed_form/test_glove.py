"""GloVe: at full rank every counted pair has the logarithm of its count as its score."""

from __future__ import annotations

import numpy as np
import pytest

from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.rng import integers, stream_key
from nodeemb.run import embed
from nodeemb.sampling.sequences import Pairs
from nodeemb.training.batch import counted_pairs

NODES = 12
PAPER = {"noise.per_pair": 0, "objective.x_max": 100.0, "objective.absent": 1.0}
LONG = {
    **PAPER,
    "roles.dim": NODES,
    "training.epochs": 600,
    "training.learning_rate": 0.5,
    "training.schedule": "linear",
}


def counted(seed=0):
    """A directed graph of counts between 1 and some hundreds, no pair with itself."""
    u, v = integers(stream_key(seed, "ends"), 0, 140, NODES).reshape(2, -1)
    pairs = np.unique(np.stack([u, v], 1)[u != v], axis=0)
    x = np.exp(integers(stream_key(seed, "counts"), 0, len(pairs), 600) / 100)
    return Graph.from_edges(*pairs.T, weight=x, num_nodes=NODES)


def test_at_full_rank_the_fit_is_exact_where_counted():
    graph = counted()
    result = embed(graph, "glove", options=LONG, threads=1)
    scores = result.score_rows(graph.sources, graph.targets)
    assert np.ptp(np.log(graph.weight)) > 4
    np.testing.assert_allclose(scores, np.log(graph.weight), atol=0.02)
    other = embed(graph, "glove", options={**LONG, "training.epochs": 20}, threads=1)
    wrong = other.score_rows(graph.sources, graph.targets) - np.log(graph.weight)
    assert np.abs(wrong).max() > 0.1, "a short training is seen"


def test_biases_hold_what_only_depends_on_one_word():
    """Counts r(u) c(v): one column is enough, since biases know them."""
    often = np.exp(integers(stream_key(1, "often"), 0, 2 * NODES, 300) / 100)
    u, v = np.nonzero(1 - np.eye(NODES))
    graph = Graph.from_edges(u, v, weight=often[u] * often[NODES + v], num_nodes=NODES)
    options = {**LONG, "roles.dim": 1, "training.epochs": 1500}
    result = embed(graph, "glove", options=options, threads=1)
    expected = np.log(often[u] * often[NODES + v])
    np.testing.assert_allclose(result.score_rows(u, v), expected, atol=0.05)
    tied = {**options, "roles.biases": "tied"}
    other = embed(graph, "glove", options=tied, threads=1).score_rows(u, v)
    assert np.abs(other - expected).max() > 0.1


def test_rare_pairs_count_less():
    weight = np.array([1.0, 16.0, 100.0, 3000.0], np.float32)
    rows = np.arange(4, dtype=np.int32)
    pairs = Pairs(rows, rows[::-1], weight, np.zeros(4, np.int8))
    found = counted_pairs(pairs, 100.0, 0.75, 1.0, 3)
    np.testing.assert_allclose(found.weight, [100**-0.75, 0.16**0.75, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(found.label, np.log(weight), rtol=1e-6)
    assert found.blocks.tolist() == [0, 3, 4]
    alike = counted_pairs(pairs, 100.0, 0.0, 1.0, 3)
    assert alike.weight.tolist() == [1, 1, 1, 1]
    above = counted_pairs(pairs, 100.0, 0.75, 0.5, 3)
    np.testing.assert_allclose(above.label, np.log(weight / 0.5), rtol=1e-6)


def test_pairs_that_never_met_pull_scores_down_as_much_as_they_are_drawn():
    """At full rank a score is the mean of log(x / absent), with the weight that its pair
    counts for, and of 0, with the weight of the noise that hits it.

    score(u, v) = f(u, v) log(x / absent) / (f(u, v) + K f(u, .) q(v)),   noise at targets
    """
    graph, k, absent = counted(), 1.5, 0.3
    options = {
        **LONG,
        "noise.per_pair": k,
        "noise.side": "target",
        "noise.power": 1.0,
        "objective.absent": absent,
        "training.epochs": 3000,
        "training.learning_rate": 0.2,
    }
    result = embed(graph, "glove", options=options, threads=1)
    u, v = np.nonzero(1 - np.eye(NODES))
    x = np.zeros((NODES, NODES))
    x[graph.sources, graph.targets] = graph.weight
    f = np.minimum(x / 100.0, 1) ** 0.75
    q = x.sum(0) / x.sum()
    drawn = k * f.sum(1)[:, None] * q
    target = np.log(np.where(x > 0, x, absent) / absent)
    expected = f * target / (f + drawn)
    got = result.score_rows(u, v)
    known = (f + drawn)[
        u, v
    ] > 0.02  # where little pulls, noise drawn by chance is seen
    assert known.sum() > 100
    np.testing.assert_allclose(got[known], expected[u, v][known], atol=0.25)
    assert np.abs(got - target[u, v]).max() > 1


def test_a_weight_below_that_of_no_edge_is_refused():
    graph = Graph.from_edges([0, 1], [1, 2], weight=[0.04, 3.0])
    with pytest.raises(WrongUse, match=r"least weight of this graph is 0.04.*0.02"):
        embed(graph, "glove")
    embed(graph, "glove", options={**PAPER, "training.epochs": 1})


def test_counts_are_asked_for_where_there_are_none():
    graph = Graph.from_edges([0, 1], [1, 2])
    with pytest.raises(WrongUse, match="no weights"):
        embed(graph, "glove")
    for preset, options, said in (
        ("glove", {"sampler.weights": "draw"}, "sampler.weights=keep"),
        ("line1", {"objective.target": "log_weight"}, "objective.kind=squared"),
        ("line2", {"objective.x_max": 10.0}, "for target log_weight"),
    ):
        with pytest.raises(WrongUse, match=said):
            load_recipe(preset, overrides=options)
