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


def test_canonical_vectors(nodeemb, run):
    import numpy as np

    export = ("export", run, "--format", "npz", "--role", "target", "-q")
    assert nodeemb(*export, "--canonical", "--out", "c.npz").exit_code == 0
    with np.load("c.npz") as found:
        told = [values for values in found.values() if values.shape == (40, 4)]
    np.testing.assert_array_equal(told[0], load("run").canonical().vectors("target"))
    assert np.abs(told[0] - load("run").vectors("target")).max() > 1e-3


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


def test_degrees_beside_the_ids(nodeemb, refused, run):
    told = nodeemb(
        "export", run, "--format", "projector", "--degrees", "--out", "p", "-q"
    )
    assert told.exit_code == 0, told.output
    edges = len(Path("edges.tsv").read_text().splitlines())
    lines = Path("p/metadata.tsv").read_text().splitlines()
    assert lines[0] == "id\tout_degree\tin_degree" and len(lines) == 41
    assert {line.split("\t")[0] for line in lines[1:]} == set(load("run").ids)
    assert sum(int(line.split("\t")[1]) for line in lines[1:]) == edges
    refused(2, "export", run, "--format", "npz", "--degrees", "--out", "q")
    Path("edges.tsv").write_text("other\tnodes\n")
    said = refused(3, "export", run, "--format", "projector", "--degrees", "--out", "q")
    assert "other nodes than the embedding" in said


def test_ids_that_a_format_cannot_hold(nodeemb, refused, here):
    Path("spaces.csv").write_text("a b,c\nc,d e\n")
    nodeemb("embed", "spaces.csv", "--preset", "line2", "-q", "--out", "run")
    export = ("export", "run", "--format", "word2vec", "--out", "w")
    said = refused(3, *export)
    assert "the id 'a b' holds ' ', which word2vec cannot hold" in said
    assert "--escape" in said
    assert nodeemb(*export, "--escape").exit_code == 0
    assert Path("w").read_text().splitlines()[1].startswith("a%20b ")
