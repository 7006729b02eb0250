"""Methods less the better baseline, on planted results."""

import pytest
from test_study_foretold import results, study

from nodeemb.study import beyond
from nodeemb.study.contrasts import answers
from nodeemb.study.page import page
from nodeemb.study.table import markdown

ARMS = [
    {"name": "a", "preset": "line2"},
    {"name": "b 1", "preset": "nerd", "family": "b"},
    {"name": "b 2", "preset": "nerd", "family": "b"},
    {"baseline": "degree_sum"},
    {"baseline": "potential"},
]
VALUES = {
    # degree_sum is the better one of the first, potential of the second
    "one": {"a": 0.8, "b 1": 0.6, "b 2": 0.9, "degree_sum": 0.7, "potential": 0.5},
    "two": {"a": 0.7, "b 1": 0.6, "b 2": 0.9, "degree_sum": 0.4, "potential": 0.75},
}


def planted(dataset, arm, seed):
    """Seeds differ by as much in all arms."""
    return VALUES[dataset][arm] + 0.01 * seed


def validation(arm):
    return 0.9 if arm == "b 1" else 0.5


def told(**changes):
    asked = study(list(VALUES), arms=ARMS, **changes)
    return results(asked, planted, validation=validation)


def test_each_data_set_has_its_better_baseline():
    found = {one.method: one.values for one in beyond.beyond(told())}
    assert list(found) == ["a", "b"]
    place = ("one", "dirlinkbench"), ("two", "dirlinkbench")
    assert found["a"] == pytest.approx({place[0]: 0.1, place[1]: -0.05})
    # b 1, which validation chose, not b 2, which is better on the test
    assert found["b"] == pytest.approx({place[0]: -0.1, place[1]: -0.15})
    rows = beyond.rows(beyond.beyond(told()))
    assert rows == [["a", "+0.0250 (1 of 2)"], ["b", "-0.1250 (0 of 2)"]]


def test_splits_are_paired():
    missing = [("one", "dirlinkbench", "a", 0)]
    asked = study(["one"], arms=ARMS)
    made = results(asked, planted, validation=validation, without=missing)
    found = {one.method: one.values for one in beyond.beyond(made)}
    assert found["a"]["one", "dirlinkbench"] == pytest.approx(0.1)


def test_groups_stand_apart_and_those_without_baselines_are_left_out():
    made = told(
        datasets=[
            {"input": "one", "group": "with"},
            {"input": "two", "group": "without"},
        ],
        groups={"with": {}, "without": {"arms": ["a", "b"]}},
    )
    assert {one.group for one in beyond.beyond(made)} == {"with"}
    for text in (markdown(made), page(made)):
        assert beyond.TITLE in text and "+0.1000 (1 of 1)" in text
    bare = told(
        groups={"g": {"arms": ["a"]}}, datasets=[{"input": "one", "group": "g"}]
    )
    assert beyond.beyond(bare) == []
    assert beyond.TITLE not in markdown(bare) and beyond.TITLE not in page(bare)


def test_equal_but_for_rounding_is_not_above():
    """Three splits of .1 + .2 against .3 each: the same numbers, summed another way."""
    assert beyond._text({("one", "half"): 0.1 + 0.2 - 0.3, ("two", "half"): 0.1}) == (
        "+0.0500 (1 of 2)"
    )


def test_any_width_is_asked_where_there_are_several():
    asked = study(
        ["one", "two"], arms=ARMS[:2], groups={"curves": {"widths": [4]}, "plain": {}},
        datasets=[{"input": "one", "group": "curves"}, {"input": "two", "group": "plain"}],
        contrasts=[
            {"this": "a, any width", "over": "b 1, any width"},
            {"this": "a", "over": "b 1"},
        ],
        margins={"auc": 0.005},
    )  # fmt: skip
    made = results(asked, lambda dataset, arm, seed: 0.5 + 0.1 * ("a" in arm[:1]))
    told = [(a.contrast, a.dataset) for a in answers(made)]
    assert told == [
        ("a, any width - b 1, any width", "one"),
        ("a - b 1", "one"),
        ("a - b 1", "two"),
    ]
