"""`nodeemb inspect`, `neighbors`, `presets`, `--version`, `--help`."""

from pathlib import Path

import pytest

import nodeemb as ne
from nodeemb.cli import neighbors as command
from nodeemb.recipe import presets

QUICK = ("--preset", "line2", "--dim", "4", "--set", "training.epochs=2", "-q")


def test_inspect_shows_the_report_of_a_file(nodeemb, edges):
    result = nodeemb("inspect", edges)
    assert result.exit_code == 0
    assert ne.read_edges(edges).report.text() in result.stdout


def test_inspect_counts_duplicates_and_says_what_they_ask_for(nodeemb, here):
    Path("twice.tsv").write_text("a\tb\na\tb\nb\tc\n")
    result = nodeemb("inspect", "twice.tsv")
    assert result.exit_code == 0
    assert "duplicates       1 (joined by: first)" in result.stdout
    assert "--duplicates sum" in result.stderr


def test_inspect_knows_the_data_sets(nodeemb, here):
    result = nodeemb("inspect")
    assert result.exit_code == 0
    assert "debian-depends: " in result.stdout
    assert "63,580" in result.stdout
    assert "licence" in result.stdout


def test_neighbors_are_those_of_the_embedding(nodeemb, edges):
    nodeemb("embed", edges, *QUICK, "--out", "run")
    for role in ("target", "source"):
        result = nodeemb("neighbors", "run", "n5", "--role", role, "--topn", "3")
        expected = ne.load("run").most_similar("n5", role=role, topn=3)
        assert result.stdout == "".join(f"{i}\t{s:.6g}\n" for i, s in expected)


def test_neighbors_takes_numbers_as_ids(nodeemb, here):
    Path("numbers.tsv").write_text("1\t2\n2\t3\n3\t1\n")
    nodeemb("embed", "numbers.tsv", *QUICK, "--out", "run")
    result = nodeemb("neighbors", "run", "3")
    assert result.exit_code == 0, result.output
    assert {line.split("\t")[0] for line in result.stdout.splitlines()} == {"1", "2"}


def test_neighbors_says_when_text_and_number_are_both_ids(nodeemb, here):
    graph = ne.Graph.from_edges([42, "42", "x"], ["x", 42, "42"])
    result = ne.embed(graph, "line2", dim=4, options={"training.epochs": 2})
    result.save("run")
    shown = nodeemb("neighbors", "run", "42", "--topn", "1")
    assert "both ids" in shown.stderr
    expected = result.most_similar("42", topn=1)[0]
    assert shown.stdout.startswith(f"{expected[0]}\t{expected[1]:.6g}")


def test_neighbors_in_a_terminal_is_a_table(nodeemb, edges, monkeypatch):
    nodeemb("embed", edges, *QUICK, "--out", "run")
    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    lines = nodeemb("neighbors", "run", "n5", "--topn", "2").stdout.splitlines()
    assert lines[0].split() == ["n5", "->", "score"]
    assert len(lines) == 3


@pytest.mark.parametrize("preset", presets())
def test_presets_lists_and_shows_every_preset(nodeemb, preset):
    assert preset in nodeemb("presets").stdout
    shown = nodeemb("presets", preset).stdout
    for part in (
        "Paper: ",
        "Popularity: ",
        "Deviations:",
    ):
        assert part in shown
    made = "factorise:\n" in shown
    for part in ("sampler:", "noise:", "training:"):
        assert (f"\n{part}" in shown) == (not made)


def test_version_and_help(nodeemb):
    assert nodeemb("--version").stdout == f"nodeemb {ne.__version__}\n"
    told = nodeemb("--help").stdout
    for name in ("embed", "evaluate", "inspect", "neighbors", "presets"):
        assert name in told
    assert nodeemb("embed", "--help").exit_code == 0
