"""Every column against scikit-learn or an obvious slow twin, with ties and without."""

from __future__ import annotations

import math

import naive
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_score, roc_auc_score

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation import reconstruction
from nodeemb.evaluation.columns import (
    COLUMNS,
    SUPPORTS,
    best_threshold,
    measure_columns,
    measured,
)
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.questions import PAIRS, Questions, Unasked, both_ways, known
from nodeemb.evaluation.reconstruction import best_pairs
from nodeemb.evaluation.split import Split, split_edges
from nodeemb.graph.graph import Graph

_NODES = 60


def _graph(seed: int = 0, directed: bool = True) -> Graph:
    """Links mostly from low rows to high ones, a fifth of them mutual."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, _NODES - 12, 420)
    target = source + rng.integers(1, 12, 420)
    mutual = rng.random(420) < 0.2
    return Graph.from_edges(
        np.concatenate([source, target[mutual]]),
        np.concatenate([target, source[mutual]]),
        num_nodes=_NODES,
        directed=directed,
        duplicates="first",
    )


@pytest.fixture(scope="module")
def split() -> Split:
    return split_edges(_graph(), 0.4, 0.1, seed=1)


def _links_of(graph: Graph) -> set[tuple[int, int]]:
    return {(u, v) for u, v, _ in naive.arcs(graph)}


def _matrix(seed: int, levels: int | None = None):
    """A scorer that looks up a random matrix; few levels: many ties."""
    values = np.random.default_rng(seed).normal(size=(_NODES, _NODES))
    if levels:
        values = np.round(values * levels / 3)
    return lambda sources, targets: values[sources, targets]


def _ahead(sources, targets):
    return (targets - sources).astype(float)


SCORERS = {"plain": _matrix(3), "ties": _matrix(4, 2), "ahead": _ahead}


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize(
    ("positive", "negative", "auc", "ap"),
    [
        ("links", "uniform", "auc", "ap"),
        ("links", "reversed", "auc_reversed", None),
        ("links", "reversed:50", "auc_reversed:50", None),
        ("links", "degree", "auc_degree", None),
        ("links", "two_hop", "auc_two_hop", None),
        ("one_way", "turned", "auc_one_way", "ap_one_way"),
        ("returned", "not_returned", "auc_bidirectional", "ap_bidirectional"),
    ],
)
def test_auc_and_ap_are_those_of_scikit_learn(
    split, scorer, positive, negative, auc, ap
) -> None:
    score = SCORERS[scorer]
    asked = Questions(split, 5)
    sides = [score(*asked.pairs(name).T) for name in (positive, negative)]
    labels = np.repeat([1, 0], [len(side) for side in sides])
    values = np.concatenate(sides)
    got = measure_columns(split, score, [auc, ap or auc], seed=5)
    assert got[auc] == pytest.approx(roc_auc_score(labels, values), abs=1e-12)
    if ap:
        assert got[ap] == pytest.approx(average_precision_score(labels, values))


@pytest.mark.parametrize("scorer", SCORERS)
def test_rank_columns_against_their_slow_twins(split, scorer) -> None:
    score = SCORERS[scorer]
    asked = Questions(split, 5)
    good, bad = (score(*asked.pairs(name).T) for name in ("links", "uniform"))
    got = measure_columns(split, score, ["hits@20", "hits@50", "mrr"], seed=5)
    for k in (20, 50):
        bar = sorted(bad, reverse=True)[k - 1]
        assert got[f"hits@{k}"] == pytest.approx(sum(g > bar for g in good) / len(good))
    ranks = [1 + sum(b > g for b in bad) + sum(b == g for b in bad) / 2 for g in good]
    assert got["mrr"] == pytest.approx(np.mean([1 / rank for rank in ranks]))


@pytest.mark.parametrize("scorer", SCORERS)
def test_precision_is_the_mean_over_random_orders_of_ties(split, scorer) -> None:
    score = SCORERS[scorer]
    asked = Questions(split, 5)
    good, bad = (score(*asked.pairs(name).T) for name in ("links", "uniform"))
    values = np.concatenate([good, bad])
    labels = np.repeat([1, 0], [len(good), len(bad)])
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        order = np.lexsort([rng.random(len(values)), -values])[: len(good)]
        chosen = np.zeros(len(values), int)
        chosen[order] = 1
        found.append(precision_score(labels, chosen))
    got = measure_columns(split, score, ["precision"], seed=5)["precision"]
    spread = 4 * np.std(found) / np.sqrt(300) + 1e-9
    assert got == pytest.approx(np.mean(found), abs=spread)


@pytest.mark.parametrize("scorer", SCORERS)
def test_pair_accuracy_counts_one_way_links(split, scorer) -> None:
    score = SCORERS[scorer]
    links = _links_of(split.graph)
    one_way = [(u, v) for u, v in split.test.tolist() if (v, u) not in links]
    wins = [
        0.5 + 0.5 * np.sign(score(u, v) - score(v, u))
        for u, v in ((np.array(u), np.array(v)) for u, v in one_way)
    ]
    got = measure_columns(split, score, ["pair_accuracy"])["pair_accuracy"]
    assert 0 < len(one_way) < len(split.test)
    assert got == pytest.approx(np.mean(wins))


@pytest.mark.parametrize("scorer", SCORERS)
def test_thresholds_are_the_best_of_all(scorer) -> None:
    rng = np.random.default_rng(7)
    scores = SCORERS[scorer](*rng.integers(0, _NODES, (2, 80)))
    above, below = rng.random(80), rng.random(80)
    bar = best_threshold(scores, above, below)
    sums = {
        t: above[scores > t].sum() + below[scores <= t].sum()
        for t in [-np.inf, *scores, np.inf]
    }
    got = above[scores > bar].sum() + below[scores <= bar].sum()
    assert got == pytest.approx(max(sums.values()))


@pytest.mark.parametrize("scorer", SCORERS)
def test_existence_and_three_classes_by_hand(split, scorer) -> None:
    score = SCORERS[scorer]
    asked = Questions(split, 5)
    s = {name: score(*asked.pairs(name).T) for name in PAIRS}
    bars = sorted([-np.inf, np.inf, *_middles(s["fit_links"], s["fit_links_apart"])])
    right = [
        np.sum(s["fit_links"] > t) + np.sum(s["fit_links_apart"] <= t) for t in bars
    ]
    bar = bars[int(np.argmax(right))]
    both = np.sum(s["links"] > bar) + np.sum(s["links_apart"] <= bar)
    got = measure_columns(split, score, ["existence", "three_class"], seed=5)
    assert got["existence"] == pytest.approx(both / (2 * len(split.test)))

    def accuracy(t: float, which: str) -> float:
        names = [f"{which}{n}" for n in ("one_way", "turned", "apart", "apart_turned")]
        points, total = 0.0, 0
        # Links are asked in both directions, pairs that are apart in one.
        for a, b, truth in (
            [(x, y, 1) for x, y in zip(s[names[0]], s[names[1]], strict=True)]
            + [(y, x, -1) for x, y in zip(s[names[0]], s[names[1]], strict=True)]
            + [(x, y, 0) for x, y in zip(s[names[2]], s[names[3]], strict=True)]
        ):
            total += 1
            if max(a, b) <= t:
                points += truth == 0
            elif truth:
                points += 0.5 if a == b else np.sign(a - b) == truth
        return points / total

    larger = np.maximum(
        np.concatenate([s["fit_one_way"], s["fit_apart"]]),
        np.concatenate([s["fit_turned"], s["fit_apart_turned"]]),
    )
    bars = sorted([-np.inf, np.inf, *_middles(larger, larger)])
    bar = bars[int(np.argmax([accuracy(t, "fit_") for t in bars]))]
    assert got["three_class"] == pytest.approx(accuracy(bar, ""))


def _middles(*sides: np.ndarray) -> list[float]:
    values = np.unique(np.concatenate(sides))
    return ((values[1:] + values[:-1]) / 2).tolist()


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("directed", [True, False])
def test_reconstruction_against_all_pairs_sorted(scorer, directed, monkeypatch) -> None:
    monkeypatch.setattr(reconstruction, "_BLOCK", 500)
    graph = _graph(2, directed)
    links = _links_of(graph)
    score = SCORERS[scorer]
    best = best_pairs(graph, score, graph.num_edges)
    pairs = [
        (u, v)
        for u in range(_NODES)
        for v in range(_NODES)
        if (u != v if directed else u < v)
    ]
    values = score(*np.array(pairs).T)
    is_link = np.array([pair in links for pair in pairs])
    for k in (1, 10, 57, graph.num_edges):
        bar = np.sort(values)[::-1][k - 1]
        sure, level = values > bar, values == bar
        found = is_link[sure].sum() + is_link[level].mean() * (k - sure.sum())
        assert best.precision(k) == pytest.approx(found / k)


def test_a_sample_of_pairs_says_the_same(monkeypatch) -> None:
    graph, noise = _graph(2), _matrix(6)

    def score(sources, targets):
        return graph.has_edges(sources, targets) + noise(sources, targets)

    exact = best_pairs(graph, score, graph.num_edges)
    monkeypatch.setattr(reconstruction, "ALL_PAIRS", 1_000)
    monkeypatch.setattr(reconstruction, "PAIRS", 200_000)
    monkeypatch.setattr(reconstruction, "_BLOCK", 30_000)
    sampled = best_pairs(graph, score, graph.num_edges)
    assert exact.share == 1
    assert sampled.share == pytest.approx(200_000 / (_NODES * (_NODES - 1)))
    first, last = exact.precision(30), exact.precision(graph.num_edges)
    assert first > last + 0.2
    for k in (30, 100, graph.num_edges):
        # Each pair is drawn 56 times, give or take 7.5: three deviations at k = 30.
        assert sampled.precision(k) == pytest.approx(exact.precision(k), abs=0.04)


def test_no_sampled_pair_is_a_node_twice(monkeypatch) -> None:
    monkeypatch.setattr(reconstruction, "ALL_PAIRS", 10)
    monkeypatch.setattr(reconstruction, "PAIRS", 5_000)
    met = np.zeros((_NODES, _NODES), int)

    def score(sources, targets):
        np.add.at(met, (sources, targets), 1)
        return np.zeros(len(sources))

    best_pairs(_graph(), score, 100)
    assert met.sum() == 5_000
    assert not met.diagonal().any()
    assert (met > 0).sum() > 2_500


def test_what_is_asked_is_what_is_said(split) -> None:
    asked = Questions(split, 2)
    links = _links_of(split.graph)
    train = _links_of(split.train)
    test = {tuple(pair) for pair in split.test.tolist()}
    validation = {tuple(pair) for pair in split.validation.tolist()}
    have = {name: list(map(tuple, asked.pairs(name).tolist())) for name in PAIRS}
    assert all((v, u) not in links for u, v in have["one_way"])
    assert have["turned"] == [(v, u) for u, v in have["one_way"]]
    assert set(have["returned"]) == {(u, v) for u, v in test if (v, u) in train}
    assert all((v, u) in train and (u, v) not in links for u, v in have["not_returned"])
    assert len(have["not_returned"]) == len(have["returned"])
    for name in ("apart", "links_apart"):
        assert all((u, v) not in links and (v, u) not in links for u, v in have[name])
    assert len(have["apart"]) == len(have["one_way"])
    assert len(have["links_apart"]) == len(test)
    assert set(have["fit_links"]) == validation
    seen = train | validation
    fit = {(u, v) for u, v in validation if (v, u) not in seen}
    assert set(have["fit_one_way"]) == fit
    # A model may not be told of test links: their reverses count as one-way links here.
    assert any((v, u) in test for u, v in fit)
    rest = both_ways(known(split))
    for name, like in (("fit_apart", "fit_one_way"), ("fit_links_apart", "fit_links")):
        drawn = draw_negatives("uniform", rest, asked.pairs(like), 2).pairs
        assert have[name] == list(map(tuple, drawn.tolist()))
    assert all((u, v) not in seen and (v, u) not in seen for u, v in have["fit_apart"])
    assert len(known(split).sources) == len(seen)


def test_without_validation_links_training_links_fit(monkeypatch) -> None:
    split = split_edges(_graph(), 0.4, seed=1)
    asked = Questions(split)
    assert asked.fitted_on() == "training"
    assert split.train.has_edges(*asked.pairs("fit_links").T).all()
    assert 0 < measure_columns(split, _ahead, ["existence"])["existence"] < 1


def test_a_link_both_ways_is_stored_both_ways() -> None:
    graph = Graph.from_edges([0, 1, 2], [1, 2, 1], num_nodes=4)
    assert sorted(_links_of(both_ways(graph))) == [
        (0, 1),
        (1, 0),
        (1, 2),
        (2, 1),
    ]


def test_planted_direction_is_found_and_mirrored(split) -> None:
    names = ["auc_reversed", "auc_one_way", "pair_accuracy", "three_class"]
    forward = measure_columns(split, _ahead, names)
    mirrored = measure_columns(split, lambda u, v: _ahead(v, u), names)
    level = measure_columns(split, lambda u, v: -np.abs(_ahead(u, v)), names)
    assert forward["pair_accuracy"] == 1 and mirrored["pair_accuracy"] == 0
    assert forward["auc_one_way"] == 1 and mirrored["auc_one_way"] == 0
    assert forward["auc_reversed"] > 0.7 > 0.3 > mirrored["auc_reversed"]
    assert level["pair_accuracy"] == level["auc_one_way"] == 0.5
    assert forward["three_class"] > 0.6 > mirrored["three_class"]


def test_a_scorer_that_knows_everything_is_right_everywhere(split) -> None:
    graph = split.graph

    def know(sources, targets):
        return graph.has_edges(sources, targets).astype(float)

    got = measured(Questions(split), know)
    full = {k: v for k, v in got.values.items() if not k.startswith("reconstruction")}
    few = {"hits@100"} if len(split.test) < 100 else set()
    few |= {k for k in got.reasons if k.endswith("support:0")}
    assert {k for k, v in full.items() if v != 1 and k != "mrr"} <= few
    assert full["mrr"] == 1


@pytest.mark.parametrize(
    "column", [name for name, c in COLUMNS.items() if not math.isnan(c.guess)]
)
def test_guessing_gives_what_is_said(column) -> None:
    guess = COLUMNS[column].guess
    graph = _graph(5)
    hidden = {"0": 0.8, "1-3": 0.7, "4+": 0.2}.get(column.partition("support:")[2], 0.4)
    split = split_edges(graph, hidden, 0.1, seed=3)
    values = [
        measure_columns(split, _matrix(seed), [column], seed)[column]
        for seed in range(30)
    ]
    # Answering "none" always is right in half and in a third of the questions.
    assert np.mean(values) == pytest.approx(guess, abs=0.04)


def test_questions_that_cannot_be_asked_are_nan_with_a_reason() -> None:
    mutual = Graph.from_edges([0, 1, 2, 3, 0, 2], [1, 0, 3, 2, 2, 0], num_nodes=12)
    split = split_edges(mutual, 0.5, seed=0, reciprocal="together")
    got = measured(Questions(split), _matrix(1))
    assert math.isnan(got.values["pair_accuracy"])
    assert got.reasons["pair_accuracy"] == "every test link goes both ways"
    assert "reverse of a training link" in got.reasons["auc_bidirectional"]
    assert "only 2 negatives" in got.reasons["hits@20"]
    assert "only" in got.reasons["reconstruction@1000"]
    assert got.values["auc"] == got.values["auc"]
    assert set(got.reasons) == {k for k, v in got.values.items() if math.isnan(v)}


def test_undirected_graphs_have_no_direction_to_ask_for() -> None:
    split = split_edges(_graph(1, directed=False), 0.4, 0.1)
    got = measured(Questions(split), lambda u, v: _matrix(1)(u, v) + _matrix(1)(v, u))
    assert set(got.reasons.values()) <= {"the graph is undirected"} | {
        got.reasons[k]
        for k in got.reasons
        if k.startswith("reconstruction") or k == "auc_support:0"
    }
    assert {"auc_reversed", "pair_accuracy", "three_class"} <= set(got.reasons)
    assert not math.isnan(got.values["existence"])


def test_a_dense_graph_has_too_few_negatives() -> None:
    n = 8
    pairs = [(u, v) for u in range(n) for v in range(n) if u != v][:-3]
    split = split_edges(Graph.from_edges(*zip(*pairs, strict=True), num_nodes=n), 0.4)
    with pytest.raises(Unasked, match="only 3 of"):
        Questions(split).pairs("uniform")


def test_wrong_names_and_broken_scores_are_refused(split) -> None:
    with pytest.raises(WrongUse, match="Did you mean auc"):
        measure_columns(split, _ahead, ["aucc"])
    with pytest.raises(DataRefused, match="not finite"):
        measure_columns(split, lambda u, v: np.full(len(u), np.nan), ["auc"])


def test_a_seed_says_which_negatives(split) -> None:
    one, again, other = (
        measure_columns(split, _matrix(3), ["auc", "existence"], seed)
        for seed in (1, 1, 2)
    )
    assert one == again != other
    assert list(one) == ["auc", "existence"]


@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("support", SUPPORTS)
def test_columns_of_a_support_ask_the_pairs_that_have_it(support, levels) -> None:
    graph = _graph(7)
    split = split_edges(graph, 0.55, 0.1, seed=2)
    score, links = _matrix(3, levels), _links_of(split.train)

    def has_it(u, v) -> bool:
        out = sum(a == u for a, _ in links)
        back = sum(b == v for _, b in links)
        less = min(out, back)
        return {"0": less == 0, "1-3": 1 <= less <= 3, "4+": less >= 4}[support]

    questions = Questions(split)
    yes, no = (
        [float(score(u, v)) for u, v in questions.pairs(asked).tolist() if has_it(u, v)]
        for asked in ("links", "uniform")
    )
    one_way = [
        (u, v)
        for u, v in split.test.tolist()
        if has_it(u, v) and (v, u) not in _links_of(graph)
    ]
    right = [
        float(score(u, v) > score(v, u)) + 0.5 * float(score(u, v) == score(v, u))
        for u, v in one_way
    ]
    got = measured(
        questions, score, [f"auc_support:{support}", f"pair_accuracy_support:{support}"]
    ).values
    labels = np.repeat([1, 0], [len(yes), len(no)])
    assert got[f"auc_support:{support}"] == pytest.approx(
        roc_auc_score(labels, np.array(yes + no))
    )
    assert got[f"pair_accuracy_support:{support}"] == pytest.approx(np.mean(right))


def test_a_support_that_no_pair_has_says_so() -> None:
    split = split_edges(_graph(8), 0.02, seed=2)
    got = measured(Questions(split), _matrix(1), ["auc_support:0"])
    assert "support of 0" in got.reasons["auc_support:0"]
