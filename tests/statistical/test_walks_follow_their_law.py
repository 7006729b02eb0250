"""Whole walks against the exact law of whole walks: every sampler, every kind of graph."""

from __future__ import annotations

from collections import Counter

import laws
import naive
import planted
import pytest
from agreement import CHANCE, chi_square, chi_square_of_many

from nodeemb.sampling import walks
from nodeemb.sampling.options import (
    AlternatingOptions,
    EdgeOptions,
    SecondOrderOptions,
    WalkOptions,
)
from nodeemb.sampling.registry import SAMPLERS, plan

GRAPHS = [
    "small_digraph",
    "small_digraph_unweighted",
    "no_sinks",
    "no_sinks_weighted",
    "small_undirected",
    "small_undirected_weighted",
    "isolated_and_dangling",
]
WALKS = [
    WalkOptions(direction="follow", walk_length=5, walks_per_node=2000),
    WalkOptions(direction="ignore", walk_length=4, walks_per_node=2000),
    SecondOrderOptions(
        direction="follow", walk_length=5, walks_per_node=2000, p=0.5, q=2.0
    ),
    SecondOrderOptions(
        direction="ignore", walk_length=4, walks_per_node=2000, p=4.0, q=0.25
    ),
    SecondOrderOptions(
        direction="follow", walk_length=5, walks_per_node=2000, p=0.125, q=0.5
    ),
    AlternatingOptions(walk_length=4),
]


def named(options) -> str:
    direction, p = getattr(options, "direction", ""), getattr(options, "p", "")
    return f"{options.kind}-{direction}-{p}".rstrip("-")


def p_of_walks(graph, options, *, law_graph=None) -> float:
    """Draws many walks and compares, start by start, with the law of `law_graph`."""
    plan_ = plan(graph, options, seed=3)
    epochs = -(-16_000 // plan_.count)
    drawn = Counter(
        walk
        for e in range(epochs)
        for walk in naive.as_walks(plan_.draw(e, 0, plan_.count))
    )
    exact = laws.walk_law(law_graph or graph, options)
    tests, begin = [], 2 if options.kind == "alternating" else 1
    for _, law in exact:
        nodes, side = law[0][0]
        start = nodes[:begin], side
        own = Counter({w: k for w, k in drawn.items() if (w[0][:begin], w[1]) == start})
        tests.append((own, dict(law)))
    assert sum(own.total() for own, _ in tests) == drawn.total()
    return chi_square_of_many(tests)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("options", WALKS, ids=named)
def test_walks_follow_their_law(graph, options):
    assert p_of_walks(planted.PLANTED[graph](), options) > CHANCE


def test_every_sampler_is_tested():
    assert {options.kind for options in WALKS} | {"edges"} == set(SAMPLERS)


@pytest.mark.parametrize(
    "graph", ["no_sinks_weighted", "small_digraph", "small_undirected_weighted"]
)
def test_weighted_edges_follow_their_weights(graph):
    graph = planted.PLANTED[graph]()
    plan_ = plan(graph, EdgeOptions(), seed=1)
    drawn = Counter(
        ends
        for epoch in range(2000)
        for ends in zip(
            *(c.tolist() for c in plan_.draw(epoch, 0, plan_.count)[:2]), strict=True
        )
    )
    total = sum(w for _, _, w in naive.arcs(graph))
    assert (
        chi_square(drawn, {(u, v): w / total for u, v, w in naive.arcs(graph)}) > CHANCE
    )


@pytest.mark.parametrize(
    "graph", ["no_sinks_weighted", "small_digraph", "small_undirected_weighted"]
)
def test_weighted_alternating_walks_start_by_weight_on_either_side(graph):
    graph = planted.PLANTED[graph]()
    plan_ = plan(graph, AlternatingOptions(walk_length=2), seed=1)
    drawn = [naive.as_walks(plan_.draw(epoch, 0, plan_.count)) for epoch in range(1000)]
    total = sum(w for _, _, w in naive.arcs(graph))
    law = {(u, v): w / total for u, v, w in naive.arcs(graph)}
    for side in (0, 1):
        starts = Counter(
            nodes if side == 0 else nodes[::-1]
            for epoch in drawn
            for nodes, s in epoch
            if s == side
        )
        assert chi_square(starts, law) > CHANCE


# ---- and would it be seen? --------------------------------------------------------------


def without_last(steps: walks.Steps) -> walks.Steps:
    """A fault of published code: the last neighbour is never drawn (the first stands in)."""
    neighbours = steps.neighbours.copy()
    for a, b in zip(steps.pointers[:-1], steps.pointers[1:], strict=True):
        if b > a:
            neighbours[b - 1] = neighbours[a]
    return steps._replace(neighbours=neighbours)


@pytest.mark.parametrize("graph", ["small_digraph", "no_sinks", "small_undirected"])
@pytest.mark.parametrize("options", WALKS, ids=named)
def test_a_sampler_that_never_draws_the_last_neighbour_is_seen(
    graph, options, monkeypatch
):
    whole = walks._steps
    monkeypatch.setattr(walks, "_steps", lambda *given: without_last(whole(*given)))
    assert p_of_walks(planted.PLANTED[graph](), options) < CHANCE


def test_weights_left_unused_are_seen():
    weighted, plain = planted.no_sinks(weighted=True), planted.no_sinks()
    for options in WALKS:
        assert p_of_walks(plain, options, law_graph=weighted) < CHANCE


def test_the_other_definition_of_second_order_is_seen(monkeypatch):
    """node2vec's published program asks for x -> t where the paper asks for t -> x."""

    def other(near, before, x, p, q):
        if x == before:
            return 1 / p
        return 1.0 if before in [y for y, _ in near[x]] else 1 / q

    monkeypatch.setattr(laws, "bias", other)
    assert p_of_walks(planted.small_digraph(), WALKS[2]) < CHANCE


def test_wrong_p_and_q_are_seen(monkeypatch):
    bias = laws.bias
    monkeypatch.setattr(
        laws, "bias", lambda near, before, x, p, q: bias(near, before, x, q, p)
    )
    assert p_of_walks(planted.no_sinks(), WALKS[2]) < CHANCE
