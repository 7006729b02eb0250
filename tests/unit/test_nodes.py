"""Node classification: F1 and the top-k rule against scikit-learn, planted classes, files."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

import nodeemb as ne
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation import nodes
from nodeemb.evaluation.follow import evaluate_protocol
from nodeemb.evaluation.nodes import classify_nodes, f1, node_heads, top_classes
from nodeemb.evaluation.protocol_split import protocol_split
from nodeemb.io.cards import list_cards, load_card, read_dataset
from nodeemb.io.labels import dataset_labels, make_labels, read_labels

_NODES = 90


def _graph() -> ne.Graph:
    rng = np.random.default_rng(0)
    ends = rng.integers(0, _NODES, (2, 500))
    return ne.Graph.from_edges(*ends, num_nodes=_NODES, duplicates="first")


def _classes(several: bool) -> dict[int, list[str]]:
    found = {row: ["abc"[row % 3]] for row in range(_NODES)}
    if several:
        for row in range(0, _NODES, 4):
            found[row] = sorted({*found[row], "d"})
    return found


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(nodes, "SHARES", (20, 50, 80))
    monkeypatch.setattr(nodes, "SHUFFLES", 2)


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_f1_is_that_of_scikit_learn(average) -> None:
    rng = np.random.default_rng(1)
    truth, given = rng.random((2, 60, 7)) < 0.3
    truth[:, 5] = given[:, 6] = False
    truth[:, 6] = given[:, 6] = False
    expected = f1_score(truth, given, average=average, zero_division=0)
    assert f1(truth, given, average) == pytest.approx(expected)


def test_each_node_gets_as_many_classes_as_it_has() -> None:
    rng = np.random.default_rng(2)
    scores, counts = rng.normal(size=(40, 6)), rng.integers(1, 6, 40)
    given = top_classes(scores, counts)
    for row, k in enumerate(counts):
        assert set(np.flatnonzero(given[row])) == set(np.argsort(scores[row])[-k:])
    assert top_classes(np.zeros((1, 4)), np.array([2])).tolist() == [
        [True, True, False, False]
    ]


@pytest.mark.parametrize("several", [False, True])
def test_numbers_are_those_of_scikit_learn_by_hand(quick, several) -> None:
    graph, rng = _graph(), np.random.default_rng(3)
    labels = make_labels(graph, _classes(several))
    assert labels.several == several
    truth = np.zeros((_NODES, len(labels.names)), bool)
    truth[labels.rows, labels.classes] = True
    vectors = truth @ rng.normal(size=(truth.shape[1], 6)) + rng.normal(
        scale=2, size=(_NODES, 6)
    )
    got = {n.column: n.value for n in classify_nodes({"m": vectors}, graph, labels)}
    task = nodes._task(graph, labels, 0)
    for share in (20, 50, 80):
        micro, macro = [], []
        for shuffle in (0, 1):
            train, test = nodes._parts(task, share, shuffle)
            assert len(train) == round(share / 100 * _NODES)
            assert sorted([*train, *test]) == list(range(_NODES))
            scaler = StandardScaler().fit(vectors[train])
            given = np.zeros((len(test), truth.shape[1]), bool)
            scores = [
                LogisticRegression(max_iter=1000)
                .fit(scaler.transform(vectors[train]), truth[train, c])
                .decision_function(scaler.transform(vectors[test]))
                for c in range(truth.shape[1])
            ]
            for i, row in enumerate(test):
                best = np.argsort([-s[i] for s in scores])[: truth[row].sum()]
                given[i, best] = True
            micro.append(f1_score(truth[test], given, average="micro"))
            macro.append(f1_score(truth[test], given, average="macro", zero_division=0))
        numbers = classify_nodes({"m": vectors}, graph, labels, baselines=False)
        got = {n.column: n.value for n in numbers}
        assert got[f"micro@{share}"] == pytest.approx(np.mean(micro))
        assert got[f"macro@{share}"] == pytest.approx(np.mean(macro))


def test_planted_classes_are_found_and_noise_is_not(quick) -> None:
    graph, rng = _graph(), np.random.default_rng(4)
    labels = make_labels(graph, _classes(False))
    clear = np.eye(3)[np.arange(_NODES) % 3] + rng.normal(scale=0.05, size=(_NODES, 3))
    models = {"clear": clear, "noise": rng.normal(size=(_NODES, 3))}
    numbers = classify_nodes(models, graph, labels)
    value = {(n.scorer, n.column): n.value for n in numbers}
    assert value["clear", "micro@50"] == value["clear", "macro@80"] == 1
    for scorer in ("noise", "degrees", "most_frequent"):
        assert value[scorer, "micro@50"] < 0.6
    kinds = {n.scorer: n.kind for n in numbers}
    assert kinds["degrees"] == kinds["most_frequent"] == "baseline"
    assert [n.column for n in numbers if n.scorer == "clear"] == [
        head.name for head in node_heads()
    ]


def test_a_class_that_no_training_node_has_is_never_given(quick) -> None:
    given = dict.fromkeys(range(30), "x") | {30: "y"}
    labels = make_labels(_graph(), given)
    vectors = np.random.default_rng(0).normal(size=(_NODES, 2))
    for number in classify_nodes({"m": vectors}, _graph(), labels):
        assert 0 < number.value <= 1


def test_a_seed_says_which_nodes_and_scales_do_not_matter(quick) -> None:
    graph = _graph()
    labels = make_labels(graph, _classes(False))
    vectors = np.random.default_rng(5).normal(size=(_NODES, 4))
    one, scaled, other = (
        classify_nodes({"m": v}, graph, labels, seed=seed, baselines=False)
        for v, seed in (
            (vectors, 1),
            (vectors * [1, 1e-3, 1e3, 5] + 7, 1),
            (vectors, 2),
        )
    )
    assert [n.value for n in one] == pytest.approx([n.value for n in scaled])
    assert one != other


def test_the_protocol_asks_embeddings_for_a_role(quick) -> None:
    graph = _graph()
    split = protocol_split("nodes", graph, 0)
    labels = make_labels(graph, {**_classes(True), 5000: "a"})
    options = {"training.epochs": 1}
    model = ne.embed(split.train, "line2", width=8, options=options)
    reports = {
        role: evaluate_protocol({"m": model}, split, labels=labels, role=role)
        for role in (None, "source")
    }
    source = classify_nodes({"m": model.vectors("source")}, graph, labels)
    assert list(reports["source"].rows) == source != list(reports[None].rows)
    table = reports["source"].table()
    assert "Micro F1" in table and "Macro F1" in table and "most frequent" in table
    assert "90 nodes have labels of 4 classes, some several" in table
    assert "1 labels of nodes outside the graph are left out" in table
    assert "vectors: source" in table and "all roles side by side" in (
        reports[None].table()
    )
    assert "how many classes a node has is told" in table


def test_labels_from_files(tmp_path) -> None:
    graph = ne.Graph.from_edges([1, 2, 3], [2, 3, 4])
    (tmp_path / "a.tsv").write_text("node\tclass\n1\tx\tmore\n2\ty\n9\tx\n2\tx\n2\tx\n")
    (tmp_path / "b.csv").write_text("1,x\n2, y\n\n")
    with gzip.open(tmp_path / "c.gz", "wt") as file:
        file.write("1 2\n2\t3 \n9 8\n")
    a, b = (read_labels(tmp_path / name, graph) for name in ("a.tsv", "b.csv"))
    assert [
        (graph.ids[r], a.names[c]) for r, c in zip(a.rows, a.classes, strict=True)
    ] == [
        (1, "x"),
        (2, "y"),
        (2, "x"),
    ]
    assert (a.left_out, a.several) == (2, True)
    assert (b.names, b.left_out, b.several) == (("x", "y"), 0, False)
    c = read_labels(tmp_path / "c.gz", graph, members=True)
    assert [
        (graph.ids[r], c.names[k]) for r, k in zip(c.rows, c.classes, strict=True)
    ] == [
        (1, "class 1"),
        (2, "class 1"),
        (2, "class 2"),
        (3, "class 2"),
    ]
    text = ne.Graph.from_edges(["1", "b"], ["b", "2"])
    assert read_labels(tmp_path / "b.csv", text).rows.tolist() == [
        text.row("1"),
        text.row("2"),
    ]


def test_wrong_labels_are_refused(tmp_path) -> None:
    graph = _graph()
    (tmp_path / "one").write_text("1 x\n2\n")
    with pytest.raises(DataRefused, match=r"line without a class.*|one, line 2"):
        read_labels(tmp_path / "one", graph)
    (tmp_path / "same").write_text("1 x\n2 x\n")
    with pytest.raises(DataRefused, match="there are 1 classes"):
        read_labels(tmp_path / "same", graph)
    (tmp_path / "bytes").write_bytes(b"1 \xff\n")
    with pytest.raises(DataRefused, match="no UTF-8"):
        read_labels(tmp_path / "bytes", graph)
    with pytest.raises(WrongUse, match="wiki-Vote has no labels"):
        dataset_labels("wiki-Vote", graph)
    few = make_labels(graph, {0: "a", 1: "b"})
    with pytest.raises(DataRefused, match="2 of 90 nodes have labels"):
        classify_nodes({}, graph, few)
    labels, split = make_labels(graph, _classes(False)), protocol_split("nodes", graph)
    with pytest.raises(WrongUse, match="needs labels"):
        evaluate_protocol({}, split)
    with pytest.raises(WrongUse, match="asks for scores"):
        evaluate_protocol({}, protocol_split("nerd", graph), labels=labels)
    with pytest.raises(WrongUse, match="m has no vectors"):
        evaluate_protocol({"m": lambda u, v: u}, split, labels=labels)
    with pytest.raises(DataRefused, match="3 vectors for 90 nodes"):
        evaluate_protocol({"m": np.zeros((3, 2))}, split, labels=labels)
    other = ne.embed(
        ne.Graph.from_edges([0, 1], [1, 2]),
        "line2",
        dim=2,
        options={"training.epochs": 1},
    )
    with pytest.raises(DataRefused, match="node ids of m are not those"):
        evaluate_protocol({"m": other}, split, labels=labels)


@pytest.mark.parametrize("name", [n for n in list_cards() if load_card(n).labels])
def test_labels_of_data_sets_are_there(name) -> None:
    card = load_card(name)
    if not card.here:
        pytest.skip(f"the file of {name} is not here")
    graph = read_dataset(name)
    labels = dataset_labels(name, graph)
    share = len(np.unique(labels.rows)) / graph.num_nodes
    assert share > 0.9
    assert len(labels.names) >= 3
    assert labels.several == (name in ("blogcatalog", "ppi", "wikipedia-pos"))
