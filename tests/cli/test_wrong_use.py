"""What is wrong is told in one message with its exit code, and nothing is left behind."""

import os
from pathlib import Path

import pytest

from nodeemb import runs
from nodeemb.cli.progress import progress
from nodeemb.progress import Progress


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["nofile.tsv"], 'no file and no data set "nofile.tsv"'),
        (["debian-depend"], "Did you mean debian-depends?"),
        (["edges.ts"], "Did you mean edges.tsv?"),
        (["."], ". is a folder"),
        (["edges.tsv", "--preset", "node2vex"], "Did you mean node2vec?"),
        (["edges.tsv", "--dim", "0"], "greater than or equal to 1; got 0"),
        (["edges.tsv", "--width", "-3"], "greater than or equal to 1; got -3"),
        (["edges.tsv", "--dim", "4", "--width", "4"], "both dim and width"),
        (["edges.tsv", "--set", "epochs=3"], "Did you mean training.epochs?"),
        (["edges.tsv", "--set", "training.epoch=3"], "Did you mean epochs?"),
        (["edges.tsv", "--set", "training.epochs=many"], "valid integer; got 'many'"),
        (["edges.tsv", "--set", "training.epochs"], "NAME=VALUE"),
        (["edges.tsv", "--set", "name=a", "--set", "name=b"], "given twice"),
        (["edges.tsv", "--threads", "0"], "threads is 0"),
        (["edges.tsv", "--backend", "gpu"], "'cpu', 'torch' or 'reference'"),
        (["edges.tsv", "--validation", "1"], "less than 1"),
        (["edges.tsv", "--duplicates", "drop"], "'error', 'sum', 'max' or 'first'"),
        (["edges.tsv", "--source", "9"], "column"),
        (["edges.tsv", "--source", "0", "--target", "0"], "the same column"),
        (["debian-depends", "--source", "1"], "its card says how it is read"),
        (
            ["edges.tsv", "--preset", "line2", "--set", "roles.scheme=four_signed"],
            "needs signed edges",
        ),
        (["edges.tsv", "--out", "edges.tsv"], "Nothing is overwritten"),
        (["edges.tsv", "--out", "edges.tsv/run"], "is not a folder"),
    ],
)
def test_wrong_use(refused, edges, args, told):
    assert told in refused(2, "embed", *args)


@pytest.mark.parametrize("command", ["embed", "evaluate", "inspect"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty"),
        ("\n\n", "edge"),
        ("a\nb\n", "1 column, 2 needed"),
        ("a\tb\nc\n", "line 2"),
    ],
)
def test_wrong_data(refused, here, command, content, told):
    Path("bad.tsv").write_text(content)
    assert told in refused(3, command, "bad.tsv")


def test_duplicates_must_be_decided_on(refused, here):
    Path("twice.tsv").write_text("a\tb\na\tb\nb\tc\n")
    assert "--duplicates on the command line" in refused(3, "embed", "twice.tsv")


def test_a_file_that_may_not_be_read(refused, here):
    if os.geteuid() == 0:
        pytest.skip("the superuser may read everything")
    Path("closed.tsv").write_text("a\tb\n")
    Path("closed.tsv").chmod(0)
    assert "Permission" in refused(3, "embed", "closed.tsv")


def test_an_existing_folder_is_refused_before_the_graph_is_read(
    refused, edges, monkeypatch
):
    Path("run").mkdir()
    monkeypatch.setattr(
        runs.Settings, "model_copy", None
    )  # would be called after reading
    monkeypatch.setattr("nodeemb.settings.Input.read", None)
    for command in ("embed", "evaluate"):
        told = refused(2, command, edges, "--out", "run")
        assert "run exists. Nothing is overwritten. Choose another folder." in told


def test_a_config_with_an_unknown_key_names_the_file(refused, edges):
    Path("mine.yaml").write_text("training: {epoch: 3}\n")
    told = refused(2, "embed", edges, "--config", "mine.yaml")
    assert "mine.yaml: epoch is not an option of training. Did you mean epochs?" in told
    Path("mine.yaml").write_text("run: {sed: 3}\n")
    told = refused(2, "embed", edges, "--config", "mine.yaml")
    assert "mine.yaml, run: sed is not an option. Did you mean seed?" in told
    Path("mine.yaml").write_text("run: 3\n")
    assert "no keys and values" in refused(2, "embed", edges, "--config", "mine.yaml")


def test_a_config_that_is_not_there(refused, edges):
    assert "cannot read it" in refused(3, "embed", edges, "--config", "nope.yaml")


def test_too_much_memory_is_told_before_any_is_taken(refused, edges, monkeypatch):
    def no_room(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr(runs, "embed", no_room)
    assert "not enough memory" in refused(4, "embed", edges)


def test_unknown_nodes_and_folders(nodeemb, refused, edges):
    nodeemb("embed", edges, "--preset", "line2", "--dim", "2", "-q", "--out", "run")
    assert "Close: 'n11'" in refused(3, "neighbors", "run", "n111")
    assert "nope is not a folder" in refused(3, "neighbors", "nope", "n1")
    assert "Did you mean target?" in refused(
        2, "neighbors", "run", "n1", "--role", "targt"
    )
    assert "topn is 0" in refused(2, "neighbors", "run", "n1", "--topn", "0")


def test_unknown_options_and_commands_get_a_suggestion(refused, edges):
    assert "--preset" in refused(2, "embed", edges, "--prest", "nerd")
    assert "'embed'" in refused(2, "embd", edges)
    assert "Missing argument" in refused(2, "neighbors")


def test_debug_shows_where_it_came_from_wherever_it_stands(nodeemb, here):
    for args in (["--debug", "presets", "x"], ["presets", "x", "--debug"]):
        result = nodeemb(*args)
        assert result.exit_code == 2
        assert "Traceback" in result.stderr
        assert 'Error: no preset "x"' in result.stderr


def test_an_error_of_the_program_itself_is_not_dressed_up(nodeemb, edges, monkeypatch):
    monkeypatch.setattr(runs, "prepare", lambda *_args, **_kwargs: 1 / 0)
    assert isinstance(nodeemb("embed", edges).exception, ZeroDivisionError)


def test_progress_in_plain_lines(capsys, monkeypatch):
    monkeypatch.setattr("nodeemb.cli.progress.EVERY", 0.0)
    with progress(quiet=False) as show:
        show(Progress("epoch 1/2", 0.25, 2e6, "pairs", 0.5, 3.0, "validation 0.9"))
        show(Progress("scoring", 0.0, 0.0, "", None, 3.0))
    assert capsys.readouterr().err.splitlines() == [
        "epoch 1/2  25 %  2 M pairs/s  loss 0.5000  validation 0.9  0:00:09 left",
        "scoring  0 %",
    ]
    with progress(quiet=True) as show:
        assert show is None


def test_progress_is_not_told_more_often_than_asked(capsys):
    with progress(quiet=False) as show:
        for step in range(100):
            show(Progress("epoch 1/1", step / 100, 1.0, "pairs", None, 1.0))
    assert capsys.readouterr().err == ""


def test_a_preset_that_is_nothing_is_told_before_the_graph_is_read(here, refused):
    Path("twice.tsv").write_text("a\tb\n" * 40)
    assert "Did you mean node2vec?" in refused(
        2, "embed", "twice.tsv", "--preset", "node2vex"
    )
    assert "repeated" in refused(3, "embed", "twice.tsv", "--preset", "node2vec")
