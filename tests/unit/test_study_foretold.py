"""Foretold winners, on planted results: who won, what is learned of whom, what is counted."""

import json
import math

import numpy as np
import pytest
from scipy.stats import binomtest
from test_study_report import Checker

from nodeemb.diagnosis.options import DiagnoseOptions
from nodeemb.diagnosis.ratio import Estimate
from nodeemb.diagnosis.recommend import LOOKED_AT
from nodeemb.diagnosis.result import Diagnosis
from nodeemb.errors import DataRefused
from nodeemb.options import parse
from nodeemb.study import prophets
from nodeemb.study.datasets import Dataset
from nodeemb.study.foretold import (
    Case,
    Foretold,
    Rule,
    commonest,
    foretold,
    prophesied,
    rule_of,
    tallies,
    votes,
)
from nodeemb.study.options import Study, load_study
from nodeemb.study.page import page
from nodeemb.study.results import Results
from nodeemb.study.table import markdown
from nodeemb.study.winners import RUNGS, Contest, contests, winner

NAN = math.nan


def diagnosis(skew=0.3, negative=0.1, two=0.1, form=0.0, signature=0.0):
    """Recommends source_target as it is, single with two=0, signature with signature=.1."""

    def about(value):
        return Estimate(value, value - 0.01, value + 0.01)

    return Diagnosis(
        nodes=50, links=100, evidence="links", directed=True, reciprocity=0.1,
        one_role=0.2, skew=about(skew), skew_null=(0.0, NAN), skew_raw=0.4,
        negative=about(negative), negative_raw=NAN, gradient=None,
        told_by_potential=about(0.9), told_by_vectors=Estimate(NAN, NAN, NAN),
        overlap=0.2, fits={4: dict.fromkeys(RUNGS, 0.5), 8: dict.fromkeys(RUNGS, NAN)},
        two_tables=about(two), skew_form=about(form), signature=about(signature),
        options=DiagnoseOptions(deals=2), seed=3,
    )  # fmt: skip


DIAGNOSES = {
    "single": diagnosis(skew=0.0, two=-0.1).as_dict(),
    "signature": diagnosis(skew=0.0, negative=0.4, two=-0.1, signature=0.1).as_dict(),
    "sign_skew": diagnosis(two=0.05, form=0.2).as_dict(),
    "source_target": diagnosis(negative=0.4).as_dict(),
}
"""Rung -> a diagnosis that recommends it, with the shares that belong to it."""


def test_planted_diagnoses_recommend_what_they_are_planted_for():
    assert {rung: told["scheme"] for rung, told in DIAGNOSES.items()} == {
        rung: rung for rung in RUNGS
    }


def test_a_diagnosis_comes_back_from_its_file():
    one = diagnosis()
    again = Diagnosis.from_dict(json.loads(json.dumps(one.as_dict(), allow_nan=False)))
    np.testing.assert_equal(again.__dict__, one.__dict__)  # nan equals nan
    assert isinstance(again.skew, Estimate) and isinstance(again.skew_null, tuple)
    assert again.gradient is None and again.options.deals == 2
    told = one.as_dict()
    del told["signature"]
    with pytest.raises(DataRefused, match="without signature"):
        Diagnosis.from_dict(told)


@pytest.mark.parametrize(
    ("name", "value"),
    [("skew", {"value": 1.0}), ("fits", None), ("options", {"deals": "two"}), ("fits", {"a": {}})],
)  # fmt: skip
def test_a_diagnosis_of_another_shape_is_refused(name, value):
    with pytest.raises(DataRefused, match="another shape"):
        Diagnosis.from_dict({**diagnosis().as_dict(), name: value})


# ---- who won ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("means", "won"),
    [
        ((0.80, 0.80, 0.80, 0.80), "single"),
        ((0.80, 0.804, 0.804, 0.804), "single"),
        ((0.80, 0.806, 0.80, 0.80), "signature"),
        # neither the highest, nor where steps of more than the margin lead
        ((0.80, 0.804, 0.808, 0.80), "signature"),
        ((0.80, 0.70, 0.70, 0.79), "single"),
        ((0.70, 0.80, 0.79, 0.90), "source_target"),
    ],
)
def test_the_smaller_rung_wins_in_doubt(means, won):
    told = dict(zip(RUNGS, means, strict=True))
    assert winner(told, dict.fromkeys(RUNGS, 0.005)) == won


ARMS = {
    "single": "single", "signature 1/4": "signature", "signature 1/2": "signature",
    "sign_skew 1/2": "sign_skew", "source_target": "source_target",
}  # fmt: skip


def study(names, **changes):
    base = {
        "name": "f",
        "title": "F",
        "datasets": [{"input": name} for name in names],
        "arms": [
            {"name": arm, "preset": "line2"}
            | ({"family": family} if arm != family else {})
            for arm, family in ARMS.items()
        ],
        "splits": ["dirlinkbench"],
        "columns": ["auc", "ap"],
        "seeds": [0, 1],
        "width": 8,
        "dose": True,
        "margins": {"auc": 0.005},
    }
    return parse(Study, {**base, **changes}, "test")


def results(asked, test, diagnoses=None, validation=lambda arm: 0.5, without=()):
    """Cells with test(data set, arm, seed) and validation(arm)."""
    cells = {}
    for dataset, split in Results(asked, {}, 0).groups():
        column = asked.chosen_by_of(dataset)
        for arm in asked.arms_of(dataset):
            for seed in asked.seeds_of(dataset):
                place = dataset, split, arm.called, seed
                cells[place] = {
                    "key": "k", "state": "done", "error": "",
                    "test": {column: test(dataset, arm.called, seed)},
                    "validation": {column: validation(arm.called)},
                    "training": {"cpu_seconds": 1.0, "pairs": 1.0, "epochs": 1},
                    "threads": 1,
                    "environment": {"nodeemb": "0", "python": "3", "packages": {}, "system": "s"},
                }  # fmt: skip
                if place in without:
                    del cells[place]
    return Results(asked, cells, len(cells), diagnoses or {})


def winning(winners):
    """Numbers by which the rung of each data set is .1 above the others."""
    return lambda dataset, arm, seed: 0.6 + 0.1 * (ARMS[arm] == winners[dataset])


def test_validation_chooses_who_fights_and_test_links_who_wins():
    values = {"signature 1/4": 0.9, "signature 1/2": 0.7}

    def test(dataset, arm, seed):
        return values.get(arm, 0.8)

    asked = study(["one"])
    good = results(
        asked, test, validation=lambda arm: {"signature 1/4": 0.6}.get(arm, 0.5)
    )
    bad = results(
        asked, test, validation=lambda arm: {"signature 1/2": 0.6}.get(arm, 0.5)
    )
    assert [one.won for one in contests(good)] == ["signature"]
    assert [one.won for one in contests(bad)] == ["single"]
    assert contests(bad)[0].values["signature"] == pytest.approx(0.7)


def test_a_contest_is_told_by_the_splits_that_all_have():
    """Alone on its second split, single would have a mean of .75."""

    def test(dataset, arm, seed):
        return {"single": 0.6 + 0.3 * seed}.get(arm, 0.7)

    missing = [("one", "dirlinkbench", "source_target", 1)]
    told = contests(results(study(["one"]), test, without=missing))
    assert told[0].won == "signature"
    assert told[0].values["single"] == pytest.approx(0.6)
    none = [("one", "dirlinkbench", "source_target", seed) for seed in (0, 1)]
    assert contests(results(study(["one"]), test, without=none)) == []


def test_without_a_margin_nobody_wins():
    asked = study(["one"], margins={})
    assert contests(results(asked, lambda dataset, arm, seed: 0.7)) == []


def test_a_margin_of_one_per_cent_is_of_the_smaller_rung():
    counted = {
        "groups": {"g": {"splits": ["counts"], "columns": ["gain"], "chosen_by": "gain"}},
        "datasets": [{"dose": {"skew": 0.1}, "name": "d", "group": "g"}],
        "margins": {"gain": "1 %"},
    }  # fmt: skip
    for more, won in ((0.9, "single"), (1.1, "source_target")):

        def test(dataset, arm, seed, more=more):
            return 100 + more * (arm == "source_target")

        told = contests(results(study([], **counted), test))
        assert [one.won for one in told] == [won] and told[0].column == "gain"
        assert told[0].margins["single"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("dataset", "origin"),
    [
        ({"input": "cora_ml"}, "cora"),
        ({"input": "wiki-Vote", "null": "coin"}, "wiki"),
        ({"input": {"name": "some/Where.edges.tsv"}}, "where"),
        ({"text": {"corpus": "brown", "shuffled": True}, "name": "t"}, "brown"),
        ({"dose": {"skew": 0.1}, "name": "brown"}, "dose"),
        ({"blocks": {}, "name": "b"}, "blocks"),
    ],
)
def test_an_origin_joins_twins_windows_and_nulls(dataset, origin):
    assert parse(Dataset, dataset, "test").origin == origin


# ---- what is learned, and of whom ---------------------------------------------------


def case(origin, won, skew=0.0, negative=0.0, advice="single", name="d", **values):
    told = dict.fromkeys(RUNGS, 0.5) | {won: 0.6} | values
    margins = dict.fromkeys(RUNGS, 0.01)
    contest = Contest(name, "dirlinkbench", "auc", origin, told, margins, won)
    return Case(contest, skew, negative, advice)


def test_thresholds_lie_between_those_they_part():
    told = [
        case("a", "single", 0.1, 0.1),
        case("b", "signature", 0.2, 0.5),
        case("c", "sign_skew", 0.4, 0.2),
        case("d", "source_target", 0.5, 0.6),
    ]
    rule = rule_of(told)
    assert (rule.skew, rule.negative) == pytest.approx((0.3, 0.35))
    assert [rule.says(one) for one in told] == list(RUNGS)


def test_of_equal_thresholds_the_highest_are_taken_and_what_is_undecided_is_below():
    alike = [case("a", "single", 0.1, 0.1), case("b", "single", 0.4, 0.4)]
    assert rule_of(alike) == Rule(math.inf, math.inf)
    # one of the two can be right by its skew, or by its negative share
    either = [case("a", "sign_skew", 0.4, 0.0), case("b", "signature", 0.4, 0.4)]
    assert rule_of(either) == Rule(math.inf, pytest.approx(0.2))
    assert Rule(-math.inf, -math.inf).says(case("a", "single", NAN, NAN)) == "single"
    undecided = [case("a", "single", NAN, NAN), case("b", "source_target", 0.4, 0.4)]
    assert rule_of(undecided) == Rule(-math.inf, -math.inf)
    assert rule_of([]) == Rule(math.inf, math.inf)


def test_the_commonest_is_the_smaller_of_equals():
    told = [case("a", won) for won in ("source_target", "signature", "sign_skew")]
    assert commonest(told) == "signature"
    assert commonest([*told, case("a", "sign_skew")]) == "sign_skew"
    assert commonest([]) == "single"


def test_nothing_is_learned_of_the_same_origin():
    """Twins would give each other away; other origins know of single alone."""
    told = [case("twins", "signature", 0.0, 0.4) for _ in range(3)]
    told += [case("b", "single"), case("c", "single", negative=0.1)]
    found = prophesied(told)
    assert [one.said["commonest"] for one in found] == ["single"] * 3 + [
        "signature"
    ] * 2
    assert [one.said["two thresholds"] for one in found[:3]] == ["single"] * 3
    assert all(one.right("two thresholds") for one in found[3:])
    assert not found[0].right("commonest")


# ---- counting -----------------------------------------------------------------------


def told_of(*rows):
    """(origin, won, diagnose, commonest) -> foretold."""
    return [
        Foretold(case(origin, won, **{"source_target": 0.595} if won == "single" else {}),
                 {"diagnose": one, "two thresholds": won, "commonest": other})
        for origin, won, one, other in rows
    ]  # fmt: skip


def test_a_tally_counts_data_sets_and_origins():
    told = told_of(
        ("brown", "single", "single", "single"),
        ("brown", "single", "source_target", "single"),  # near: .005 below
        ("brown", "single", "signature", "single"),  # .1 below
        ("new", "source_target", "source_target", "single"),
    )
    found = {(t.which, t.prophet): t for t in tallies({"auc": told})}
    own = found["all", "diagnose"]
    assert (own.right, own.near, own.cases, own.origins) == (2, 3, 4, 2)
    assert own.even == pytest.approx((1 / 3 + 1) / 2)
    assert own.lost == pytest.approx((0 + 0.005 + 0.1 + 0) / 4)
    # Wilson: (p + z2/2n -+ z sqrt(p q / n + z2/4n2)) / (1 + z2/n)
    z2, n, p = 1.959964**2, 4, 0.5
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))
    middle, scale = p + z2 / (2 * n), 1 + z2 / n
    assert (own.low, own.high) == pytest.approx(
        ((middle - half) / scale, (middle + half) / scale), abs=1e-5
    )
    new = found["not seen before", "diagnose"]
    assert (new.right, new.cases) == (1, 1)  # brown had a part in the rules
    assert found["not seen before", "commonest"].right == 0
    assert {which for which, _ in found} == {"all", "not seen before"}
    seen = tallies({"auc": told[:3]})
    assert {one.which for one in seen} == {"all"}
    assert {one.which for one in tallies({"auc": told[3:]})} == {"all"}
    for some, says in (
        (told, "and of 1 of the 1 that had no part in its rules"),
        (told[:3], "; every data set had been looked at while its rules were made"),
        (told[3:], "; no data set had a part in its rules"),
    ):
        assert says in prophets.sentences({"auc": some})[0]


def test_an_origin_has_one_vote():
    rows = [("a", "single", "single", "signature")] * 5
    rows += [(name, "single", "signature", "single") for name in "bcd"]
    found = votes(told_of(*rows, ("e", "single", "single", "single")))
    assert (found.more, found.less) == (1, 3)
    assert found.p == pytest.approx(binomtest(1, 4).pvalue)
    assert votes(told_of(("e", "single", "single", "single"))).p == 1


def test_a_sentence_claims_no_more_than_its_votes():
    def sentence(one, other, origins):
        rows = [(str(n), "single", one, other) for n in range(origins)]
        return prophets.sentences({"auc": told_of(*rows)})[0]

    # five of five may be chance (p .06), six of six less (p .03)
    assert "not told from the commonest" in sentence("single", "signature", 5)
    assert "better than the commonest" in sentence("single", "signature", 6)
    assert "worse than the commonest" in sentence("signature", "single", 6)


def test_graphs_that_were_looked_at_are_no_test_of_the_rules():
    looked = {one.called for one in load_study("roles-quick").datasets}
    assert looked <= set(LOOKED_AT)


# ---- in a report --------------------------------------------------------------------

WINNERS = {
    "one": "single", "two": "signature", "three": "single", "four": "source_target",
    "telegram": "sign_skew",
}  # fmt: skip


def reported(advised=None, **changes):
    """Diagnose has all right but what `advised` changes."""
    names = list(WINNERS)
    scheme = WINNERS | (advised or {})
    diagnoses = {name: DIAGNOSES[scheme[name]] for name in names}
    return results(study(names, **changes), winning(WINNERS), diagnoses)


def test_a_report_says_what_is_foretold_and_what_is_not():
    found = foretold(reported({"three": "source_target"}))["auc"]
    assert [one.right("diagnose") for one in found] == [True, True, False, True, True]
    made = reported({"three": "source_target"})
    text, web = markdown(made), page(made)
    sentence = prophets.sentences(foretold(made))[0]
    assert sentence.startswith(
        "AUC: nodeemb diagnose foretold the winner of 4 of 5 data sets (80 %, 95 % interval "
        "38 % to 96 %), and of 3 of the 4 that had no part in its rules; "
    )
    for one in (text, web):
        assert prophets.TITLE in one and sentence in one
        assert "three, dirlinkbench" in one
        assert "source_target (wrong, -0.1000)" in one
        assert "one, dirlinkbench" not in one.split("foretold wrongly")[1][:400]
    checker = Checker()
    checker.feed(web)
    assert not checker.open and not checker.wrong
    counted = {
        tuple(row[1:3]): row[3:] for row in prophets.rows_confused(foretold(made))
    }
    assert counted["diagnose", "single"] == ["1", "0", "0", "1"]
    assert counted["diagnose", "sign_skew"] == ["0", "0", "1", "0"]
    assert counted["commonest", "sign_skew"] == ["1", "0", "0", "0"]


def test_a_stored_scheme_is_not_believed():
    """What is recommended is told anew from the shares."""
    made = reported()
    stale = {n: told | {"scheme": "single"} for n, told in made.diagnoses.items()}
    found = foretold(Results(made.study, made.cells, made.wanted, stale))["auc"]
    assert all(one.right("diagnose") for one in found)


def test_nothing_is_said_of_too_few_or_of_what_is_not_asked():
    made = reported()
    assert len(foretold(made)["auc"]) == 5
    assert foretold(reported(dose=False)) == {}
    few = dict(list(made.diagnoses.items())[:3]) | {"four": {"skew": {"value": 0.1}}}
    assert foretold(Results(made.study, made.cells, made.wanted, few)) == {}
    one = study([], datasets=[{"input": f"same-{n}"} for n in WINNERS])
    same = {f"same-{n}": told for n, told in made.diagnoses.items()}
    twins = results(one, lambda d, arm, s: 0.6, same)
    assert len(contests(twins)) == 5 and foretold(twins) == {}
    assert prophets.TITLE not in markdown(twins) and prophets.TITLE not in page(twins)
