"""Splits: nothing leaks, nothing is lost, the rules hold, and the folder reads back."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.split import Split, assemble_split, split_edges
from nodeemb.evaluation.split_files import load_split
from nodeemb.graph.graph import Graph


def _random_graph(seed: int, nodes: int = 40, edges: int = 160, **options) -> Graph:
    rng = np.random.default_rng(seed)
    keys = rng.choice(nodes * nodes, size=edges, replace=False)
    options.setdefault("num_nodes", nodes)
    options.setdefault("duplicates", "first")
    return Graph.from_edges(keys // nodes, keys % nodes, **options)


def _arcs(graph: Graph) -> set[tuple[int, int]]:
    return set(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True))


def _both(pairs: np.ndarray, directed: bool) -> list[tuple[int, int]]:
    forward = [tuple(p) for p in pairs.tolist()]
    return forward if directed else forward + [(t, s) for s, t in forward]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    test=st.floats(0.05, 0.6),
    validation=st.sampled_from([0.0, 0.1, 0.3]),
    directed=st.booleans(),
    reciprocal=st.sampled_from(["separate", "together"]),
)
def test_every_arc_is_on_exactly_one_side(seed, test, validation, directed, reciprocal):
    graph = _random_graph(seed, directed=directed)
    split = split_edges(graph, test, validation, seed, reciprocal=reciprocal)
    hidden = _both(split.test, directed) + _both(split.validation, directed)
    assert len(set(hidden)) == len(hidden)
    assert set(hidden) & _arcs(split.train) == set()
    assert set(hidden) | _arcs(split.train) == _arcs(graph)
    assert split.train.ids == graph.ids


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), validation=st.sampled_from([0.0, 0.2]))
def test_together_keeps_mutual_pairs_on_one_side(seed, validation):
    graph = _random_graph(seed, nodes=20, edges=200)
    split = split_edges(graph, 0.4, validation, seed, reciprocal="together")
    train, test = _arcs(split.train), {tuple(p) for p in split.test.tolist()}
    chosen = {tuple(p) for p in split.validation.tolist()}
    for side in (test, chosen, {(s, t) for s, t in train if s != t}):
        mutual = {(t, s) for s, t in side} & _arcs(graph)
        assert mutual <= side
    assert split.manifest["counts"]["test_reverse_in_train"] == 0


def test_separate_says_how_often_the_reverse_is_in_train():
    graph = _random_graph(3, nodes=20, edges=200)
    split = split_edges(graph, 0.5, seed=1)
    train = _arcs(split.train)
    slow = sum((t, s) in train for s, t in split.test.tolist())
    assert split.manifest["counts"]["test_reverse_in_train"] == slow > 0


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("test, validation", [(0.5, 0.0), (0.2, 0.1), (0.01, 0.0)])
def test_shares_are_met_to_the_link(directed, test, validation):
    graph = _random_graph(0, nodes=100, edges=1000, directed=directed)
    split = split_edges(graph, test, validation)
    links = graph.num_edges - graph.report.self_loops
    assert len(split.test) == round(test * links)
    assert len(split.validation) == round(validation * links)


def test_together_meets_shares_within_one_link():
    graph = _random_graph(0, nodes=30, edges=600)
    split = split_edges(graph, 0.3, 0.2, reciprocal="together")
    links = graph.num_edges - graph.report.self_loops
    assert 0 <= round(0.3 * links) - len(split.test) <= 1
    assert 0 <= round(0.2 * links) - len(split.validation) <= 1


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    directed=st.booleans(),
    reciprocal=st.sampled_from(["separate", "together"]),
)
def test_connected_keeps_the_components(seed, directed, reciprocal):
    graph = _random_graph(seed, nodes=40, edges=120, directed=directed)
    split = split_edges(
        graph, 0.25, 0.1, seed=seed, connected=True, reciprocal=reciprocal
    )
    # networkx and not our own search: an outside judge of connectedness.
    whole, kept = (nx.Graph(_arcs(g)) for g in (graph, split.train))
    for g in (whole, kept):
        g.add_nodes_from(range(40))
    parts = [{frozenset(c) for c in nx.connected_components(g)} for g in (whole, kept)]
    assert parts[0] == parts[1]
    assert len(split.test) > 0


def test_without_connected_parts_do_fall_off():
    graph = Graph.from_edges(range(50), range(1, 51))
    split = split_edges(graph, 0.5)
    assert nx.number_connected_components(nx.Graph(_arcs(split.train))) > 1


def test_connected_refuses_what_a_tree_cannot_spare():
    tree = Graph.from_edges(range(10), range(1, 11))
    with pytest.raises(DataRefused, match="can spare only 0 of 10"):
        split_edges(tree, 0.2, connected=True)


def test_the_forest_is_drawn_anew_for_each_seed():
    complete = nx.complete_graph(12, create_using=nx.DiGraph)
    graph = Graph.from_edges(*np.array(complete.edges).T, num_nodes=12)
    # All but the 11 links of a tree are hidden, so that the tree is what is left.
    trees = [
        _arcs(split_edges(graph, 121 / 132, seed=s, connected=True).train)
        for s in range(3)
    ]
    assert [len(tree) for tree in trees] == [11, 11, 11]
    assert trees[0] != trees[1] != trees[2]


def test_self_loops_stay_in_train():
    graph = Graph.from_edges([0, 1, 1, 2, 2], [0, 1, 2, 2, 0])
    split = split_edges(graph, 0.5)
    assert {(0, 0), (1, 1), (2, 2)} <= _arcs(split.train)
    assert split.manifest["counts"]["self_loops_in_train"] == 3
    assert len(split.test) == 1


def test_weights_and_signs_stay_with_their_links():
    rng = np.random.default_rng(0)
    weight, sign = rng.random(160) + 0.1, rng.choice([-1, 1], 160)
    graph = _random_graph(5, weight=weight, sign=sign)
    split = split_edges(graph, 0.4, 0.2)
    for pairs in (split.test, split.validation):
        weights, signs = split.values(pairs)
        arcs = graph.arc_positions(*pairs.T)
        assert np.array_equal(weights, graph.weight[arcs])
        assert np.array_equal(signs, graph.sign[arcs])
    kept = graph.arc_positions(split.train.sources, split.train.targets)
    assert np.array_equal(split.train.weight, graph.weight[kept])
    assert np.array_equal(split.train.sign, graph.sign[kept])
    assert split_edges(_random_graph(5)).values(split.test) == (None, None)


def test_the_seed_alone_decides():
    graph = _random_graph(1)
    first, again = split_edges(graph, seed=4), split_edges(graph, seed=4)
    other = split_edges(graph, seed=5)
    assert np.array_equal(first.test, again.test)
    assert first.manifest == again.manifest
    assert not np.array_equal(first.test, other.test)
    assert first.manifest["hash"] != other.manifest["hash"]


def test_links_are_hidden_uniformly():
    graph = _random_graph(2, nodes=12, edges=60)
    counts = np.zeros(graph.num_arcs)
    for seed in range(400):
        counts[graph.arc_positions(*split_edges(graph, 0.5, seed=seed).test.T)] += 1
    loops = graph.sources == graph.targets
    assert (counts[loops] == 0).all()
    share = counts[~loops] / 400
    assert abs(share.mean() - 0.5) < 0.01
    assert np.abs(share - 0.5).max() < 4.5 * 0.5 / np.sqrt(400)


@pytest.mark.parametrize(
    "options", [{"test": 0}, {"test": 1}, {"validation": -0.1}, {"validation": 0.5}]
)
def test_impossible_shares_are_wrong_use(options):
    with pytest.raises(WrongUse, match="cannot hide"):
        split_edges(_random_graph(0), **options)


def test_unknown_rule_names_the_close_one():
    with pytest.raises(WrongUse, match="Did you mean together"):
        split_edges(_random_graph(0), reciprocal="togehter")


def test_too_few_links_are_refused():
    with pytest.raises(DataRefused, match="would be test"):
        split_edges(Graph.from_edges([0], [1]), 0.5)


def test_links_of_others_can_be_hidden():
    graph = Graph.from_edges([0, 1, 2], [1, 2, 0])
    split = assemble_split(graph, np.array([[1, 2]]), np.empty((0, 2)), {"from": "x"})
    assert _arcs(split.train) == {(0, 1), (2, 0)}
    for bad in ([[0, 2]], [[0, 1], [0, 1]], [[0, 1], [1, 2], [2, 0]], []):
        with pytest.raises(DataRefused):
            assemble_split(graph, np.array(bad), np.empty((0, 2)), {})


def test_arrays_cannot_be_changed():
    split = split_edges(_random_graph(0))
    with pytest.raises(ValueError, match="read-only"):
        split.test[0] = 0


# ---- the folder ---------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path) -> tuple[Graph, Split, object]:
    graph = _random_graph(7, directed=True)
    split = split_edges(graph, 0.3, 0.1, seed=2, connected=True)
    return graph, split, split.save(tmp_path / "deep" / "split")


def test_a_saved_split_reads_back(saved):
    graph, split, path = saved
    again = load_split(path, graph)
    assert np.array_equal(again.test, split.test)
    assert np.array_equal(again.validation, split.validation)
    assert again.manifest == split.manifest
    assert again.train.digest() == split.train.digest() == split.manifest["train_hash"]
    assert sorted(p.name for p in path.iterdir()) == [
        "links.safetensors",
        "manifest.json",
    ]


def test_a_split_fits_its_own_graph_only(saved):
    _, split, path = saved
    with pytest.raises(DataRefused, match=split.manifest["graph_hash"]):
        load_split(path, split.train)


def test_a_changed_split_is_refused(saved):
    graph, _, path = saved
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text.replace('"seed": 2', '"seed": 3'))
    with pytest.raises(DataRefused, match="hash differs"):
        load_split(path, graph)


def test_changed_links_are_refused(saved):
    from safetensors.numpy import save_file

    graph = saved[0]
    split = split_edges(graph, 0.2, 0.2)
    path = split.save(saved[2].parent / "other")
    # Valid links of the graph, and as many: only the hash can tell.
    save_file(
        {"test": split.validation, "validation": split.test}, path / "links.safetensors"
    )
    with pytest.raises(DataRefused, match="hash differs"):
        load_split(path, graph)


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: (p / "manifest.json").unlink(),
        lambda p: (p / "manifest.json").write_text("{"),
        lambda p: (p / "manifest.json").write_text(json.dumps({"kind": "a run"})),
        lambda p: (p / "links.safetensors").write_bytes(b"half"),
    ],
)
def test_damaged_folders_are_refused(saved, damage):
    graph, _, path = saved
    damage(path)
    with pytest.raises(DataRefused, match="split"):
        load_split(path, graph)


def test_another_format_is_refused(saved):
    graph, _, path = saved
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text.replace('"format": 1', '"format": 2'))
    with pytest.raises(DataRefused, match="format 2"):
        load_split(path, graph)


def test_nothing_is_overwritten_and_nothing_left_half(saved, monkeypatch, tmp_path):
    import nodeemb.evaluation.split_files as files

    _, split, path = saved
    with pytest.raises(WrongUse, match="Nothing is overwritten"):
        split.save(path)

    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr(files, "write_json", full_disk)
    with pytest.raises(OSError, match="no space"):
        split.save(tmp_path / "other")
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]
