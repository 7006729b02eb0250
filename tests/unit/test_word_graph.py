"""A word graph has the weights that a slow count has, in any amount of memory."""

from __future__ import annotations

from collections import defaultdict

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeemb.corpus import pairs, word_graph
from nodeemb.corpus.reading import read_corpus
from nodeemb.errors import DataRefused, OutOfResources, WrongUse
from nodeemb.io.edges import read_edges

SIDES = ["both", "after", "before"]
TEXT = "the cat saw the dog\nthe dog saw a cat and a dog and the the cat\nlonely\n"


def slow_counts(sentences, window, weights, sides, self_pairs):
    """(word, word) -> weight: every centre and every place of its window."""
    found = defaultdict(float)
    for words in sentences:
        for i, centre in enumerate(words):
            for j, other in enumerate(words):
                d = abs(i - j)
                if not 1 <= d <= window or (self_pairs == "drop" and centre == other):
                    continue
                if (j > i and sides == "before") or (j < i and sides == "after"):
                    continue
                law = {"flat": 1, "linear": (window - d + 1) / window, "inverse": 1 / d}
                found[centre, other] += law[weights]
    return dict(found)


def corpus_of(path, text=TEXT, **options):
    path.write_text(text)
    return read_corpus(path, min_count=1, **options)


def sentences_of(corpus):
    return [corpus.sentence(i) for i in range(corpus.num_sentences)]


def counts_of(graph):
    ends = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
    names = [(graph.ids[u], graph.ids[v]) for u, v in ends]
    return dict(zip(names, graph.weight.tolist(), strict=True))


@settings(max_examples=40)
@given(
    lines=st.lists(
        st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12),
        min_size=1,
        max_size=6,
    ),
    window=st.integers(1, 6),
    weights=st.sampled_from(["flat", "linear", "inverse"]),
    sides=st.sampled_from(SIDES),
    self_pairs=st.sampled_from(["keep", "drop"]),
    spill=st.booleans(),
)
def test_any_text_has_the_counts_of_the_slow_twin(
    tmp_path_factory, lines, spill, **options
):
    path = tmp_path_factory.mktemp("t") / "text"
    text = "\n".join(" ".join(line) for line in [*lines, ["a"], ["b"]])
    corpus = corpus_of(path, text)
    expected = slow_counts(sentences_of(corpus), **options)
    with pytest.MonkeyPatch.context() as patch:
        if spill:  # a table of a few pairs, and small parts
            patch.setattr(pairs, "_SMALLEST", 8)
            patch.setattr(pairs, "_PER_SLOT", 1 << 20)
            patch.setattr(word_graph, "_TOKENS_AT_ONCE", 5)
        if not expected:
            with pytest.raises(DataRefused, match="no sentence has a pair"):
                word_graph.word_graph(corpus, memory=1, **options)
            return
        graph = word_graph.word_graph(corpus, memory=1, **options)
    assert counts_of(graph) == pytest.approx(expected, rel=1e-6)
    assert list(graph.ids) == list(corpus.vocabulary.words)


def test_both_is_after_and_before_together(tmp_path):
    corpus = corpus_of(tmp_path / "t")
    both, after, before = (
        word_graph.word_graph(corpus, sides=side).to_scipy().toarray() for side in SIDES
    )
    np.testing.assert_allclose(both, after + before, rtol=1e-6)
    np.testing.assert_array_equal(after, before.T)
    np.testing.assert_allclose(both, both.T, rtol=1e-6)


@pytest.fixture
def spilling(monkeypatch):
    """A table of a few dozen pairs."""
    monkeypatch.setattr(pairs, "_SMALLEST", 8)
    monkeypatch.setattr(pairs, "_PER_SLOT", 1 << 20)


@pytest.mark.parametrize("sides", SIDES)
def test_the_file_is_read_again_as_the_graph(tmp_path, spilling, sides):
    corpus = corpus_of(tmp_path / "t")
    out = tmp_path / "g.parquet"
    report = word_graph.write_word_graph(corpus, out, sides=sides, memory=1)
    graph = read_edges(out, weight="weight")
    assert counts_of(graph) == counts_of(word_graph.word_graph(corpus, sides=sides))
    assert report.edges == graph.num_edges and report.runs > 1
    assert report.self_loops == graph.report.self_loops > 0
    assert report.weight == pytest.approx(float(graph.weight.sum()))
    assert report.words == 7 and report.alone == 1  # lonely
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.parquet", "t"]


def test_networkx_reads_the_same_edges_from_the_file(tmp_path):
    from pyarrow import parquet

    out = tmp_path / "g.parquet"
    corpus = corpus_of(tmp_path / "t")
    word_graph.write_word_graph(corpus, out, window=2, sides="after", weights="flat")
    table = parquet.read_table(out).to_pandas()
    found = nx.from_pandas_edgelist(table, edge_attr="weight", create_using=nx.DiGraph)
    slow = slow_counts(sentences_of(corpus), 2, "flat", "after", "keep")
    assert {(u, v): w for u, v, w in found.edges(data="weight")} == slow
    assert found["the"]["cat"]["weight"] == 3
    order = table.source.map(corpus.vocabulary.row_of).tolist()
    assert order == sorted(order)


def test_the_counts_do_not_depend_on_memory(tmp_path, monkeypatch):
    text = " ".join(str(i * i % 97) for i in range(3000))
    corpus = corpus_of(tmp_path / "t", text)
    whole = word_graph.word_graph(corpus, weights="flat")
    monkeypatch.setattr(pairs, "_SMALLEST", 64)
    monkeypatch.setattr(pairs, "_PER_SLOT", 1 << 20)
    parted = word_graph.word_graph(corpus, weights="flat", memory=1)
    assert counts_of(whole) == counts_of(parted)


def test_an_interruption_leaves_nothing(tmp_path, spilling):
    corpus = corpus_of(tmp_path / "t")

    def stop(progress):
        assert progress.share == 1 and progress.task == "counting"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        word_graph.write_word_graph(
            corpus, tmp_path / "g.parquet", memory=1, progress=stop
        )
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_sentences_without_pairs_are_refused_and_nothing_is_left(tmp_path):
    corpus = corpus_of(tmp_path / "t", "a\nb\n")
    with pytest.raises(DataRefused, match="no sentence has a pair"):
        word_graph.write_word_graph(corpus, tmp_path / "g.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_a_graph_beyond_memory_is_refused(tmp_path, monkeypatch):
    corpus = corpus_of(tmp_path / "t")
    monkeypatch.setattr(word_graph, "free_bytes", lambda: 10)
    with pytest.raises(OutOfResources, match="edges needs"):
        word_graph.word_graph(corpus)


@pytest.mark.parametrize(
    "options",
    [{"window": 0}, {"weights": "harmonic"}, {"sides": "left"}, {"self_pairs": "no"}],
)
def test_options_out_of_range_are_wrong_use(tmp_path, options):
    corpus = corpus_of(tmp_path / "t")
    with pytest.raises(WrongUse, match=next(iter(options))):
        word_graph.word_graph(corpus, **options)


def test_another_ending_and_an_existing_file_are_refused(tmp_path):
    corpus = corpus_of(tmp_path / "t")
    with pytest.raises(WrongUse, match="does not end"):
        word_graph.write_word_graph(corpus, tmp_path / "g.tsv")
    (tmp_path / "g.parquet").touch()
    with pytest.raises(WrongUse, match="exists"):
        word_graph.write_word_graph(corpus, tmp_path / "g.parquet")
