"""Ranks of links among all nodes: those of a slow twin, whichever way they are counted."""

from __future__ import annotations

import numpy as np
import pytest
from test_embedding import ALL, made

from nodeemb.embedding import nearest, places
from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation import ranking
from nodeemb.evaluation.ranking import rank_links, ranking_metrics
from nodeemb.graph.build import from_edges
from nodeemb.graph.ids import Ids
from nodeemb.rng import integers, stream_key

SUMS = [name for name, scheme in ALL.items() if scheme.join == "sum"]
NODES = 90


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(places, "_SOURCES", 7)
    monkeypatch.setattr(places, "_NODES", 32)
    monkeypatch.setattr(places, "_LINKS", 25)
    monkeypatch.setattr(ranking, "_PAIRS", 3 * NODES)


@pytest.fixture
def only_products(monkeypatch):
    monkeypatch.setattr(ranking, "_by_pairs", None)


def linked(directed: bool = True, nodes: int = NODES):
    """A graph with loops and with nodes of many links, and half of its links."""
    ends = integers(stream_key(0, "ranked"), 0, 800, nodes).reshape(2, -1)
    ends[0] = ends[0] ** 2 // nodes
    graph = from_edges(*ends, num_nodes=nodes, directed=directed, duplicates="first")
    pairs = np.column_stack([graph.sources, graph.targets])[::2]
    links = pairs[pairs[:, 0] != pairs[:, 1]]
    return graph, links[np.argsort(links[:, 1] * 31 % 17, kind="stable")]


def by_hand(score, links, graph) -> list[float]:
    """Every candidate of every link, one after the other."""
    ranks = []
    for u, v in links.tolist():
        known = set(
            graph.out.neighbours[slice(*graph.out.pointers[u : u + 2])].tolist()
        )
        row = score(np.full(graph.num_nodes, u), np.arange(graph.num_nodes))
        others = [w for w in range(graph.num_nodes) if w not in known | {u, v}]
        higher = sum(row[w] > row[v] for w in others)
        ranks.append(1 + higher + sum(row[w] == row[v] for w in others) / 2)
    return ranks


def of_table(table: np.ndarray, scheme: str = "single") -> Embedding:
    return Embedding(Ids(len(table)), table, ALL[scheme], table.shape[1], "none")


def near_ties() -> np.ndarray:
    """(NODES, 24): copies of three vectors, last digits moved in most of them."""
    table = made("single", nodes=NODES, dtype="float32").table
    table = np.tile(table, 2)[:, :24][np.arange(NODES) % 3]
    moved = integers(stream_key(0, "moved"), 0, NODES * 24, 3).reshape(NODES, 24) - 1
    moved[::4] = 0
    return (table.view(np.int32) + moved.astype(np.int32)).view(np.float32)


@pytest.mark.usefixtures("only_products")
@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("biases", ["none", "tied", "free"])
@pytest.mark.parametrize("scheme", SUMS)
def test_products_have_the_ranks_of_scoring_every_pair(scheme, biases, dtype, directed):
    embedding = made(scheme, biases, nodes=NODES, dtype=dtype)
    graph, links = linked(directed)
    expected = by_hand(embedding.score_rows, links, graph)
    assert rank_links(embedding, links, graph).tolist() == expected


@pytest.mark.parametrize("scheme", [name for name in ALL if name not in SUMS])
def test_chances_and_functions_are_asked_for_every_pair(scheme):
    embedding = made(scheme, "free", nodes=NODES)
    graph, links = linked()
    expected = by_hand(embedding.score_rows, links, graph)
    assert rank_links(embedding, links, graph).tolist() == expected
    assert rank_links(embedding.score_rows, links, graph).tolist() == expected


@pytest.mark.usefixtures("only_products")
def test_near_ties_closer_than_rounding_and_ties():
    embedding = of_table(near_ties())
    graph, links = linked()
    products = embedding.table @ embedding.table.T
    expected = by_hand(embedding.score_rows, links, graph)
    rounded = by_hand(lambda u, v: products[u, v], links, graph)
    assert np.mean(np.array(rounded) != expected) > 0.3
    assert rank_links(embedding, links, graph).tolist() == expected


@pytest.mark.usefixtures("only_products")
@pytest.mark.parametrize("power", [-148, -100, -64, -30, 38, 60])
def test_norms_of_any_size(power):
    table = made("single", nodes=NODES, dtype="float32").table * np.float32(2.0**power)
    table[::5] = 0
    graph, links = linked()
    embedding = of_table(table)
    if power > 38:  # a sum of squares overflows: every pair is scored
        with pytest.raises(TypeError, match="NoneType"):
            rank_links(embedding, links, graph)
        return
    expected = by_hand(embedding.score_rows, links, graph)
    assert rank_links(embedding, links, graph).tolist() == expected


def test_vectors_too_long_for_products():
    table = made("source_target", nodes=NODES, dtype="float32").table
    table[3, :8] = 2.0**60
    graph, links = linked()
    embedding = of_table(table, "source_target")
    expected = by_hand(embedding.score_rows, links, graph)
    assert rank_links(embedding, links, graph).tolist() == expected


def test_equal_scores_have_the_rank_of_chance():
    graph, links = linked()
    ranks = rank_links(of_table(np.ones((NODES, 4), np.float32)), links, graph)
    loops = graph.has_edges(np.arange(NODES), np.arange(NODES))
    others = NODES - 1 - (graph.out_degree - loops)[links[:, 0]]
    assert ranks.tolist() == (1 + others / 2).tolist()


def test_other_links_of_the_source_are_no_wrong_answers():
    """0 -> 1, 2, 3; scores fall with the row: only 4 stands behind, none before."""
    graph = from_edges([0, 0, 0, 4], [1, 2, 3, 0], num_nodes=5)
    links = np.array([[0, 3], [0, 1], [4, 0]])
    ranks = rank_links(lambda u, v: -v.astype(float), links, graph)
    assert ranks.tolist() == [1, 1, 1]
    ranks = rank_links(lambda u, v: v.astype(float), links, graph)
    assert ranks.tolist() == [2, 2, 4]


def test_a_link_that_the_graph_lacks_is_ranked_too():
    graph = from_edges([0, 1], [1, 2], num_nodes=5)
    table = np.array([[1], [5], [3], [3], [4]], np.float32)
    embedding = of_table(table)
    for result in (embedding, embedding.score_rows):
        assert rank_links(result, np.array([[0, 2]]), graph).tolist() == [2.5]


def test_groups_hold_all_links_once_and_are_small(monkeypatch):
    sources = np.sort(integers(stream_key(0, "grouped"), 0, 500, 60) ** 2 // 60)
    ranges = places._groups(sources)
    assert [r for a, b in ranges for r in range(a, b)] == list(range(500))
    assert all(b - a <= 25 for a, b in ranges)
    assert all(len(np.unique(sources[a:b])) <= 7 for a, b in ranges)
    assert places._groups(sources[:0]) == []


def test_what_ranks_say():
    ranks = np.array([1, 2.5, 10, 11])
    expected = {"mrr": (1 + 0.4 + 0.1 + 1 / 11) / 4, "hits@1": 0.25, "hits@10": 0.75}
    assert ranking_metrics(ranks, (1, 10)) == pytest.approx(expected)
    with pytest.raises(DataRefused, match="no ranks"):
        ranking_metrics(ranks[:0])


def test_no_links_have_no_ranks():
    graph, links = linked()
    assert rank_links(made("single", nodes=NODES), links[:0], graph).tolist() == []


def test_what_is_refused():
    graph, links = linked()
    embedding = of_table(made("single", nodes=NODES).table)
    with pytest.raises(WrongUse, match="graph is a ndarray"):
        rank_links(embedding, links, links)
    with pytest.raises(WrongUse, match="cannot score"):
        rank_links(3, links, graph)
    for wrong in (links[:, :1], links[0], links / 2, [("a", "b")]):
        with pytest.raises(WrongUse, match="links are of shape"):
            rank_links(embedding, wrong, graph)
    for outside in (-1, NODES):
        with pytest.raises(DataRefused, match="1 of 1 links have an end"):
            rank_links(embedding, np.array([[0, outside]]), graph)
    with pytest.raises(DataRefused, match="from a node to itself"):
        rank_links(embedding, np.array([[0, 1], [2, 2]]), graph)
    with pytest.raises(DataRefused, match="ids are not those"):
        rank_links(of_table(np.ones((3, 2))), links, graph)
    table = embedding.table.copy()
    table[5, 0] = np.nan
    with pytest.raises(DataRefused, match="not finite"):
        rank_links(of_table(table), links, graph)


def test_products_are_further_from_scores_than_zero_and_not_than_told():
    """The bound is met and needed: without it some pairs would be on the wrong side."""
    embedding = of_table(near_ties())
    made_ = nearest.sides(embedding.table, embedding.scheme, embedding.layout, True)
    near, added = nearest.questions(made_, np.arange(NODES))
    products = near @ nearest.answers(made_, slice(0, NODES)).T
    u, v = (part.ravel() for part in np.indices(products.shape))
    apart = np.abs(products.ravel() - embedding.score_rows(u, v))
    assert 0 < apart.max() < (added[u] * made_.far_norms[v]).max()
    assert (apart < added[u] * made_.far_norms[v]).all()
