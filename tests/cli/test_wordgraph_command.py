"""`nodeemb wordgraph` makes a file that the commands for graphs take."""

from __future__ import annotations

from pathlib import Path

import pytest

TEXT = "the cat saw the dog\nthe dog saw a cat\n" * 3


@pytest.fixture
def text(here):
    Path("text").write_text(TEXT)
    return "text"


def test_a_word_graph_is_inspected_and_embedded(nodeemb, text):
    done = nodeemb("wordgraph", text, "--out", "g.parquet", "--sides", "after")
    assert done.exit_code == 0, done.output
    assert "words       4   without an edge 0" in done.stdout
    assert "--weight weight" in done.stderr
    looked = nodeemb("inspect", "g.parquet", "--weight", "weight")
    assert looked.exit_code == 0 and "weights          1.8 to" in looked.stdout
    made = nodeemb(
        "embed", "g.parquet", "--weight", "weight", "--preset", "line2", "--dim", 2,
        "--set", "training.epochs=1", "--out", "run",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert "dog" in nodeemb("neighbors", "run", "cat").stdout


def test_an_encoded_corpus_gives_the_same_file(nodeemb, text):
    assert nodeemb("corpus", text, "--out", "c").exit_code == 0
    assert nodeemb("wordgraph", "c", "--out", "1.parquet", "-q").exit_code == 0
    assert nodeemb("wordgraph", text, "--out", "2.parquet", "-q").exit_code == 0
    assert Path("1.parquet").read_bytes() == Path("2.parquet").read_bytes()


def test_what_cannot_be_meant_is_refused(nodeemb, refused, text):
    assert nodeemb("corpus", text, "--out", "c").exit_code == 0
    out = ("--out", "g.parquet")
    assert "lower, min_count cannot" in refused(
        2, "wordgraph", "c", *out, "--lower", "--min-count", 2
    )
    assert "counted alone" in refused(2, "wordgraph", "c", text, *out)
    assert "sides" in refused(2, "wordgraph", "c", *out, "--sides", "left")
    Path("old.parquet").touch()
    assert "exists" in refused(2, "wordgraph", "c", "--out", "old.parquet")
