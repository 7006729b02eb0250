"""Training on text takes its vocabulary's tables and some fixed memory, whatever the text's length.

    python -m pytest -m bench -s tests/bench/test_corpus_memory.py

Two corpora: wikispeedia-articles, and ten copies of it, of which words that come ten times as
often are kept, so that the vocabulary and the tables are the same. On each the preset `sgns`
trains one whole epoch by `nodeemb embed`, in a process of its own, so that every token is read;
the peak is the process's largest resident set, as the run's own manifest has it, and pages of
mapped files count in it. A run on a sentence or two goes before, since compiling the kernels,
once on a machine, takes some 100 MiB more.
"""

import json
import subprocess
import sys

import pytest

import nodeemb as ne
from nodeemb.io.text_cards import load_text_card

pytestmark = pytest.mark.bench
COPIES, COLUMNS = 10, 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the two corpora, and one of two words."""
    name = "wikispeedia-articles"
    if not load_text_card(name).here:
        pytest.skip(f"the files of {name} are not here")
    folder = tmp_path_factory.mktemp("corpora")
    (folder / "text").write_text("one two one two\n" * 5)
    words = {"tokens": "words", "lower": True}
    ne.read_corpus([folder / "text"], out=folder / "small")
    ne.read_corpus([name], out=folder / "one", min_count=5, **words)
    many = [name] * COPIES
    ne.read_corpus(many, out=folder / "ten", min_count=5 * COPIES, **words)
    return folder


def peak_of(folder, corpus):
    """MB at most (10^6 bytes), of a run of one epoch, its kernels compiled before."""
    for name in ("small", corpus):
        run = [sys.executable, "-m", "nodeemb.cli.main", "embed", name, "-q"]
        run += ["--preset", "sgns", "--set", "training.epochs=1"]
        subprocess.run([*run, "--out", f"{name}-{corpus}"], cwd=folder, check=True)
    told = json.loads((folder / f"{corpus}-{corpus}" / "manifest.json").read_text())
    return told["peak_memory_mb"] * 2**20 / 1e6


def test_ten_copies_take_no_more_memory_than_one(folder):
    one, ten = ne.Corpus.load(folder / "one"), ne.Corpus.load(folder / "ten")
    assert one.vocabulary.words == ten.vocabulary.words
    assert len(ten.tokens) == COPIES * len(one.tokens) > 100_000_000
    tables = 4 * COLUMNS * len(one.vocabulary) / 1e6
    peaks = {name: peak_of(folder, name) for name in ("one", "ten")}
    print(f"\ntables {tables:.0f} MB; peak on one {peaks['one']:.0f} MB, "
          f"on ten copies {peaks['ten']:.0f} MB")  # fmt: skip
    assert peaks["one"] < tables + 400
    # a few MB come and go with where the allocator puts what a batch takes
    assert peaks["ten"] < peaks["one"] + 8
