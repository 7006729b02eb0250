"""Link prediction end to end with toy scorers: numbers, refusals, tables, merging."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.baselines import BASELINES, DEGREE_BASELINES
from nodeemb.evaluation.link_report import LABELS, ONE_WAY, LinkReport, Row, merge
from nodeemb.evaluation.links import evaluate_links
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.scorer import Heuristic, Scorer, score_pairs
from nodeemb.evaluation.split import Split, split_edges
from nodeemb.graph.graph import Graph

_ROOT = Path(__file__).parents[2]


def _layered(seed: int = 0, nodes: int = 120, directed: bool = True) -> Graph:
    """Links from low rows to high ones, near each other: closeness and direction."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, nodes - 12, 900)
    target = source + rng.integers(1, 12, 900)
    back = rng.random(900) < 0.05
    source, target = np.where(back, target, source), np.where(back, source, target)
    return Graph.from_edges(
        source,
        target,
        ids=[f"n{i}" for i in range(nodes)],
        directed=directed,
        duplicates="first",
    )


@pytest.fixture(scope="module")
def split() -> Split:
    return split_edges(_layered(), 0.4, seed=1)


def _ahead(sources, targets):
    return (targets - sources).astype(float)


def _close(sources, targets):
    return -np.abs(targets - sources).astype(float)


@pytest.fixture(scope="module")
def report(split) -> LinkReport:
    models = {"ahead": _ahead, "close": _close}
    return evaluate_links(models, split, seed=3, hits=(5,), bootstrap=40)


def test_values_are_those_of_scikit_learn(split, report):
    for kind in ("uniform", "reversed", "degree"):
        negative = draw_negatives(kind, split.graph, split.test, 3).pairs
        pairs = np.concatenate([split.test, negative]).astype(int)
        labels = np.repeat([1, 0], len(split.test))
        for name, score in {"ahead": _ahead, "close": _close}.items():
            scores = score(*pairs.T)
            got = report.value(name, kind, "auc")
            assert got.value == pytest.approx(roc_auc_score(labels, scores))
            assert got.low < got.value < got.high
            assert report.value(name, kind, "ap").value == pytest.approx(
                average_precision_score(labels, scores)
            )
            backwards = report.value(f"{name}, roles swapped", kind)
            assert backwards.value == pytest.approx(
                roc_auc_score(labels, score(*pairs[:, ::-1].T))
            )


def test_baselines_are_made_from_the_training_graph(split, report):
    negative = draw_negatives("uniform", split.graph, split.test, 3).pairs
    popularity = np.zeros(split.graph.num_nodes)
    np.add.at(popularity, split.train.targets, 1)
    pairs = np.concatenate([split.test, negative])
    expected = roc_auc_score(
        np.repeat([1, 0], len(split.test)), popularity[pairs[:, 1]]
    )
    assert report.value("in_degree", "uniform").value == pytest.approx(expected)


def test_pair_accuracy_is_over_links_that_go_one_way(split, report):
    links = set(
        zip(split.graph.sources.tolist(), split.graph.targets.tolist(), strict=True)
    )
    one_way = [(s, t) for s, t in split.test.tolist() if (t, s) not in links]
    assert len(one_way) < len(split.test)
    expected = np.mean([t > s for s, t in one_way])
    ahead = report.value("ahead", ONE_WAY, "pair_accuracy")
    assert ahead.value == pytest.approx(expected)
    swapped = report.value("ahead, roles swapped", ONE_WAY, "pair_accuracy")
    assert swapped.value == pytest.approx(1 - expected)
    close = report.value("close", ONE_WAY, "pair_accuracy")
    assert (close.value, *close.interval) == (0.5, 0.5, 0.5)


def test_symmetric_scores_are_the_same_asked_backwards(report):
    for kind in ("uniform", "reversed", "degree"):
        forward = report.value("close", kind, "auc")
        backward = report.value("close, roles swapped", kind, "auc")
        assert (forward.value, forward.interval) == (backward.value, backward.interval)


def test_rows_are_complete_and_json_holds_them(report):
    scorers = {"ahead", "close", *BASELINES}
    scorers |= {"ahead, roles swapped", "close, roles swapped"}
    keys = {(r.scorer, r.negatives, r.metric) for r in report.rows}
    assert len(keys) == len(report.rows) == len(scorers) * (3 * 4 + 1)
    assert {r.scorer for r in report.rows if r.kind == "baseline"} == set(BASELINES)
    again = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert again["rows"] == report.tidy()
    assert again["facts"]["split"]["hash"] == report.facts["split"]["hash"]


def test_facts_of_the_test_links_are_counted(split, report):
    facts = report.facts["test"]
    train = set(
        zip(split.train.sources.tolist(), split.train.targets.tolist(), strict=True)
    )
    linking, linked = {s for s, _ in train}, {t for _, t in train}
    whole = set(
        zip(split.graph.sources.tolist(), split.graph.targets.tolist(), strict=True)
    )
    test = split.test.tolist()
    expected = {
        "edges": len(test),
        "source_unseen": np.mean([s not in linking for s, _ in test]),
        "target_unseen": np.mean([t not in linked for _, t in test]),
        "either_unseen": np.mean(
            [s not in linking or t not in linked for s, t in test]
        ),
        "reciprocal": np.mean([(t, s) in whole for s, t in test]),
        "reverse_in_train": np.mean([(t, s) in train for s, t in test]),
    }
    assert facts == pytest.approx(expected)
    assert expected["reciprocal"] > 0


def test_the_seed_alone_decides(split):
    first, again, other = (
        evaluate_links(_ahead, split, seed=s, baselines=False, bootstrap=5)
        for s in (0, 0, 1)
    )
    assert first.rows == again.rows
    assert first.rows != other.rows


def test_one_scorer_some_baselines_some_negatives(split):
    got = evaluate_links(
        _ahead, split, "two_hop", baselines=["katz"], hits=(), bootstrap=0
    )
    assert {r.scorer for r in got.rows} == {"model", "model, roles swapped", "katz"}
    assert got.negatives() == ["two_hop"]
    assert got.metrics() == ["auc", "ap", "mrr"]
    assert all(r.low == r.value == r.high for r in got.rows)


def test_reversed_shares_are_columns_of_their_own(split):
    kinds = ["reversed:0", "reversed:50", "reversed", "reversed"]
    got = evaluate_links({"m": _close}, split, kinds, baselines=False, bootstrap=0)
    values = [got.value("m", kind).value for kind in kinds[:3]]
    assert values[0] > values[1] > values[2]
    assert got.negatives() == kinds[:3]


def test_undirected_graphs_have_no_direction_to_ask_for():
    split = split_edges(_layered(directed=False), 0.4)
    got = evaluate_links({"close": _close}, split, bootstrap=5)
    assert got.negatives() == ["uniform", "degree"]
    assert {r.kind for r in got.rows} == {"model", "baseline"}
    assert not got.column(ONE_WAY, "pair_accuracy")
    assert "reciprocal" not in got.facts["test"]
    assert "pair accuracy" not in got.table()


# ---- refusals -----------------------------------------------------------------------


def test_overlap_of_test_and_training_links_is_refused(split):
    leaky = replace(split, train=split.graph)
    with pytest.raises(
        DataRefused, match=f"{len(split.test)} test edges are also in the training"
    ):
        evaluate_links(_ahead, leaky)


def test_a_model_of_the_whole_graph_is_refused(split):
    class Model(Heuristic):
        graph_hash = split.graph.digest()

    leaky = Model(split.graph.ids, _ahead)
    with pytest.raises(DataRefused, match="leaky was trained on the whole graph"):
        evaluate_links({"leaky": leaky}, split)
    Model.graph_hash = split.train.digest()
    evaluate_links({"fine": leaky}, split, baselines=False, bootstrap=0)


def test_ids_of_another_graph_are_refused(split):
    other = Heuristic(Graph.from_edges(["a", "b"], ["b", "c"]).ids, _ahead)
    with pytest.raises(
        DataRefused, match="3 node ids are not those of the graph's 120"
    ):
        evaluate_links(other, split)
    same = Heuristic(list(split.graph.ids), _ahead)
    assert evaluate_links(same, split, baselines=False, bootstrap=0).rows


@pytest.mark.parametrize(
    "score, said",
    [
        (lambda s, t: np.where(s == 3, np.nan, 1.0), "not finite numbers"),
        (lambda s, t: np.full(len(s), np.inf), "not finite numbers"),
        (lambda s, t: np.zeros(len(s) - 1), "returned scores of shape"),
        (lambda s, t: np.zeros((len(s), 1)), "returned scores of shape"),
    ],
)
def test_broken_scores_are_refused(split, score, said):
    with pytest.raises(DataRefused, match=f"broken.*{said}|of broken are {said}"):
        evaluate_links({"broken": score}, split)


def test_wrong_use_is_told(split):
    with pytest.raises(WrongUse, match="takes the split"):
        evaluate_links(_ahead, split.test)
    with pytest.raises(WrongUse, match="a list cannot score"):
        evaluate_links([1, 2], split)
    with pytest.raises(WrongUse, match='called "katz"'):
        evaluate_links({"katz": _ahead}, split)
    with pytest.raises(WrongUse, match="Did you mean degree_sum"):
        evaluate_links(_ahead, split, baselines=["degree_sums"], bootstrap=0)
    with pytest.raises(WrongUse, match="Did you mean uniform"):
        evaluate_links(_ahead, split, ["unifrom"])
    for numbers in ({"hits": (0,)}, {"bootstrap": -1}):
        with pytest.raises(WrongUse, match="1 or more"):
            evaluate_links(_ahead, split, **numbers)


def test_pairs_are_scored_in_blocks_and_come_back_in_order(monkeypatch):
    import nodeemb.evaluation.scorer as scorer

    monkeypatch.setattr(scorer, "_BLOCK", 7)
    pairs = np.random.default_rng(0).integers(0, 50, (40, 2)).astype(np.int32)
    asked = []

    def score(sources, targets):
        asked.append(len(sources))
        return sources * 100 + targets

    got = score_pairs(score, pairs, "s")
    assert np.array_equal(got, pairs[:, 0] * 100 + pairs[:, 1])
    assert max(asked) == 7 and sum(asked) == 40


def test_heuristics_are_scorers():
    assert isinstance(Heuristic(_layered().ids, _ahead), Scorer)


# ---- tables and merging --------------------------------------------------------------


def test_every_baseline_has_a_label():
    assert set(LABELS) == set(BASELINES)


def test_the_table_shows_every_scorer_and_column(report):
    text = report.table()
    lines = text.splitlines()
    head = next(line for line in lines if line.startswith("AUC"))
    assert head.split("  ")[0] == "AUC"
    for word in ("uniform", "reversed", "degree", "pair accuracy"):
        assert word in head
    for label in ("ahead", "close", "  roles swapped", *LABELS.values()):
        assert any(line.startswith(label) for line in lines), label
    shown = f"{report.value('ahead', 'reversed').value:.3f}"
    assert shown in next(line for line in lines if line.startswith("ahead"))
    assert "pair accuracy" in report.table("mrr")


def test_the_star_marks_models_ahead_of_degrees(report):
    lines = {line.split("  ")[0]: line for line in report.table().splitlines()}
    for name in ("ahead", "close"):
        rows = [*report.column("uniform"), *report.column("reversed")]
        rows += [*report.column("degree"), *report.column(ONE_WAY, "pair_accuracy")]
        stands = [report.standing(row) == "ahead" for row in rows if row.scorer == name]
        assert lines[name].count("*") == sum(stands)
    assert 0 < lines["close"].count("*") < 4
    assert "*" not in lines["degree sum"]


def test_unknown_columns_are_told(report):
    with pytest.raises(WrongUse, match="Did you mean auc"):
        report.table("aux")
    with pytest.raises(WrongUse, match="no measured number"):
        report.value("ahead", "two_hop")


def _row(scorer="m", kind="model", value=0.5, low=0.5, high=0.5, **more) -> Row:
    return Row(scorer, kind, "uniform", "auc", value, low, high, **more)


@pytest.mark.parametrize(
    "low, high, standing",
    [(0.71, 0.75, "ahead"), (0.69, 0.75, "level"), (0.5, 0.59, "behind")],
)
def test_standing_compares_intervals_with_the_best_degree_baseline(low, high, standing):
    model = _row(value=(low + high) / 2, low=low, high=high)
    rows = (
        model,
        _row("in_degree", "baseline", 0.5),
        _row("degree_sum", "baseline", 0.65, 0.6, 0.7),
        _row("katz", "baseline", 0.99, 0.99, 0.99),
    )
    report = LinkReport(rows, {"negatives": {"uniform": {}}, "seeds": [0]})
    assert report.best_degree_baseline("uniform", "auc") == rows[2]
    assert report.standing(model) == standing
    assert LinkReport((model,), report.facts).standing(model) == ""


def test_merging_gives_mean_and_spread(split):
    reports = [
        evaluate_links({"m": _ahead}, split, seed=s, hits=(5,), bootstrap=9)
        for s in range(3)
    ]
    merged = merge(reports)
    values = [r.value("m", "uniform").value for r in reports]
    got = merged.value("m", "uniform")
    assert got.value == pytest.approx(np.mean(values))
    assert got.sd == pytest.approx(np.std(values, ddof=1)) and got.sd > 0
    assert got.runs == merged.runs == 3
    assert merged.facts["seeds"] == [0, 1, 2]
    assert len(merged.facts["each"]) == 3
    assert f"±{got.sd:.3f}" in merged.table()
    assert merge(reports[:1]) is reports[0]
    json.dumps(merged.as_dict(), allow_nan=False)


def test_the_wider_interval_counts():
    assert _row(low=0.45, high=0.51, sd=0.02).interval == (0.45, 0.52)


def test_only_like_reports_merge(split, report):
    with pytest.raises(WrongUse, match="no report"):
        merge([])
    with pytest.raises(WrongUse, match="different scorers"):
        merge([report, evaluate_links(_ahead, split, bootstrap=0)])
    other = split_edges(_layered(5), 0.4)
    models = {"ahead": _ahead, "close": _close}
    foreign = evaluate_links(models, other, hits=(5,), bootstrap=0)
    with pytest.raises(WrongUse, match="different graphs"):
        merge([report, foreign])


def test_degree_baselines_alone_lose_where_degrees_are_matched(report):
    for name in DEGREE_BASELINES:
        assert abs(report.value(name, "degree").value - 0.5) < 0.06
    assert report.value("close", "degree").value > 0.9


# ---- real graphs: figures measured elsewhere, with other splits ----------------------


def _columns(path: Path, comment: str = "") -> Graph:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    pairs = [line.split()[:2] for line in lines if not (comment and line[0] in comment)]
    return Graph.from_edges(*zip(*pairs, strict=True))


def _shared(name: str) -> Path:
    folder = Path(os.environ.get("NODEEMB_DATA", _ROOT.parent / "shared" / "data"))
    if not (folder / name).exists():
        pytest.skip(f"needs the data set {name}")
    return folder / name


@pytest.mark.parametrize(
    "name, expected",
    [
        pytest.param(
            "debian-depends",
            {("degree_sum", "uniform"): 0.92, ("potential", "reversed"): 0.985},
            marks=pytest.mark.slow,
        ),
        (
            "cora-subelj/out.subelj_cora_cora.gz",
            {("in_degree", "uniform"): 0.839, ("potential", "reversed"): 0.937},
        ),
    ],
)
def test_degree_baselines_reach_the_known_figures(name, expected):
    if name == "debian-depends":
        graph = _columns(_ROOT / "datasets" / name / "edges.tsv.gz")
    else:
        graph = _columns(_shared(f"directed/{name}"), "%")
    report = evaluate_links(
        {}, split_edges(graph), baselines=DEGREE_BASELINES, bootstrap=0
    )
    for (scorer, negatives), value in expected.items():
        assert report.value(scorer, negatives).value == pytest.approx(value, abs=0.01)
    for row in report.column("degree"):
        assert abs(row.value - 0.5) < 0.01
