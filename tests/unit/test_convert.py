"""Graphs go to networkx, scipy and PyG and come back the same."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data, HeteroData

from nodeemb import Graph
from nodeemb.errors import DataRefused, WrongUse

ODD = [(1, "a"), "a b", "#", "ä\u2028", 7, "7", -3, (1, (2,)), frozenset([1])]
KINDS = [
    (directed, weighted, signed)
    for directed in (True, False)
    for weighted in (True, False)
    for signed in (True, False)
]


def example(directed, weighted, signed, ids=None):
    """A graph with a loop, edges both ways, and isolated nodes first, inside and last."""
    rng = np.random.default_rng(7)
    ids = list(range(10, 22)) if ids is None else ids
    n = len(ids)
    inner = np.arange(1, n - 1)[np.arange(1, n - 1) != 4]
    pairs = rng.choice(inner, (3 * n, 2))
    pairs = np.vstack([pairs, [[2, 2]], pairs[:3, ::-1]])
    return Graph.from_edges(
        pairs[:, 0],
        pairs[:, 1],
        weight=rng.integers(2, 9, len(pairs)) / 4 if weighted else None,
        sign=rng.choice([-1, 1], len(pairs)) if signed else None,
        ids=ids,
        directed=directed,
        duplicates="first",
    )


def same(a, b):
    assert list(a.ids) == list(b.ids)
    assert [type(i) for i in a.ids] == [type(i) for i in b.ids]
    assert a.digest() == b.digest()


# ---- there and back -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ids", [None, ODD])
def test_networkx_and_back(kind, ids):
    graph = example(*kind, ids)
    made = graph.to_networkx()
    assert made.is_directed() == kind[0] and not made.is_multigraph()
    assert list(made) == list(graph.ids)
    assert made.number_of_edges() == graph.num_edges
    same(Graph.from_networkx(made, sign="sign" if kind[2] else None), graph)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ids", [None, ODD])
def test_scipy_and_back(kind, ids):
    directed, _, signed = kind
    graph = example(*kind, ids)
    matrix = graph.to_scipy()
    assert matrix.format == "csr" and matrix.has_sorted_indices
    again = Graph.from_scipy(matrix, ids=graph.ids, directed=directed, signed=signed)
    same(again, graph)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ids", [None, ODD])
def test_pyg_and_back(kind, ids):
    graph = example(*kind, ids)
    data = graph.to_pyg()
    data.validate()
    assert data.num_nodes == graph.num_nodes
    assert data.num_edges == graph.num_arcs
    assert data.is_directed() == kind[0]
    same(Graph.from_pyg(data), graph)


def test_the_matrix_is_that_of_networkx():
    graph = example(True, True, False, ODD)
    theirs = nx.to_scipy_sparse_array(graph.to_networkx(), nodelist=list(graph.ids))
    assert (graph.to_scipy() != theirs).nnz == 0
    loops = graph.to_scipy().diagonal()
    assert loops[2] > 0  # row is source: not the transpose
    s, t = int(graph.sources[0]), int(graph.targets[0])
    assert graph.to_scipy()[s, t] == graph.weight[0]


def test_what_is_made_can_be_changed_without_harm():
    graph = example(True, True, True)
    before = graph.digest()
    matrix = graph.to_scipy()
    matrix.data[:] = 9
    matrix.indices[:] = 0
    matrix.indptr[:] = 0
    data = graph.to_pyg()
    data.edge_index[:] = 0
    data.edge_weight[:] = 9
    data.edge_sign[:] = 1
    data.node_id[:] = 0
    assert graph.digest() == before


# ---- networkx -----------------------------------------------------------------------


def test_networkx_is_left_alone():
    made = nx.gnm_random_graph(20, 40, seed=1, directed=True)
    nx.set_edge_attributes(made, 2, "weight")
    copy = made.copy()
    Graph.from_networkx(made)
    assert nx.utils.graphs_equal(made, copy)


def test_parallel_edges_follow_the_rule():
    made = nx.MultiDiGraph()
    made.add_weighted_edges_from([("a", "b", 1), ("a", "b", 4), ("b", "a", 2)])
    with pytest.raises(DataRefused, match="1 of 3 edges are repeated"):
        Graph.from_networkx(made)
    assert Graph.from_networkx(made, duplicates="sum").weight.tolist() == [5, 2]
    assert Graph.from_networkx(made, duplicates="max").weight.tolist() == [4, 2]
    plain = nx.MultiGraph([(1, 2), (2, 1), (1, 2)])
    graph = Graph.from_networkx(plain, duplicates="sum")
    assert (graph.num_edges, graph.weight.tolist()) == (1, [3, 3])


def test_networkx_attributes():
    made = nx.DiGraph()
    made.add_edge(1, 2, weight=2, rate=-3)
    made.add_edge(2, 3, weight=5, rate=1)
    assert Graph.from_networkx(made).weight.tolist() == [2, 5]
    assert Graph.from_networkx(made, weight=None).weight is None
    graph = Graph.from_networkx(made, weight="rate", sign="rate")
    assert (graph.weight.tolist(), graph.sign.tolist()) == ([3, 1], [-1, 1])
    made.add_edge(3, 1, rate=1)
    with pytest.raises(DataRefused, match=r'1 of 3 edges have no "weight".* 3 -> 1'):
        Graph.from_networkx(made)
    with pytest.raises(DataRefused, match='no edge has the attribute "wieght"'):
        Graph.from_networkx(made, weight="wieght")
    with pytest.raises(DataRefused, match='no edge has the attribute "s"'):
        Graph.from_networkx(made, weight=None, sign="s")
    made.add_edge(3, 1, weight="x", rate=1)
    with pytest.raises(DataRefused, match="not numeric"):
        Graph.from_networkx(made)
    with pytest.raises(DataRefused, match="not finite numbers above 0"):
        Graph.from_networkx(made, weight="rate")


def test_what_is_no_networkx_graph():
    with pytest.raises(WrongUse, match="networkx graph is needed, got list"):
        Graph.from_networkx([(1, 2)])
    with pytest.raises(DataRefused, match="no edges"):
        Graph.from_networkx(nx.empty_graph(3))
    with pytest.raises(DataRefused, match="None"):
        Graph.from_edges([None, 1], [1, 2]).to_networkx()


# ---- scipy --------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["coo", "csr", "csc", "lil", "dok", "dense", "matrix"])
def test_any_form_of_matrix(form):
    dense = np.array([[0, 2, 0], [0, 1, 0], [0.5, 0, 0]])
    matrix = {"dense": dense, "matrix": sp.csr_matrix(dense)}.get(form)
    matrix = sp.coo_array(dense).asformat(form) if matrix is None else matrix
    graph = Graph.from_scipy(matrix, ids=["a", "b", "c"])
    assert (graph.to_scipy().toarray() == dense).all()
    assert graph.weight.tolist() == [2, 1, 0.5]
    assert Graph.from_scipy(matrix, weighted=False).weight is None


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.float64])
def test_only_the_values_of_a_matrix_count(kind):
    places = [0, 0, 1, 2, 2], [1, 1, 0, 1, 1]
    stored = sp.coo_array((np.array([1, 2, 0, 3, -3], kind), places), (3, 3))
    graph = Graph.from_scipy(stored)
    assert (graph.num_edges, graph.weight.tolist()) == (1, [3])
    assert stored.data.tolist() == [1, 2, 0, 3, -3]
    assert [c.tolist() for c in stored.coords] == list(places)


def test_matrices_of_ones_have_no_weights():
    assert Graph.from_scipy(sp.coo_array([[0, 1], [1, 0]])).weight is None
    assert Graph.from_scipy(sp.coo_array([[False, True], [True, False]])).num_edges == 2


def test_symmetric_matrices():
    matrix = np.array([[1, 2, 0], [2, 0, 3], [0, 3, 0]])
    graph = Graph.from_scipy(matrix, directed=False)
    assert (graph.num_edges, graph.report.self_loops) == (3, 1)
    assert (graph.to_scipy().toarray() == matrix).all()
    matrix[0, 1] = 5
    with pytest.raises(DataRefused, match="not symmetric: entry 0, 1 differs"):
        Graph.from_scipy(matrix, directed=False)


REFUSED = {
    "not square": (np.ones((2, 3)), {}, r"square, got \(2, 3\)"),
    "one row": (np.ones(3), {}, "square"),
    "complex": (np.ones((2, 2)) * 1j, {}, "complex128"),
    "below 0": (np.array([[0, -1], [1, 0]]), {}, "1 entries .* signed=True"),
    "nan": (np.array([[0, np.nan], [1, 0]]), {}, "has nan"),
    "nan undirected": (
        np.array([[0, np.nan], [np.nan, 0]]),
        {"directed": False},
        "nan|not sym",
    ),
    "zero": (np.zeros((2, 2)), {}, "no edges"),
    "ids": (np.ones((2, 2)), {"ids": ["a"]}, "1 ids for a matrix"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_matrices(name):
    matrix, options, message = REFUSED[name]
    with pytest.raises(DataRefused, match=message):
        Graph.from_scipy(matrix, **options)


# ---- PyG ----------------------------------------------------------------------------


def tensor(*values):
    return torch.tensor(values)


def test_pyg_weights_and_features():
    index = torch.tensor([[0, 1], [1, 2]])
    one = Data(edge_index=index, edge_attr=torch.tensor([[2.0], [3.0]]), num_nodes=5)
    assert Graph.from_pyg(one).weight.tolist() == [2, 3]
    assert Graph.from_pyg(one).num_nodes == 5
    both = Data(edge_index=index, edge_attr=tensor(2, 3), edge_weight=tensor(4.0, 5.0))
    both.num_nodes = 3
    assert Graph.from_pyg(both).weight.tolist() == [4, 5]
    features = Data(edge_index=index, edge_attr=torch.ones(2, 3), num_nodes=3)
    assert Graph.from_pyg(features).weight is None
    signs = Data(edge_index=index, edge_sign=tensor(1, -1), num_nodes=3)
    assert Graph.from_pyg(signs).sign.tolist() == [1, -1]


def test_pyg_direction():
    data = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2)
    assert not Graph.from_pyg(data).directed
    graph = Graph.from_pyg(data, directed=True)
    assert graph.directed and graph.num_edges == 2
    data = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), num_nodes=3)
    assert Graph.from_pyg(data).directed
    assert Graph.from_pyg(data, directed=False).num_edges == 2


def test_pyg_ids_and_refusals():
    data = Data(edge_index=torch.tensor([[0, 1], [1, 1]]), num_nodes=2)
    assert list(Graph.from_pyg(data, ids=["x", "y"]).ids) == ["x", "y"]
    with pytest.raises(DataRefused, match="3 ids but num_nodes is 2"):
        Graph.from_pyg(data, ids=["x", "y", "z"])
    data.edge_index = torch.tensor([[0, 0], [1, 1]])
    with pytest.raises(DataRefused, match="repeated"):
        Graph.from_pyg(data, directed=True)
    with pytest.raises(WrongUse, match="edge_index is needed, got HeteroData"):
        Graph.from_pyg(HeteroData())
    with pytest.raises(WrongUse, match="edge_index is needed"):
        Graph.from_pyg(Data(x=torch.ones(2, 1)))
    with pytest.raises(DataRefused, match=r"\(2, num_edges\), got \(3, 2\)"):
        Graph.from_pyg(
            Data(edge_index=torch.zeros(3, 2, dtype=torch.long), num_nodes=1)
        )


# ---- any ids ------------------------------------------------------------------------

names = st.one_of(
    st.integers(),
    st.text(max_size=3),
    st.tuples(st.integers(0, 2), st.text(max_size=1)),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(names, min_size=2, max_size=6, unique=True), st.data())
def test_any_ids_there_and_back(ids, data):
    end = st.sampled_from(ids)
    pairs = data.draw(st.lists(st.tuples(end, end), min_size=1, unique=True))
    made = nx.DiGraph(pairs)
    graph = Graph.from_networkx(made)
    assert nx.utils.graphs_equal(graph.to_networkx(), made)
    same(Graph.from_pyg(graph.to_pyg(), directed=True), graph)
    same(Graph.from_scipy(graph.to_scipy(), ids=list(graph.ids)), graph)
    same(
        Graph.from_edges(*zip(*pairs, strict=True)),
        Graph.from_edges([a for a, _ in pairs], [b for _, b in pairs]),
    )
    assert {(a, b) for a, b in pairs} == set(graph.to_networkx().edges)
