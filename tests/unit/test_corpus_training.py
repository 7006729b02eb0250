"""Corpora of lists of words: vocabularies, what is refused, and training on them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import planted
import pytest

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.made import corpus_of
from nodeemb.embedding.embedding import load
from nodeemb.errors import DataRefused, UnknownId, WrongUse
from nodeemb.recipe import load_recipe
from nodeemb.run import embed

TEXT = [
    ["the", "cat", "sat", "on", "the", "mat"],
    [],
    ["the", "dog", "sat"],
    ["a", "cat", "and", "a", "dog"],
]
SHORT = {"roles.dim": 4, "training.epochs": 2}


def back(corpus: Corpus) -> list[list[str]]:
    words = corpus.vocabulary.words
    return [
        [words[row] for row in corpus.tokens[a:b]]
        for a, b in zip(corpus.starts[:-1], corpus.starts[1:], strict=True)
    ]


@pytest.mark.parametrize(("least", "most"), [(1, None), (2, None), (2, 3), (1, 2)])
def test_frequent_words_come_first_and_rare_ones_are_left_out(least, most):
    corpus = corpus_of(TEXT, least, most)
    counts = Counter(word for sentence in TEXT for word in sentence)
    expected = sorted(
        (w for w in counts if counts[w] >= least), key=lambda w: (-counts[w], w)
    )[:most]
    assert corpus.vocabulary.words == tuple(expected)
    assert corpus.vocabulary.counts.tolist() == [counts[w] for w in expected]
    sentences = [[w for w in s if w in expected] for s in TEXT]
    assert back(corpus) == [s for s in sentences if s]
    report = corpus.report
    assert (report.tokens, report.distinct) == (14, 8)
    assert report.kept == sum(counts[w] for w in expected) == len(corpus.tokens)
    assert report.words == len(expected)
    assert report.sentences + report.emptied == len(TEXT)


def test_the_words_are_those_of_gensim():
    from gensim.models import Word2Vec

    found = [[str(w) for w in range(k % 7, 7)] for k in range(40)]
    peer = Word2Vec(found, min_count=15, vector_size=2, epochs=1, workers=1).wv
    ours = corpus_of(found, 15).vocabulary
    assert set(ours.words) == set(peer.index_to_key)
    told = [peer.get_vecattr(word, "count") for word in ours.words]
    assert ours.counts.tolist() == told


def test_the_same_text_has_the_same_digest():
    one, two = corpus_of(TEXT, 1), corpus_of([list(s) for s in TEXT], 1)
    assert one.digest == two.digest
    others = [
        corpus_of(TEXT, 2),
        corpus_of([TEXT[0] + TEXT[2], TEXT[3]], 1),
        corpus_of([[w.upper() for w in s] for s in TEXT], 1),
        corpus_of([s[::-1] for s in TEXT], 1),
    ]
    assert len({one.digest, *(c.digest for c in others)}) == 5


@pytest.mark.parametrize(
    ("text", "options", "error", "said"),
    [
        ([], {}, DataRefused, "holds no word"),
        ([[], []], {}, DataRefused, "holds no word"),
        (TEXT, {"min_count": 4}, DataRefused, "comes 3 times"),
        (TEXT, {"min_count": 0}, WrongUse, "min_count is 0"),
        (TEXT, {"max_size": 0}, WrongUse, "max_size is 0"),
        (["the cat"], {}, WrongUse, r"sentence\.split"),
    ],
)
def test_what_is_no_corpus(text, options, error, said):
    with pytest.raises(error, match=said):
        corpus_of(text, **options)


def test_words_are_embedded():
    corpus = corpus_of(TEXT * 5, 1)
    result = embed(corpus, options=SHORT, threads=1)
    assert result.manifest["recipe"]["name"] == "sgns"
    assert tuple(result.ids) == corpus.vocabulary.words
    assert result.manifest["graph"]["words"] == 8
    assert result.graph_hash == corpus.digest
    assert result.vector("cat", "source").shape == (4,)


@pytest.mark.parametrize("scheme", ["single", "signature", "sign_skew", "four_side"])
def test_every_scheme_is_for_words_too(scheme):
    corpus = corpus_of(TEXT * 5, 1)
    options = {"roles.scheme": scheme, "roles.dim": None, "roles.width": 8}
    result = embed(corpus, "sgns", options={**options, "training.epochs": 2})
    assert np.isfinite(result.table).all()
    other = embed(corpus, "sgns", options={**options, "training.epochs": 1})
    assert (result.table != other.table).any()


@pytest.mark.parametrize("window", [1, 3])
def test_left_and_right_are_told_apart(window):
    """Of "one two" again and again, two is to the right of one and never to its left."""
    text = [
        [f"before{i % 7}", f"first{i % 9}", f"second{i % 9}", f"after{i % 5}"]
        for i in range(630)
    ]
    corpus = corpus_of(text, 1)
    options = {
        "stencil.window": window,
        "sampler.subsample": 0.0,
        "training.epochs": 20,
    }
    first, second = "first1", "second1"
    pairs = [(first, second), (second, first)]
    apart = embed(corpus, "left_right", dim=8, options=options, threads=1)
    right, wrong = apart.score(pairs)
    assert right > wrong + 2
    wrong, right = apart.score(pairs, channel="left")
    assert right > wrong + 2
    both = embed(corpus, "sgns", dim=8, options=options, threads=1)
    one, other = both.score(pairs)
    assert abs(one - other) < 1, "both orders are pairs of a window on both sides"


def test_words_without_a_vector_are_told(tmp_path):
    text = [["the", "cat", "sat"], ["the", "dog", "sat"], ["the", "cat", "ran"]] * 4
    result = embed(corpus_of([*text, ["axolotl"]], 2), options=SHORT)
    result = load(result.save(tmp_path / "run"))
    for ask in (
        result.vector,
        result.most_similar,
        lambda w: result.score([(w, "cat")]),
    ):
        with pytest.raises(UnknownId) as told:
            ask("axolotl")
        assert "'axolotl' is none of the 5 words" in str(told.value)
        assert "5 of the 6 different ones in the text" in str(told.value)
    with pytest.raises(UnknownId, match="Close: 'cat'"):
        result.vector("cats")
    with pytest.raises(UnknownId, match="'cat' is one: ask for it in lower case"):
        result.vector("Cat")


def test_what_is_for_graphs_is_refused():
    corpus, graph = corpus_of(TEXT, 1), planted.small_digraph()
    for material, preset, said in (
        (corpus, "nerd", "for graphs, and this is a corpus"),
        (corpus, "strap", "for graphs, and this is a corpus"),
        (graph, "sgns", "reads a corpus, and this is a graph"),
    ):
        with pytest.raises(WrongUse, match=said):
            embed(material, preset)
    for options, said in (
        ({"noise.reversed": 0.5, "stencil.sides": "after"}, "needs the links"),
        ({"training.init": "strap"}, "needs the links"),
        ({"stencil.window": 500}, "does not fit into pieces of 80 words"),
        ({"stencil.kind": "first"}, "does not go with sampler"),
        ({"roles.scheme": "four_signed"}, "sign of their edges"),
    ):
        with pytest.raises(WrongUse, match=said):
            load_recipe("sgns", overrides=options)
