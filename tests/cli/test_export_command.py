"""`nodeemb export`: from a run to a file that another program reads."""

from pathlib import Path

import pytest

from nodeemb.embedding.embedding import load


@pytest.fixture
def run(nodeemb, edges):
    nodeemb("embed", edges, "--preset", "line2", "--dim", "4", "-q", "--out", "run")
    return "run"


def test_a_file_for_gensim(nodeemb, run):
    from gensim.models import KeyedVectors

    told = nodeemb(
        "export", run, "--format", "word2vec", "--role", "source", "--out", "w.txt"
    )
    assert told.exit_code == 0
    assert "40 nodes, 4 numbers each. Written to w.txt" in told.stdout
    read = KeyedVectors.load_word2vec_format("w.txt")
    whole = load("run")
    assert (read["n7"] == whole.vector("n7", "source")).all()
    quiet = nodeemb("export", run, "--format", "npz", "--out", "w.npz", "-q")
    assert (quiet.stdout, quiet.stderr) == ("w.npz\n", "")


def test_what_is_refused(nodeemb, refused, run):
    export = ("export", run, "--out", "w")
    assert "Did you mean parquet" in refused(2, *export, "--format", "parket")
    assert "Did you mean source" in refused(
        2, *export, "--format", "npz", "--role", "sorce"
    )
    assert "not a folder" in refused(
        3, "export", "nope", "--format", "npz", "--out", "w"
    )
    Path("w").write_text("precious")
    assert "w exists" in refused(2, *export, "--format", "npz")
    assert Path("w").read_text() == "precious"
