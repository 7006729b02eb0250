"""Pieces of a corpus: the twin's very words, on any part, thread count and epoch."""

from __future__ import annotations

import itertools

import naive
import numba
import numpy as np
import pytest

from nodeemb.rng import integers, stream_key
from nodeemb.sampling.corpus import Stream, kept_shares, plan_corpus
from nodeemb.sampling.options import CorpusOptions
from nodeemb.sampling.sequences import part_of
from nodeemb.training.batch import pack_sequences


def sentences(seed=0, words=12, total=90, longest=9):
    lengths = integers(stream_key(seed, "lengths"), 0, total, longest + 1)
    drawn = integers(stream_key(seed, "words"), 0, int(lengths.sum()), words**2)
    rows = np.sqrt(drawn).astype(np.int32)
    return [part.tolist() for part in np.split(rows, np.cumsum(lengths)[:-1])]


def stream(found):
    tokens = np.array([w for s in found for w in s], np.int32)
    starts = np.cumsum([0, *map(len, found)]).astype(np.int64)
    return Stream(tokens, starts, np.bincount(tokens))


def as_lists(drawn):
    out = []
    for i in range(len(drawn.units) - 1):
        a, b = drawn.units[i : i + 2]
        piece, k = [], a
        while k < b:
            assert (drawn.start[k : drawn.stop[k]] == k).all()
            assert (drawn.stop[k : drawn.stop[k]] == drawn.stop[k]).all()
            piece.append(drawn.rows[k : drawn.stop[k]].tolist())
            k = drawn.stop[k]
        out.append(piece)
    return out


CORPORA = {
    "short sentences": sentences(),
    "one long sentence": [list(itertools.chain(*sentences(1)))],
    "empty and single": [[], [3], [], [], [0, 1, 2], [], [1], []],
    "one word": [[0]],
}
OPTIONS = [
    CorpusOptions(subsample=subsample, piece_length=length)
    for subsample in (0, 0.02, 1)
    for length in (2, 7, 100)
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", CORPORA)
def test_equals_its_twin(name, options):
    found = CORPORA[name]
    plan = plan_corpus(stream(found), options, 5)
    for epoch in (0, 1):
        twin = naive.corpus(found, options, 5, epoch, 0, plan.count)
        drawn = plan.draw(epoch, 0, plan.count)
        assert as_lists(drawn) == twin
        for first in range(0, plan.count, 3):
            count = min(3, plan.count - first)
            part = twin[first : first + count]
            assert as_lists(plan.draw(epoch, first, count)) == part
            assert as_lists(part_of(drawn, first, first + count)) == part


def test_every_token_is_drawn_once_and_cut_at_other_places_each_epoch():
    found = CORPORA["one long sentence"]
    plan = plan_corpus(stream(found), CorpusOptions(subsample=0, piece_length=50), 0)
    cuts = set()
    for epoch in range(5):
        drawn = plan.draw(epoch, 0, plan.count)
        assert drawn.rows.tolist() == found[0]
        cuts.add(tuple(drawn.units))
    assert len(cuts) == 5


def test_shares_are_those_of_gensim():
    from gensim.models import Word2Vec

    found = [[str(w) for w in s] for s in sentences(total=400)]
    peer = Word2Vec(found, min_count=1, sample=0.01, vector_size=2, epochs=1, workers=1)
    counts = np.array([peer.wv.get_vecattr(w, "count") for w in peer.wv.index_to_key])
    expected = [peer.wv.get_vecattr(w, "sample_int") for w in peer.wv.index_to_key]
    told = kept_shares(counts, 0.01)
    np.testing.assert_allclose(told * (2**32 - 1), expected, atol=2)
    assert told.min() < 0.5


def test_threads_change_nothing():
    made, before = stream(sentences(total=4000)), numba.get_num_threads()
    plan = plan_corpus(made, CorpusOptions(subsample=0.01, piece_length=40), 0)
    try:
        drawn = []
        for threads in (1, before):
            numba.set_num_threads(threads)
            drawn.append(plan.draw(0, 0, plan.count))
    finally:
        numba.set_num_threads(before)
    for one, two in zip(*drawn, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("block_rows", [2, 8, 30])
def test_blocks_hold_whole_sentences(block_rows):
    plan = plan_corpus(stream(sentences()), CorpusOptions(piece_length=20), 0)
    drawn = plan.draw(0, 0, plan.count)
    rows, start, stop, blocks = pack_sequences(drawn, block_rows)
    long = drawn.stop - drawn.start > 1
    assert rows.tolist() == drawn.rows[long].tolist()
    assert (stop - start).tolist() == (drawn.stop - drawn.start)[long].tolist()
    assert blocks[0] == 0 and blocks[-1] == len(rows)
    for a, b in itertools.pairwise(blocks):
        assert (start[a:b] >= a).all() and (stop[a:b] <= b).all()
        assert b - a <= block_rows or start[a] == start[b - 1], "one long sentence"
    greedy = [b - a for a, b in zip(blocks[:-2], blocks[2:], strict=True)]
    assert all(size > block_rows for size in greedy), "no two blocks fit into one"
