"""`nodeemb study`: forecast, table, going on, and what it refuses."""

import json
from pathlib import Path

import pytest

from nodeemb.study import forecast as forecast_module
from nodeemb.study import work

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
    assert again.stdout.count("| nerd ") == 2 and "## Failed" not in again.stdout


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
    assert "no study can be read" in refused(3, "study", "study.yaml", "--table")
    assert 'no study "nothing"' in refused(2, "study", "nothing")


def test_contrasts_are_told_and_missing_ones_are_refused(nodeemb, refused, study):
    asked = study(contrasts=[{"this": "nerd", "over": "line2"}], margins={"auc": 0.005})
    assert nodeemb("study", asked, "-q").exit_code == 0
    told = nodeemb("study", asked, "--contrasts").stdout
    assert "nerd - line2" in told and "Wilcoxon" in told and "dirlinkbench" in told
    page = Path("runs/study-tiny/report.html").read_text()
    assert "Contrasts, graph by graph" in page
    assert nodeemb("study", study(), "-q", "--out", "bare").exit_code == 0
    said = refused(3, "study", study(), "--out", "bare", "--contrasts")
    assert "no contrast can be told" in said
