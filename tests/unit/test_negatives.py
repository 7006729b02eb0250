"""Test negatives: never a link, a loop or a repeat, and each kind what it says."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.negatives import NEGATIVES, draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.graph.graph import Graph

KINDS = [*NEGATIVES, "reversed:50", "reversed:0"]


def _random_graph(seed: int, nodes: int = 40, edges: int = 200, directed=True) -> Graph:
    rng = np.random.default_rng(seed)
    keys = rng.choice(nodes * nodes, size=edges, replace=False)
    return Graph.from_edges(
        keys // nodes,
        keys % nodes,
        num_nodes=nodes,
        directed=directed,
        duplicates="first",
    )


def _hub_graph(seed: int, nodes: int = 3000, edges: int = 20_000) -> Graph:
    """Few nodes have most links, on either side: hard to match degrees in."""
    rng = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, nodes + 1) ** 0.8
    popularity /= popularity.sum()
    sources = rng.permutation(nodes)[rng.choice(nodes, edges, p=popularity)]
    targets = rng.permutation(nodes)[rng.choice(nodes, edges, p=popularity)]
    pairs = np.unique(np.stack([sources, targets], 1)[sources != targets], axis=0)
    return Graph.from_edges(pairs[:, 0], pairs[:, 1], num_nodes=nodes)


def _set(pairs: np.ndarray) -> set[tuple[int, int]]:
    return {tuple(p) for p in pairs.tolist()}


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), directed=st.booleans())
def test_no_negative_is_a_link_a_loop_or_a_repeat(seed, kind, directed):
    if kind.startswith("reversed") and not directed:
        return
    graph = _random_graph(seed, directed=directed)
    split = split_edges(graph, 0.3, 0.1, seed=seed)
    drawn = draw_negatives(kind, graph, split.test, seed)
    assert drawn.pairs.shape == split.test.shape
    assert drawn.pairs.dtype == np.int32
    assert not graph.has_edges(*drawn.pairs.T).any()
    assert (drawn.pairs[:, 0] != drawn.pairs[:, 1]).all()
    assert len(_set(drawn.pairs)) == len(drawn.pairs)
    assert drawn.pairs.min() >= 0 and drawn.pairs.max() < graph.num_nodes
    if not directed:
        assert (drawn.pairs[:, 0] < drawn.pairs[:, 1]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_alone_decides(kind):
    graph = _random_graph(0)
    test = split_edges(graph, 0.3).test
    first, again, other = (draw_negatives(kind, graph, test, s) for s in (1, 1, 2))
    assert np.array_equal(first.pairs, again.pairs)
    assert not np.array_equal(first.pairs, other.pairs)
    assert first.kind == kind


def test_uniform_negatives_are_uniform():
    graph = _random_graph(1, nodes=9, edges=30)
    test = split_edges(graph, 0.5).test
    counts = np.zeros((9, 9))
    for seed in range(500):
        counts[tuple(draw_negatives("uniform", graph, test, seed).pairs.T)] += 1
    free = ~np.eye(9, dtype=bool)
    free[graph.sources, graph.targets] = False
    assert counts[~free].sum() == 0
    assert chisquare(counts[free]).pvalue > 1e-4


def test_uniform_negatives_use_up_all_that_there_are():
    # 6 nodes, 30 pairs, 15 links: the 15 negatives are the other 15.
    upper = np.array([(i, j) for i in range(6) for j in range(i + 1, 6)])
    graph = Graph.from_edges(upper[:, 0], upper[:, 1])
    drawn = draw_negatives("uniform", graph, upper)
    assert _set(drawn.pairs) == {(j, i) for i, j in upper.tolist()}


@pytest.mark.parametrize("percent", [0, 30, 50, 100])
def test_reversed_share(percent):
    graph = _random_graph(2, nodes=400, edges=600)
    test = split_edges(graph, 0.5).test
    turned = {(t, s) for s, t in test.tolist() if not graph.has_edges([t], [s])[0]}
    drawn = draw_negatives(f"reversed:{percent}", graph, test)
    wanted = min(len(turned), round(percent / 100 * len(test)))
    assert drawn.facts == {"reversals": wanted}
    # The uniform rest may hit a reversal by chance (0.6 of them are expected at 0 %).
    assert wanted <= len(_set(drawn.pairs) & turned) <= wanted + 4
    assert len(drawn.pairs) == len(test)


def test_reversed_alone_is_a_hundred_per_cent_and_mutual_links_are_replaced():
    graph = Graph.from_edges([0, 1, 2, 3], [1, 0, 3, 4], num_nodes=50)
    test = np.array([[0, 1], [1, 0], [2, 3], [3, 4]])
    drawn = draw_negatives("reversed", graph, test)
    assert drawn.facts == {"reversals": 2}
    assert {(3, 2), (4, 3)} < _set(drawn.pairs)
    assert len(drawn.pairs) == 4


def test_which_links_are_turned_is_random():
    graph = Graph.from_edges(range(40), range(1, 41))
    test = np.stack([np.arange(40), np.arange(1, 41)], 1)
    turned = [
        _set(draw_negatives("reversed:50", graph, test, s).pairs)
        & {(i + 1, i) for i in range(40)}
        for s in range(2)
    ]
    assert turned[0] != turned[1]


@pytest.mark.parametrize("seed", range(3))
def test_degree_matched_uses_every_end_as_often_as_the_positives(seed):
    graph = _hub_graph(seed)
    test = split_edges(graph, 0.5, seed=seed).test
    drawn = draw_negatives("degree", graph, test, seed)
    assert drawn.facts == {"drawn_singly": 0}
    for end in (0, 1):
        assert np.array_equal(np.sort(drawn.pairs[:, end]), np.sort(test[:, end]))


@pytest.mark.parametrize("seed", range(3))
def test_no_degree_tells_degree_matched_negatives_from_links(seed):
    graph = _hub_graph(seed)
    split = split_edges(graph, 0.5, seed=seed)
    pairs = draw_negatives("degree", graph, split.test, seed).pairs
    out, into = np.log1p(split.train.out_degree), np.log1p(split.train.in_degree)
    scores = {
        "in_degree": lambda p: into[p[:, 1]],
        "degree sum": lambda p: out[p[:, 0]] + into[p[:, 1]],
        "potential": lambda p: (out - into)[p[:, 0]] - (out - into)[p[:, 1]],
    }
    for name, score in scores.items():
        assert abs(auc(score(split.test), score(pairs)) - 0.5) < 0.02, name
    # while uniform negatives are told by degrees alone:
    far = draw_negatives("uniform", graph, split.test, seed).pairs
    score = scores["degree sum"]
    assert auc(score(split.test), score(far)) > 0.75


def test_degree_matched_undirected_keeps_the_degrees():
    graph = _random_graph(3, nodes=200, edges=500, directed=False)
    test = split_edges(graph, 0.5).test
    drawn = draw_negatives("degree", graph, test).pairs
    counts = [np.bincount(p.ravel(), minlength=200) for p in (test, drawn)]
    assert np.array_equal(*counts)


def test_hubs_without_free_partners_are_told():
    # 0 links to all of 1..9, so it has no free target; 10 links to 1 only.
    graph = Graph.from_edges([0] * 9 + [10], [*range(1, 10), 1])
    test = np.array([[0, 1], [10, 1]])
    with pytest.raises(DataRefused, match="0 of 2 degree negatives"):
        draw_negatives("degree", graph, test)
    test = np.array([[0, 2], [10, 1], [0, 3]])
    with pytest.raises(DataRefused, match="2 of 3 degree"):
        draw_negatives("degree", graph, test)
    more = np.array([[0, 2], [0, 3], [10, 1], [10, 1], [10, 4]])
    with pytest.raises(DataRefused, match="of 5 degree"):
        draw_negatives("degree", graph, more)


def test_unmatched_hubs_are_drawn_singly_and_counted():
    # Node 0 links to everyone; 11 and 12 link to few, so they take over its part.
    graph = Graph.from_edges([0] * 10 + [11, 12], [*range(1, 11), 1, 2])
    test = np.array([[0, 3], [11, 1], [12, 2]])
    drawn = draw_negatives("degree", graph, test)
    assert drawn.facts["drawn_singly"] > 0
    assert 0 not in drawn.pairs[:, 0]
    assert set(drawn.pairs[:, 0].tolist()) <= {11, 12}
    assert set(drawn.pairs[:, 1].tolist()) <= {1, 2, 3}


@pytest.mark.parametrize("directed", [True, False])
def test_two_hop_negatives_are_two_steps_apart(directed):
    graph = _random_graph(4, nodes=150, edges=400, directed=directed)
    test = split_edges(graph, 0.3).test
    drawn = draw_negatives("two_hop", graph, test).pairs
    judge = nx.DiGraph(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True))
    for source, target in drawn.tolist():
        apart = nx.shortest_path_length(judge, source, target)
        assert apart == 2
    ends = test[:, 0] if directed else test
    assert set(drawn[:, 0].tolist()) <= set(ends.ravel().tolist()) or not directed


def test_two_hop_reaches_every_pair_two_steps_apart():
    graph = Graph.from_edges([0, 1, 2, 1, 4], [1, 2, 3, 4, 5])
    test = np.stack([graph.sources, graph.targets], 1)[[0, 1, 2]]
    found = set()
    for seed in range(40):
        found |= _set(draw_negatives("two_hop", graph, test, seed).pairs)
    # From the sources 0, 1 and 2: 2 leads to the sink 3 only.
    assert found == {(0, 2), (0, 4), (1, 3), (1, 5)}


def test_two_hop_steps_are_independent_of_each_other():
    graph = Graph.from_edges([0, 0, 1, 1, 2, 2], [1, 2, 3, 4, 5, 6])
    drawn = [draw_negatives("two_hop", graph, np.array([[0, 1]]), s) for s in range(40)]
    assert {tuple(d.pairs[0]) for d in drawn} == {(0, 3), (0, 4), (0, 5), (0, 6)}


def test_undirected_links_are_walked_from_either_end():
    graph = Graph.from_edges([0, 0, 1], [1, 2, 3], directed=False)
    drawn = [draw_negatives("two_hop", graph, np.array([[0, 1]]), s) for s in range(40)]
    assert {tuple(d.pairs[0]) for d in drawn} == {(0, 3), (1, 2)}


@pytest.mark.parametrize("kind", NEGATIVES)
def test_complete_graphs_have_no_negatives(kind):
    complete = nx.complete_graph(6, create_using=nx.DiGraph)
    graph = Graph.from_edges(*np.array(complete.edges).T)
    with pytest.raises(DataRefused, match=f"0 of 30 {kind} negatives"):
        draw_negatives(kind, graph, np.array(complete.edges))


@pytest.mark.parametrize("kind", ["reversed:101", "reversed:half", "uniform:50"])
def test_shares_that_do_not_exist(kind):
    with pytest.raises(WrongUse, match="reversed:50"):
        draw_negatives(kind, _random_graph(0), np.array([[0, 1]]))


def test_unknown_kind_names_the_close_one():
    with pytest.raises(WrongUse, match="Did you mean uniform"):
        draw_negatives("unifrom", _random_graph(0), np.array([[0, 1]]))


def test_undirected_graphs_have_no_reversed_links():
    graph = _random_graph(0, directed=False)
    with pytest.raises(WrongUse, match="no reversed links"):
        draw_negatives("reversed", graph, np.array([[0, 1]]))
