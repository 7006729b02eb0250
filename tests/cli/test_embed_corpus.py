"""`nodeemb embed` on an encoded corpus: a run folder as for graphs, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nodeemb as ne

TEXT = "the cat sat on the mat\nthe dog sat on the cat\na dog and a cat\n" * 20


@pytest.fixture
def corpus(nodeemb, here):
    """An encoded corpus in the working folder."""
    Path("text").write_text(TEXT)
    assert nodeemb("corpus", "text", "--out", "c", "--min-count", 1).exit_code == 0
    return "c"


def test_a_corpus_becomes_a_run_folder(nodeemb, corpus):
    done = nodeemb("embed", corpus, "--dim", 4, "--out", "run", "--seed", 3)
    assert done.exit_code == 0, done.output
    assert "340 tokens, 60 sentences, 8 words" in done.output
    assert "sgns" in done.output
    result, encoded = ne.load("run"), ne.Corpus.load(corpus)
    assert tuple(result.ids) == encoded.vocabulary.words
    assert result.vectors("source").shape == (8, 4)
    told = json.loads(Path("run/corpus-report.json").read_text())
    assert told["tokens"] == 340 and not Path("run/graph-report.json").exists()
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert manifest["graph_hash"] == encoded.digest
    again = nodeemb("embed", "--config", "run/config.yaml", "--out", "again")
    assert again.exit_code == 0, again.output
    assert ne.load("again").table.tobytes() == result.table.tobytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--preset", "nerd"], "for graphs, and this is a corpus"),
        (["--validation", 0.1], "no links to validate on"),
        (["--source", 0], "its folder says how it is read"),
    ],
)
def test_what_is_for_graphs_is_refused(refused, corpus, options, said):
    assert said in refused(2, "embed", corpus, *options)


@pytest.mark.parametrize("command", ["evaluate", "inspect"])
def test_other_commands_ask_for_a_graph(refused, corpus, command):
    assert "nodeemb wordgraph" in refused(2, command, corpus)


def test_the_choices_are_shown_for_a_corpus(nodeemb, corpus):
    done = nodeemb("config", "show", corpus)
    assert done.exit_code == 0 and "preset sgns, for corpora" in done.stdout


def test_words_are_evaluated_beside_their_counts(nodeemb, corpus):
    Path("pairs.txt").write_text("cat dog 9\ncat mat 5\nthe a 1\ndog on 2\nsat mat 3\n")
    nodeemb("embed", corpus, "--dim", 4, "--out", "run")
    done = nodeemb("evaluate", "run", "--task", "words", "--set", "pairs.txt")
    assert done.exit_code == 0, done.output
    assert "counts in the run's corpus" in done.stdout
