"""A graph is built from columns as given, or refused with the reason."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from nodeemb import Graph
from nodeemb.errors import DataRefused, UnknownId, WrongUse
from nodeemb.graph.ids import Ids


def test_a_small_graph_by_hand():
    graph = Graph.from_edges(
        ["a", "c", "a", "b"], ["b", "a", "a", "a"], weight=[1, 2, 3, 4], ids=None
    )
    assert list(graph.ids) == ["a", "c", "b"]
    assert graph.out.pointers.tolist() == [0, 2, 3, 4]
    assert graph.out.neighbours.tolist() == [0, 2, 0, 0]
    assert graph.weight.tolist() == [3, 1, 2, 4]
    assert graph.into.neighbours.tolist() == [0, 1, 2, 0]
    assert graph.into.arcs.tolist() == [0, 2, 3, 1]
    report = graph.report
    assert (report.nodes, report.edges, report.self_loops) == (3, 4, 1)
    assert (report.sinks, report.sources, report.isolated) == (0, 1, 0)
    assert report.reciprocity == pytest.approx(2 / 3)
    assert (report.weight_min, report.weight_max) == (1, 4)
    assert repr(graph) == "Graph(3 nodes, 4 edges, directed, weighted)"


def test_undirected_edges_are_two_arcs_and_loops_one():
    graph = Graph.from_edges([0, 1, 2], [1, 2, 2], sign=[1, -1, -1], directed=False)
    assert (graph.num_edges, graph.num_arcs) == (3, 5)
    assert graph.report.negative == 2
    assert graph.sign.tolist() == [1, 1, -1, -1, -1]
    assert graph.report.reciprocity == 1


def test_a_mirrored_edge_with_another_weight_is_a_repeat():
    both = [1, 2], [2, 1]
    assert Graph.from_edges(*both, directed=False).report.mirrored == 1
    same = Graph.from_edges(*both, weight=[3, 3], directed=False)
    assert (same.report.mirrored, same.weight.tolist()) == (1, [3, 3])
    with pytest.raises(DataRefused, match="1 of 2 edges are repeated"):
        Graph.from_edges(*both, weight=[3, 4], directed=False)
    joined = Graph.from_edges(*both, weight=[3, 4], directed=False, duplicates="sum")
    assert joined.weight.tolist() == [7, 7]


def test_sum_counts_repeats_of_unweighted_edges():
    graph = Graph.from_edges([0, 0, 0], [1, 1, 2], duplicates="sum")
    assert graph.weight.tolist() == [2, 1]
    assert Graph.from_edges([0, 0], [1, 2], duplicates="sum").weight is None


def test_first_is_the_first_of_the_input():
    rng = np.random.default_rng(0)
    sources, targets = rng.integers(0, 9, (2, 500))
    weights = np.arange(1.0, 501)
    graph = Graph.from_edges(sources, targets, weight=weights, duplicates="first")
    seen: dict = {}
    for s, t, w in zip(sources.tolist(), targets.tolist(), weights, strict=True):
        seen.setdefault((s, t), w)
    rows = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
    assert graph.weight.tolist() == [seen[pair] for pair in rows]


def test_the_users_arrays_are_left_alone():
    columns = np.array([3, 1, 2], np.int32), np.array([1, 2, 3], np.int32)
    before = [c.copy() for c in columns]
    graph = Graph.from_edges(*columns, num_nodes=4)
    for column, copy in zip(columns, before, strict=True):
        assert (column == copy).all() and column.flags.writeable
        column[:] = 0
    assert graph.sources.tolist() == [1, 2, 3]


def test_read_only_columns_are_taken():
    columns = np.array([3, 1, 2], np.int32), np.array([1, 2, 3], np.int32)
    for column in columns:
        column.flags.writeable = False
    assert Graph.from_edges(*columns, num_nodes=4).num_edges == 3


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.uint64, np.int64])
def test_integer_types(kind):
    graph = Graph.from_edges(np.array([5, 7], kind), np.array([7, 9], kind))
    assert list(graph.ids) == [5, 7, 9]
    assert graph.sources.dtype == np.int32


def test_numbers_beyond_int64_are_ids_too():
    graph = Graph.from_edges(np.array([2**63, 1], np.uint64), np.array([1, 2]))
    assert list(graph.ids) == [2**63, 1, 2]


@pytest.mark.parametrize("step", [1, 10**6, 2**40])
def test_sparse_and_dense_numbers_give_ascending_rows(step):
    rng = np.random.default_rng(1)
    sources, targets = rng.integers(-500, 500, (2, 3000))
    graph = Graph.from_edges(sources * step, targets * step, duplicates="first")
    ids = np.unique(np.concatenate([sources, targets])) * step
    assert list(graph.ids) == ids.tolist()
    pairs = {
        (s * step, t * step)
        for s, t in zip(sources.tolist(), targets.tolist(), strict=True)
    }
    rows = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
    assert {(graph.ids[s], graph.ids[t]) for s, t in rows} == pairs


@pytest.mark.parametrize(
    "ids",
    [
        [(1, 2), (3, 4), (5, 6)],
        ["a\0", "a", "b"],
        [2**63, 1, -1],
        [1, "1", (1,)],
        [None, True, frozenset([3])],
        ["", " ", "#"],
        [1.5, 2, 3],
    ],
)
def test_any_hashable_is_an_id(ids):
    graph = Graph.from_edges([ids[0], ids[1]], [ids[1], ids[2]])
    assert list(graph.ids) == ids
    assert [type(i) for i in graph.ids] == [type(i) for i in ids]
    assert [graph.row(i) for i in ids] == [0, 1, 2]


REFUSED = {
    "lengths": (([1, 2], [1]), {}, "2 sources but 1 targets"),
    "no edge": (([], []), {}, "there are no edges"),
    "shape": (([[1, 2]], [3]), {}, "ids must be hashable"),
    "matrix": ((np.ones((2, 2), int), [3, 4]), {}, r"sources must be one column"),
    "decimals": ((np.array([1.0]), np.array([2.0])), {}, "decimal numbers"),
    "unhashable": (([{}], [1]), {}, "hashable"),
    "row": (([0, 5], [1, 1]), {"num_nodes": 5}, "hold the row 5.*Rows 0 to 4"),
    "row below 0": (([0, -1], [1, 1]), {"num_nodes": 5}, "hold the row -1"),
    "rows of text": ((["a"], ["b"]), {"ids": ["a", "b"]}, "whole-number rows"),
    "ids and nodes": (([0], [1]), {"ids": ["a", "b"], "num_nodes": 3}, "2 ids but"),
    "same id": (([0], [1]), {"ids": ["a", "a"]}, "'a' is given to two nodes"),
    "same number": (([0], [1]), {"ids": np.array([7, 7])}, "7 is given to two nodes"),
    "weight": (([0, 1], [1, 0]), {"weight": [1, 0]}, "edge 2 has 0.0"),
    "weight nan": (([0, 1], [1, 0]), {"weight": [np.nan, 1]}, "edge 1 has nan"),
    "weight shape": (([0, 1], [1, 0]), {"weight": [1]}, r"weight must be \(2,\)"),
    "weight text": (([0], [1]), {"weight": ["x"]}, "not numeric"),
    "sign": (([0, 1], [1, 0]), {"sign": [1, 0]}, "edge 2 has the sign 0"),
    "repeat": (([3, 3, 3], [4, 4, 5]), {}, "1 of 3 edges .*first is 3 -> 4"),
    "sum": (
        ([0, 0], [1, 1]),
        {"weight": [3e38, 3e38], "duplicates": "sum"},
        "sum beyond float32",
    ),
    "both signs": (
        (["a", "a", "b", "b"], ["b", "b", "c", "c"]),
        {"sign": [1, 1, 1, -1], "duplicates": "sum"},
        "1 edges come with both signs; the first is 'b' -> 'c'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    columns, options, message = REFUSED[name]
    with pytest.raises(DataRefused, match=message):
        Graph.from_edges(*columns, **options)


def test_unknown_rule():
    with pytest.raises(WrongUse, match="Did you mean first"):
        Graph.from_edges([0], [1], duplicates="frist")


def test_the_repeat_that_is_named_is_no_mirrored_edge():
    ends = ["a", "b", "c", "c", "d"], ["b", "a", "d", "d", "e"]
    with pytest.raises(DataRefused, match=r"1 of 5 edges .* 'c' -> 'd'"):
        Graph.from_edges(*ends, directed=False)


# ---- ids ----------------------------------------------------------------------------


def test_ids_of_each_storage():
    for values, kind in (
        (3, range(3)),
        (np.array([5, 3, 9]), [5, 3, 9]),
        (["x", 1, (2,)], ["x", 1, (2,)]),
    ):
        ids = Ids(values)
        assert list(ids) == list(kind) and len(ids) == 3
        assert [ids[i] for i in (-1, 0, 2)] == [list(kind)[i] for i in (-1, 0, 2)]
        assert ids[1:] == list(kind)[1:]
        assert ids.rows(list(kind)).tolist() == [0, 1, 2]
        assert all(v in ids for v in kind) and "none" not in ids and [] not in ids
        with pytest.raises(IndexError):
            ids[3]
    assert Ids(3) == Ids([0, 1, 2]) and Ids(3).digest() == Ids(np.arange(3)).digest()
    assert Ids(["a"]) != Ids(["b"])
    assert list(Ids([])) == [] and Ids([2**70, 1])[0] == 2**70
    pairs = Ids([(1, 2), (3, 4)])
    assert pairs.to_numpy().tolist() == [(1, 2), (3, 4)] and pairs.row((3, 4)) == 1


def test_numbers_in_a_list_or_an_array_are_the_same_ids():
    a, b = Ids([7, 5]), Ids(np.array([7, 5]))
    assert a == b and hash(a) == hash(b) and a.digest() == b.digest()
    assert a.are_integers and type(a[0]) is int
    assert Ids([True, 7])[0] is True and Ids(np.array([True, False]))[0] is True
    assert list(Ids(np.array([2**63, 1], np.uint64))) == [2**63, 1]


@pytest.mark.parametrize(
    ("ids", "asked", "said"),
    [
        ([1, 2], "1", "Ids here are int: use 1"),
        (["1", "2"], 1, "Ids here are str: use '1'"),
        (["Alice", "Bob"], "Alcie", "Close: 'Alice'"),
        ([5, 6], 7, "The first ids are 5, 6"),
    ],
)
def test_unknown_ids_are_explained(ids, asked, said):
    with pytest.raises(UnknownId, match=said):
        Ids(ids).row(asked)
    with pytest.raises(UnknownId, match=said):
        Ids(ids).rows([ids[0], asked])


# ---- report and weight of the import ------------------------------------------------


def test_the_report_in_words():
    text = Graph.from_edges([0, 0, 0], [1, 1, 0], duplicates="sum").report.text()
    assert "duplicates       1 (joined by: sum)" in text
    assert "self loops       1 (kept)" in text
    assert "sinks            1 (50.0 %" in text
    text = Graph.from_edges([0, 1], [1, 0], sign=[1, 1], directed=False).report.text()
    assert "given both ways  1" in text and "negative edges   0 (0.0 %)" in text
    assert "sinks" not in text


def test_importing_the_graph_loads_nothing_heavy():
    code = (
        "import sys; from nodeemb.graph.graph import Graph; from nodeemb.io import cards;"
        "heavy = {'numba', 'torch', 'networkx', 'pyarrow', 'scipy', 'torch_geometric'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr
