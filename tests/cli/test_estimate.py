"""`nodeemb estimate`: by a card, by numbers, and refused with what to do."""

import re
from pathlib import Path

import pytest


def test_by_numbers(nodeemb, here):
    for epochs, tables in (
        (1, "524.0 MB"),
        (2, "1.0 GB"),
    ):  # of one, no last good table
        told = nodeemb(
            "estimate", "--nodes", "1000000", "--edges", "16000000", "--preset", "line2",
            "--dim", "64", "--set", f"training.epochs={epochs}", "--threads", "1",
        )  # fmt: skip
        assert re.search(rf"tables +{tables}\n", told.stdout)
    assert re.search(r"in all, at most at once +\d\.\d GB", told.stdout)
    assert "about" in told.stdout and "on 1 thread (" in told.stdout


def test_by_a_card(nodeemb, here):
    told = nodeemb("estimate", "debian-depends", "--dim", "8")
    assert "63,580 nodes   273,919 edges   directed" in told.stderr
    assert "Method    calibrated" in told.stderr


def test_what_is_missing_or_wrong(refused, here):
    assert "both --nodes and --edges" in refused(2, "estimate")
    assert "both --nodes and --edges" in refused(2, "estimate", "--nodes", "5")
    assert "nodeemb inspect FILE" in refused(2, "estimate", "edges.tsv")
    assert "Did you mean" in refused(
        2, "estimate", "debian-depends", "--preset", "nurd"
    )


@pytest.fixture
def corpus(nodeemb, here):
    """An encoded corpus in the working folder."""
    Path("text").write_text("the cat sat on the mat\nthe dog sat on the cat\n" * 50)
    assert nodeemb("corpus", "text", "--out", "c").exit_code == 0
    return "c"


def test_training_on_a_corpus(nodeemb, corpus):
    told = nodeemb("estimate", corpus, "--threads", "1")
    assert "600 tokens, 100 sentences, 6 words" in told.stderr
    assert "Method    sgns" in told.stderr
    assert re.search(r"tables +10 kB", told.stdout)  # 6 words of 200 numbers, twice
    assert re.search(r"vocabulary +0 kB", told.stdout) and "graph" not in told.stdout
    assert re.search(r"Training: about .* on 1 thread \(a guide", told.stdout)


def test_the_word_graph_of_a_corpus_and_a_run_on_it(nodeemb, corpus):
    told = nodeemb("estimate", corpus, "--preset", "glove", "--window", "1")
    made = nodeemb("wordgraph", corpus, "--out", "w.parquet", "--window", "1", "-q")
    edges = re.search(r"edges +(\d+) ", made.stdout).group(1)
    assert f"about {edges} edges   window 1, sides both" in told.stderr
    assert re.search(r"disk for its file +\d kB", told.stdout)
    assert "Word graph: about" in told.stdout and "Training: about" in told.stdout
    less = nodeemb("estimate", corpus, "--preset", "glove", "--memory", "64").stdout
    first = [
        re.search(r"writing +([\d.]+) MB", x).group(1) for x in (less, told.stdout)
    ]
    assert float(first[0]) < float(first[1])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--nodes", "5", "--signed"], "--nodes, --signed cannot be given here"),
        (["--validation", "0.1"], "it is for graphs"),
        (["--window", "3"], "sgns reads the corpus itself"),
        (["--preset", "glove", "--sides", "left"], "sides"),
        (["--set", "stencil.window=90"], "pieces of 80 words"),
    ],
)
def test_what_does_not_go_with_a_corpus(refused, corpus, options, said):
    assert said in refused(2, "estimate", corpus, *options)


def test_a_word_graph_is_for_a_corpus(refused, here):
    told = refused(2, "estimate", "debian-depends", "--window", "3")
    assert "it is for the word graph of a corpus" in told
    assert "nodeemb corpus TEXT" in refused(2, "estimate", "brown")
