"""Tuning on a few splits: which cells are run, that they are those of a whole study, going on."""

from pathlib import Path

import pytest

from nodeemb.errors import WrongUse
from nodeemb.options import parse
from nodeemb.study import choices, work
from nodeemb.study.cells import cell_path
from nodeemb.study.contrasts import answers, chosen
from nodeemb.study.forecast import CellForecast
from nodeemb.study.options import Study, at_width
from nodeemb.study.page import page
from nodeemb.study.parallel import carry_out_in_parts
from nodeemb.study.record import take_record, write_record
from nodeemb.study.results import load_results
from nodeemb.study.table import markdown

RING = [(i, (i + step) % 40) for i in range(40) for step in (1, 2, 7)]
# of very different worth: a rate of nearly nothing leaves the tables as they began
RATES = {"slow": 1e-6, "fast": 0.3, "wrong": 1e-7}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ring.tsv").write_text("".join(f"{u}\t{v}\n" for u, v in RING))
    return tmp_path


def study(**changes):
    base = {
        "name": "tuned",
        "title": "Tuned",
        "datasets": ["ring.tsv"],
        "arms": [
            {"name": "plain", "preset": "line2"},
            *(
                {
                    "name": f"f {name}",
                    "preset": "line2",
                    "family": "f",
                    "recipe": {"training": {"learning_rate": rate}},
                }
                for name, rate in RATES.items()
            ),
        ],
        "splits": ["dirlinkbench"],
        "columns": ["auc"],
        "seeds": [5, 6, 7],
        "width": 8,
        "pairs": 10_000,
        "tune_on": 1,
        "contrasts": [{"this": "f", "over": "plain"}],
        "margins": {"auc": 0.01},
    }
    return parse(Study, {**base, **changes}, "study.yaml")


def quick(job):
    """A forecast that takes no time to make."""
    cells = [*job.todo, *(cell for row in job.plan.waiting for cell in row)]
    told = {cell.key: CellForecast(1.0, 0.5, 10) for cell in cells}
    return work.Forecast(told, 1.5 * job.left, 10)


def done(asked, out="out", **options):
    job = work.prepare(asked, out, **options)
    work.carry_out(job, quick(job), 1)
    return load_results(out)


def places(results):
    return {(place[2], place[3]) for place in results.cells}


def numbers(results):
    return {
        place: (r["key"], r["state"], r["test"], r["validation"])
        for place, r in results.cells.items()
    }


FIRST = {(f"f {name}", 5) for name in RATES} | {("plain", seed) for seed in (5, 6, 7)}
ALL = FIRST | {("f fast", 6), ("f fast", 7)}


def test_only_the_chosen_arm_is_run_on_the_other_splits(here):
    whole = done(study(tune_on=None), "whole")
    assert len(whole.cells) == 12
    results = done(study())
    assert places(results) == ALL and results.wanted == len(ALL)
    same = numbers(whole)
    assert numbers(results) == {place: same[place] for place in results.cells}
    assert chosen(results, "f", "ring", "dirlinkbench") == "f fast"
    (answer,) = answers(results)
    assert (answer.this, answer.runs) == ("f fast", 3)


def test_validation_of_the_first_split_chooses_and_nothing_else(here):
    """The arm that is best on all seeds, and on the test, is not the one that is run."""
    results = done(study())
    cells = {place: dict(r) for place, r in results.cells.items()}
    for arm, told in (("f slow", 0.9), ("f fast", 0.8)):
        place = ("ring", "dirlinkbench", arm, 5)
        cells[place] |= {"validation": {"auc": told}, "test": {"auc": 1 - told}}
    other = type(results)(results.study, cells, results.wanted)
    assert chosen(other, "f", "ring", "dirlinkbench") == "f slow"
    del cells["ring", "dirlinkbench", "f wrong", 5]
    assert chosen(other, "f", "ring", "dirlinkbench") is None


def test_the_plan_counts_what_will_be_run(here):
    job = work.prepare(study(), "out")
    assert {(c.arm, c.seed) for c in job.cells} == FIRST
    assert (len(job.todo), len(job.plan.waiting), job.left) == (6, 2, 8)
    assert all(len(row) == 3 for row in job.plan.waiting)
    told = work.forecast(job, 1)
    first = sum(told.cells[cell.key].seconds for cell in job.todo)
    rows = [[told.cells[c.key].seconds for c in row] for row in job.plan.waiting]
    assert told.seconds == pytest.approx(first + sum(sum(row) / 3 for row in rows))
    # splits whose arms are not known wait whole, so that each is dealt once
    assert [cell.seed for cell in next(work.rounds(job))] == [5] * 4
    done(study())
    assert work.prepare(study(), "out").left == 0


@pytest.mark.parametrize("stop", [3, 5, 7])
def test_a_study_that_is_stopped_goes_on_to_the_same_numbers(here, monkeypatch, stop):
    whole = numbers(done(study(), "whole"))
    real, count = work.do_cell, []

    def interrupted(*args):
        count.append(args)
        if len(count) == stop:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(work, "do_cell", interrupted)
    with pytest.raises(KeyboardInterrupt, match=f"{stop - 1} of 8 cells"):
        done(study())
    partly = load_results("out")
    assert len(partly.cells) == stop - 1 and partly.wanted == 8
    assert numbers(done(study())) == whole
    assert len(count) == stop + 8 - (stop - 1)


def test_several_at_a_time_choose_the_same(here):
    whole = numbers(done(study(), "whole"))
    job = work.prepare(study(), "out")
    seen = []
    carry_out_in_parts(
        job, quick(job), 2, 2, cell_done=lambda *told: seen.append(told[:2])
    )
    assert numbers(load_results("out")) == whole
    assert seen == [(number, 8) for number in range(1, 9)]


def test_an_arm_that_is_named_is_run_everywhere(here):
    named = [{"this": "f", "over": "plain"}, {"this": "plain", "over": "f slow"}]
    results = done(study(contrasts=named))
    assert places(results) == ALL | {("f slow", 6), ("f slow", 7)}
    assert {a.contrast: a.runs for a in answers(results)} == {
        "f - plain": 3,
        "plain - f slow": 3,
    }
    control = {"dataset": "ring", "column": "auc", "arm": "f wrong", "why": "asked"}
    job = work.prepare(study(controls=[control]), "other")
    assert {("f wrong", 6), ("f wrong", 7)} <= {(c.arm, c.seed) for c in job.cells}
    # what is run anyway is not counted twice
    told = quick(job)
    assert (len(job.todo), job.left) == (8, 10)
    work.carry_out(job, told, 1)
    assert places(load_results("other")) == ALL | {("f wrong", 6), ("f wrong", 7)}


def test_each_width_has_its_own_choice(here):
    groups = {"g": {"widths": [4]}}
    datasets = [{"input": "ring.tsv", "group": "g"}]
    named = [{"this": "f, any width", "over": "plain, any width"}]
    asked = study(groups=groups, datasets=datasets, contrasts=named)
    results = done(asked)
    narrow = chosen(results, "f", "ring", "dirlinkbench", 4)
    first = {(at_width(arm, 4), seed) for arm, seed in FIRST}
    assert places(results) == ALL | first | {(narrow, 6), (narrow, 7)}
    (answer,) = answers(results)
    assert answer.this in ("f fast", narrow) and answer.runs == 3


def test_nothing_is_left_out_where_nothing_can_choose(here):
    job = work.prepare(study(splits=["half"]), "out")
    assert (len(job.cells), job.left) == (12, 12)
    assert work.prepare(study(tune_on=3), "out").left == 12
    two = work.prepare(study(tune_on=2), "out")
    assert (len(two.todo), len(two.plan.waiting)) == (9, 1)


def test_an_arm_that_failed_is_not_chosen_until_it_is_done_again(here, monkeypatch):
    from nodeemb.study import cells as cells_module

    real = cells_module._trained

    def failing(cell, *rest):
        if cell.arm == "f fast":
            raise MemoryError("too much")
        return real(cell, *rest)

    monkeypatch.setattr(cells_module, "_trained", failing)
    results = done(study())
    arm = chosen(results, "f", "ring", "dirlinkbench")
    assert arm in ("f slow", "f wrong") and len(results.failed) == 1
    assert places(results) == FIRST | {(arm, 6), (arm, 7)}
    monkeypatch.setattr(cells_module, "_trained", real)
    job = work.prepare(study(), "out", retry_failed=True)
    assert (len(job.todo), len(job.plan.waiting)) == (1, 2)
    assert places(done(study(), retry_failed=True)) == ALL


def test_records_of_a_whole_study_are_taken(here):
    whole = done(study(tune_on=None), "whole")
    write_record(whole, "whole.jsonl")
    job = work.prepare(study(), "out")
    assert take_record(job, "whole.jsonl") == 12
    assert work.prepare(study(), "out").left == 0
    results = done(study())
    assert places(results) == ALL
    write_record(results, "tuned.jsonl")
    job = work.prepare(study(), "again")
    assert take_record(job, "tuned.jsonl") == len(ALL)
    assert numbers(done(study(), "again")) == numbers(results)


def test_a_torn_cell_that_chose_is_done_again_first(here):
    results = done(study())
    key = results.cells["ring", "dirlinkbench", "f wrong", 5]["key"]
    cell_path(Path("out"), key).write_text("{")
    job = work.prepare(study(), "out")
    assert [c.key for c in job.todo] == [key] and len(job.plan.waiting) == 2
    assert numbers(done(study())) == numbers(results)


def test_reports_say_what_was_chosen_and_on_which_splits(here):
    results = done(study())
    (row,) = choices.rows(results)
    assert row[:4] == ["ring", "dirlinkbench", "f", "f fast"] and row[5] == "5"
    best = results.values("ring", "dirlinkbench", "f fast", "auc", "validation")[5]
    assert row[4] == f"auc {best:.4f}"
    assert row[6].startswith("f slow 0.") and "f wrong" in row[6]
    for text in (markdown(results), page(results)):
        assert "What validation chose" in text
        assert "f slow (1 of 3 splits)" in text and "f fast (" not in text
        assert "run on the first split, and on the others only those" in text
    whole = markdown(done(study(tune_on=None)))
    assert "of 3 splits)" not in whole and "on the first split" not in whole
    assert "| 5, 6, 7" in whole


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tune_on": 0}, "greater than or equal to 1"),
        ({"chosen_by": "ap", "contrasts": [], "margins": {}}, "no column of ring"),
        ({"groups": {"g": {"tune_on": -1}}}, "greater than or equal to 1"),
    ],
)
def test_wrong_tuning_is_refused(changes, said):
    with pytest.raises(WrongUse, match=said):
        study(**changes)


def test_a_group_is_tuned_in_its_own_way(here):
    datasets = ["ring.tsv", {"input": "ring.tsv", "name": "two", "group": "g"}]
    asked = study(groups={"g": {"tune_on": 2}}, datasets=datasets)
    job = work.prepare(asked, "out")
    rows = [(row[0].dataset, row[0].seed) for row in job.plan.waiting]
    assert sorted(rows) == [("ring", 6), ("ring", 7), ("two", 7)]
    assert "first 2 splits" in " ".join(choices.told(asked))
