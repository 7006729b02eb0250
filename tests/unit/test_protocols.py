"""Every published protocol hides what it says, leaks nothing, and tells its defects."""

from __future__ import annotations

import networkx
import numpy as np
import pytest

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.columns import COLUMNS, measured
from nodeemb.evaluation.protocol_split import cut, largest_component, protocol_split
from nodeemb.evaluation.protocols import PROTOCOLS, REFUSED, SplitRule, protocol
from nodeemb.evaluation.questions import Questions
from nodeemb.evaluation.split import split_hash
from nodeemb.graph.graph import Graph

_RULES = {name: each.rule for name, each in PROTOCOLS.items()}
_CONNECTED = [name for name, rule in _RULES.items() if rule.tree != "none"]


def _graph(seed: int = 0) -> Graph:
    """Two parts, self loops, negative links, mutual links, an isolated node; ids."""
    rng = np.random.default_rng(seed)
    source = np.concatenate([rng.integers(0, 70, 500), rng.integers(80, 90, 30)])
    target = np.concatenate([rng.integers(0, 70, 500), rng.integers(80, 90, 30)])
    mutual = rng.random(530) < 0.3
    source, target = (
        np.concatenate([source, target[mutual]]),
        np.concatenate([target, source[mutual]]),
    )
    return Graph.from_edges(
        source,
        target,
        ids=[f"n{i}" for i in range(100)],
        weight=rng.random(len(source)) + 0.5,
        sign=np.where(rng.random(len(source)) < 0.1, -1, 1),
        duplicates="first",
    )


def _ids(graph: Graph) -> set[tuple[str, str]]:
    ids = graph.ids
    ends = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
    return {(ids[u], ids[v]) for u, v in ends}


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_leaks_and_nothing_is_lost(name, seed) -> None:
    whole = _graph(seed)
    split = protocol_split(name, whole, seed)
    hidden = [
        {(split.graph.ids[u], split.graph.ids[v]) for u, v in pairs.tolist()}
        for pairs in (split.test, split.validation)
    ]
    train = _ids(split.train)
    assert not train & hidden[0] and not train & hidden[1] and not hidden[0] & hidden[1]
    assert train | hidden[0] | hidden[1] == _ids(split.graph) <= _ids(whole)
    assert list(split.train.ids) == list(split.graph.ids)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_shares_are_those_of_the_rule(name) -> None:
    rule = _RULES[name]
    split = protocol_split(name, _graph(), 3)
    links = split.graph.num_edges - split.graph.report.self_loops
    if rule.hide == "any":
        assert len(split.test) == round(rule.test * links)
        assert len(split.validation) == round(rule.validation * links)
    elif rule.hide == "nothing":
        assert len(split.test) == 0 and split.train.num_edges == split.graph.num_edges
    else:
        graph = split.graph
        mutual = graph.has_edges(graph.targets, graph.sources)
        mutual &= graph.sources != graph.targets
        assert len(split.test) == mutual.sum() // 2
        assert split.train.has_edges(split.test[:, 1], split.test[:, 0]).all()


@pytest.mark.parametrize("name", _CONNECTED)
@pytest.mark.parametrize("seed", range(4))
def test_a_spanning_forest_is_kept(name, seed) -> None:
    split = protocol_split(name, _graph(seed), seed)
    parts = [
        networkx.number_weakly_connected_components(graph.to_networkx())
        for graph in (split.graph, split.train)
    ]
    assert parts[0] == parts[1]


def test_dirlinkbench_looks_at_one_clean_component() -> None:
    whole = _graph()
    split = protocol_split("dirlinkbench", whole, 0)
    positive = whole.to_networkx()
    bad = [(u, v) for u, v, d in positive.edges(data=True) if d["sign"] < 0 or u == v]
    positive.remove_edges_from(bad)
    largest = max(networkx.weakly_connected_components(positive), key=len)
    assert set(split.graph.ids) == largest
    assert _ids(split.graph) == {(u, v) for u, v in positive.edges if u in largest}
    assert split.graph.sign is None
    weights = {(u, v): d["weight"] for u, v, d in positive.edges(data=True)}
    kept = split.graph.to_networkx().edges(data="weight")
    assert all(weights[u, v] == pytest.approx(w) for u, v, w in kept)
    left_out = split.manifest["left_out"]
    assert left_out["nodes"] == whole.num_nodes - len(largest) > 0
    assert left_out["edges"] == whole.num_edges - split.graph.num_edges > 0


def test_the_tree_in_row_order_is_that_of_kruskal() -> None:
    split = protocol_split("dirlinkbench", _graph(), 0)
    pairs = {
        tuple(sorted(p))
        for p in zip(split.graph.sources, split.graph.targets, strict=True)
    }
    plain = networkx.Graph()
    plain.add_nodes_from(range(split.graph.num_nodes))
    plain.add_edges_from(sorted((int(u), int(v)) for u, v in pairs))
    tree = networkx.minimum_spanning_edges(plain, algorithm="kruskal", data=False)
    for u, v in tree:
        for a, b in ((u, v), (v, u)):
            inside = split.graph.has_edges(np.array([a]), np.array([b]))
            assert split.train.has_edges(np.array([a]), np.array([b])) == inside
    others = split.graph.num_edges - len(split.test) - len(split.validation)
    assert split.train.num_edges == others


def test_a_tree_that_leaves_too_little_is_refused() -> None:
    path = Graph.from_edges(range(20), range(1, 21))
    for name in ("dirlinkbench", "divine"):
        with pytest.raises(DataRefused, match="can spare only 0 of 20"):
            protocol_split(name, path)


def test_undirected_links_are_hidden_whole_beside_the_tree() -> None:
    rng = np.random.default_rng(0)
    ends = rng.integers(0, 40, (2, 400))
    graph = Graph.from_edges(*ends, num_nodes=40, directed=False, duplicates="first")
    split = protocol_split("dirlinkbench", graph, 0)
    hidden = len(split.test) + len(split.validation)
    assert split.train.num_edges + hidden == split.graph.num_edges
    assert (split.test[:, 0] < split.test[:, 1]).all()


def test_component_keeps_undirected_graphs_and_whole_ones() -> None:
    graph = Graph.from_edges([0, 1, 3], [1, 2, 4], num_nodes=6, directed=False)
    part = largest_component(graph)
    assert (part.num_nodes, part.num_edges, part.directed) == (3, 2, False)
    assert largest_component(part) is part
    assert cut(part, SplitRule(component=True)) is part


def test_gravity_biased_has_no_mutual_link_left() -> None:
    split = protocol_split("gravity_biased", _graph(), 0)
    graph = split.graph
    assert not graph.has_edges(graph.targets, graph.sources).any()
    got = measured(
        Questions(split), _know(_graph()), PROTOCOLS["gravity_biased"].columns
    )
    assert set(got.values.values()) == {1.0}


def _know(whole: Graph):
    """Scores by the truth; rows are those of a graph whose nodes all stayed."""

    def score(sources, targets):
        return whole.has_edges(sources, targets).astype(float) + (
            1e-9 * (1 - whole.has_edges(targets, sources))
        )

    return score


def test_gravity_bidirectional_asks_which_links_are_returned() -> None:
    whole = _graph()
    split = protocol_split("gravity_bidirectional", whole, 0)
    asked = Questions(split)
    assert len(asked.pairs("returned")) == len(split.test)
    ascending = np.mean(split.test[:, 0] < split.test[:, 1])
    assert 0.2 < ascending < 0.8, "the row of a node must not say which link is hidden"
    names = PROTOCOLS["gravity_bidirectional"].columns
    got = measured(
        asked, lambda u, v: whole.has_edges(u, v) * whole.has_edges(v, u) + 0.0, names
    )
    assert got.values == {"auc_bidirectional": 1, "ap_bidirectional": 1}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_seed_says_which_links_and_the_manifest_says_the_rule(name) -> None:
    splits = [protocol_split(name, _graph(), seed) for seed in (1, 1, 2)]
    manifests = [split.manifest for split in splits]
    assert manifests[0] == manifests[1]
    assert manifests[0]["hash"] != manifests[2]["hash"]
    assert [manifest["seed"] for manifest in manifests] == [1, 1, 2]
    assert manifests[0]["protocol"] == name
    again = {k: v for k, v in manifests[0].items() if k != "hash"}
    assert manifests[0]["hash"] == split_hash(
        again, splits[0].test, splits[0].validation
    )


@pytest.mark.parametrize("name", PROTOCOLS)
def test_entries_are_whole(name) -> None:
    entry = PROTOCOLS[name]
    assert entry.name == name
    assert set(entry.columns) <= set(COLUMNS)
    assert entry.title and entry.source and entry.defects
    assert entry.rule.told()
    assert name not in REFUSED


def test_the_rule_is_told() -> None:
    assert PROTOCOLS["dirlinkbench"].rule.told() == (
        "only the largest weakly connected component, only links of positive sign, no "
        "self loops; 15 % of the links are hidden for the test, 5 % for validation; the "
        "links of the spanning tree of the first pairs in row order, in both directions, "
        "are never hidden, so that no part falls off"
    )
    assert PROTOCOLS["reconstruction"].rule.told() == "nothing is hidden"
    told = PROTOCOLS["gravity_bidirectional"].rule.told()
    assert told == "one link of each mutual pair is hidden"


@pytest.mark.parametrize("name", REFUSED)
def test_what_misleads_is_refused_by_name(name) -> None:
    with pytest.raises(WrongUse, match="is refused: ") as refused:
        protocol_split(name, _graph())
    assert REFUSED[name].instead in PROTOCOLS
    assert REFUSED[name].instead in str(refused.value)


def test_wrong_use() -> None:
    with pytest.raises(WrongUse, match="Did you mean nerd"):
        protocol("nerds")
    with pytest.raises(WrongUse, match="the graph is a list"):
        protocol_split("nerd", [1])
    one_way = Graph.from_edges([0, 1, 2], [1, 2, 3])
    with pytest.raises(DataRefused, match="no two nodes link to each other"):
        protocol_split("gravity_bidirectional", one_way)
    both = Graph.from_edges([0, 1], [1, 0])
    with pytest.raises(DataRefused, match="no link is left"):
        protocol_split("gravity_biased", both)
    plain = Graph.from_edges([0, 1, 2], [1, 2, 3], directed=False)
    for name in ("gravity_biased", "gravity_bidirectional"):
        with pytest.raises(DataRefused, match="the graph is undirected"):
            protocol_split(name, plain)
