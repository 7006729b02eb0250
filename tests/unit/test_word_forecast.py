"""What text will take, against what it takes: edges, memory, disk, and how seconds grow."""

import tracemalloc

import numpy as np
import pytest

import nodeemb as ne
from nodeemb import word_forecast
from nodeemb.corpus import distinct
from nodeemb.corpus.distinct import distinct_pairs
from nodeemb.corpus.options import PairOptions
from nodeemb.corpus.word_graph import word_graph, write_word_graph
from nodeemb.recipe import load_recipe
from nodeemb.rng import stream_key, units
from nodeemb.word_forecast import (
    training_seconds,
    word_graph_needs,
    word_graph_size,
)

WORDS, LENGTH = 4000, 20


def made_corpus(tokens):
    """Words by Zipf's law, and so more distinct pairs the longer the text."""
    u = units(stream_key(3, "words"), 0, tokens).reshape(-1, LENGTH)
    rows = np.int64(np.exp(u * np.log(WORDS))) - 1
    return ne.corpus_of([[f"w{row}" for row in line] for line in rows.tolist()], 1)


@pytest.fixture(scope="module")
def corpus():
    return made_corpus(100_000)


@pytest.mark.parametrize("self_pairs", ["keep", "drop"])
@pytest.mark.parametrize("sides", ["both", "after", "before"])
@pytest.mark.parametrize("window", [1, 4])
def test_edges_are_about_those_that_are_counted(corpus, window, sides, self_pairs):
    options = PairOptions(window=window, sides=sides, self_pairs=self_pairs)
    exact = word_graph(corpus, window=window, sides=sides, self_pairs=self_pairs)
    told = distinct_pairs(corpus, options)
    assert told.edges == pytest.approx(exact.num_edges, rel=0.03)
    assert 0.5 < told.growth < 1


def test_few_edges_are_counted_as_well():
    few = ne.corpus_of([["a", "b", "c"], ["a", "c"], ["a"]], 1)
    assert distinct_pairs(few, PairOptions(window=1)).edges == 6
    assert distinct_pairs(few, PairOptions(window=1, sides="after")).edges == 3


def test_a_long_text_is_told_from_parts_of_it(corpus, monkeypatch):
    monkeypatch.setattr(distinct, "_PART", 1 << 12)
    monkeypatch.setattr(distinct, "_TOKENS", 1 << 15)
    read = sum(len(tokens) for tokens, _ in distinct._parts(corpus))
    assert read <= 1 << 15  # of a hundred thousand
    exact = word_graph(corpus, window=4).num_edges
    told = distinct_pairs(corpus, PairOptions(window=4))
    assert told.edges == pytest.approx(exact, rel=0.1)  # in proportion it is 1.2 times


@pytest.mark.parametrize("memory", [2, 64])
def test_memory_and_disk_of_a_word_graph(corpus, tmp_path, monkeypatch, memory):
    monkeypatch.setattr(word_forecast, "_WRITING", 0)
    monkeypatch.setattr(word_forecast, "_FIRST", 20_000)
    needs = word_graph_needs(corpus, PairOptions(memory=memory))
    out = tmp_path / "words.parquet"
    write_word_graph(corpus, tmp_path / "before.parquet")  # compiled
    tracemalloc.start()
    report = write_word_graph(corpus, out, memory=memory)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if memory == 64:  # else writing the file takes most, which is told apart
        assert needs.memory == pytest.approx(peak, rel=0.25)
    assert needs.edges == pytest.approx(report.edges, rel=0.03)
    assert needs.file == pytest.approx(out.stat().st_size, rel=0.35)
    waiting = (needs.disk - needs.file) / 2**20
    assert (waiting > 0) == (report.runs > 0)
    full = 16 * 0.7 / 56 * memory  # of a run
    assert waiting == pytest.approx(report.runs * full, rel=0.35, abs=full)
    assert needs.seconds > 0


def test_a_word_graph_has_the_size_of_a_graph_of_words(corpus):
    size = word_graph_size(corpus, 1000)
    assert (size.nodes, size.arcs) == (corpus.num_nodes, 1000)
    assert size.directed and size.weighted and not size.signed


@pytest.mark.parametrize("preset", ["sgns", "left_right"])
def test_seconds_grow_with_the_text(monkeypatch, preset):
    monkeypatch.setattr(word_forecast, "_MOMENT", 0.05)
    recipe = load_recipe(preset, overrides={"roles.dim": 8})
    short, long = made_corpus(40_000), made_corpus(1_000_000)
    ratio = training_seconds(long, recipe, 1) / training_seconds(short, recipe, 1)
    assert 8 < ratio < 80
    more = load_recipe(preset, overrides={"roles.dim": 8, "training.epochs": 100})
    assert training_seconds(short, more, 1) > 5 * training_seconds(short, recipe, 1)


def test_large_tables_are_measured_with_fewer_words(corpus, monkeypatch):
    recipe, seen = load_recipe("sgns", overrides={"roles.dim": 8}), []

    def measured(part, *rest):
        seen.append(part)
        return 3.0

    monkeypatch.setattr(word_forecast, "seconds_of_epoch", measured)
    monkeypatch.setattr(word_forecast, "_TABLES", 4 * 16 * 50)
    monkeypatch.setattr(word_forecast, "_FIRST", 10_000)
    seconds = training_seconds(corpus, recipe, 1)
    part = seen[0]
    assert len(part.vocabulary) == 50 and part.tokens.max() == 49
    counts = np.bincount(part.tokens, minlength=50)
    whole = part.vocabulary.counts
    assert whole.sum() == corpus.vocabulary.counts.sum()
    np.testing.assert_allclose(counts / counts.sum(), whole / whole.sum(), atol=0.02)
    assert seconds == 3.0 * 100_000 / part.num_tokens * recipe.training.epochs
    assert part.num_tokens == 40_000
