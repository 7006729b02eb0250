"""Following a protocol from graph to table: numbers, shares, defects, refusals, merging."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import nodeemb as ne
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.columns import measure_columns
from nodeemb.evaluation.follow import evaluate_protocol
from nodeemb.evaluation.protocol_report import Number, ProtocolReport, merge_protocols
from nodeemb.evaluation.protocol_split import protocol_split
from nodeemb.evaluation.protocols import PROTOCOLS
from nodeemb.evaluation.scorer import Heuristic

_NODES = 80


def _graph(seed: int = 0, mutual: float = 0.2) -> ne.Graph:
    rng = np.random.default_rng(seed)
    source = rng.integers(0, _NODES - 12, 500)
    target = source + rng.integers(1, 12, 500)
    back = rng.random(500) < mutual
    return ne.Graph.from_edges(
        np.concatenate([source, target[back]]),
        np.concatenate([target, source[back]]),
        num_nodes=_NODES,
        duplicates="first",
    )


def _ahead(sources, targets):
    return (targets - sources).astype(float)


@pytest.mark.parametrize("name", [n for n, p in PROTOCOLS.items() if p.asks == "links"])
def test_every_protocol_measures_its_columns_for_all(name) -> None:
    split = protocol_split(name, _graph(), 1)
    report = evaluate_protocol({"ahead": _ahead}, split, seed=4)
    entry = PROTOCOLS[name]
    by_hand = measure_columns(split, _ahead, entry.columns, 4)
    got = {row.column: row.value for row in report.rows if row.scorer == "ahead"}
    assert got == pytest.approx(by_hand, nan_ok=True)
    scorers = {row.scorer for row in report.rows}
    assert {"ahead", "degree_sum", "potential", "random"} <= scorers
    for defect in entry.defects:
        assert f"Mind: {defect}." in report.table()
    for differs in entry.differs:
        assert f"Here: {differs}." in report.table()
    assert entry.source in report.table() and entry.rule.told() in report.table()
    json.loads(json.dumps(report.as_dict(), allow_nan=False))


def test_shares_without_a_training_link_are_always_told() -> None:
    split = protocol_split("nerd", _graph(), 1)
    report = evaluate_protocol({}, split)
    sources, targets = split.test.T
    no_out = np.mean([not (split.train.sources == u).any() for u in sources])
    no_in = np.mean([not (split.train.targets == v).any() for v in targets])
    assert no_out > 0 < no_in
    assert report.facts["test"]["source_unseen"] == pytest.approx(no_out)
    assert report.facts["test"]["target_unseen"] == pytest.approx(no_in)
    assert (
        f"source without a training link out {100 * no_out:.1f} %   target without one "
        f"in {100 * no_in:.1f} %"
    ) in report.table()
    assert "nothing was hidden" in (
        evaluate_protocol({}, protocol_split("reconstruction", _graph())).table()
    )


def test_what_cannot_be_asked_is_a_dash_with_a_reason() -> None:
    split = protocol_split("magnet", _graph(mutual=1.0), 1)
    report = evaluate_protocol(_ahead, split)
    row = report.value("model", "pair_accuracy")
    assert math.isnan(row.value)
    assert row.reason == "every test link goes both ways"
    assert "pair accuracy -: every test link goes both ways" in report.table()
    nothing = [r["value"] for r in report.as_dict()["rows"] if r["reason"]]
    assert nothing and set(nothing) == {None}
    few = evaluate_protocol({}, protocol_split("dirlinkbench", _graph(), 1))
    assert "Hits@100 -: there are only" in few.table()


def test_thresholds_and_samples_are_told(monkeypatch) -> None:
    magnet = evaluate_protocol({}, protocol_split("magnet", _graph()))
    assert "Here: thresholds are fitted on validation links." in magnet.table()
    monkeypatch.setattr("nodeemb.evaluation.reconstruction.ALL_PAIRS", 1_000)
    monkeypatch.setattr("nodeemb.evaluation.reconstruction.PAIRS", 3_160)
    split = protocol_split("reconstruction", _graph())
    report = evaluate_protocol(_ahead, split, baselines=False)
    assert "one pair in 2.0 was scored" in report.table()
    assert not math.isnan(report.value("model", "reconstruction@links").value)
    monkeypatch.setattr("nodeemb.evaluation.reconstruction.PAIRS", 31)
    report = evaluate_protocol(_ahead, split, baselines=False)
    assert "one pair in 204 is scored: too few" in report.table()
    assert "left out" not in report.table()
    rule = evaluate_protocol({}, protocol_split("gravity_biased", _graph()))
    assert "left out" in rule.table()


def test_several_seeds_give_mean_and_spread_and_stars() -> None:
    models = {"ahead": _ahead, "guess": lambda u, v: (u * 7919 + v * 104729) % 1009.0}
    reports = [
        evaluate_protocol(models, protocol_split("nerd", _graph(), s), seed=s)
        for s in (0, 1, 2)
    ]
    merged = merge_protocols(reports)
    each = [report.value("ahead", "auc_reversed").value for report in reports]
    row = merged.value("ahead", "auc_reversed")
    assert row.value == pytest.approx(np.mean(each))
    assert row.sd == pytest.approx(np.std(each, ddof=1))
    assert row.runs == 3 and merged.facts["seeds"] == [0, 1, 2]
    assert merged.ahead(row)
    assert not merged.ahead(merged.value("guess", "auc_reversed"))
    assert not reports[0].ahead(reports[0].value("ahead", "auc_reversed"))
    assert f"{row.value:.3f}*±{row.sd:.3f}" in merged.table()
    assert "runs 3" in merged.table() and "of 3 runs" in merged.table()
    assert merge_protocols(reports[:1]) is reports[0]
    with pytest.raises(WrongUse, match="no report"):
        merge_protocols([])
    with pytest.raises(WrongUse, match="different scorers or columns"):
        merge_protocols([reports[0], evaluate_protocol({}, _split("strap"))])


@pytest.mark.parametrize(
    ("model", "base", "ahead"),
    [((0.8, 0.05), (0.7, 0.04), True), ((0.8, 0.05), (0.7, 0.06), False)],
)
def test_ahead_is_by_more_than_both_deviations(model, base, ahead) -> None:
    rows = (
        Number("m", "model", "auc", *model, runs=3),
        Number("potential", "baseline", "auc", *base, runs=3),
        Number("katz", "baseline", "auc", 0.99, 0.0, runs=3),
    )
    report = ProtocolReport("nerd", rows, {"seeds": [0, 1, 2]})
    assert report.ahead(rows[0]) == ahead
    assert not report.ahead(rows[1])


def _split(name: str):
    return protocol_split(name, _graph(), 0)


def test_a_number_that_one_seed_lacks_has_no_mean() -> None:
    reports = [
        evaluate_protocol(_ahead, protocol_split("magnet", graph), baselines=False)
        for graph in (_graph(), _graph(mutual=1.0))
    ]
    for order in (reports, reports[::-1]):
        row = merge_protocols(order).value("model", "pair_accuracy")
        assert math.isnan(row.value) and row.reason == "every test link goes both ways"


def test_an_embedding_is_followed_and_a_leak_is_refused() -> None:
    graph = _graph()
    split = protocol_split("nerd", graph, 0)
    options = {"training.epochs": 1}
    fair = ne.embed(split.train, "line2", dim=4, options=options)
    report = evaluate_protocol({"fair": fair}, split, baselines=["potential"])
    assert {row.scorer for row in report.rows} == {"fair", "potential"}
    leaky = ne.embed(graph, "line2", dim=4, options=options)
    with pytest.raises(DataRefused, match="trained on the whole graph"):
        evaluate_protocol({"leaky": leaky}, split)
    whole = protocol_split("reconstruction", graph)
    assert evaluate_protocol(leaky, whole, baselines=False).rows
    other = ne.embed(_graph(mutual=0), "line2", dim=4, options=options)
    cut = protocol_split("dirlinkbench", ne.Graph.from_edges(*_two_parts()), 0)
    with pytest.raises(DataRefused, match="node ids are not those"):
        evaluate_protocol(other, cut)


def _two_parts():
    rng = np.random.default_rng(0)
    ends = rng.integers(0, 30, (2, 300))
    keys = np.unique(ends[0] * 50 + ends[1])
    source, target = np.divmod(keys, 50)
    return np.append(source, 40), np.append(target, 41)


def test_wrong_use() -> None:
    split = _split("nerd")
    with pytest.raises(WrongUse, match="split of a protocol"):
        evaluate_protocol(_ahead, ne.split_edges(_graph(), 0.5))
    with pytest.raises(WrongUse, match="split of a protocol"):
        evaluate_protocol(_ahead, _graph())
    with pytest.raises(WrongUse, match="cannot score"):
        evaluate_protocol([1], split)
    with pytest.raises(WrongUse, match='called "katz"'):
        evaluate_protocol({"katz": _ahead}, split)
    with pytest.raises(WrongUse, match="Did you mean degree_sum"):
        evaluate_protocol(_ahead, split, baselines=["degree_sums"])
    with pytest.raises(WrongUse, match="Did you mean model / auc"):
        evaluate_protocol(_ahead, split, baselines=False).value("model", "aucs")


def test_a_saved_split_still_knows_its_protocol(tmp_path) -> None:
    from nodeemb.evaluation.split_files import load_split

    split = _split("dirlinkbench")
    again = load_split(split.save(tmp_path / "split"), split.graph)
    one = evaluate_protocol(Heuristic(split.graph.ids, _ahead), split)
    two = evaluate_protocol(Heuristic(split.graph.ids, _ahead), again)
    assert [r.value for r in one.rows] == pytest.approx(
        [r.value for r in two.rows], nan_ok=True
    )
    assert isinstance(two, ProtocolReport)
