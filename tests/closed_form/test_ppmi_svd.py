"""PPMI-SVD against the same matrix written with scipy and factorised by its svds.

The corpus is made: topics that words share, with frequencies as in text.
"""

from __future__ import annotations

import os

import numpy as np
import planted
import pytest
from scipy.linalg import subspace_angles
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

import nodeemb as ne
from nodeemb.corpus.word_graph import word_graph
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.factorise.options import PpmiSvdOptions
from nodeemb.factorise.ppmi_svd import ppmi_matrix
from nodeemb.factorise.registry import factorise
from nodeemb.recipe import load_recipe
from nodeemb.rng import stream_key, units
from nodeemb.run import embed

WORDS, TOPICS, LENGTH = 400, 20, 12


def made_corpus(sentences=700):
    """Some thousand tokens; a sentence is on one topic, a third of its words on none."""
    u = units(stream_key(5, "words"), 0, 3 * sentences * LENGTH).reshape(3, -1, LENGTH)
    rank = np.int64(np.exp(u[0] * np.log(WORDS))) - 1  # by Zipf's law
    topic = np.int64(u[1, :, :1] * TOPICS)
    common = u[2] < 1 / 3
    rows = np.where(common, rank // TOPICS, rank // TOPICS * TOPICS + topic)
    return ne.corpus_of([[f"w{row}" for row in line] for line in rows.tolist()])


def peer_matrix(graph, shift, smoothing):
    """M by scipy alone, from the list of edges."""
    size = graph.num_nodes
    counted = csr_array(
        (np.float64(graph.weight), (graph.sources, graph.targets)), shape=(size, size)
    ).tocoo()
    row = np.asarray(counted.sum(axis=1)).ravel()
    chance = np.asarray(counted.sum(axis=0)).ravel() ** smoothing
    chance /= chance.sum()
    pmi = np.log(counted.data / row[counted.row] / chance[counted.col])
    value = np.maximum(pmi - np.log(shift), 0)
    return csr_array((value, (counted.row, counted.col)), shape=(size, size))


def gap_near(values, rank):
    """The place of the widest step of falling values about `rank`, for a subspace that
    rounding does not turn."""
    near = slice(rank - 5, rank + 5)
    return rank - 4 + int(np.argmax(values[near] / values[rank - 4 : rank + 6]))


def assert_equal_subspaces(graph, options, rank, limit=1e-3):
    peer = peer_matrix(graph, options.shift, options.smoothing)
    start = np.ones(graph.num_nodes)
    left, values, right = svds(peer, rank + 10, v0=start, tol=1e-9)
    falling = np.argsort(-values)
    rank = gap_near(values[falling], rank)
    falling = falling[:rank]
    left, values, right = left[:, falling], values[falling], right[falling]
    source, target = factorise(graph, options, rank)
    angles = subspace_angles(source, left), subspace_angles(target, right.T)
    assert max(map(np.max, angles)) < limit
    lengths = np.linalg.norm(source, axis=0), np.linalg.norm(target, axis=0)
    for length in lengths:
        np.testing.assert_allclose(length, values**options.power, rtol=1e-4)
    # a subspace says nothing of signs, nor of which column stands beside which
    scores = source[:300] @ target[:300].T
    expected = (left[:300] * values ** (2 * options.power)) @ right[:, :300]
    np.testing.assert_allclose(scores, expected, atol=1e-3 * np.abs(expected).max())


@pytest.fixture(scope="module")
def corpus():
    return made_corpus()


@pytest.mark.parametrize("sides", ["both", "after"])
@pytest.mark.parametrize(
    ("shift", "smoothing", "power"),
    [(1.0, 0.75, 0.5), (5.0, 0.75, 0.0), (2.0, 1.0, 1.0), (1.0, 0.0, 0.25)],
)
def test_the_subspaces_are_those_that_scipy_finds(
    corpus, sides, shift, smoothing, power
):
    graph = word_graph(corpus, window=3, sides=sides)
    assert graph.directed and graph.num_nodes > 200  # more than are taken apart at once
    options = PpmiSvdOptions(
        shift=shift, smoothing=smoothing, power=power, tolerance=1e-6
    )
    assert_equal_subspaces(graph, options, 20)


def test_another_smoothing_is_another_subspace(corpus):
    graph = word_graph(corpus, window=3)
    left = svds(peer_matrix(graph, 1.0, 1.0), 20)[0]
    source = factorise(graph, PpmiSvdOptions(), 20)[0]
    assert subspace_angles(source, left).max() > 0.1


def test_entries_are_those_of_the_formula(corpus):
    graph = word_graph(corpus, window=2, weights="inverse")
    for shift, smoothing in ((1.0, 0.75), (3.0, 1.0)):
        options = PpmiSvdOptions(shift=shift, smoothing=smoothing)
        matrix = ppmi_matrix(graph, options)
        got = matrix.times(np.eye(matrix.size))
        expected = peer_matrix(graph, shift, smoothing).toarray()
        np.testing.assert_allclose(got, expected, atol=1e-5)
        assert len(matrix.values) == np.count_nonzero(expected > 1e-12)
        assert 0 < len(matrix.values) < graph.num_edges


def test_graphs_without_weights_and_without_directions():
    plain = planted.small_undirected(weighted=False)
    matrix = ppmi_matrix(plain, PpmiSvdOptions(smoothing=1))
    got = matrix.times(np.eye(matrix.size))
    counts = np.zeros_like(got)
    counts[plain.sources, plain.targets] = 1
    counts = np.maximum(counts, counts.T)
    sums = counts.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        pmi = np.log(counts * sums.sum() / np.outer(sums, sums))
    expected = np.where(counts > 0, np.maximum(pmi, 0), 0)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_words_of_one_topic_are_nearest(corpus):
    graph = word_graph(corpus, window=5, self_pairs="drop")
    result = embed(graph, "ppmi_svd", dim=30, threads=1)
    topic = np.array([int(word[1:]) % TOPICS for word in graph.ids])
    own = np.array([int(word[1:]) >= 2 * TOPICS for word in graph.ids])
    for readout in ("in", "out", "sum"):
        found = result.vectors(readout)[own]
        found = found / np.linalg.norm(found, axis=1, keepdims=True)
        near = found @ found.T - 2 * np.eye(len(found))
        same = topic[own] == topic[own][near.argmax(axis=1)]
        assert same.mean() > 0.5, readout  # 0.05 by chance


def test_out_of_range_is_refused():
    for name, value in (("smoothing", 1.5), ("power", -0.1), ("shift", 0)):
        with pytest.raises(WrongUse, match=name):
            load_recipe("ppmi_svd", overrides={f"factorise.{name}": value})


@pytest.mark.slow
def test_brown_has_the_subspaces_that_scipy_finds():
    if not os.environ.get("NODEEMB_DATA"):
        pytest.skip("NODEEMB_DATA is not set: brown is not here")
    try:
        read = ne.read_corpus(["brown"], lower=True, min_count=5)
    except DataRefused as error:
        pytest.skip(f"brown is not here: {error}")
    graph = word_graph(read, window=5)
    assert_equal_subspaces(graph, PpmiSvdOptions(tolerance=1e-6), 50)
