"""Contrasts of a study: who stands for a family, what is answered, and what is refused."""

import numpy as np
import pytest

from nodeemb.errors import WrongUse
from nodeemb.options import parse
from nodeemb.study.contrasts import answers, chosen, overall
from nodeemb.study.dose import doses
from nodeemb.study.options import Study
from nodeemb.study.page import page
from nodeemb.study.results import Results
from nodeemb.study.sentences import said
from nodeemb.study.statistics import holm
from nodeemb.study.table import markdown

GRAPHS = ("one", "two", "three")


def study(**changes):
    base = {
        "name": "c",
        "title": "C",
        "datasets": [{"input": name} for name in GRAPHS],
        "arms": [
            {"name": "a", "preset": "line2"},
            {"name": "b 1", "preset": "nerd", "family": "b"},
            {"name": "b 2", "preset": "nerd", "family": "b"},
        ],
        "splits": ["dirlinkbench"],
        "columns": ["auc", "ap"],
        "seeds": [0, 1, 2, 3],
        "width": 8,
        "contrasts": [{"this": "b", "over": "a"}, {"this": "b 1", "over": "b 2"}],
        "margins": {"auc": 0.01},
    }
    return parse(Study, {**base, **changes}, "test")


def results(asked, test, validation, graphs=GRAPHS):
    """Cells with test(arm, graph, seed) and validation(arm)."""
    cells = {}
    for graph in graphs:
        for arm in ("a", "b 1", "b 2"):
            for seed in asked.seeds:
                numbers = {"auc": test(arm, graph, seed), "ap": 0.5}
                cells[graph, asked.splits[0], arm, seed] = {
                    "key": "k",
                    "state": "done",
                    "error": "",
                    "test": numbers,
                    "validation": {"auc": validation(arm)} if validation(arm) else {},
                    "unasked": {},
                    "training": {"cpu_seconds": 1.0, "pairs": 1.0, "epochs": 1},
                    "threads": 1,
                    "environment": {
                        "nodeemb": "0",
                        "python": "3",
                        "packages": {},
                        "system": "s",
                    },
                }
    return Results(asked, cells, len(cells))


def steady(arm, graph, seed):
    """b 1 is .1 above a, b 2 is .3 above, give or take .001 a seed."""
    return {"a": 0.5, "b 1": 0.6, "b 2": 0.8}[arm] + 0.001 * (seed % 2) * (arm == "a")


def test_validation_links_choose_within_a_family_and_test_links_do_not():
    found = results(study(), steady, {"a": 0.5, "b 1": 0.9, "b 2": 0.4}.get)
    assert chosen(found, "b", "one", "dirlinkbench") == "b 1"  # worse on the test
    told = answers(found)
    first = [a for a in told if a.contrast == "b - a"]
    assert [a.dataset for a in first] == list(GRAPHS)
    assert {a.this for a in first} == {"b 1"} and {a.column for a in first} == {"auc"}
    for answer in first:
        assert answer.found.mean == pytest.approx(0.0995)
        assert answer.found.verdict == "better" and answer.runs == 4


def test_nothing_chooses_where_there_are_no_validation_links():
    found = results(study(), steady, lambda arm: None)
    assert chosen(found, "b", "one", "dirlinkbench") is None
    assert {a.contrast for a in answers(found)} == {"b 1 - b 2"}


def test_over_graphs_each_counts_once_and_p_values_know_of_each_other():
    found = results(study(), steady, {"a": 0.5, "b 1": 0.9, "b 2": 0.4}.get)
    told = overall(answers(found))
    assert [one.contrast for one in told] == ["b - a", "b 1 - b 2"]
    assert told[0].graphs == 3 and told[0].verdicts["better"] == 3
    assert told[1].verdicts["worse"] == 3
    assert told[0].found.middle == pytest.approx(0.0995)
    assert [one.holm for one in told] == holm([one.found.p for one in told])


def test_splits_that_share_links_widen_intervals():
    draw = np.random.default_rng(0)
    noise = {(g, s): draw.normal(0, 0.01) for g in GRAPHS for s in range(4)}

    def test(arm, graph, seed):
        return 0.5 + 0.02 * (arm == "b 1") + noise[graph, seed] * (arm == "a")

    def wide(split):
        asked = study(splits=[split], contrasts=[{"this": "b 1", "over": "a"}])
        found = answers(results(asked, test, lambda arm: 0.5))[0].found
        return found.high - found.low

    # 1/4 + .15/.8 against 1/4 + .5/.5
    assert wide("half") / wide("dirlinkbench") == pytest.approx(
        np.sqrt((0.25 + 1) / (0.25 + 0.15 / 0.8))
    )


def test_contrasts_are_on_the_page_and_in_the_table():
    found = results(study(), steady, {"a": 0.5, "b 1": 0.9, "b 2": 0.4}.get)
    for text in (markdown(found), page(found)):
        assert "Contrasts" in text and "b - a" in text and "Hodges-Lehmann" in text
    bare = results(study(contrasts=[], margins={}), steady, lambda arm: 0.5)
    assert "Contrasts" not in markdown(bare) and "Contrasts" not in page(bare)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"contrasts": [{"this": "bb", "over": "a"}]}, "Did you mean b"),
        ({"margins": {}}, "no margins"),
        ({"margins": {"hits@20": 0.1}}, "no column in this study"),
        ({"chosen_by": "mrr"}, "no column of "),
        ({"margins": {"auc": 0.0}}, "margins"),
        (
            {
                "arms": [
                    {"name": "a", "preset": "line2"},
                    {"name": "b", "preset": "nerd", "family": "a"},
                ]
            },
            "a is an arm and a family",
        ),
    ],
)
def test_wrong_contrasts_are_refused(changes, said):
    with pytest.raises(WrongUse, match=said):
        study(**changes)


def test_an_arm_may_have_its_own_width():
    from nodeemb.study.options import arm_recipe

    asked = study(
        arms=[
            {"name": "a", "preset": "line2"},
            {"name": "wide", "preset": "line2", "width": 16},
        ],
        contrasts=[],
        margins={},
    )
    recipes = [arm_recipe(asked, asked.datasets[0].called, arm) for arm in asked.arms]
    assert [recipe.roles.width for recipe in recipes if recipe] == [8, 16]


def test_trends_leave_out_whole_origins():
    """Two graphs of one origin carry the trend: without both of them it is turned."""
    names = ["web one", "web two", "three", "four", "five"]
    response = {"web one": 0.0, "web two": 0.9, "three": 0.5, "four": 0.4, "five": 0.3}
    asked = study(
        datasets=[{"input": name} for name in names],
        contrasts=[{"this": "b 1", "over": "a"}],
    )
    made = results(
        asked, lambda arm, graph, seed: (arm == "b 1") * response[graph] + 0.001 * seed,
        lambda arm: 0.5, names,
    )  # fmt: skip
    skew = {"web one": 0.0, "web two": 0.9, "three": 0.3, "four": 0.4, "five": 0.5}
    told = Results(
        asked, made.cells, made.wanted,
        {name: {"skew": {"value": value}} for name, value in skew.items()},
    )  # fmt: skip
    (found,) = doses(told, answers(told))
    assert found.found.least == pytest.approx(-1)


def test_gains_are_held_against_the_skew_of_their_graphs():
    names = ["one", "two", "three", "four", "five"]
    asked = study(
        datasets=[{"input": name} for name in names],
        contrasts=[{"this": "b 1", "over": "a"}],
    )

    def rising(arm, graph, seed):
        return 0.5 + 0.01 * names.index(graph) * (arm == "b 1") + 0.001 * (seed % 2)

    made = results(asked, rising, lambda arm: 0.5, names)
    skews = {name: {"skew": {"value": 0.1 * place}} for place, name in enumerate(names)}

    def trends(skews):
        told = Results(asked, made.cells, made.wanted, skews)
        return doses(told, answers(told))

    found = trends(skews)
    assert [(one.column, one.graphs) for one in found] == [("auc", 5)]
    assert found[0].found.tau == pytest.approx(1)
    skews["one"] = {"skew": {"value": None}}  # undecided
    skews["two"] = {"skew": {"value": 0.9}}
    turned = trends(skews)[0]
    assert turned.graphs == 4 and turned.found.tau < 1
    del skews["three"]
    assert trends(skews) == []
    told = Results(
        asked, made.cells, made.wanted, {**skews, "three": {"skew": {"value": 0}}}
    )
    assert "Kendall" in markdown(told) and "Dose and response" in page(told)


def test_other_nodes_give_an_interval_of_the_first_split():
    asked = study()
    made = results(
        asked,
        lambda arm, *_: 0.7 + 0.1 * (arm == "b 1"),
        {"a": 0.5, "b 1": 0.9, "b 2": 0.4}.get,
    )
    assert all(one.nodes is None for one in answers(made))
    assert "Over nodes" not in markdown(made)
    shared = np.linspace(-0.2, 0.2, 41)  # what all arms move by
    for (graph, _, arm, seed), cell in made.cells.items():
        cell["replicates"] = None
        if seed == 0 and graph != "three":
            more = {"a": 0.0, "b 1": 0.1, "b 2": 0.1 * shared}[arm]
            cell["replicates"] = {"auc": list(0.7 + shared + more)}
    told = {(a.dataset, a.contrast): a for a in answers(made)}
    assert told["one", "b - a"].nodes == pytest.approx((0.1, 0.1))
    low, high = np.percentile(0.1 - 0.1 * shared, [2.5, 97.5])
    assert told["one", "b 1 - b 2"].nodes == pytest.approx((low, high))
    assert told["three", "b - a"].nodes is None
    for text in (markdown(made), page(made)):
        assert (
            "+0.1000 .. +0.1000" in text and "leaves out zero on the same side" in text
        )


def test_sentences_of_a_part_of_the_links_come_last():
    part = "auc_support:4+"
    asked = study(columns=["auc", part], margins={"auc": 0.01, part: 0.01})
    made = results(asked, lambda *_: 0.7, {"a": 0.5, "b 1": 0.9, "b 2": 0.4}.get)
    for (_, _, arm, seed), cell in made.cells.items():
        # plain in the part, undecided in all
        cell["test"] = {"auc": 0.7 + 0.1 * seed * (arm == "a")}
        cell["test"][part] = 0.6 + 0.1 * (arm == "b 1") + 0.001 * (seed % 2)
    lines = said(answers(made))
    assert ["support" in line for line in lines] == [False, False, True, True]
