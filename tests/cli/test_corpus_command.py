"""`nodeemb corpus` encodes text, prints what it found, and leaves nothing after a fault."""

from __future__ import annotations

from pathlib import Path

from nodeemb.corpus.corpus import Corpus

TEXT = "The cat sat.\nThe dog sat on the cat.\n"


def test_a_text_is_encoded_and_told(nodeemb, here):
    Path("text").write_text(TEXT)
    done = nodeemb(
        "corpus", "text", "--out", "c", "--tokens", "words", "--lower", "--min-count", 2
    )
    assert done.exit_code == 0, done.output
    corpus = Corpus.load("c")
    assert corpus.vocabulary.words == ("the", "cat", "sat")
    assert corpus.sentence(1) == ["the", "sat", "the", "cat"]
    assert "the 3  cat 2  sat 2" in done.stdout
    assert "3 words, 77.78 % of the tokens (7)" in done.stdout
    assert "Written to c" in done.stderr


def test_quiet_prints_the_result_alone(nodeemb, here):
    Path("text").write_text(TEXT)
    done = nodeemb("corpus", "text", "--out", "c", "--min-count", 1, "--quiet")
    assert done.exit_code == 0 and not done.stderr and "tokens" in done.stdout


def test_faults_have_their_exit_codes(refused, here):
    Path("text").write_bytes(b"a b\n\xff c\n")
    assert "line 2, byte 5" in refused(3, "corpus", "text", "--out", "c")
    assert "no file nothing" in refused(3, "corpus", "nothing", "--out", "c")
    assert "exists" in refused(2, "corpus", "text", "--out", "text")
    assert "lines" in refused(2, "corpus", "text", "--out", "c", "--sentences", "line")
