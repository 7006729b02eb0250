"""`nodeemb diagnose` of a file, of a corpus, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SMALL = ("--width", 8, "--deals", 1, "--nulls", 1)


def test_a_file_is_diagnosed_to_a_scheme(nodeemb, edges):
    done = nodeemb("diagnose", edges, *SMALL)
    assert done.exit_code == 0, done.output
    for told in ("40 nodes", "reciprocity", "skew", "by chance", "roles.scheme="):
        assert told in done.stdout
    again = nodeemb("diagnose", edges, *SMALL, "--json")
    told = json.loads(again.stdout)
    assert told["nodes"] == 40 and told["evidence"] == "links"
    assert f"roles.scheme={told['scheme']}" in done.stdout
    other = nodeemb("diagnose", edges, *SMALL, "--json", "--seed", 1)
    assert json.loads(other.stdout)["fits"] != told["fits"]


def test_without_direction_there_is_no_skew(nodeemb, edges):
    done = nodeemb("diagnose", edges, "--undirected", *SMALL)
    assert "by chance" not in done.stdout and "no direction" in done.stdout


def test_a_corpus_is_diagnosed_by_its_window(nodeemb, here):
    words = ["a", "b", "c", "d", "e", "f", "g", "h"]
    lines = [" ".join(words[i % 8 :: i % 3 + 1]) for i in range(200)]
    Path("text").write_text("\n".join(lines))
    assert nodeemb("corpus", "text", "--out", "c", "--min-count", 1).exit_code == 0
    done = nodeemb("diagnose", "c", "--window", 3, "--json", *SMALL)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["evidence"] == "sentences" and told["directed"]
    both = nodeemb("diagnose", "c", "--sides", "both", "--json", *SMALL)
    assert not json.loads(both.stdout)["directed"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--window", 3], "for a corpus, and the input is a graph"),
        (["--width", 2], "width"),
        (["--deals", 0], "deals"),
        (["--sides", "left", "--words", 10], "sides"),
    ],
)
def test_wrong_options_are_refused(refused, edges, options, said):
    assert said in refused(2, "diagnose", edges, *options)


def test_too_little_evidence_is_refused(refused, here):
    Path("two.tsv").write_text("a\tb\nb\tc\n")
    assert "too few" in refused(3, "diagnose", "two.tsv")
    assert "no-such" in refused(2, "diagnose", "no-such.tsv")
