"""Which of two neighbours comes first, against a count by hand."""

import collections
import itertools

import numpy as np
import pytest

from nodeemb.corpus.made import corpus_of
from nodeemb.corpus.reading import read_corpus
from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.next_words import next_words
from nodeemb.evaluation.words import evaluate_words
from nodeemb.graph.ids import Ids
from nodeemb.rng import integers, stream_key
from nodeemb.roles.schemes import SCHEMES


def text(sentences=200):
    """Sentences of one to nine words of eight, uneven in their order."""
    drawn = integers(stream_key(0, "text"), 0, 10 * sentences, 12).reshape(-1, 10)
    return [
        [f"w{min(x, 7)}" for x in sorted(row[: 1 + i % 9], key=lambda x: x % 5)]
        for i, row in enumerate(drawn)
    ]


@pytest.mark.parametrize("least", [1, 5, 20])
def test_they_are_counted_as_by_hand(least):
    found = collections.Counter(
        pair for sentence in text() for pair in itertools.pairwise(sentence)
    )
    expected = {
        (u, v)
        for (u, v), times in found.items()
        if u != v and times >= least and times > found[v, u]
    }
    pairs = next_words(corpus_of(text(), 1), least=least)
    assert set(zip(pairs.first, pairs.second, strict=True)) == expected
    assert len(pairs) == len(expected) > 3
    assert pairs.directed and (pairs.order == 1).all() and pairs.values is None


def embedding(words, rows, scheme="source_target"):
    return Embedding(Ids(words), np.array(rows, np.float32), SCHEMES[scheme], 2)


def test_a_model_that_knows_the_order_has_it_right():
    corpus = corpus_of([["a", "b", "c"]] * 9, 1)
    pairs = next_words(corpus)
    assert set(zip(pairs.first, pairs.second, strict=True)) == {("a", "b"), ("b", "c")}
    # score(u, v) = source of u times target of v
    right = embedding("abc", [[1, 0], [1, 1], [0, 2]])
    (row,) = evaluate_words(right, [pairs], replicates=0).rows
    assert (row.metric, row.by, row.value, row.known) == ("order", "score", 1.0, 2)
    half = embedding("abc", [[1, 1], [2, 2], [3, 3]])
    assert evaluate_words(half, [pairs], replicates=0).rows[0].value == 0.5
    wrong = embedding("abc", [[0, 2], [1, 1], [1, 0]])
    counts = {"a": 9, "b": 20, "c": 30}
    told = evaluate_words(wrong, [pairs], replicates=0, counts=counts).rows[0]
    assert told.value == 0.0 and told.frequency == 1.0


def test_by_name(tmp_path):
    (tmp_path / "text.txt").write_text("a b c\n" * 9)
    read_corpus(tmp_path / "text.txt", out=tmp_path / "text", min_count=1)
    model = embedding("abc", [[1, 0], [1, 1], [0, 2]])
    (row,) = evaluate_words(model, [f"next:{tmp_path / 'text'}"], replicates=0).rows
    assert row.value == 1.0
    with pytest.raises(WrongUse, match="is no corpus"):
        evaluate_words(model, [f"next:{tmp_path}"])


def test_what_cannot_be_asked():
    with pytest.raises(WrongUse, match="least is 0"):
        next_words(corpus_of([["a", "b"]], 1), least=0)
    with pytest.raises(DataRefused, match="5 times beside each other"):
        next_words(corpus_of([["a", "b"], ["b", "a"]] * 9, 1))
