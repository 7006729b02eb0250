"""`nodeemb study`: forecast, table, going on, and what it refuses."""

import json
from pathlib import Path

import pytest

from nodeemb.study import dose, work
from nodeemb.study import forecast as forecast_module

STUDY = {
    "name": "tiny",
    "title": "Tiny",
    "datasets": ["edges.tsv"],
    "arms": ["line2", "nerd", {"baseline": "degree_sum"}],
    "splits": ["dirlinkbench"],
    "columns": ["auc", "ap"],
    "seeds": [0, 1],
    "width": 8,
    "pairs": 400,
    "hours": 1,
}


@pytest.fixture
def study(edges, monkeypatch):
    """Writes a study, with other choices than the tiny one's where asked; its path."""
    monkeypatch.setattr(forecast_module, "_MOMENT", 0.001)

    def write(**changes):
        Path("study.yaml").write_text(json.dumps({**STUDY, **changes}))
        return "study.yaml"

    return write


def test_a_study_ends_in_a_table_and_is_not_done_twice(nodeemb, study, monkeypatch):
    first = nodeemb("study", study())
    assert first.exit_code == 0, first.output
    assert "Forecast  6 cells: about" in first.stderr
    assert "cell 6 of 6: edges, dirlinkbench, degree_sum, 1: " in first.stderr
    assert first.stdout.startswith("# Tiny\n")
    assert "| line2 " in first.stdout and "**" in first.stdout
    folder = Path("runs/study-tiny")
    assert (folder / "table.md").read_text() == first.stdout[:-1]
    assert (folder / "report.html").exists()
    monkeypatch.setattr(work, "do_cell", None)
    again = nodeemb("study", study())
    assert again.stdout == first.stdout
    assert "0 are to be done" in again.stderr
    Path("edges.tsv").unlink()
    Path("edges.tsv").write_text("a\tb\n")  # the table needs no graph
    assert nodeemb("study", study(), "--table").stdout == first.stdout
    below = nodeemb("study", study(), "--against", "line2").stdout
    assert below.startswith("line2 is below the best other method by more than")
    assert "validation" in below or "in 0 of 2" in below


def test_a_forecast_does_nothing(nodeemb, study):
    told = nodeemb("study", study(), "--forecast")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[0].startswith("edges, dirlinkbench, line2   2 x (")
    assert "epochs" in lines[0] and "MB" in lines[0]
    assert lines[-1].startswith("6 cells: about")
    assert not Path("runs").exists()


def test_more_than_the_limit_is_refused_unless_asked_for(nodeemb, refused, study):
    file = study(hours=0.0001, pairs=400_000)
    assert "limit is 0.0001 hours" in refused(4, "study", file)
    assert nodeemb("study", file, "--over-limit", "-q").exit_code == 0


def test_failed_cells_are_done_again_when_asked(nodeemb, study, monkeypatch):
    real = work.do_cell

    def failing(cell, *args):
        result = real(cell, *args)
        if cell.arm == "nerd":
            result.update(state="failed", error="OutOfResources: full", test={})
        return result

    monkeypatch.setattr(work, "do_cell", failing)
    told = nodeemb("study", study(), "--out", "here")
    assert told.exit_code == 0
    assert "nerd, 0: failed: OutOfResources: full" in told.stderr
    assert "- nerd on edges, dirlinkbench, seed 0: OutOfResources" in told.stdout
    monkeypatch.setattr(work, "do_cell", real)
    assert "0 are to be done" in nodeemb("study", study(), "--out", "here").stderr
    again = nodeemb("study", study(), "--out", "here", "--retry-failed")
    assert "2 are to be done" in again.stderr
    # in all, beyond the baselines, on its graph, what runs noted
    assert again.stdout.count("| nerd ") == 4 and "## Failed" not in again.stdout


@pytest.mark.parametrize(
    ("changes", "args", "told"),
    [
        ({"columms": ["auc"]}, [], "Did you mean columns?"),
        ({"columns": ["auc", "apt"]}, [], "Did you mean ap?"),
        ({"arms": ["line3"]}, [], "Did you mean line2?"),
        ({}, ["--forecast", "--table"], "--forecast and a table"),
        ({}, ["--out", "edges.tsv"], "holds no study"),
        ({}, ["--threads", "0"], "threads is 0"),
    ],
)
def test_wrong_use(refused, study, changes, args, told):
    study(**changes)
    assert told in refused(2, "study", "study.yaml", *args)


def test_a_table_of_nothing_and_a_study_of_no_name(refused, study):
    study()
    assert "no study has been begun" in refused(3, "study", "study.yaml", "--table")
    Path("runs/study-tiny").mkdir(parents=True)
    Path("runs/study-tiny/study.json").write_text("{")
    assert "no study can be read" in refused(3, "study", "study.yaml", "--table")
    assert 'no study "nothing"' in refused(2, "study", "nothing")


def test_contrasts_are_told_and_missing_ones_are_refused(nodeemb, refused, study):
    asked = study(contrasts=[{"this": "nerd", "over": "line2"}], margins={"auc": 0.005})
    assert nodeemb("study", asked, "-q").exit_code == 0
    told = nodeemb("study", asked, "--contrasts").stdout
    assert not Path("runs/study-tiny/diagnoses.json").exists()
    assert "nerd - line2" in told and "Wilcoxon" in told and "dirlinkbench" in told
    page = Path("runs/study-tiny/report.html").read_text()
    assert "Contrasts, over graphs" in page and "Graph by graph" in page
    assert nodeemb("study", study(), "-q", "--out", "bare").exit_code == 0
    said = refused(2, "study", study(), "--out", "bare", "--contrasts")
    assert "the study tiny has no contrasts" in said
    one = study(
        contrasts=[{"this": "nerd", "over": "line2"}], margins={"auc": 0.005}, seeds=[0]
    )
    assert nodeemb("study", one, "-q", "--out", "one").exit_code == 0
    said = refused(3, "study", one, "--out", "one", "--contrasts")
    assert "no contrast can be told yet" in said


def test_cells_go_to_one_file_and_come_back(nodeemb, refused, study):
    import pyarrow.parquet as parquet

    asked = study()
    assert nodeemb("study", asked, "-q").exit_code == 0
    before = Path("runs/study-tiny/table.md").read_text()
    for name in ("cells.jsonl", "cells.jsonl.gz", "cells.parquet"):
        assert nodeemb("study", asked, "--record", name).exit_code == 0
    assert "exists" in refused(2, "study", asked, "--record", "cells.jsonl")
    rows = parquet.read_table("cells.parquet").to_pylist()
    done = json.loads(Path("cells.jsonl").read_text().splitlines()[0])
    own = [r for r in rows if r["key"] == done["key"] and r["links"] == "test"]
    assert {r["column"]: r["value"] for r in own} == done["test"]
    assert all(r["split_hash"] and r["nodeemb"] for r in rows)
    # nothing is done again, and the table is the same to the letter
    again = nodeemb("study", asked, "--known", "cells.jsonl.gz", "--out", "other")
    assert "6 cells are known" in again.stderr and "cell 1 of" not in again.stderr
    assert Path("other/table.md").read_text() == before
    # half of them, and one of another study
    lines = Path("cells.jsonl").read_text().splitlines()
    strange = json.dumps(done | {"key": "0" * 20})
    Path("half.jsonl").write_text("\n".join([*lines[:3], strange]) + "\n")
    part = nodeemb("study", asked, "--known", "half.jsonl", "--out", "third")
    assert "3 cells are known" in part.stderr and "cell 3 of 3" in part.stderr
    for text in (strange + "\n", ""):
        Path("other.jsonl").write_text(text)
        said = refused(3, "study", asked, "--known", "other.jsonl", "--out", "fourth")
        assert f"none of its {len(text) > 0:d} cells is of the study tiny" in said
    # all of it is done already
    assert nodeemb("study", asked, "--known", "cells.jsonl").exit_code == 0


def test_a_table_of_a_part(nodeemb, refused, study):
    twice = ["edges.tsv", {"input": "edges.tsv", "name": "coin", "null": "coin"}]
    asked = study(datasets=twice)
    assert nodeemb("study", asked, "-q").exit_code == 0
    whole = Path("runs/study-tiny/table.md").read_text()
    assert "## edges, " in whole and "## coin, " in whole
    part = nodeemb("study", asked, "--table", "--only", "coin").stdout
    assert "## edges, " not in part and "## coin, " in part
    assert Path("runs/study-tiny/table.md").read_text() == whole
    below = nodeemb("study", asked, "--against", "line2").stdout
    less = nodeemb("study", asked, "--against", "line2", "--only", "coin").stdout
    columns = [int(text.split(" columns")[0].split()[-1]) for text in (below, less)]
    assert columns[0] == 2 * columns[1]
    assert "coins" in refused(2, "study", asked, "--table", "--only", "coins")


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", "line 2"), ('{"format": 1}', "line 2"), ("[]", "no cell of a study")],
)
def test_a_damaged_record_is_refused_and_nothing_is_taken(
    nodeemb, refused, study, line, said
):
    asked = study()
    assert nodeemb("study", asked, "-q").exit_code == 0
    assert nodeemb("study", asked, "--record", "c.jsonl").exit_code == 0
    first = Path("c.jsonl").read_text().splitlines()[0]
    Path("bad.jsonl").write_text(f"{first}\n{line}\n")
    assert said in refused(3, "study", asked, "--known", "bad.jsonl", "--out", "o")
    assert not Path("o").exists()
    assert "says no format" in refused(2, "study", asked, "--record", "c.csv")


@pytest.mark.parametrize(
    ("group", "change"),
    [
        ("test", {"auc": "0.5"}),
        ("test", {"auc": None}),
        ("validation", {"auc": float("nan")}),
        ("training", {"pairs": None}),
        ("environment", {"packages": []}),
        (None, {"seconds": None}),
        (None, {"seed": "0"}),
        (None, {"error": 3}),
    ],
)
def test_a_recorded_cell_that_no_report_could_use_is_refused(
    nodeemb, refused, study, group, change
):
    asked = study(arms=[{"baseline": "degree_sum"}])
    assert nodeemb("study", asked, "-q").exit_code == 0
    assert nodeemb("study", asked, "--record", "c.jsonl").exit_code == 0
    cell = json.loads(Path("c.jsonl").read_text().splitlines()[0])
    cell |= {group: cell[group] | change} if group else change
    Path("bad.jsonl").write_text(json.dumps(cell))
    said = refused(3, "study", asked, "--known", "bad.jsonl", "--out", "o")
    assert "no cell of a study" in said and not Path("o").exists()


@pytest.mark.parametrize(
    "looked", [["--table"], ["--contrasts"], ["--record", "x.jsonl"]]
)
def test_known_cells_are_not_passed_over_where_a_table_is_asked_for(
    refused, study, looked
):
    said = refused(2, "study", study(), "--known", "c.jsonl", *looked)
    assert "--known" in said and "first" in said


def test_graphs_are_diagnosed_once_where_the_study_asks(nodeemb, study):
    asked = study(dose=True)
    assert nodeemb("study", asked, "-q").exit_code == 0
    path = Path("runs/study-tiny/diagnoses.json")
    told = json.loads(path.read_text())["edges"]
    assert told["nodes"] == 40 and told["graph_hash"]
    before = path.stat().st_mtime_ns
    assert nodeemb("study", asked, "-q").exit_code == 0
    assert path.stat().st_mtime_ns == before
    whole = path.read_text()
    for earlier in ({"skew": {"value": 0.1}}, {"options": {"deals": 7}}):
        path.write_text(json.dumps({"edges": json.loads(whole)["edges"] | earlier}))
        assert nodeemb("study", asked, "-q").exit_code == 0
        assert path.read_text() == whole


def test_what_is_diagnosed_is_what_is_asked_for_and_the_same_once(
    nodeemb, study, monkeypatch
):
    twice = ["edges.tsv", {"input": "edges.tsv", "name": "again"}]
    other = {"input": "edges.tsv", "name": "coin", "null": "coin"}
    asked = study(dose=True, datasets=[*twice, other])
    made, real = [], dose._diagnosed
    monkeypatch.setattr(dose, "_diagnosed", lambda g: made.append(g) or real(g))
    only = ["--only", "edges", "--only", "again"]
    assert nodeemb("study", asked, "-q", *only).exit_code == 0
    told = json.loads(Path("runs/study-tiny/diagnoses.json").read_text())
    assert told["again"] == told["edges"] and set(told) == {"edges", "again"}
    assert len(made) == 1
    assert nodeemb("study", asked, "-q").exit_code == 0
    told = json.loads(Path("runs/study-tiny/diagnoses.json").read_text())
    assert len(told) == 3 and len(made) == 2
    assert told["coin"]["graph_hash"] != told["edges"]["graph_hash"]


def test_two_cells_at_a_time_give_the_same_numbers(nodeemb, study):
    asked = study(datasets=["edges.tsv"], seeds=[0, 1])
    one = nodeemb("study", asked, "-q", "--threads", 2, "--out", "one")
    two = nodeemb("study", asked, "--threads", 2, "--jobs", 2, "--out", "two")
    assert one.exit_code == 0 and two.exit_code == 0, two.output
    assert "cell 6 of 6" in two.stderr
    for path in sorted(Path("one/cells").iterdir()):
        ours, theirs = (
            json.loads(p.read_text()) for p in (path, Path("two/cells", path.name))
        )
        assert ours["test"] == theirs["test"] and theirs["threads"] == 1
    again = nodeemb("study", asked, "--jobs", 2, "--out", "two")
    assert again.exit_code == 0 and "cell 1 of" not in again.stderr
