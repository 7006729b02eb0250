"""What every sampler owes: its twin's very sequences, on any part, thread count and epoch."""

from __future__ import annotations

import itertools

import naive
import numba
import numpy as np
import pytest
from planted import PLANTED

from nodeemb.sampling.options import (
    AlternatingOptions,
    EdgeOptions,
    SecondOrderOptions,
    WalkOptions,
)
from nodeemb.sampling.registry import SAMPLERS, plan
from nodeemb.sampling.sequences import Pairs

VARIANTS = {
    "edges": [EdgeOptions(weights=weights) for weights in ("draw", "keep")],
    "walks": [
        WalkOptions(direction=direction, walk_length=6, walks_per_node=3)
        for direction in ("follow", "ignore")
    ],
    "second_order": [
        SecondOrderOptions(
            direction=direction, walk_length=6, walks_per_node=3, p=p, q=q
        )
        for direction, p, q in (
            ("follow", 0.5, 2.0),
            ("ignore", 4.0, 0.25),
            ("ignore", 2.0, 1.0),
            ("follow", 0.125, 0.5),
        )
    ],
    "alternating": [AlternatingOptions(walk_length=length) for length in (2, 6)],
}
OPTIONS = [options for name in VARIANTS for options in VARIANTS[name]]
CASES = [
    pytest.param(graph, options, id=f"{graph}-{options.kind}-{number}")
    for graph in PLANTED
    for number, options in enumerate(OPTIONS)
]
ENOUGH = 120  # sequences to compare: the twins are slow


def as_lists(drawn) -> list:
    """Drawn sequences or pairs as plain tuples, without what is undefined."""
    if not isinstance(drawn, Pairs):
        return naive.as_walks(drawn)
    return list(zip(*(column.tolist() for column in drawn), strict=True))


@pytest.fixture
def threads():
    """Sets the number of threads, and back again."""
    before = numba.get_num_threads()
    yield numba.set_num_threads
    numba.set_num_threads(before)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_has_a_twin_and_is_tested_here(name):
    assert callable(getattr(naive, name, None)), f"write tests/naive.py:{name}"
    assert [options.kind for options in VARIANTS[name]] == [name] * len(VARIANTS[name])


@pytest.mark.parametrize(("graph", "options"), CASES)
def test_equals_its_twin_bit_for_bit(graph, options):
    graph = PLANTED[graph]()
    plan_ = plan(graph, options, seed=11)
    for epoch in (0, 3):
        count = min(plan_.count, ENOUGH)
        twin = getattr(naive, options.kind)(graph, options, 11, epoch, 0, count)
        assert as_lists(plan_.draw(epoch, 0, count)) == twin


@pytest.mark.parametrize(("graph", "options"), CASES)
def test_any_part_of_an_epoch_can_be_drawn_by_anyone(graph, options):
    plan_ = plan(PLANTED[graph](), options, seed=5)
    whole = as_lists(plan_.draw(1, 0, plan_.count))
    assert len(whole) == plan_.count
    cuts = [0, 0, 1, plan_.count // 3, plan_.count // 2, plan_.count]
    fresh = plan(PLANTED[graph](), options, seed=5)
    parts = [
        as_lists(fresh.draw(1, a, b - a))
        for a, b in reversed(list(itertools.pairwise(cuts)))
        if a <= b
    ]
    assert [sequence for part in reversed(parts) for sequence in part] == whole


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread only")
@pytest.mark.parametrize("graph", ["small_digraph", "block_model"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options.kind)
def test_threads_change_nothing(graph, options, threads):
    plan_ = plan(PLANTED[graph](), options, seed=2)
    drawn = []
    for count in (1, 2):
        threads(count)
        drawn.append(as_lists(plan_.draw(0, 0, plan_.count)))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("graph", ["small_digraph", "block_model"])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options.kind)
def test_epochs_and_seeds_differ(graph, options):
    graph = PLANTED[graph]()
    first, second = plan(graph, options, seed=0), plan(graph, options, seed=1)
    drawn = [
        as_lists(first.draw(0, 0, first.count)),
        as_lists(first.draw(1, 0, first.count)),
        as_lists(second.draw(0, 0, first.count)),
    ]
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]
    assert drawn[0] == as_lists(plan(graph, options, seed=0).draw(0, 0, first.count))


@pytest.mark.parametrize(("graph", "options"), CASES)
def test_lengths_types_and_degrees(graph, options):
    graph = PLANTED[graph]()
    plan_ = plan(graph, options, seed=0)
    drawn = plan_.draw(0, 0, plan_.count)
    if isinstance(drawn, Pairs):
        assert [column.dtype for column in drawn] == ["i4", "i4", "f4", "i1"]
        assert plan_.count == graph.num_arcs
    else:
        assert [column.dtype for column in drawn] == ["i4", "i4", "i1"]
        assert drawn.rows.shape == (plan_.count, plan_.longest)
        assert (drawn.lengths >= 1).all() and (drawn.lengths <= plan_.longest).all()
    assert plan_.alternating == (options.kind == "alternating")
    out, into = naive.out_neighbours(graph), naive.in_neighbours(graph)
    if getattr(options, "direction", "follow") == "ignore":
        out = into = naive.all_neighbours(graph)
    for degree, near in ((plan_.left_degree, out), (plan_.right_degree, into)):
        assert degree.dtype == np.float64
        assert degree == pytest.approx(
            [sum(w for _, w in near[v]) for v in range(len(near))]
        )


@pytest.mark.parametrize("graph", PLANTED)
@pytest.mark.parametrize(
    "options",
    VARIANTS["walks"] + VARIANTS["second_order"],
    ids=lambda options: options.kind,
)
def test_every_node_starts_its_walks_and_ends_them_only_where_it_must(graph, options):
    graph = PLANTED[graph]()
    plan_ = plan(graph, options, seed=0)
    walks = as_lists(plan_.draw(0, 0, plan_.count))
    starts = np.bincount([nodes[0] for nodes, _ in walks], minlength=graph.num_nodes)
    assert (starts == options.walks_per_node).all()
    near = naive.ways_on(graph, options.direction)
    for nodes, side in walks:
        assert side == 0
        for u, v in itertools.pairwise(nodes):
            assert v in [x for x, _ in near[u]]
        assert len(nodes) == options.walk_length or not near[nodes[-1]]


@pytest.mark.parametrize("graph", PLANTED)
def test_alternating_walks_start_once_on_each_side_of_every_arc_and_never_end_early(
    graph,
):
    graph = PLANTED[graph]()
    plan_ = plan(graph, AlternatingOptions(walk_length=6), seed=0)
    walks = as_lists(plan_.draw(0, 0, plan_.count))
    assert plan_.count == 2 * graph.num_arcs
    assert {len(nodes) for nodes, _ in walks} == {6}
    arcs = {(u, v) for u, v, _ in naive.arcs(graph)}
    for nodes, side in walks:
        for i in range(5):
            ends = nodes[i], nodes[i + 1]
            assert (ends if (i + side) % 2 == 0 else ends[::-1]) in arcs
    if graph.weight is None:
        for side in (0, 1):
            starts = [
                nodes[:2] if side == 0 else nodes[1::-1]
                for nodes, s in walks
                if s == side
            ]
            assert sorted(starts) == sorted(arcs)


def test_an_epoch_of_unweighted_edges_has_every_arc_once():
    graph = PLANTED["block_model"]()
    drawn = plan(graph, EdgeOptions(), seed=0).draw(4, 0, graph.num_arcs)
    assert sorted(zip(drawn.left, drawn.right, strict=True)) == [
        (u, v) for u, v, _ in naive.arcs(graph)
    ]


def test_the_kind_of_an_edge_is_its_sign():
    graph = PLANTED["signed_digraph"]()
    drawn = plan(graph, EdgeOptions(), seed=0).draw(0, 0, graph.num_arcs)
    negative = {
        (int(u), int(v))
        for u, v, kind in zip(drawn.left, drawn.right, drawn.kind, strict=True)
        if kind == 1
    }
    assert negative == {(1, 2), (3, 0)}
