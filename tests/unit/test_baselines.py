"""Every baseline against dense algebra or networkx, on the training graph it is given."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeemb.errors import WrongUse
from nodeemb.evaluation.baselines import (
    BASELINES,
    DEGREE_BASELINES,
    KATZ_BETA,
    chosen_baselines,
)
from nodeemb.evaluation.pagerank import personalised_pagerank
from nodeemb.evaluation.scorer import Scorer
from nodeemb.graph.graph import Graph


def _random_graph(seed: int, nodes: int = 25, edges: int = 90, directed=True) -> Graph:
    rng = np.random.default_rng(seed)
    keys = rng.choice(nodes * nodes, size=edges, replace=False)
    # Every third node gets no out-link, so that walks end.
    keys = keys[(keys // nodes) % 3 != 0]
    return Graph.from_edges(
        keys // nodes,
        keys % nodes,
        num_nodes=nodes,
        directed=directed,
        duplicates="first",
    )


def _dense(graph: Graph) -> np.ndarray:
    matrix = np.zeros((graph.num_nodes, graph.num_nodes))
    matrix[graph.sources, graph.targets] = 1
    return matrix


def _pagerank(a: np.ndarray, alpha: float) -> np.ndarray:
    out = a.sum(1, keepdims=True)
    walk = np.divide(a, out, out=np.zeros_like(a), where=out > 0)
    return alpha * np.linalg.inv(np.eye(len(a)) - (1 - alpha) * walk)


def _adamic_adar(a: np.ndarray, directed: bool) -> np.ndarray:
    degree = a.sum(0) + a.sum(1) if directed else a.sum(0)
    weight = np.array([1 / np.log(d) if d > 1 else 0 for d in degree])
    return a @ np.diag(weight) @ a


DENSE = {
    "in_degree": lambda a, _: np.tile(a.sum(0), (len(a), 1)),
    "degree_sum": lambda a, _: np.log1p(a.sum(1))[:, None] + np.log1p(a.sum(0)),
    "potential": lambda a, _: np.subtract.outer(
        np.log1p(a.sum(1)) - np.log1p(a.sum(0)), np.log1p(a.sum(1)) - np.log1p(a.sum(0))
    ),
    "preferential_attachment": lambda a, _: np.outer(a.sum(1), a.sum(0)),
    "common_neighbours": lambda a, _: a @ a,
    "adamic_adar": _adamic_adar,
    "katz": lambda a, _: sum(
        KATZ_BETA**k * np.linalg.matrix_power(a, k) for k in (1, 2, 3)
    ),
    "ppr": lambda a, _: _pagerank(a, 0.15),
}


def test_every_baseline_has_a_dense_twin():
    assert set(DENSE) | {"random"} == set(BASELINES)
    assert set(DEGREE_BASELINES) < set(BASELINES)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", DENSE)
def test_baselines_equal_dense_algebra(name, seed, directed):
    graph = _random_graph(seed, directed=directed)
    expected = DENSE[name](_dense(graph), directed)
    source, target = np.indices(expected.shape).reshape(2, -1)
    # Pairs in any order, and repeated: nothing of one source may spill into another.
    order = np.random.default_rng(seed).permutation(np.tile(np.arange(len(source)), 2))
    source, target = source[order], target[order]
    apart = source != target
    source, target = source[apart], target[apart]
    got = BASELINES[name](graph).score_rows(source, target)
    # The push leaves a little walking; here no more than 4e-4 in all.
    tolerance = 4e-4 if name == "ppr" else 1e-12
    np.testing.assert_allclose(got, expected[source, target], rtol=0, atol=tolerance)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    epsilon=st.sampled_from([0.3, 0.03, 1e-3, 1e-9]),
    alpha=st.sampled_from([0.15, 0.5]),
    directed=st.booleans(),
)
def test_ppr_stays_within_the_bound_of_its_push(seed, epsilon, alpha, directed):
    graph = _random_graph(seed, directed=directed)
    exact = _pagerank(_dense(graph), alpha)
    source, target = np.indices(exact.shape).reshape(2, -1)
    got = personalised_pagerank(graph, source, target, alpha, epsilon)
    short = exact[source, target] - got
    left = epsilon * np.maximum(graph.out_degree, 1).sum()
    assert short.min() >= -1e-12
    assert short.max() <= (1 - alpha) ** 2 * left + 1e-12


def test_a_coarse_push_knows_all_pairs_two_links_apart():
    # Nothing but the source is pushed; the last step still reaches two links on.
    graph = _random_graph(1)
    a = _dense(graph)
    np.fill_diagonal(a, 0)
    near = (a + a @ a > 0) & ~np.eye(len(a), dtype=bool)
    source, target = np.nonzero(near)
    assert (personalised_pagerank(graph, source, target, 0.15, 10.0) > 0).all()


def test_ppr_of_a_chain_by_hand():
    # 0 -> 1 -> 2, and the walk ends at 2.
    graph = Graph.from_edges([0, 1], [1, 2])
    got = personalised_pagerank(graph, np.array([0, 0, 0, 2]), np.array([0, 1, 2, 0]))
    assert got == pytest.approx([0.15, 0.85 * 0.15, 0.85**2 * 0.15, 0.0])


def test_ppr_agrees_with_networkx_where_no_walk_ends():
    ring = nx.DiGraph([(i, (i + 1) % 12) for i in range(12)] + [(0, 5), (7, 2), (3, 9)])
    graph = Graph.from_edges(*np.array(ring.edges).T, num_nodes=12)
    expected = nx.pagerank(ring, alpha=0.85, personalization={3: 1}, tol=1e-12)
    got = personalised_pagerank(graph, np.full(12, 3), np.arange(12), epsilon=1e-9)
    assert got == pytest.approx([expected[v] for v in range(12)], abs=1e-7)


def test_adamic_adar_undirected_agrees_with_networkx():
    plain = nx.karate_club_graph()
    graph = Graph.from_edges(*np.array(plain.edges).T, num_nodes=34, directed=False)
    pairs = np.array([(u, v) for u in range(34) for v in range(34) if u != v])
    got = BASELINES["adamic_adar"](graph).score_rows(*pairs.T)
    judged = nx.adamic_adar_index(plain, pairs.tolist())
    assert got == pytest.approx([score for _, _, score in judged])


def test_random_is_uniform_fixed_and_knows_direction():
    graph = _random_graph(0)
    score = BASELINES["random"](graph).score_rows
    source, target = np.indices((25, 25)).reshape(2, -1)
    first = score(source, target)
    assert np.array_equal(first, score(source, target))
    assert len(np.unique(first)) == 625
    assert abs(first.mean() - 0.5) < 0.05 and 0 <= first.min() < first.max() < 1
    assert not np.array_equal(first, score(target, source))


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_come_through_the_door(name):
    graph = _random_graph(0)
    scorer = BASELINES[name](graph)
    assert isinstance(scorer, Scorer)
    assert scorer.ids is graph.ids
    pairs = np.array([[1, 2], [4, 0]], np.int32)
    assert scorer.score_rows(*pairs.T).shape == (2,)
    assert scorer.score_rows(*pairs[:0].T).shape == (0,)


def test_choosing_baselines():
    assert chosen_baselines(True) == list(BASELINES)
    assert chosen_baselines(False) == []
    assert chosen_baselines(["ppr", "katz"]) == ["ppr", "katz"]
    with pytest.raises(WrongUse, match="Did you mean katz"):
        chosen_baselines(["kats"])
