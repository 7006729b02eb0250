"""Pages of mapped files are given back, so that a text's length is no matter of memory."""

import sys
from pathlib import Path

import numpy as np
import pytest

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.report import CorpusReport
from nodeemb.corpus.vocabulary import Vocabulary
from nodeemb.corpus.word_graph import write_word_graph
from nodeemb.memory import let_go
from nodeemb.sampling.corpus import Stream, plan_corpus
from nodeemb.sampling.options import CorpusOptions

MB = 1_000_000
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what a process holds is read from /proc"
)


def held():
    """MB of the stream's two files in this process's memory."""
    mine, kept = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:  # a mapping begins: its places and its file
            mine = line.endswith(("/tokens", "/starts"))
        elif mine and line.startswith("Rss:"):
            kept += int(line.split()[1])
    return kept * 1024 / MB


@pytest.fixture
def stream(tmp_path):
    """40 MB of tokens and 8 MB of sentences of ten, mapped."""
    (np.arange(10 * MB) % 3).astype("<i4").tofile(tmp_path / "tokens")
    np.arange(0, 10 * MB + 1, 10, dtype="<i8").tofile(tmp_path / "starts")
    tokens = np.memmap(tmp_path / "tokens", "<i4", "r")
    starts = np.memmap(tmp_path / "starts", "<i8", "r")
    return Stream(tokens, starts, np.array([4, 3, 3]) * MB)


def test_what_was_read_is_given_back_and_can_be_read_again(stream):
    total = stream.tokens.sum()
    assert held() > 30
    let_go(stream.tokens)
    assert held() < 5
    assert stream.tokens.sum() == total


def test_other_arrays_stay_as_they_are(tmp_path):
    own = np.arange(5)
    let_go(own)
    let_go(own[1:])
    changed = np.memmap(tmp_path / "new", "<i4", "w+", shape=(3,))
    changed[:] = 7
    let_go(changed)
    assert own.sum() == 10 and changed.sum() == 21


def test_an_epoch_and_a_word_graph_hold_a_part_of_the_stream(tmp_path, stream):
    plan = plan_corpus(stream, CorpusOptions(subsample=0, piece_length=1000), seed=0)
    most, tokens = 0.0, 0
    for first in range(0, plan.count, 500):
        drawn = plan.draw(0, first, min(500, plan.count - first))
        tokens += len(drawn.rows)
        most = max(most, held())
    assert tokens == 10 * MB and most < 2
    report = CorpusReport(1, 0, 0, 10 * MB, 3, 3, 10 * MB, MB, 0, 0, 0, 0.0)
    words = Vocabulary(("a", "b", "c"), np.array(stream.counts))
    corpus = Corpus(words, stream.tokens, stream.starts, "", report)
    seen = []
    write_word_graph(
        corpus,
        tmp_path / "words.parquet",
        window=1,
        memory=1,
        progress=lambda _: seen.append(held()),
    )
    assert len(seen) > 3 and max(seen) < 2
