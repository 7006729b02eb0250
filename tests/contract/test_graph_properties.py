"""Whatever edges are given, the graph holds just them: against a slow, obvious twin."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeemb import Graph
from nodeemb.errors import DataRefused

many = settings(deadline=None, max_examples=60)


@st.composite
def edge_lists(draw, weighted=None, signed=None, max_nodes=8, max_edges=25):
    """(num_nodes, sources, targets, weights or None, signs or None)."""
    n = draw(st.integers(1, max_nodes))
    m = draw(st.integers(1, max_edges))
    row = st.integers(0, n - 1)
    column = st.lists(row, min_size=m, max_size=m)
    weighted = draw(st.booleans()) if weighted is None else weighted
    signed = draw(st.booleans()) if signed is None else signed
    # quarters add up in float32 without an error
    quarter = st.integers(1, 40).map(lambda q: q / 4)
    weights = draw(st.lists(quarter, min_size=m, max_size=m)) if weighted else None
    sign = st.sampled_from([-1, 1])
    signs = draw(st.lists(sign, min_size=m, max_size=m)) if signed else None
    return n, draw(column), draw(column), weights, signs


def make(edges, **options):
    n, sources, targets, weights, signs = edges
    return Graph.from_edges(
        sources, targets, weight=weights, sign=signs, num_nodes=n, **options
    )


def twin(edges, rule, directed):
    """{(source, target): (weight, sign)} of all arcs, mirrored, repeats; or None."""
    _, sources, targets, weights, signs = edges
    rows: dict[tuple[int, int], list] = {}
    for i, (s, t) in enumerate(zip(sources, targets, strict=True)):
        key = (s, t) if directed else (min(s, t), max(s, t))
        w = 1.0 if weights is None else weights[i]
        g = 1 if signs is None else signs[i]
        rows.setdefault(key, []).append((w, g, (s, t) != key))
    arcs, mirrored, repeats = {}, 0, 0
    for (s, t), found in rows.items():
        if not directed and len(found) == 2:
            (w1, g1, back1), (w2, g2, back2) = found
            if back1 != back2 and (w1, g1) == (w2, g2):
                mirrored += 1
                found = found[:1]
        repeats += len(found) - 1
        if rule != "first" and len({g for _, g, _ in found}) > 1:
            return None
        values = [w for w, _, _ in found]
        weight = {"first": values[0], "max": max(values), "sum": sum(values)}[rule]
        arcs[s, t] = weight, found[0][1]
        if not directed:
            arcs[t, s] = arcs[s, t]
    return arcs, mirrored, repeats


def arcs_of(graph):
    """The same from a graph, its arrays read one by one."""
    arcs = {}
    for row in range(graph.num_nodes):
        for a in range(graph.out.pointers[row], graph.out.pointers[row + 1]):
            key = row, int(graph.out.neighbours[a])
            assert key not in arcs
            arcs[key] = (
                1.0 if graph.weight is None else float(graph.weight[a]),
                1 if graph.sign is None else int(graph.sign[a]),
            )
    return arcs


def check_shape(graph):
    """Both adjacencies hold the same arcs, ascending, and nothing can be changed."""
    for side in (graph.out, graph.into):
        assert side.pointers[0] == 0 and side.pointers[-1] == graph.num_arcs
        assert (np.diff(side.pointers) >= 0).all()
        for row in range(graph.num_nodes):
            part = side.neighbours[side.pointers[row] : side.pointers[row + 1]]
            assert (np.diff(part) > 0).all()
        assert not any(array.flags.writeable for array in side)
    assert (graph.out.arcs == np.arange(graph.num_arcs)).all()
    owner = np.repeat(np.arange(graph.num_nodes), graph.into.degrees())
    assert (graph.targets[graph.into.arcs] == owner).all()
    assert (graph.sources[graph.into.arcs] == graph.into.neighbours).all()


@many
@given(edge_lists(), st.sampled_from(["first", "max", "sum"]), st.booleans())
def test_every_rule_against_the_twin(edges, rule, directed):
    expected = twin(edges, rule, directed)
    if expected is None:
        with pytest.raises(DataRefused, match="both signs"):
            make(edges, duplicates=rule, directed=directed)
        return
    arcs, mirrored, repeats = expected
    graph = make(edges, duplicates=rule, directed=directed)
    check_shape(graph)
    if edges[3] is None and not (rule == "sum" and repeats):
        assert graph.weight is None
        arcs = {key: (1.0, g) for key, (_, g) in arcs.items()}
    assert arcs_of(graph) == arcs
    report = graph.report
    assert (report.mirrored, report.duplicates) == (mirrored, repeats)
    assert report.duplicates_rule == (rule if repeats else "none found")


@many
@given(edge_lists(), st.booleans())
def test_repeats_are_refused_by_default(edges, directed):
    expected = twin(edges, "first", directed)
    if expected[2]:
        with pytest.raises(
            DataRefused, match=f"{expected[2]} of {len(edges[1])} edges"
        ):
            make(edges, directed=directed)
    else:
        assert arcs_of(make(edges, directed=directed)).keys() == expected[0].keys()


@many
@given(edge_lists(), st.booleans(), st.randoms())
def test_the_order_of_the_rows_does_not_matter(edges, directed, random):
    n, *columns = edges
    places = list(range(len(columns[0])))
    random.shuffle(places)
    mixed = [None if c is None else [c[i] for i in places] for c in columns]
    plain = [
        make((n, *c), duplicates="sum", directed=directed)
        for c in ((*columns[:3], None), (*mixed[:3], None))
    ]
    assert plain[0].digest() == plain[1].digest()
    assert plain[0].report == plain[1].report


@many
@given(edge_lists(signed=False))
def test_turning_twice_gives_the_graph_again(edges):
    graph = make(edges, duplicates="max")
    turned = Graph.from_edges(
        graph.targets, graph.sources, weight=graph.weight, num_nodes=graph.num_nodes
    )
    assert (turned.out.neighbours == graph.into.neighbours).all()
    assert (turned.into.pointers == graph.out.pointers).all()
    assert turned.report.sinks == graph.report.sources
    again = Graph.from_edges(
        turned.targets, turned.sources, weight=turned.weight, num_nodes=turned.num_nodes
    )
    assert again.digest() == graph.digest()


names = st.one_of(
    st.integers(-(2**40), 2**40),
    st.text(max_size=4),
    st.tuples(st.integers(0, 3), st.text(max_size=2)),
)


@many
@given(edge_lists(), st.data())
def test_relabelling_changes_the_ids_alone(edges, data):
    graph = make(edges, duplicates="first")
    n = graph.num_nodes
    ids = data.draw(
        st.lists(names, min_size=n, max_size=n, unique_by=lambda v: (type(v), v))
    )
    named = Graph.from_edges(
        edges[1], edges[2], weight=edges[3], sign=edges[4], ids=ids, duplicates="first"
    )
    assert list(named.ids) == ids
    assert arcs_of(named) == arcs_of(graph)
    assert named.report == graph.report
    by_id = Graph.from_edges(
        [ids[s] for s in edges[1]],
        [ids[t] for t in edges[2]],
        weight=edges[3],
        sign=edges[4],
        duplicates="first",
    )
    back = named.rows(by_id.ids)
    assert {(back[s], back[t]): v for (s, t), v in arcs_of(by_id).items()} == arcs_of(
        graph
    )


@many
@given(edge_lists(), st.integers(1, 5), st.booleans())
def test_isolated_nodes_change_nothing_else(edges, more, directed):
    graph = make(edges, duplicates="first", directed=directed)
    wide = make((edges[0] + more, *edges[1:]), duplicates="first", directed=directed)
    check_shape(wide)
    assert arcs_of(wide) == arcs_of(graph)
    assert wide.report.isolated == graph.report.isolated + more
    assert wide.report.nodes == graph.report.nodes + more


@many
@given(edge_lists(), st.booleans())
def test_the_report_against_networkx(edges, directed):
    graph = make(edges, duplicates="first", directed=directed)
    peer = nx.DiGraph() if directed else nx.Graph()
    peer.add_nodes_from(range(edges[0]))
    peer.add_edges_from(zip(edges[1], edges[2], strict=True))
    report = graph.report
    assert report.nodes == peer.number_of_nodes()
    assert report.edges == graph.num_edges == peer.number_of_edges()
    assert report.self_loops == nx.number_of_selfloops(peer)
    assert report.isolated == nx.number_of_isolates(peer)
    if not directed:
        assert (report.sinks, report.sources) == (0, 0)
        return
    ins, outs = dict(peer.in_degree), dict(peer.out_degree)
    assert report.sinks == sum(ins[v] > 0 == outs[v] for v in peer)
    assert report.sources == sum(outs[v] > 0 == ins[v] for v in peer)
    assert (graph.out_degree == [outs[v] for v in range(edges[0])]).all()
    assert (graph.in_degree == [ins[v] for v in range(edges[0])]).all()
    peer.remove_edges_from(list(nx.selfloop_edges(peer)))
    mutual = nx.overall_reciprocity(peer) if peer.number_of_edges() else 0.0
    assert report.reciprocity == pytest.approx(mutual)


@many
@given(edge_lists(), st.booleans())
def test_looking_up_edges(edges, directed):
    graph = make(edges, duplicates="first", directed=directed)
    n, arcs = graph.num_nodes, arcs_of(graph)
    every = np.array([(s, t) for s in range(n) for t in range(n)])
    places = graph.arc_positions(every[:, 0], every[:, 1])
    for (s, t), place in zip(every.tolist(), places.tolist(), strict=True):
        assert (place >= 0) == ((s, t) in arcs)
        if place >= 0:
            assert (graph.sources[place], graph.targets[place]) == (s, t)
    assert graph.has_edges(every[:, 0], every[:, 1]).tolist() == [
        tuple(pair) in arcs for pair in every.tolist()
    ]


@many
@given(edge_lists(), st.booleans(), st.randoms())
def test_keeping_some_arcs(edges, directed, random):
    graph = make(edges, duplicates="first", directed=directed)
    chosen = {
        frozenset(key) if not directed else key: random.random() < 0.5
        for key in arcs_of(graph)
    }
    keep = np.array(
        [
            chosen[(s, t) if directed else frozenset((s, t))]
            for s, t in zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
        ]
    )
    part = graph.keep_arcs(keep)
    check_shape(part)
    kept = {
        key: value
        for key, value in arcs_of(graph).items()
        if chosen[key if directed else frozenset(key)]
    }
    assert arcs_of(part) == kept
    assert part.ids == graph.ids
