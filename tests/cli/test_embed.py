"""`nodeemb embed`: what it writes, what it shows and where, and what repeats a run."""

import json
from pathlib import Path

import numpy as np
import pytest

import nodeemb as ne
from nodeemb.options import parse_yaml

QUICK = ("--preset", "line2", "--dim", "4", "--set", "training.epochs=2")


def test_a_run_is_a_folder_that_load_reads(nodeemb, edges):
    result = nodeemb("embed", edges, *QUICK, "--out", "run")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in Path("run").iterdir()) == [
        "config.yaml",
        "embedding.json",
        "embedding.safetensors",
        "graph-report.json",
        "manifest.json",
        "metrics.jsonl",
    ]
    graph = ne.read_edges(edges)
    direct = ne.embed(graph, "line2", dim=4, options={"training.epochs": 2})
    loaded = ne.load("run")
    assert list(loaded.ids) == list(graph.ids)
    assert np.array_equal(loaded.table, direct.table)


def test_the_config_repeats_the_run_from_anywhere(
    nodeemb, edges, tmp_path, monkeypatch
):
    options = ("--seed", "7", "--validation", "0.1", "--undirected", "--width", "6")
    assert (
        nodeemb("embed", edges, "--preset", "line1", *options, "--out", "one").exit_code
        == 0
    )
    first = tmp_path / "one"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    again = nodeemb("embed", "--config", first / "config.yaml", "--out", "two")
    assert again.exit_code == 0, again.output
    for name in ("config.yaml", "metrics.jsonl", "embedding.safetensors"):
        if name == "metrics.jsonl":  # holds seconds
            continue
        assert (first / name).read_bytes() == Path("two", name).read_bytes()


def test_given_options_win_over_the_config(nodeemb, edges):
    nodeemb("embed", edges, *QUICK, "--seed", "7", "--out", "one")
    nodeemb(
        "embed",
        "--config",
        "one/config.yaml",
        "--seed",
        "8",
        "--dim",
        "3",
        "--out",
        "two",
    )
    manifest = json.loads(Path("two/manifest.json").read_text())
    assert manifest["seed"] == 8
    assert ne.load("two").dim == 3


def test_a_file_of_choices_is_laid_over_the_preset(nodeemb, edges):
    Path("mine.yaml").write_text("training: {epochs: 3}\n")
    args = ("--preset", "line2", "--dim", "4", "--config", "mine.yaml", "--out", "run")
    assert nodeemb("embed", edges, *args).exit_code == 0
    recipe = ne.load("run").manifest["recipe"]
    assert (recipe["name"], recipe["training"]["epochs"]) == ("line2", 3)


def test_results_go_to_standard_output_and_the_rest_does_not(nodeemb, edges):
    result = nodeemb("embed", edges, *QUICK, "--out", "run")
    for label in ("Graph", "Method", "Memory", "Run", "Next: nodeemb neighbors run n"):
        assert label in result.stderr
    assert "Written to run" in result.stdout
    assert "Graph " not in result.stdout
    assert "\x1b" not in result.output


def test_quiet_prints_the_folder_only(nodeemb, edges):
    result = nodeemb("embed", edges, *QUICK, "-q")
    assert result.stderr == ""
    folder = result.stdout.strip()
    assert Path(folder).is_dir()
    assert result.stdout == folder + "\n"


def test_the_role_table_counts_nodes_that_had_the_role(nodeemb, here):
    Path("star.tsv").write_text("".join(f"hub\tleaf{i}\n" for i in range(9)))
    result = nodeemb("embed", "star.tsv", *QUICK, "--out", "run")
    rows = {line.split()[0]: line for line in result.stdout.splitlines()[1:3]}
    assert rows["source"].endswith("1 of 10")
    assert rows["target"].endswith("9 of 10")


def test_notes_about_the_graph_are_told(nodeemb, here):
    Path("star.tsv").write_text("hub\ta\nhub\tb\n")
    result = nodeemb("embed", "star.tsv", *QUICK)
    assert "Note: 2 of 3 nodes are never the source of a pair" in result.stderr


def test_reading_options_reach_the_reader(nodeemb, here):
    Path("table.csv").write_text("%c\nw,to,from\n2,b,a\n3,c,a\n2,b,a\n")
    columns = ("--source", "from", "--target", "to", "--weight", "0")
    ways = ("--delimiter", ",", "--comment", "%", "--header", "--duplicates", "sum")
    result = nodeemb("embed", "table.csv", *columns, *ways, *QUICK, "--out", "run")
    assert result.exit_code == 0, result.output
    report = json.loads(Path("run/graph-report.json").read_text())
    assert (report["edges"], report["weight_min"], report["weight_max"]) == (2, 3, 4)


def test_a_tab_may_be_written_with_a_backslash(nodeemb, edges):
    assert nodeemb("inspect", edges, "--delimiter", "\\t").exit_code == 0


def test_numbers_in_the_way_people_write_them(nodeemb, edges):
    args = ("--set", "training.learning_rate=1e-3", *QUICK, "--out", "run")
    assert nodeemb("embed", edges, *args).exit_code == 0
    assert ne.load("run").manifest["recipe"]["training"]["learning_rate"] == 1e-3


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_and_backend_are_recorded(nodeemb, edges, threads):
    nodeemb("embed", edges, *QUICK, "--threads", threads, "--out", "run")
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert (manifest["backend"], manifest["threads"]) == ("cpu", threads)


def test_the_reference_backend_can_be_asked_for(nodeemb, edges):
    args = ("--backend", "reference", "--preset", "line2", "--dim", "2")
    result = nodeemb(
        "embed", edges, *args, "--set", "training.epochs=1", "--out", "run"
    )
    assert result.exit_code == 0, result.output
    assert json.loads(Path("run/manifest.json").read_text())["backend"] == "reference"


FORM = ("--preset", "line2", "--width", 4, "--set", "roles.scheme=learned_form")


def test_a_scheme_with_a_core_is_trained_by_torch_where_no_backend_is_named(
    nodeemb, refused, edges
):
    short = ("--set", "training.epochs=2")
    result = nodeemb("embed", edges, *FORM, *short, "--out", "run")
    assert result.exit_code == 0, result.output
    assert "backend torch" in result.stderr and "device cpu" in result.stderr
    assert "Note: the learned core of F.node has 16 numbers" in result.stderr
    told = parse_yaml(Path("run/config.yaml").read_text(), "config.yaml")
    assert told["run"]["backend"] == "torch"
    again = nodeemb("embed", "--config", "run/config.yaml", "--out", "again")
    assert again.exit_code == 0, again.output
    named = ("--backend", "torch", "--out", "named")
    assert nodeemb("embed", edges, *FORM, *short, *named).exit_code == 0
    tables = [ne.load(folder).table for folder in ("run", "again", "named")]
    np.testing.assert_array_equal(tables[0], tables[1])
    np.testing.assert_array_equal(tables[0], tables[2])
    found = nodeemb("neighbors", "run", "n3", "--role", "source")
    assert found.exit_code == 0, found.output
    wrong = refused(2, "embed", edges, *FORM, "--backend", "cpu")
    assert "cannot train the learned core of F.node" in wrong
    assert "The backend torch" in wrong


def test_changes_by_name_are_shown_and_recorded(nodeemb, edges):
    result = nodeemb("embed", edges, *QUICK, "--out", "run")
    assert "line2 with roles.dim=4, training.epochs=2" in result.stderr
    changes = json.loads(Path("run/manifest.json").read_text())["changes"]
    assert changes == {"roles.dim": 4, "training.epochs": 2}


def test_a_run_that_diverges_keeps_its_folder(nodeemb, edges):
    blow_up = [
        "objective.kind=squared",
        "noise.per_pair=0",
        "training.optimizer=sgd",
        "training.learning_rate=100",
        "training.epochs=200",
    ]
    sets = [part for choice in blow_up for part in ("--set", choice)]
    result = nodeemb(
        "embed", edges, "--preset", "line2", "--dim", "4", *sets, "--out", "run"
    )
    assert result.exit_code == 1
    assert "They are saved in run. Try training.learning_rate=10" in result.stderr
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert manifest["state"] == "failed"
    assert "non-finite" in manifest["message"]
    assert np.isfinite(ne.load("run").table).all()


def test_a_factorisation_tells_its_options_and_its_memory_and_keeps_no_checkpoint(
    nodeemb, tmp_path
):
    edges = tmp_path / "edges.tsv"
    edges.write_text("1 2\n2 3\n3 1\n3 4\n4 5\n")
    out = tmp_path / "run"
    shown = nodeemb("embed", edges, "--preset", "strap", "--dim", "4", "--out", out)
    assert "factorise strap" in shown.stderr and "stop 0.5" in shown.stderr
    assert "matrix and its factorisation" in shown.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["edges.tsv", "run"]
    estimate = ("estimate", "--nodes", "300", "--edges", "900", "--preset", "hope")
    told = nodeemb(*estimate, "--dim", "4").stdout
    assert "making and factorising it" in told and "Factorising: about" in told
