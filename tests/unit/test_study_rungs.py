"""Where each rung wins and loses, on planted results; and groups that are counted as one."""

import re

import pytest
from test_study_foretold import results, study
from test_study_report import Checker

from nodeemb.errors import WrongUse
from nodeemb.study import controls, rungs
from nodeemb.study.contrasts import answers, overall
from nodeemb.study.page import page
from nodeemb.study.table import markdown

ARMS = [
    {"name": "a", "preset": "line2"},
    {"name": "b 1", "preset": "nerd", "family": "b"},
    {"name": "b 2", "preset": "nerd", "family": "b"},
    {"name": "c", "preset": "line2"},
    {"name": "wide", "preset": "line2", "width": 64},
    {"name": "b 3", "preset": "nerd", "width": 64, "family": "b"},
    {"baseline": "degree_sum"},
]
VALUES = {
    "one": {"a": 0.8, "b 1": 0.6, "b 2": 0.95, "c": 0.796},
    "two": {"a": 0.7, "b 1": 0.9, "b 2": 0.95, "c": 0.5},
    "three": {"a": 0.7, "b 1": 0.9, "b 2": 0.95, "c": 0.4},
}


def planted(dataset, arm, seed):
    return VALUES[dataset].get(arm, 0.99) + 0.01 * seed


def told(names=("one", "two", "three"), without=(), **changes):
    asked = {"margins": {"auc": 0.005}, **changes}
    return results(
        study(list(names), arms=ARMS, **asked),
        planted,
        validation=lambda arm: {"b 1": 0.8, "b 3": 0.9}.get(arm, 0.5),
        without=without,
    )


def test_gaps_are_to_the_best_rung_of_each_data_set():
    (one,) = rungs.ladders(told())
    assert list(one.rungs) == ["a", "b", "c"]  # no more floats, no baseline
    gaps = {rung: [gap.gap for gap in gaps] for rung, gaps in one.rungs.items()}
    assert gaps["a"] == pytest.approx([0, -0.2, -0.2])
    assert gaps["b"] == pytest.approx([-0.2, 0, 0])  # b 1: b 3 has more floats
    assert {gap.arm for gap in one.rungs["b"]} == {"b 1"}
    assert gaps["c"] == pytest.approx([-0.004, -0.4, -0.5])
    assert rungs.rows(one) == [
        ["a", "1 of 3", "1", "0", "-0.2000", "-0.2000", "two"],
        ["b", "2 of 3", "2", "1", "0.0000", "-0.2000", "one"],
        ["c", "0 of 3", "1", "2", "-0.4000", "-0.5000", "three"],
    ]


def test_means_are_over_the_splits_of_all_rungs():
    made = told(("one",), without=[("one", "dirlinkbench", "a", 0)])
    (one,) = rungs.ladders(made)
    (gap,) = one.rungs["c"]
    assert gap.gap == pytest.approx(-0.004)
    assert len(gap.keys) == len(made.study.seeds) - 1


def test_kinds_of_split_stand_apart_with_their_names():
    made = told(("one",), splits=["dirlinkbench", "strap"])
    found = {one.split: one for one in rungs.ladders(made)}
    assert {split: one.title for split, one in found.items()} == {
        "dirlinkbench": "AUC, dirlinkbench",
        "strap": "AUC, strap",
    }
    shown = page(made)
    assert "<h3>AUC, dirlinkbench</h3>" in shown and "<h3>AUC, strap</h3>" in shown


def test_rounding_makes_nothing_worse_than_as_good_and_equal_rungs_are_not_last():
    def equal(arm):
        return 0.895 if arm == "c" else 0.9

    made = results(
        study(["one"], arms=ARMS[:1] + ARMS[3:4], margins={"auc": 0.005}),
        lambda dataset, arm, seed: equal(arm),
    )
    (one,) = rungs.ladders(made)
    assert [row[1:4] for row in rungs.rows(one)] == [
        ["1 of 1", "1", "0"],
        ["0 of 1", "1", "1"],
    ]
    made = results(
        study(["one"], arms=ARMS[:1] + ARMS[3:4], margins={"auc": 0.005}),
        lambda dataset, arm, seed: 0.9,
    )
    (one,) = rungs.ladders(made)
    assert [row[1:] for row in rungs.rows(one)] == [
        ["1 of 1", "1", "0", "0.0000", "0.0000", ""]
    ] * 2


def test_columns_without_a_margin_have_no_ladder():
    assert rungs.ladders(told(margins={}, contrasts=[])) == []
    assert rungs.TITLE not in page(told(margins={}, contrasts=[]))


def test_groups_that_are_counted_with_another_are_one():
    asked = {
        "groups": {"g": {}, "h": {"like": "g", "counted_with": "g"}, "i": {}},
        "datasets": [
            {"input": "one", "group": "g"},
            {"input": "two", "group": "h"},
            {"input": "three", "group": "i"},
        ],
        "contrasts": [{"this": "a", "over": "c"}],
    }
    made = told(**asked)
    assert [(o.group, o.rungs["a"][-1].dataset) for o in rungs.ladders(made)] == [
        ("g", "two"),
        ("i", "three"),
    ]
    assert [(o.group, o.graphs) for o in overall(answers(made))] == [("g", 2), ("i", 1)]
    asked["groups"] = {**asked["groups"], "h": {"counted_with": "nobody"}}
    with pytest.raises(WrongUse, match="nobody"):
        told(**asked)
    asked["groups"] = {"g": {"counted_with": "i"}, "h": {"counted_with": "g"}, "i": {}}
    with pytest.raises(WrongUse, match="group g is itself counted with another"):
        told(**asked)
    asked["groups"] = {"g": {}, "h": {"counted_with": "g"}, "i": {"like": "h"}}
    assert told(**asked).study.counted_with("three") == "i"  # choices, not this


def test_report_and_table_hold_the_ladder():
    made = told()
    shown, text = page(made), markdown(made)
    Checker().feed(shown)
    assert rungs.TITLE in shown and f"## {rungs.TITLE}" in text
    assert "c on three: 0.405, -0.5000; runs" in shown
    assert 'aria-label="rung c, best 0 of 3, as good 1' in shown
    strips = re.search(r"how far below the best.*?</details>", shown, re.DOTALL)
    assert strips and strips[0].count("<circle") == 9
    assert re.search(r"\| c +\| 0 of 3 +\| 1 +\| 2 ", text)


def signs_kept(turned, **changes):
    """Of c on other seeds' data, `turned` times as far above a as on the data themselves."""
    twin = "one, again"
    asked = study(
        [], arms=ARMS[:2] + ARMS[3:4], margins={"auc": 0.005},
        groups={"g": {}, "h": {}}, splits=["strap"],
        datasets=[
            {"input": "two", "group": "g"}, {"input": "one", "group": "g"},
            {"input": "one", "name": twin, "group": "h"},
        ],
        contrasts=[{"this": "a", "over": "c"}, {"this": "b 1", "over": "c"}],
        controls=[{"dataset": "h", "column": "auc", "same_sign_as": "g", "why": "x"}],
        **changes,
    )  # fmt: skip
    gaps = {
        "one": {"a": 0.1, "b 1": 0.2},
        "two": {},
        twin: {"a": 0.1 * turned, "b 1": 0.2},
    }
    made = results(
        asked, lambda dataset, arm, seed: 0.5 + gaps[dataset].get(arm, 0) + 0.001 * seed
    )
    return controls.checked(made, answers(made))


def test_signs_are_held_against_the_same_data_of_another_group():
    (held,) = signs_kept(0.5)
    assert held.dataset == "one, again" and held.asked == "no other sign than on one"
    assert (held.held, held.found) == (True, "2 of 2")
    (level,) = signs_kept(0)  # better there and equivalent here: no sign is turned
    assert level.held
    (failed,) = signs_kept(-1)
    assert (failed.held, failed.found) == (False, "1 of 2, not a - c")


def test_signs_wait_for_their_data_and_names_must_be_there():
    made = told(
        ("one",),
        controls=[
            {"dataset": "one", "column": "auc", "same_sign_as": "one", "why": "x"}
        ],
    )
    (waits,) = controls.checked(made, [])
    assert waits.held is None
    with pytest.raises(WrongUse, match="nowhere"):
        told(
            controls=[
                {
                    "dataset": "one",
                    "column": "auc",
                    "same_sign_as": "nowhere",
                    "why": "x",
                }
            ]
        )
    with pytest.raises(WrongUse, match="what must come out"):
        told(
            controls=[
                {
                    "dataset": "one",
                    "column": "auc",
                    "arm": "a",
                    "same_sign_as": "one",
                    "why": "x",
                }
            ]
        )
