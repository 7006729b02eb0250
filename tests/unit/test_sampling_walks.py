"""Walks where the answer is known: rings, chains, stars, sinks; adjacency and degrees."""

from __future__ import annotations

import naive
import numpy as np
import planted
import pytest

from nodeemb.errors import WrongUse
from nodeemb.graph.build import from_edges
from nodeemb.graph.graph import Graph
from nodeemb.options import parse
from nodeemb.sampling.options import AlternatingOptions, SecondOrderOptions, WalkOptions
from nodeemb.sampling.registry import plan
from nodeemb.sampling.walks import has_arc, in_steps, out_steps, steps_both_ways


def walked(graph: Graph, options) -> list[tuple[int, ...]]:
    plan_ = plan(graph, options, seed=0)
    return [nodes for nodes, _ in naive.as_walks(plan_.draw(0, 0, plan_.count))]


def test_walks_on_a_ring_go_round():
    for nodes in walked(
        planted.directed_ring(5), WalkOptions(walk_length=12, walks_per_node=2)
    ):
        assert list(nodes) == [(nodes[0] + i) % 5 for i in range(12)]


def test_the_only_way_on_is_taken_however_unwelcome():
    options = SecondOrderOptions.model_construct(  # beyond what users may ask for
        walk_length=6, walks_per_node=2, p=1e15, q=1.0
    )
    for nodes in walked(planted.star_out(5), options):
        assert len(nodes) == 6
        assert all(
            (node == 0) == (i % 2 == (nodes[0] != 0)) for i, node in enumerate(nodes)
        )


def test_walks_on_a_chain_end_at_its_end():
    for nodes in walked(planted.chain(5), WalkOptions(walk_length=9, walks_per_node=2)):
        assert list(nodes) == list(range(nodes[0], 5))


def test_walks_from_leaves_of_a_star():
    for nodes in walked(planted.star_out(5), WalkOptions(walk_length=4)):
        assert len(nodes) == (2 if nodes[0] == 0 else 1)
    for nodes in walked(planted.star_in(5), WalkOptions(walk_length=4)):
        assert nodes == ((0,) if nodes[0] == 0 else (nodes[0], 0))


def test_walks_that_ignore_direction_cross_a_star():
    for nodes in walked(
        planted.star_out(5), WalkOptions(direction="ignore", walk_length=6)
    ):
        assert len(nodes) == 6
        assert all(
            (node == 0) == (i % 2 == (nodes[0] != 0)) for i, node in enumerate(nodes)
        )


@pytest.mark.parametrize(
    "options",
    [
        WalkOptions(walk_length=9, direction="follow"),
        SecondOrderOptions(walk_length=9, direction="follow", p=0.25, q=2.0),
    ],
    ids=lambda options: options.kind,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_walks_side_by_side_are_the_walks_one_by_one(weighted, options):
    """Some end at sinks early, and more go at once than a thread takes side by side."""
    drawn = np.random.default_rng(0)
    ends = drawn.integers(0, 60, (2, 90))
    weights = drawn.random(90) + 0.1 if weighted else None
    graph = from_edges(*ends, num_nodes=60, weight=weights, duplicates="first")
    plan_ = plan(graph, options, seed=1)
    together = naive.as_walks(plan_.draw(0, 0, 150))
    alone = [naive.as_walks(plan_.draw(0, i, 1))[0] for i in range(150)]
    assert together == alone
    assert len({len(nodes) for nodes, _ in alone}) > 3


def test_isolated_nodes_walk_nowhere():
    graph = planted.isolated_and_dangling()
    for direction in ("follow", "ignore"):
        walks = walked(graph, WalkOptions(direction=direction, walk_length=4))
        assert {len(nodes) for nodes in walks if nodes[0] in (4, 5)} == {1}


def test_alternating_walks_keep_the_sides_of_a_bipartite_graph():
    graph = planted.source_target_bipartite(3, 4)
    plan_ = plan(graph, AlternatingOptions(walk_length=8), seed=0)
    for nodes, side in naive.as_walks(plan_.draw(0, 0, plan_.count)):
        assert all((node < 3) == ((i + side) % 2 == 0) for i, node in enumerate(nodes))


def test_alternating_walks_have_an_even_number_of_nodes():
    with pytest.raises(WrongUse, match="even number"):
        parse(AlternatingOptions, {"walk_length": 5}, "here")


@pytest.mark.parametrize("name", planted.PLANTED)
def test_steps_both_ways_are_the_sum_of_both_directions(name):
    graph = planted.PLANTED[name]()
    steps = steps_both_ways(graph)
    near = naive.all_neighbours(graph)
    for v in range(graph.num_nodes):
        begin, end = steps.pointers[v], steps.pointers[v + 1]
        assert steps.neighbours[begin:end].tolist() == [x for x, _ in near[v]]
        assert steps.degree[v] == sum(w for _, w in near[v])
    assert len(steps.prob) == (0 if graph.weight is None else len(steps.neighbours))


def test_has_arc_answers_for_every_pair():
    graph = planted.block_model((6, 6, 6))
    arcs = {(u, v) for u, v, _ in naive.arcs(graph)}
    adjacency = graph.out.pointers, graph.out.neighbours
    for u in range(18):
        for v in range(18):
            assert has_arc(*adjacency, u, v) == ((u, v) in arcs)


def test_light_nodes_keep_their_degree_beside_heavy_ones():
    graph = Graph.from_edges(
        [0, 1, 2], [1, 2, 3], weight=[1e30, 1.0, 1e-3], num_nodes=4
    )
    assert out_steps(graph).degree == pytest.approx([1e30, 1, 1e-3, 0], rel=1e-6)
    assert in_steps(graph).degree == pytest.approx([0, 1e30, 1, 1e-3], rel=1e-6)


def test_a_graph_without_arcs_has_degree_zero():
    graph = planted.small_digraph().keep_arcs(np.zeros(11, bool))
    assert out_steps(graph).degree.tolist() == [0.0] * 7
