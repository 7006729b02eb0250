"""Positive pairs end to end: drawn sequences through the stencil against the exact w+.

Pairs of one walk depend on each other, so their sums are tested with the exact covariance
(from the law of whole walks) and not as if they were independent counts.
"""

from __future__ import annotations

from collections import Counter

import laws
import naive
import numpy as np
import planted
import pytest
from agreement import CHANCE, chi_square, pair_law, wald

from nodeemb.sampling import stencil as stencils
from nodeemb.sampling.options import (
    AlternatingOptions,
    EdgeOptions,
    FirstStencil,
    PairStencil,
    SecondOrderOptions,
    WalkOptions,
    WindowStencil,
)
from nodeemb.sampling.registry import plan
from nodeemb.sampling.sequences import Plan

UNDIRECTED = WalkOptions(direction="ignore", walk_length=5, walks_per_node=2000)
FORWARD = WalkOptions(direction="follow", walk_length=6, walks_per_node=2000)
SECOND = SecondOrderOptions(
    direction="follow", walk_length=5, walks_per_node=2000, p=0.5, q=2.0
)
NERD = AlternatingOptions(walk_length=6)
HORIZON = WindowStencil(
    window=3,
    weights="geometric",
    sides="after",
    centres="whole_horizon",
    stop_probability=0.3,
)
METHODS = {
    "deepwalk": (UNDIRECTED, WindowStencil(window=2)),
    "app": (FORWARD, HORIZON),
    "nerd": (NERD, FirstStencil()),
    "node2vec": (SECOND, WindowStencil(window=2)),
    "linear, before": (
        FORWARD,
        WindowStencil(window=4, weights="linear", sides="before"),
    ),
    "inverse": (UNDIRECTED, WindowStencil(window=4, weights="inverse")),
    "first, geometric": (
        FORWARD,
        FirstStencil(weights="geometric", stop_probability=0.4),
    ),
    "nerd, linear": (NERD, FirstStencil(weights="linear")),
}
GRAPHS = [
    "small_digraph",
    "no_sinks",
    "isolated_and_dangling",
    "small_undirected_weighted",
]


def drawn_pairs(plan_: Plan, stencil, nodes: int, epochs: int) -> np.ndarray:
    """(n, n): summed weights of the pairs that the package's own stencils give."""
    total = np.zeros((nodes, nodes))
    walks: Counter = Counter()
    for epoch in range(epochs):
        drawn = plan_.draw(epoch, 0, plan_.count)
        if stencil.kind == "first":
            pairs = stencils.first_pairs(drawn, stencil, plan_.alternating)
            np.add.at(total, (pairs.left, pairs.right), pairs.weight.astype(np.float64))
        else:
            walks.update(naive.as_walks(drawn))
    if walks:
        after, before, limit = stencils.make_window(stencil, plan_.longest)
    for (walk, _), times in walks.items():
        for i, centre in enumerate(walk[:limit]):
            for d in range(1, len(after) + 1):
                if i + d < len(walk):
                    total[centre, walk[i + d]] += times * after[d - 1]
                if i - d >= 0:
                    total[centre, walk[i - d]] += times * before[d - 1]
    return total


def p_of_pairs(graph, sampler, stencil) -> float:
    plan_ = plan(graph, sampler, seed=9)
    epochs = -(-12_000 // plan_.count)
    found = drawn_pairs(plan_, stencil, graph.num_nodes, epochs)
    mean, covariance = pair_law(graph, sampler, stencil)
    assert mean == pytest.approx(laws.expected_pairs(graph, sampler, stencil))
    return wald(found, epochs * mean, epochs * covariance)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("method", METHODS)
def test_pairs_have_their_exact_weights(method, graph):
    assert p_of_pairs(planted.PLANTED[graph](), *METHODS[method]) > CHANCE


def test_edges_are_pairs_of_their_own_weight():
    plain = planted.small_digraph(weighted=False)
    drawn = plan(plain, EdgeOptions(), seed=0).draw(0, 0, plain.num_arcs)
    exact = laws.expected_pairs(plain, EdgeOptions(), PairStencil())
    counted = np.zeros_like(exact)
    np.add.at(counted, (drawn.left, drawn.right), drawn.weight)
    assert np.array_equal(counted, exact)

    graph = planted.small_digraph(weighted=True)
    plan_ = plan(graph, EdgeOptions(), seed=0)
    counts: Counter = Counter()
    for epoch in range(2000):
        left, right, weight, _ = plan_.draw(epoch, 0, plan_.count)
        assert (weight == 1).all()
        counts.update(zip(left.tolist(), right.tolist(), strict=True))
    exact = laws.expected_pairs(graph, EdgeOptions(), PairStencil()) / graph.num_arcs
    assert chi_square(counts, {ends: exact[ends] for ends in np.ndindex(7, 7)}) > CHANCE


def test_app_is_the_truncated_law_of_where_a_stopping_walk_ends():
    """Of every node that is a centre: w+(u, v) / w(u) is a walk's last node, w/o sinks."""
    graph = planted.no_sinks(weighted=True)
    step = laws.step_law(naive.out_neighbours(graph))
    powers = [np.linalg.matrix_power(step, d) for d in (1, 2, 3)]
    ends = 0.3 * powers[0] + 0.3 * 0.7 * powers[1] + 0.7**2 * powers[2]
    assert ends.sum(1) == pytest.approx(1)
    positive = laws.expected_pairs(graph, FORWARD, HORIZON)
    assert positive / positive.sum(1, keepdims=True) == pytest.approx(ends)


def test_app_loses_at_sinks_what_cannot_go_on():
    graph = planted.chain(5)
    positive = laws.expected_pairs(
        graph, FORWARD.model_copy(update={"walks_per_node": 1}), HORIZON
    )
    # places 0 to 2 of walks of 6 are centres; from node 1 the walks that start at 0 and 1
    # see distance 1 (0.3), 2 (0.21) and 3 (0.49); node 3 is a centre of three walks
    assert positive[1] == pytest.approx([0, 0, 2 * 0.3, 2 * 0.21, 2 * 0.49])
    assert positive[3] == pytest.approx([0, 0, 0, 0, 3 * 0.3])
    assert positive[4] == pytest.approx([0, 0, 0, 0, 0])


def test_both_sides_of_nerd_estimate_the_same_pairs():
    for graph in (planted.small_digraph(), planted.block_model((5, 5, 5))):
        starts = laws.expected_pairs(graph, EdgeOptions(), None)
        out = laws.step_law(naive.out_neighbours(graph))
        into = laws.step_law(naive.in_neighbours(graph))
        one_side = sum(starts @ np.linalg.matrix_power(into @ out, i) for i in range(3))
        assert laws.expected_pairs(graph, NERD, FirstStencil()) == pytest.approx(
            2 * one_side
        )


def test_a_symmetric_window_on_directed_walks_is_symmetric():
    positive = laws.expected_pairs(
        planted.small_digraph(), FORWARD, WindowStencil(window=3)
    )
    assert positive == pytest.approx(positive.T)
    positive = laws.expected_pairs(planted.small_digraph(), FORWARD, HORIZON)
    assert positive != pytest.approx(positive.T)


@pytest.mark.parametrize("sampler", [UNDIRECTED, FORWARD], ids=["ignore", "follow"])
@pytest.mark.parametrize("sides", ["both", "after", "before"])
@pytest.mark.parametrize("centres", ["all", "whole_horizon"])
def test_powers_and_lists_of_walks_agree(sampler, sides, centres):
    stencil = WindowStencil(window=3, weights="geometric", sides=sides, centres=centres)
    for graph in (planted.small_digraph(), planted.small_undirected()):
        by_powers = laws.expected_pairs(graph, sampler, stencil)
        assert laws.listed_pairs(graph, sampler, stencil) == pytest.approx(by_powers)


def test_noise_weights_by_hand():
    positive = np.array([[5.0, 1.0], [2.0, 0.0]])
    both = laws.noise_weights(positive, [0.25, 0.75], [0.5, 0.5], 4, "both")
    assert laws.noise_weights(
        positive, [0.25, 0.75], [0.5, 0.5], 4, "target"
    ) == pytest.approx(np.array([[0, 2], [4, 0]]))
    assert laws.noise_weights(
        positive, [0.25, 0.75], [0.5, 0.5], 4, "source"
    ) == pytest.approx(np.array([[0, 1], [6, 0]]))
    assert both == pytest.approx(np.array([[0, 1.5], [5, 0]]))


# ---- and would it be seen? --------------------------------------------------------------


@pytest.mark.parametrize(
    ("sampler", "drawn", "meant"),
    [
        (
            UNDIRECTED,
            WindowStencil(window=2),
            WindowStencil(window=2, weights="linear"),
        ),
        (FORWARD, HORIZON.model_copy(update={"centres": "all"}), HORIZON),
        (FORWARD, HORIZON.model_copy(update={"sides": "both"}), HORIZON),
        (FORWARD, HORIZON, HORIZON.model_copy(update={"stop_probability": 0.31})),
        (NERD, FirstStencil(weights="linear"), FirstStencil()),
    ],
    ids=["weights", "centres", "sides", "stop", "nerd weights"],
)
def test_another_stencil_is_seen(sampler, drawn, meant):
    graph = planted.small_digraph()
    plan_ = plan(graph, sampler, seed=9)
    epochs = -(-12_000 // plan_.count)
    mean, covariance = pair_law(graph, sampler, meant)
    found = drawn_pairs(plan_, drawn, graph.num_nodes, epochs)
    assert wald(found, epochs * mean, epochs * covariance) < CHANCE


def test_sides_forgotten_are_seen(monkeypatch):
    """A walk that started at a target, taken for one that started at a source."""
    whole = stencils._first_pairs
    monkeypatch.setattr(
        stencils,
        "_first_pairs",
        lambda rows, lengths, sides, *rest: whole(rows, lengths, 0 * sides, *rest),
    )
    assert p_of_pairs(planted.no_sinks(), *METHODS["nerd"]) < CHANCE
