"""Studies: the numbers by hand, what decides a cell, resuming, failing, forecasts, tables."""

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import planted
import pytest

import nodeemb as ne
from nodeemb.errors import DataRefused, OutOfResources, WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.options import Options, parse
from nodeemb.recipe import load_recipe, presets
from nodeemb.roles.schemes import SCHEMES
from nodeemb.study import cells as cells_module
from nodeemb.study import forecast as forecast_module
from nodeemb.study import notes, work
from nodeemb.study import plan as plan_module
from nodeemb.study import tasks as tasks_module
from nodeemb.study.against import HAIR, against
from nodeemb.study.budget import pairs_of_epoch, with_budget
from nodeemb.study.cells import cell_path
from nodeemb.study.forecast import CellForecast
from nodeemb.study.options import Study, load_study
from nodeemb.study.page import page, write_tables
from nodeemb.study.parallel import carry_out_in_parts
from nodeemb.study.plan import choices_on
from nodeemb.study.results import Results, load_results, standings
from nodeemb.study.splits import SPLITS, hide, validation_test
from nodeemb.study.table import against_text, csv_text, markdown

RING = [(i, (i + step) % 40) for i in range(40) for step in (1, 2, 7)]
QUICK = {"training.epochs": 2}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A small graph in a file, in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("ring.tsv").write_text("".join(f"{u}\t{v}\n" for u, v in RING))
    return tmp_path


def small(**changes):
    """Two methods and a baseline on a small graph."""
    base = {
        "name": "small",
        "title": "Small",
        "datasets": ["ring.tsv"],
        "arms": ["line2", "nerd", {"baseline": "degree_sum"}],
        "columns": ["auc", "pair_accuracy"],
        "seeds": [3, 4],
        "width": 8,
        "pairs": 500,
    }
    return parse(Study, {**base, **changes}, "study.yaml")


def quick(job):
    """A forecast that takes no time to make."""
    told = dict.fromkeys((cell.key for cell in job.todo), CellForecast(1.0, 0.5, 10))
    return work.Forecast(told, 1.5 * len(job.todo), 10)


def done(study, out="out", **options):
    """The results of a study that is carried out."""
    job = work.prepare(study, out, **options)
    work.carry_out(job, quick(job), 1)
    return load_results(out)


def numbers(results):
    """What must not depend on time."""
    return {
        place: (r["state"], r["error"], r["test"], r["validation"], r["key"])
        for place, r in results.cells.items()
    }


# ---- the numbers ----------------------------------------------------------------------


def test_a_cell_is_training_and_measuring_by_hand(here):
    results = done(small())
    graph = ne.read_edges("ring.tsv")
    for seed in (3, 4):
        split = ne.split_edges(graph, 0.5, seed=seed)
        recipe, _ = with_budget(
            load_recipe("line2", overrides={"roles.width": 8}), split.train, 500, seed
        )
        assert recipe.training.epochs == round(500 / split.train.num_arcs)
        model = ne.embed(split.train, recipe, seed=seed, threads=1)
        report = ne.evaluate_links(model, split, seed=seed, baselines=["degree_sum"])
        for arm, scorer in (("line2", "model"), ("degree_sum", "degree_sum")):
            told = results.cells["ring", "half", arm, seed]["test"]
            assert told["auc"] == report.value(scorer, "uniform").value
            one_way = report.value(scorer, "one-way links", "pair_accuracy")
            assert told["pair_accuracy"] == one_way.value


def test_the_first_split_is_measured_with_other_nodes_too_where_asked(here):
    plain, asked = done(small()), done(small(resamples=5), "resampled")
    for place, cell in asked.cells.items():
        before = plain.cells[place]
        assert cell["test"] == before["test"]
        first = place[3] == 3
        assert (cell["key"] != before["key"]) == first
        told = cell["replicates"] or {}
        assert set(told) == ({"auc", "pair_accuracy"} if first else set())
        assert all(len(values) == 5 for values in told.values())
        assert not before["replicates"]


def test_every_arm_of_a_split_meets_the_same_links(here):
    results = done(small(splits=["half", "dirlinkbench"]))
    for split in ("half", "dirlinkbench"):
        for seed in (3, 4):
            found = {
                results.cells["ring", split, arm, seed]["split_hash"]
                for arm in results.arms
            }
            assert len(found) == 1
    assert len({r["split_hash"] for r in results.cells.values()}) == 4


@pytest.mark.parametrize(
    "preset",
    [
        p
        for p in presets()
        if load_recipe(p).factorise is None and p not in planted.TEXT
    ],
)
def test_the_budget_is_spent_by_every_preset(preset):
    graph = planted.suited(Graph.from_edges(*zip(*RING, strict=True)), preset)
    short = {"roles.width": 8, "sampler.walk_length": 20}
    recipe = load_recipe(preset, overrides={"roles.width": 8})
    if recipe.sampler.kind in ("walks", "second_order"):
        recipe = load_recipe(preset, overrides=short)
    budget = 20_000
    recipe, told = with_budget(recipe, graph, budget, seed=1)
    trained = ne.embed(graph, recipe, seed=1, threads=1).manifest["training"]["pairs"]
    assert trained == pytest.approx(told, rel=0.05)
    assert trained == pytest.approx(budget, rel=0.35)


def test_an_epoch_above_the_budget_gets_fewer_walks_and_is_never_less_than_one():
    graph = Graph.from_edges(*zip(*RING, strict=True))
    whole = load_recipe("deepwalk", overrides={"roles.width": 8})
    epoch = pairs_of_epoch(graph, whole, 0)
    recipe, told = with_budget(whole, graph, 0.32 * epoch, 0)
    assert (recipe.sampler.walks_per_node, recipe.training.epochs) == (3, 1)
    assert told == pytest.approx(0.3 * epoch)
    recipe, told = with_budget(whole, graph, 1, 0)
    assert (recipe.sampler.walks_per_node, recipe.training.epochs) == (1, 1)
    assert with_budget(whole, graph, None, 0)[0] is whole


# ---- splits ---------------------------------------------------------------------------


@pytest.mark.parametrize("directed", [True, False])
def test_validation_links_are_asked_for_without_knowing_the_test(directed):
    graph = Graph.from_edges(*zip(*RING, strict=True), directed=directed)
    split = hide(graph, "dirlinkbench", 0)
    inner = validation_test(split)
    np.testing.assert_array_equal(inner.test, split.validation)
    assert inner.train.digest() == split.train.digest()
    assert inner.graph.num_edges == split.train.num_edges + len(split.validation)
    assert not inner.graph.has_edges(*split.test.T).any()
    assert validation_test(hide(graph, "half", 0)) is None


def test_the_kinds_of_split_hide_what_their_names_say():
    graph = Graph.from_edges([*(u for u, _ in RING), 90], [*(v for _, v in RING), 91])
    half, bench = hide(graph, "half", 0), hide(graph, "dirlinkbench", 0)
    assert (len(half.test), len(half.validation), half.graph) == (60, 0, graph)
    assert (len(bench.test), len(bench.validation)) == (18, 6)
    assert bench.graph.num_nodes == 40
    assert {"half", "dirlinkbench", "gravity_biased"} <= set(SPLITS)
    assert "reconstruction" not in SPLITS


# ---- going on -------------------------------------------------------------------------


class Before(Options):
    rate: float = 0.5
    noise: int = 0


class Group(Options):
    more: int = 0
    name: str | None = None


class Later(Before):
    absent: float = 0.0
    group: Group = Group()


class Other(Before):
    absent: float = 0.1


@pytest.mark.parametrize("choices", [{}, {"rate": 0.0}, {"noise": 3}])
def test_options_that_are_new_and_off_leave_keys_as_they_are(choices):
    told = choices_on(Before(**choices))
    assert told == choices_on(Later(**choices)) != choices_on(Other(**choices))
    assert told["rate"] == choices.get("rate", 0.5)
    on = Later(**choices, group=Group(more=1))
    assert choices_on(on)["group"] == {"more": 1}
    assert choices_on(on, ["group"]) == told


def test_an_interrupted_study_goes_on_to_the_same_numbers(here, monkeypatch):
    whole = done(small(), "whole")
    real, count = cells_module.do_cell, []

    def interrupted(*args):
        count.append(args)
        if len(count) == 4:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(work, "do_cell", interrupted)
    with pytest.raises(KeyboardInterrupt, match="3 of 6 cells"):
        done(small())
    partly = load_results("out")
    assert (len(partly.cells), partly.wanted) == (3, 6)
    assert "3 of 6 cells are not there yet" in markdown(partly)
    again = done(small())
    assert len(count) == 4 + 3
    assert numbers(again) == numbers(whole)
    assert csv_text(again).count("\n") == csv_text(whole).count("\n")
    assert work.prepare(small(), "out").todo == ()


def test_a_torn_cell_is_done_again(here):
    whole = numbers(done(small()))
    keys = [r["key"] for r in load_results("out").cells.values()]
    path = cell_path(Path("out"), keys[0])
    path.write_text(path.read_text()[:100])
    other = cell_path(Path("out"), keys[1])
    other.write_text(path.with_name(f"{keys[2]}.json").read_text())
    assert [cell.key for cell in work.prepare(small(), "out").todo] == keys[:2]
    assert numbers(done(small())) == whole


def test_a_changed_study_keeps_the_cells_that_are_still_right(here):
    done(small())

    def left(**changes):
        return len(work.prepare(small(**changes), "out").todo)

    assert left() == 0
    assert left(title="Other", notes=["Told."], hours=3.0) == 0
    assert left(seeds=[4, 3], columns=["pair_accuracy", "auc"]) == 0
    assert left(arms=["line2"]) == 0
    assert left(arms=[{"name": "two", "preset": "line2"}]) == 0
    assert left(seeds=[3, 4, 5]) == 3
    assert left(pairs=900) == 4  # the baseline trains nothing
    assert left(columns=["auc"]) == 6
    assert left(recipe={"training": {"learning_rate": 0.3}}) == 4
    one = {"preset": "line2", "recipe": {"noise": {"power": 0.5}}}
    assert left(arms=[one, "nerd", {"baseline": "degree_sum"}]) == 2
    Path("ring.tsv").write_text("".join(f"{u}\t{v}\n" for u, v in RING[1:]))
    assert left() == 6


def test_seeds_are_done_one_after_another(here):
    job = work.prepare(small(splits=["half", "dirlinkbench"], seeds=[9, 2]), "out")
    assert [cell.seed for cell in job.todo] == [9] * 6 + [2] * 6
    assert not Path("out").exists()


@pytest.mark.parametrize("out", ["other", "turned"])
def test_an_arm_is_left_out_where_the_study_says(here, out):
    Path("other.tsv").write_text("".join(f"{v}\t{u}\n" for u, v in RING))
    arms = [{"preset": "line2", "without": [out]}, {"baseline": "degree_sum"}]
    datasets = ["ring.tsv", {"input": "other.tsv", "group": "turned"}]
    study = small(datasets=datasets, groups={"turned": {}}, arms=arms, seeds=[3])
    results = done(study)
    assert {place[::2] for place in results.cells} == {
        ("ring", "line2"),
        ("ring", "degree_sum"),
        ("other", "degree_sum"),
    }
    assert f"line2 is left out on {out}." in markdown(results)
    assert "not there yet" not in markdown(results)


def test_a_folder_of_something_else_is_refused(here):
    Path("out").mkdir()
    work.prepare(small(), "out")
    Path("out/other.txt").write_text("mine")
    with pytest.raises(WrongUse, match="holds no study"):
        work.prepare(small(), "out")
    done(small(seeds=[3]), "mine")
    with pytest.raises(WrongUse, match='holds the study "small"'):
        work.prepare(small(name="other"), "mine")
    with pytest.raises(DataRefused, match="no study"):
        load_results("out")


# ---- failing --------------------------------------------------------------------------


def test_cells_that_fail_are_recorded_and_end_nothing(here, monkeypatch):
    wild = {
        "name": "wild",
        "preset": "line2",
        "recipe": {
            "objective": {"kind": "squared"},
            "noise": {"per_pair": 0},
            "training": {"optimizer": "sgd", "learning_rate": 100.0},
        },
    }
    real = tasks_module.measured

    def short_of_memory(questions, score, names):
        if questions.seed == 4 and "lambda" in getattr(score, "__qualname__", ""):
            raise MemoryError
        return real(questions, score, names)

    monkeypatch.setattr(tasks_module, "measured", short_of_memory)
    study = small(arms=[wild, "nerd", {"baseline": "degree_sum"}], pairs=10_000)
    with np.errstate(all="ignore"):
        results = done(study)
    failed = {p: r["error"] for p, r in results.cells.items() if r["state"] == "failed"}
    assert set(failed) == {
        ("ring", "half", "wild", 3),
        ("ring", "half", "wild", 4),
        ("ring", "half", "degree_sum", 4),
    }
    assert failed["ring", "half", "wild", 3].startswith("Diverged: the loss became")
    assert failed["ring", "half", "degree_sum", 4] == "MemoryError"
    text = markdown(results)
    assert "- wild on ring, half, seed 3: Diverged" in text
    assert text.count("| wild ") == 1  # in all, as failed
    assert "wild on ring, half, seed 3" in page(results)
    assert work.prepare(study, "out").todo == ()
    assert len(work.prepare(study, "out", retry_failed=True).todo) == 3


def test_a_mistake_in_the_program_is_not_hidden(here, monkeypatch):
    def broken(*args):
        raise AttributeError("a mistake")

    monkeypatch.setattr(tasks_module, "measured", broken)
    with pytest.raises(AttributeError):
        done(small())


# ---- the forecast ---------------------------------------------------------------------


def test_the_forecast_counts_what_is_left_and_is_held_against_the_limit(
    here, monkeypatch
):
    monkeypatch.setattr(forecast_module, "_MOMENT", 0.001)
    job = work.prepare(small(hours=1e-9), "out")
    told = work.forecast(job, 1)
    assert set(told.cells) == {cell.key for cell in job.cells}
    assert told.seconds == pytest.approx(sum(c.seconds for c in told.cells.values()))
    assert told.memory > 250 * 2**20
    for cell in job.cells:
        assert (told.cells[cell.key].training > 0) == (cell.recipe is not None)
        assert told.cells[cell.key].measuring > 0
    with pytest.raises(OutOfResources, match=r"limit is 1e-09 hours.*--over-limit"):
        work.check_hours(job, told)
    limit = told.seconds / 3600
    work.check_hours(work.prepare(small(hours=1.01 * limit), "out"), told)
    with pytest.raises(OutOfResources):
        work.check_hours(work.prepare(small(hours=0.99 * limit), "out"), told)
    done(small(seeds=[3]))
    rest = work.prepare(small(), "out")
    assert len(work.forecast(rest, 1).cells) == 3
    assert not list(Path().glob("out/*.md"))


def test_a_longer_training_is_forecast_to_take_longer(here, monkeypatch):
    monkeypatch.setattr(forecast_module, "seconds_of_epoch", lambda *asked: 0.5)
    arms = ["line2"]
    short = work.forecast(work.prepare(small(arms=arms, pairs=600), "out"), 1)
    long = work.forecast(work.prepare(small(arms=arms, pairs=60_000), "out"), 1)
    ratio = sum(c.training for c in long.cells.values()) / sum(
        c.training for c in short.cells.values()
    )
    assert ratio == pytest.approx(100, rel=0.05)


def test_what_is_alike_is_measured_once(here, monkeypatch):
    """Two kinds of split, two seeds and two graphs of one size: each recipe trains once."""
    Path("other.tsv").write_text("".join(f"{v}\t{u}\n" for u, v in RING))
    trained, factorised = [], []
    real = forecast_module.seconds_of_epoch

    def epoch(graph, recipe, threads, moment):
        trained.append(recipe.name)
        return real(graph, recipe, threads, 0.001)

    def pace(size, recipe, threads):
        factorised.append(recipe.name)
        return 2.0

    monkeypatch.setattr(forecast_module, "seconds_of_epoch", epoch)
    monkeypatch.setattr(forecast_module, "factorised_pace", pace)
    arms = ["line2", {"name": "longer", "preset": "line2", "recipe": {"training": {"learning_rate": 0.2}}}, "nerd", "ase"]  # fmt: skip
    study = small(
        datasets=["ring.tsv", "other.tsv"], splits=["half", "dirlinkbench"], arms=arms
    )
    job = work.prepare(study, "out")
    told = work.forecast(job, 1)
    assert sorted(trained) == ["line2", "nerd"] and factorised == ["ase"]
    seconds = {}
    for cell in job.cells:
        seconds.setdefault(cell.place[:3], set()).add(told.cells[cell.key].training)
    assert all(len(one) == 1 for one in seconds.values())
    ring = [
        (told.cells[cell.key].training, cell)
        for cell in job.cells
        if cell.arm in ("line2", "longer")
    ]
    rates = {round(each / cell.pairs, 12) for each, cell in ring}
    assert len(rates) == 1


def test_a_forecast_alone_deals_the_first_split_only(here, monkeypatch):
    made, real = [], plan_module.make_task

    def task(material, kind, seed):
        made.append(seed)
        return real(material, kind, seed)

    monkeypatch.setattr(plan_module, "make_task", task)
    monkeypatch.setattr(forecast_module, "_MOMENT", 0.001)
    job = work.prepare(small(seeds=[3, 4, 5]), "out", alike=True)
    assert set(made) == {3} and job.left == 9
    told = work.forecast(job, 1)
    assert set(made) == {3} and len(told.cells) == 9
    each = sum(told.cells[cell.key].seconds for cell in job.cells if cell.seed == 3)
    assert told.seconds == pytest.approx(3 * each)
    done(small(seeds=[4]))
    assert work.prepare(small(seeds=[3, 4, 5]), "out", alike=True).left == 6


def test_pairs_of_an_epoch_do_not_follow_from_roles(here):
    """So that they are counted once for all arms of a split; else epochs would differ."""
    sign = np.where(np.arange(len(RING)) % 3, 1, -1)
    graph = Graph.from_edges(*zip(*RING, strict=True), sign=sign)
    for preset in ("line2", "nerd"):
        counted = {}
        for name in SCHEMES:
            change = {"roles.scheme": name, "roles.dim": None, "roles.width": 32}
            try:
                recipe = load_recipe(preset, overrides=change)
                alone = with_budget(recipe, graph, 5000, 1)
            except WrongUse:  # a scheme that this sampler has no pairs for
                continue
            assert with_budget(recipe, graph, 5000, 1, counted) == alone
        assert 1 < len(counted) < len(SCHEMES)


def test_progress_reaches_the_end(here):
    seen = []
    job = work.prepare(small(), "out")
    work.carry_out(job, quick(job), 1, seen.append)
    shares = [progress.share for progress in seen]
    assert shares == sorted(shares)
    assert shares[0] == 0 and 0.7 < shares[-1] <= 1
    assert seen[0].task == "cell 1 of 6: ring, half, seed 3, line2"
    assert any(progress.rate > 0 for progress in seen)


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_never_passes_the_end(here, jobs):
    """A forecast below what the cells' own forecasts sum to: arms that were still to be chosen."""
    seen = []
    job = work.prepare(small(), "out")
    told = quick(job)
    low = replace(told, seconds=0.5 * sum(cell.seconds for cell in told.cells.values()))
    if jobs == 1:
        work.carry_out(job, low, 1, seen.append)
    else:
        carry_out_in_parts(job, low, jobs, 1, seen.append)
    assert all(0 <= progress.share <= 1 for progress in seen)
    assert all(p.share < 1 for p in seen if p.task.startswith(("cell 5", "5 of")))


# ---- tables ---------------------------------------------------------------------------


def made_up(values, study=None, **changes):
    """Results with given numbers: {(split, arm, links): {column: numbers over seeds}}."""
    arms = list(dict.fromkeys(arm for _, arm, _ in values))
    known = set(presets())
    asked = [
        {"name": a, "preset": "line2"} if a not in known else a
        for a in arms
        if a != "degree_sum"
    ]
    if "degree_sum" in arms:
        asked.append({"baseline": "degree_sum"})
    study = small(arms=asked, seeds=[0, 1, 2], **changes)
    cells = {}
    for (split, arm, links), columns in values.items():
        for seed in range(3):
            cell = cells.setdefault(
                ("ring", split, arm, seed),
                {
                    "key": "k",
                    "state": "done",
                    "error": "",
                    "threads": 1,
                    "test": {},
                    "validation": {},
                    "training": {"cpu_seconds": 1.0 + seed, "pairs": 10, "epochs": 2},
                    "environment": {
                        "nodeemb": "0",
                        "python": "3",
                        "packages": {"numpy": "2"},
                        "system": "S",
                    },
                },
            )
            for column, numbers_ in columns.items():
                if seed < len(numbers_):
                    cell[links][column] = numbers_[seed]
    return Results(study, cells, len(cells))


A, B, C = [0.5, 0.6, 0.7], [0.61, 0.7, 0.83], [0.9, 0.9, 0.9]


def test_the_table_is_mean_and_spread_by_hand():
    results = made_up(
        {
            ("half", "line2", "test"): {"auc": A, "pair_accuracy": B},
            ("half", "nerd", "test"): {"auc": B, "pair_accuracy": A},
            ("half", "degree_sum", "test"): {"auc": C},
        }
    )
    rows = list(csv.DictReader(io.StringIO(csv_text(results))))
    found = {(r["arm"], r["column"]): r for r in rows}
    for (arm, column), values in {
        ("line2", "auc"): A,
        ("line2", "pair_accuracy"): B,
        ("nerd", "auc"): B,
        ("nerd", "pair_accuracy"): A,
        ("degree_sum", "auc"): C,
    }.items():
        row = found.pop((arm, column))
        assert float(row["mean"]) == pytest.approx(np.mean(values), abs=1e-15)
        assert float(row["spread"]) == pytest.approx(np.std(values, ddof=1), abs=1e-12)
        assert (row["runs"], row["dataset"], row["split"]) == ("3", "ring", "half")
        assert float(row["cpu_seconds"]) == 1.0, "the least of three"
        best = (arm, column) in {("degree_sum", "auc"), ("line2", "pair_accuracy")}
        assert row["best"] == str(best)
        assert row["kind"] == ("baseline" if arm == "degree_sum" else "method")
    assert not found
    text = markdown(results)
    assert f"{mean(A):.3f} ±{stdev(A):.3f}" in text
    assert "**0.900 ±0.000**" in text
    assert text.count("**") == 4
    told = {s.arm: s for s in standings(results)}
    assert told["line2"] == ("line2", 1, 1.0, 30, 3, 0)
    assert (told["nerd"].best, told["degree_sum"].best) == (0, 1)
    assert "| degree_sum | 1               | 1.0   | 30    | 3     | 0      |" in text
    assert "Made with nodeemb 0, Python 3, numpy 2; S, 1 threads." in text
    assert "- pair accuracy: s(u, v) > s(v, u)" in text
    shown = page(results)
    assert "<li>pair accuracy: s(u, v) &gt; s(v, u)" in shown
    assert '<tr class="model" title="k, k, k"><th>line2</th>' in shown
    assert '<td class="ahead">0.900<small>±0.000</small></td>' in shown
    assert shown.count('class="ahead"') == 2


def test_what_runs_noted_is_told_once():
    results = made_up({("half", a, "test"): {"auc": A} for a in ("nerd", "line2")})
    for (_, _, arm, seed), cell in results.cells.items():
        cell["training"]["notes"] = [f"1,00{seed} of 4,000 nodes are zeros (x)"]
        if arm == "nerd" and seed:
            cell["training"]["notes"].append(f"misses {seed}.5e-07 of it")
    assert notes.rows(results) == [
        ["nerd", "1,000 .. 1,002 of 4,000 nodes are zeros (x)", "3", "ring half"],
        ["nerd", "misses 1.5e-07 .. 2.5e-07 of it", "2", "ring half"],
        ["line2", "1,000 .. 1,002 of 4,000 nodes are zeros (x)", "3", "ring half"],
    ]
    for text in (markdown(results), page(results)):
        assert notes.TITLE in text and "1.5e-07 .. 2.5e-07" in text
    bare = made_up({("half", "nerd", "test"): {"auc": A}})
    assert notes.TITLE not in markdown(bare) and notes.TITLE not in page(bare)


def test_one_seed_has_no_spread(here):
    text = markdown(done(small(seeds=[3])))
    assert "One seed: 3;" in text
    assert "±" not in text


def test_the_best_is_not_one_that_met_fewer_seeds():
    results = made_up(
        {
            ("half", "line2", "test"): {"auc": [0.99]},
            ("half", "nerd", "test"): {"auc": A},
        }
    )
    assert results.best("ring", "half", "auc") == {"nerd"}


def test_names_cannot_break_the_page_or_the_table(here):
    results = done(
        small(
            title="<b>&", notes=["a < b"], seeds=[3], arms=[{"name": "<i>", "preset": "line2"}]
        )
    )  # fmt: skip
    shown = page(results)
    assert "<b>&" not in shown and "&lt;i&gt;" in shown and "a &lt; b" in shown
    write_tables(results, Path("out"))
    write_tables(results, Path("out"))
    assert sorted(p.name for p in Path("out").iterdir()) == [
        "cells",
        "report.html",
        "study.json",
        "table.csv",
        "table.md",
    ]


# ---- against --------------------------------------------------------------------------


def test_against_is_the_paired_difference_by_hand():
    results = made_up(
        {
            ("half", "line2", "test"): {"auc": A, "pair_accuracy": C},
            ("half", "nerd", "test"): {"auc": B, "pair_accuracy": B},
            ("half", "degree_sum", "test"): {"auc": C, "pair_accuracy": C},
        }
    )
    auc, accuracy = against(results, "line2")
    differences = [b - a for a, b in zip(A, B, strict=True)]
    assert (auc.best_other, auc.chosen_on, auc.runs) == ("nerd", "test", 3)
    assert auc.difference == pytest.approx(mean(differences))
    assert auc.error == pytest.approx(stdev(differences) / math.sqrt(3))
    assert auc.margin == pytest.approx(2 * auc.error)
    assert auc.below and not accuracy.below
    assert accuracy.difference < 0
    text = against_text("line2", [auc, accuracy])
    assert "in 1 of 2 columns" in text
    assert "pair_accuracy" not in text
    assert f"{auc.margin:.4f}" in text


def test_the_best_other_is_chosen_on_validation_links_where_there_are_any():
    results = made_up(
        {
            ("dirlinkbench", "line2", "test"): {"auc": A},
            ("dirlinkbench", "nerd", "test"): {"auc": B},
            ("dirlinkbench", "app", "test"): {"auc": C},
            ("dirlinkbench", "nerd", "validation"): {"auc": C},
            ("dirlinkbench", "app", "validation"): {"auc": A},
        },
        splits=["half", "dirlinkbench"],
        columns=["auc"],
    )
    (found,) = against(results, "line2")
    assert (found.best_other, found.chosen_on) == ("nerd", "validation")
    assert found.other == pytest.approx(mean(B))


@pytest.mark.parametrize(("gap", "below"), [(0.0051, True), (0.0049, False)])
def test_a_hair_below_is_not_below(gap, below):
    level = [0.5, 0.6, 0.7]
    results = made_up(
        {
            ("half", "line2", "test"): {"auc": level},
            ("half", "nerd", "test"): {"auc": [x + gap for x in level]},
        },
        columns=["auc"],
    )
    (found,) = against(results, "line2")
    assert found.margin == HAIR
    assert found.below is below


def test_against_an_arm_that_is_not_there():
    results = made_up({("half", "line2", "test"): {"auc": A}})
    with pytest.raises(WrongUse, match=r"Did you mean line2\?"):
        against(results, "line3")
    assert against(results, "line2") == []


# ---- wrong use ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"split": ["half"]}, "Did you mean splits?"),
        ({"splits": ["dirlinkbrench"]}, "Did you mean dirlinkbench?"),
        ({"splits": ["duplex"]}, "passes messages over the test links"),
        ({"columns": ["auk"]}, "Did you mean auc?"),
        ({"columns": []}, "columns"),
        ({"arms": [{"preset": "nerd", "recipee": {}}]}, "Did you mean recipe?"),
        ({"arms": [{"preset": "nerd", "baseline": "katz"}]}, "a method or a baseline"),
        ({"arms": [{"recipe": {"noise": {"power": 1.0}}}]}, "needs a name"),
        ({"arms": ["nerd", "nerd"]}, "the arm nerd comes twice"),
        ({"seeds": [1, 1]}, "the seed 1 comes twice"),
        ({"datasets": ["a/x.tsv", "b/x.tsv"]}, "the data set x comes twice"),
        ({"pairs_per_node": 3.0}, "pairs and pairs_per_node are both given"),
        ({"pairs": -1}, "greater than 0; got -1"),
        ({"hours": 0}, "greater than 0; got 0"),
        ({"arms": [{"preset": "nerd", "without": ["rings"]}]}, "Did you mean ring?"),
        ({"name": "a/b"}, "name"),
        ({"datasets": [{"input": {"nme": "x"}}]}, "Did you mean name?"),
    ],
)
def test_wrong_studies_are_refused(changes, told):
    with pytest.raises(WrongUse) as refused:
        small(**changes)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"arms": ["nerf"]}, "Did you mean nerd?"),
        ({"arms": [{"baseline": "degree_some"}]}, "Did you mean degree_sum?"),
        ({"arms": [{"preset": "nerd", "recipe": {"noisy": {}}}]}, "Did you mean noise?"),
        ({"width": 7}, 'arm "nerd"'),
        ({"datasets": ["debian-dependz"]}, "Did you mean debian-depends?"),
    ],
)  # fmt: skip
def test_a_file_is_refused_before_any_work(here, changes, told):
    base = small().model_dump(mode="json", exclude_defaults=True)
    Path("study.yaml").write_text(json.dumps({**base, "arms": ["nerd"], **changes}))
    with pytest.raises(WrongUse) as refused:
        load_study("study.yaml")
    assert told in str(refused.value)


def test_a_study_has_one_budget():
    assert small(pairs=None, pairs_per_node=3).budget("ring", 10) == 30
    assert small(pairs=7).budget("ring", 10) == 7
    assert small(pairs=None).budget("ring", 10) is None


def test_studies_that_come_with_nodeemb_can_be_read():
    from nodeemb.resources import list_resources

    for name in list_resources("studies"):
        study = load_study(name)
        assert study.name == name
        # as a process is sent it, and as results are read back
        assert Study.model_validate(study.as_written()) == study
    with pytest.raises(WrongUse, match='no study "publishd"'):
        load_study("publishd")


def test_two_cells_at_once_take_half_as_long(here):
    job = work.prepare(small(hours=1))
    told = work.Forecast({}, 5400.0, 0)
    with pytest.raises(OutOfResources, match=r"1:30:00|90 min|1 h"):
        work.check_hours(job, told)
    work.check_hours(job, told, jobs=2)
