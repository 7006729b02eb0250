"""Tasks on signed graphs: against scikit-learn, counts by hand, and planted answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.sign_features import degree_counts, known_links
from nodeemb.evaluation.sign_readout import fit_readout
from nodeemb.evaluation.signs import DEGREES, METRICS, evaluate_signs
from nodeemb.evaluation.split import split_edges
from nodeemb.graph.graph import Graph
from nodeemb.io.cards import read_dataset
from nodeemb.options import parse
from nodeemb.recipe import load_recipe
from nodeemb.rng import integers, stream_key, units
from nodeemb.run import embed
from nodeemb.signed import SignedComparison, carry_out, load_signed, read_cells
from nodeemb.signed_table import gain, tables

COMMON = {
    "roles.biases": "free",
    "noise.per_pair": 0,
    "noise.power": 0.0,
    "noise.side": "both",
    "training.learning_rate": 0.2,
    "training.epochs": 30,
    "training.batch_blocks": 2,
}


def planted_signs(
    nodes: int = 200, classes: int = 5, share: float = 0.5, seed: int = 0
) -> Graph:
    """Positive links go from class g+ to class r+ = g+, negative ones from g- to r- = g-.

    Each node has a class of its own in each of the four roles, all independent, so that
    no part of one role tells of another. Positive and negative links have `classes`
    dimensions each, and whether there is a link has the two together.
    """
    draws = stream_key(seed, "planted signs")
    kinds = integers(draws, 0, 4 * nodes, classes).reshape(4, nodes)
    u, v = (part.ravel() for part in np.indices((nodes, nodes)))
    chance = units(draws, 4 * nodes, 2 * nodes * nodes).reshape(2, -1)
    positive = (kinds[0][u] == kinds[1][v]) & (chance[0] < share)
    negative = (kinds[2][u] == kinds[3][v]) & (chance[1] < share)
    link = (positive != negative) & (u != v)
    sign = np.where(positive, 1, -1)
    return Graph.from_edges(u[link], v[link], sign=sign[link], num_nodes=nodes)


GRAPH = planted_signs(nodes=60)
SPLIT = split_edges(GRAPH, test=0.2, validation=0.2, seed=0)


def report_of(score, split=SPLIT, **options):
    return evaluate_signs({"toy": score}, split, **options)


def toy(sources, targets):
    """Some number of a pair that knows a little of the sign."""
    place = GRAPH.arc_positions(sources, targets)
    sign = np.where(place >= 0, GRAPH.sign[place], 0)
    noise = units(stream_key(0, "toy"), 0, 60 * 60).reshape(60, 60)[sources, targets]
    return sign + 4 * noise


# ---- counts and metrics ---------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_counts_leave_the_link_itself_out(turned):
    rows = np.concatenate([SPLIT.train.sources[:40], SPLIT.test[:40, 0]])
    rows = np.stack(
        [rows, np.concatenate([SPLIT.train.targets[:40], SPLIT.test[:40, 1]])]
    )
    known = known_links(SPLIT)
    links = list(zip(known.sources, known.targets, known.sign, strict=True))
    got = degree_counts(known, rows.T, turned=turned)
    for (u, v), row in zip(rows.T, got, strict=True):
        ends = (v, u) if turned else (u, v)
        want = [
            sum(x[side] == end and x[2] == s and (x[0], x[1]) != (u, v) for x in links)
            for end in ends
            for side in (0, 1)
            for s in (1, -1)
        ]
        np.testing.assert_allclose(row, np.log1p(want))


def test_known_links_are_all_but_those_of_the_test():
    known = known_links(SPLIT)
    assert known.num_edges == GRAPH.num_edges - len(SPLIT.test)
    assert known.has_edges(*SPLIT.validation.T).all()
    assert not known.has_edges(*SPLIT.test.T).any()


@pytest.mark.parametrize("balanced", [False, True])
def test_sign_is_what_scikit_learn_says(balanced):
    report = report_of(toy, tasks=["sign"], balanced=balanced)
    fit, test = (toy(*part.T)[:, None] for part in (SPLIT.validation, SPLIT.test))
    _, fit_sign = SPLIT.values(SPLIT.validation)
    _, test_sign = SPLIT.values(SPLIT.test)
    weights = "balanced" if balanced else None
    scale = fit.std()
    model = LogisticRegression(class_weight=weights).fit(fit / scale, fit_sign)
    said = model.predict_proba(test / scale)[:, 1]
    want = {
        "auc": roc_auc_score(test_sign, said),
        "macro_f1": f1_score(test_sign, np.where(said > 0.5, 1, -1), average="macro"),
        "f1": f1_score(test_sign, np.where(said > 0.5, 1, -1)),
    }
    for metric, value in want.items():
        assert report.value("toy", "sign", metric) == pytest.approx(value, abs=2e-3)
    assert 0.55 < want["auc"] < 0.95
    assert report.facts["class_weights"] == (
        "every class alike" if balanced else "every pair one"
    )


def test_three_classes_are_what_scikit_learn_says_of_three_columns():
    report = report_of(toy, tasks=["three_class"])
    facts = report.facts["three_class"]
    assert facts["test"][2] == len(SPLIT.test) == sum(facts["test"][:2])
    for metric in ("accuracy", "macro_f1", "auc"):
        assert 0.3 < report.value("toy", "three_class", metric) < 1


def test_a_perfect_score_is_perfect_and_a_constant_one_knows_nothing():
    table = np.zeros((60, 60))
    table[GRAPH.sources, GRAPH.targets] = GRAPH.sign
    whole = evaluate_signs(
        {"all": lambda u, v: table[u, v], "none": lambda u, v: np.zeros(len(u))}, SPLIT
    )
    assert whole.value("all", "sign", "auc") == 1
    assert whole.value("all", "sign", "macro_f1") == 1
    assert whole.value("all", "three_class", "auc") > 0.8  # none lies between the two
    assert whole.value("none", "sign", "auc") == 0.5
    assert whole.value("none", "direction", "accuracy") == 0.5
    assert "all + degrees" in whole.table()


def test_a_symmetric_score_says_nothing_of_direction():
    report = report_of(lambda u, v: toy(u, v) + toy(v, u), tasks=["direction"])
    alone = report.value(DEGREES, "direction", "accuracy")
    beside = report.value("toy", "direction", "accuracy", with_degrees=True)
    assert report.value("toy", "direction", "accuracy") == 0.5
    assert beside == pytest.approx(alone, abs=1e-12)


def test_direction_counts_one_way_links_that_point_the_right_way():
    def lower_first(u, v):
        return (v - u).astype(float)

    report = report_of(lower_first, tasks=["direction"])
    one_way = SPLIT.test[~GRAPH.has_edges(SPLIT.test[:, 1], SPLIT.test[:, 0])]
    right = np.mean(one_way[:, 1] > one_way[:, 0])
    got = report.value("toy", "direction", "accuracy")
    assert got == pytest.approx(right) or got == pytest.approx(1 - right)
    assert report.facts["direction"]["test"] == [len(one_way)]


def test_turning_every_pair_round_turns_every_answer():
    features = units(stream_key(0, "f"), 0, 60).reshape(30, 2)
    readout = fit_readout("direction", features, np.zeros(30, int), False)
    np.testing.assert_allclose(readout.logits(features), -readout.logits(-features))
    assert readout.logits(features).mean() > 0


# ---- refusals -------------------------------------------------------------------------


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(WrongUse, match="Did you mean sign"):
        evaluate_signs({}, SPLIT, ["signs"])
    with pytest.raises(WrongUse, match="the split is a Graph"):
        evaluate_signs({}, GRAPH)
    with pytest.raises(DataRefused, match="no validation links"):
        evaluate_signs({}, split_edges(GRAPH, test=0.2))
    rows = GRAPH.sources, GRAPH.targets
    plain = Graph.from_edges(*rows, num_nodes=60)
    with pytest.raises(DataRefused, match="no signs"):
        evaluate_signs({}, split_edges(plain, test=0.2, validation=0.1))
    friends = Graph.from_edges(*rows, sign=np.ones(len(rows[0])), num_nodes=60)
    with pytest.raises(DataRefused, match="hardly a link of one sign"):
        evaluate_signs({}, split_edges(friends, test=0.2, validation=0.1))


# ---- planted --------------------------------------------------------------------------


def test_four_roles_win_where_friends_and_foes_are_told_by_roles_of_their_own():
    """At 20 floats a node: two and one role, and the exact control, stay behind."""
    split = split_edges(planted_signs(), test=0.2, validation=0.2, seed=0)
    models = {}
    for scheme in (
        "four_signed",
        "link_and_sign",
        "source_target_signed",
        "single_signed",
    ):
        own = {"roles.scheme": scheme, "roles.width": 20}
        if scheme in ("four_signed", "link_and_sign"):
            own["noise.unlinked"] = 3
        recipe = load_recipe(overrides={**COMMON, **own})
        models[scheme] = embed(split.train, recipe, threads=1)
    report = evaluate_signs(models, split, ["sign", "three_class"])
    for task in ("sign", "three_class"):
        four, *others = (
            report.value(name, task, "auc", with_degrees=True) for name in models
        )
        if task == "three_class":
            assert four > max(others) + 0.02, (four, others)
        assert (
            four > others[-1] + 0.05 and four > report.value(DEGREES, task, "auc") + 0.1
        )


# ---- degrees alone, on the published graphs ----------------------------------------------


@pytest.mark.parametrize(
    ("name", "auc"),
    [
        ("soc-sign-bitcoin-alpha", 0.909),
        ("soc-sign-bitcoin-otc", 0.923),
        ("wiki-Elec", 0.914),
    ],
)
def test_degrees_reach_what_is_known_of_them(name, auc):
    try:
        graph = read_dataset(name)
    except DataRefused as error:
        pytest.skip(f"data set {name} is not here: {error}")
    found = [
        evaluate_signs(
            {}, split_edges(graph, test=0.2, validation=0.08, seed=seed), ["sign"]
        ).value(DEGREES, "sign", "auc")
        for seed in range(3)
    ]
    assert np.mean(found) == pytest.approx(auc, abs=0.006)


# ---- the comparison ---------------------------------------------------------------------


def test_gains_have_the_corrected_interval():
    got = gain([0.1, 0.2, 0.3], test=0.2)
    assert got.mean == pytest.approx(0.2)
    assert got.half == pytest.approx(4.302653 * 0.1 * np.sqrt(1 / 3 + 0.25), rel=1e-6)
    assert str(gain([0.1], 0.2)) == "+0.1000"


def small(tmp_path, **changes):
    links = zip(GRAPH.sources, GRAPH.targets, GRAPH.sign, strict=True)
    path = tmp_path / "signed.tsv"
    path.write_text("".join(f"{u}\t{v}\t{s}\n" for u, v, s in links))
    given = {"name": str(path), "source": 0, "target": 1, "sign": 2, "delimiter": "\t"}
    asked = load_signed()
    arms = [arm.model_dump() for arm in asked.arms if arm.name in ("control", "slf")]
    data = {**asked.model_dump(), "seeds": [0, 1], "width": 8, "arms": arms}
    data["inputs"] = [{**given, "header": False}]
    return parse(SignedComparison, {**data, "test": 0.3, "fit": 0.2, **changes}, "test")


def test_a_comparison_goes_on_where_it_stopped(tmp_path):
    asked, told = small(tmp_path), []
    cells = carry_out(asked, tmp_path / "run", 1, told.append)
    assert len(told) == 2 * 3
    (tmp_path / "run" / "cells" / "broken").mkdir()
    paths = sorted((tmp_path / "run" / "cells").glob("*.json"))
    paths[0].unlink()
    again = carry_out(asked, tmp_path / "run", 1)
    for cell in (*cells, *again):
        cell.pop("cpu_seconds")
    assert again == cells == [json.loads(json.dumps(cell)) for cell in cells]


def test_the_table_tells_gains_over_degrees_and_over_the_control(tmp_path):
    cells = carry_out(small(tmp_path), tmp_path / "run", 1)
    text = tables(cells, 0.3, "control")
    assert "gain over degrees" in text and "gain over control" in text
    line = next(line for line in text.splitlines() if line.startswith("| slf"))
    found = {
        (row["model"], row["with_degrees"], cell["seed"]): row["value"]
        for cell in cells
        for row in cell["rows"]
        if (row["task"], row["metric"]) == ("sign", "auc")
    }
    gains = [found["slf", True, s] - found[DEGREES, False, s] for s in (0, 1)]
    assert str(gain(gains, 0.3)) in line


def test_a_folder_of_something_else_is_refused(tmp_path):
    asked = small(tmp_path)
    with pytest.raises(WrongUse, match="no comparison of signed graphs"):
        carry_out(asked, tmp_path)
    carry_out(asked, tmp_path / "run", 1)
    with pytest.raises(WrongUse, match="another comparison"):
        carry_out(small(tmp_path, width=12), tmp_path / "run", 1)
    with pytest.raises(DataRefused, match="no results"):
        read_cells(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"control": "nobody"}, "nobody"),
        ({"seeds": [1, 1]}, "seed 1 comes twice"),
        ({"tasks": ["sing"]}, "Did you mean sign"),
        ({"arms": [{"name": DEGREES}], "control": None}, "no arm may be called"),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(tmp_path, changes, said):
    with pytest.raises(WrongUse, match=said):
        small(tmp_path, **changes)


def test_the_arms_that_come_with_nodeemb_have_equal_widths_and_all_tasks():
    asked = load_signed()
    assert asked.tasks == list(METRICS)
    for given in asked.inputs:
        for recipe in asked.recipes(given.name):
            assert sum(recipe.scheme().columns(recipe.width()).values()) == 64
            assert recipe.roles.biases == "free"
