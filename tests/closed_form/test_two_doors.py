"""Text as sequences and text as a word graph: one law of pairs, and one optimum."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from nodeemb.corpus.made import corpus_of
from nodeemb.engine import feed_of
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.rng import integers, stream_key
from nodeemb.run import embed
from nodeemb.sampling.stencil import distance_weights
from nodeemb.training.batches import batches

WINDOW, WORDS = 3, 14


def text(seed=0, sentences=400):
    """Sentences in which a word is often followed by the next one, and some are frequent."""
    out = []
    for i in range(sentences):
        length = 2 + int(integers(stream_key(seed, "length", i), 0, 1, 12)[0])
        steps = integers(stream_key(seed, "step", i), 0, length, 4)
        jumps = integers(stream_key(seed, "jump", i), 0, length, WORDS**2)
        word, sentence = 0, []
        for step, jump in zip(steps, jumps, strict=True):
            word = (word + 1) % WORDS if step < 2 else int(np.sqrt(jump))
            sentence.append(f"w{word}")
        out.append(sentence)
    return out


def counts(corpus, weights):
    """(n, n): the weight of each word with those within the window, by counting."""
    found = Counter()
    for a, b in zip(corpus.starts[:-1], corpus.starts[1:], strict=True):
        for i in range(a, b):
            for j in range(max(a, i - WINDOW), min(b, i + WINDOW + 1)):
                if i != j:
                    pair = corpus.tokens[i], corpus.tokens[j]
                    found[pair] += weights[abs(i - j) - 1]
    matrix = np.zeros((corpus.num_nodes, corpus.num_nodes))
    for pair, weight in found.items():
        matrix[pair] = weight
    return matrix


def trained(corpus, recipe, epoch=0):
    """(n, n): the weight of each pair of an epoch, as the batches have it."""
    feed, _ = feed_of(corpus, recipe, 0)
    matrix = np.zeros((corpus.num_nodes, corpus.num_nodes))
    for parts in batches(feed, epoch):
        for part in parts:
            band = part.pairs
            for i in range(len(band.rows)):
                for j in range(band.start[i], band.stop[i]):
                    if 0 < j - i <= WINDOW:
                        matrix[band.rows[i], band.rows[j]] += band.after[j - i - 1]
                    if 0 < i - j <= WINDOW:
                        matrix[band.rows[i], band.rows[j]] += band.before[i - j - 1]
    return matrix


@pytest.mark.parametrize("weights", ["flat", "linear", "inverse"])
def test_an_epoch_has_the_pairs_that_counting_has(weights):
    corpus = corpus_of(text(), 1)
    choices = {"stencil.window": WINDOW, "stencil.weights": weights}
    long = {"sampler.subsample": 0, "sampler.piece_length": 10_000}
    recipe = load_recipe("sgns", overrides={**choices, **long})
    draw = feed_of(corpus, recipe, 0)[0].plan.draw
    uncut = next(e for e in range(99) if sum(np.diff(draw(e, 0, 2).units) > 0) == 1)
    by_distance = distance_weights(weights, WINDOW, 0.5)
    found = trained(corpus, recipe, uncut)
    np.testing.assert_allclose(found, counts(corpus, by_distance))


def test_pieces_lose_the_same_share_of_all_pairs():
    corpus = corpus_of([list(itertools.chain(*text(sentences=150)))], 1)
    choices = {"stencil.window": WINDOW, "sampler.subsample": 0}
    short = load_recipe("sgns", overrides={**choices, "sampler.piece_length": 20})
    epochs = 60
    found = sum(trained(corpus, short, epoch) for epoch in range(epochs)) / epochs
    whole = counts(corpus, distance_weights("linear", WINDOW, 0.5))
    weights = distance_weights("linear", WINDOW, 0.5)
    stays = (weights * (1 - np.arange(1, WINDOW + 1) / 20)).sum() / weights.sum()
    assert found.sum() / whole.sum() == pytest.approx(stays, abs=0.01)
    often = whole > 20
    np.testing.assert_allclose(found[often] / whole[often], stays, atol=0.1)


def test_both_doors_lead_to_the_same_scores():
    """No subsampling, the same weights by distance, the same law of noise."""
    corpus = corpus_of(text(), 1)
    weights = counts(corpus, distance_weights("linear", WINDOW, 0.5))
    u, v = np.nonzero(weights)
    graph = Graph.from_edges(
        u, v, weight=weights[u, v], ids=corpus.ids, num_nodes=corpus.num_nodes
    )
    same = {"roles.dim": WORDS, "noise.per_pair": 2, "noise.power": 0.0}
    long = {"training.learning_rate": 0.1, "noise.shared": 32}
    read = embed(
        corpus,
        "sgns",
        options={
            **same,
            **long,
            "stencil.window": WINDOW,
            "sampler.subsample": 0,
            "training.epochs": 150,
        },
        threads=1,
    )
    drawn = embed(
        graph,
        "line2",
        options={**same, **long, "training.epochs": 3000, "noise.side": "target"},
        threads=1,
    )
    frequent = (weights >= np.quantile(weights[weights > 0], 0.5)) & ~np.eye(
        WORDS, dtype=bool
    )
    u, v = np.nonzero(frequent)
    scores = read.score_rows(u, v), drawn.score_rows(u, v)
    assert np.corrcoef(*scores)[0, 1] > 0.95
    inner = weights * ~np.eye(WORDS, dtype=bool)
    optimum = np.log(
        inner * WORDS / (2 * inner.sum(1, keepdims=True) + 1e-300) + 1e-300
    )
    for told in scores:
        assert np.corrcoef(told, optimum[u, v])[0, 1] > 0.95
