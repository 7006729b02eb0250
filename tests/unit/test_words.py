"""Word vectors asked about pairs: against gensim, scipy, scikit-learn and slow twins."""

from __future__ import annotations

import gzip
from itertools import pairwise

import numpy as np
import pytest
from gensim.models import KeyedVectors
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.bootstrap import resample, resample_key, resampled_spearman
from nodeemb.evaluation.metrics import measure_spearman
from nodeemb.evaluation.word_counts import DIRECTED, SYMMETRIC, law_scores
from nodeemb.evaluation.word_vectors import WordVectors, close_words
from nodeemb.evaluation.words import evaluate_words
from nodeemb.graph.graph import Graph
from nodeemb.graph.ids import Ids
from nodeemb.io import word_cards
from nodeemb.io.word_cards import (
    find_word_set,
    list_word_sets,
    load_word_card,
    read_word_set,
)
from nodeemb.io.word_sets import (
    WordPairs,
    pairs_of_graph,
    read_analogies,
    read_counts,
    read_pairs,
)
from nodeemb.rng import stream_key, units
from nodeemb.roles.schemes import SCHEMES

WORDS = [f"w{i}" for i in range(30)]


def numbers(name: str, *shape: int) -> np.ndarray:
    drawn = units(stream_key(0, name), 0, int(np.prod(shape)))
    return drawn.reshape(shape) - 0.5


def model(words=WORDS, scheme="source_target", width=8) -> Embedding:
    table = numbers("words", len(words), width).astype(np.float32)
    return Embedding(Ids(words), table, SCHEMES[scheme], width)


def some_pairs(count=60, seed="pairs"):
    ends = ((numbers(seed, count, 2) + 0.5) * 34).astype(int)  # 30 and more are unknown
    values = np.round((numbers(seed + "v", count) + 0.5) * 8) / 2  # with ties
    return [(f"w{u}", f"w{v}", x) for (u, v), x in zip(ends, values, strict=True)]


def write(path, lines):
    path.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))
    return path


# ---- similarity, against gensim -----------------------------------------------------


@pytest.mark.parametrize("readout", ["in", "out", "sum", "concat"])
def test_spearman_and_coverage_are_gensims(tmp_path, readout):
    embedding = model()
    file = write(tmp_path / "pairs.tsv", some_pairs())
    vectors = KeyedVectors(embedding.vectors(readout).shape[1])
    vectors.add_vectors(WORDS, embedding.vectors(readout))
    _, spearman, unknown = vectors.evaluate_word_pairs(str(file))
    row = evaluate_words(embedding, [file], readout=readout).rows[0]
    assert row.value == spearman.statistic
    assert row.asked == 60
    assert 100 * (1 - row.known / row.asked) == pytest.approx(unknown)
    assert 0 < row.known < 60


def test_case_is_ignored_as_in_gensim_and_the_first_spelling_counts(tmp_path):
    words = ["May", "cat", "may", "Dog", "dog", "Sun", "ICE"]
    embedding = model(words)
    lines = [
        ("may", "DOG", 1),
        ("cat", "sun", 2),
        ("Ice", "May", 3),
        ("dog", "cat", 4),
        ("CAT", "ice", 2.5),
    ]
    file = write(tmp_path / "pairs.tsv", lines)
    vectors = KeyedVectors(4)
    vectors.add_vectors(words, embedding.vectors("in"))
    _, spearman, _ = vectors.evaluate_word_pairs(str(file))
    row = evaluate_words(embedding, [file]).rows[0]
    assert (row.value, row.known) == (spearman.statistic, 5)
    often = WordVectors(embedding, "in", np.array([1, 1, 9, 1, 1, 1, 1.0]))
    assert often.find(["MAY", "nothing"]).tolist() == [2, -1], (
        "the most frequent counts"
    )


def test_the_real_sets_are_gensims():
    card = load_word_card("ws-353")
    if not card.here:
        pytest.skip("the file of ws-353 is not here")
    pairs = read_word_set("ws-353")
    words = sorted({*pairs.first[:200], *pairs.second[:200]})
    embedding = model(words, width=20)
    vectors = KeyedVectors(10)
    vectors.add_vectors(words, embedding.vectors("in"))
    _, spearman, unknown = vectors.evaluate_word_pairs(str(card.path))
    row = evaluate_words(embedding, ["ws-353"], replicates=50).rows[0]
    assert row.value == spearman.statistic
    assert 100 * (1 - row.known / row.asked) == pytest.approx(unknown)


# ---- intervals ------------------------------------------------------------------------


def test_resampled_spearman_is_that_of_each_resample():
    x, y = np.round(4 * numbers("x", 40)), np.round(4 * numbers("y", 40)) + 0.1
    y += x * (np.arange(40) % 2)
    key = stream_key(3, "test")
    got = resampled_spearman(x, y, 20, key)
    for r, value in enumerate(got):
        counts = np.empty(40, np.uint16)
        resample(resample_key(key, r, False), counts)
        drawn = np.repeat(np.arange(40), counts)
        assert value == pytest.approx(spearmanr(x[drawn], y[drawn]).statistic)


def test_interval_of_spearman_holds_the_value_and_narrows():
    x = numbers("x", 2000)
    y = x + numbers("y", 2000)
    few, many = measure_spearman(x[:100], y[:100]), measure_spearman(x, y)
    assert few.value == spearmanr(x[:100], y[:100]).statistic
    assert few.low < few.value < few.high
    assert many.high - many.low < 0.5 * (few.high - few.low)
    none = measure_spearman(x, y, replicates=0)
    assert none.low == none.value == none.high
    with pytest.raises(DataRefused, match="no order"):
        measure_spearman(x, np.zeros(2000))


# ---- directed sets ----------------------------------------------------------------------


def directed(**what) -> WordPairs:
    first, second, _ = zip(*some_pairs(80, "directed"), strict=True)
    return WordPairs("mine", first, second, directed=True, **what)


def test_average_precision_is_scikit_learns():
    relation = numbers("relation", 80) > 0.2
    pairs = directed(positive=relation)
    embedding = model(scheme="sign_skew")
    report = evaluate_words(embedding, [pairs], replicates=20)
    known = [i for i in range(80) if {pairs.first[i], pairs.second[i]} <= {*WORDS}]
    scores = embedding.score([(pairs.first[i], pairs.second[i]) for i in known])
    expected = average_precision_score(relation[known], scores)
    row = report.value("mine", "average precision", "score")
    assert row.value == pytest.approx(expected)
    assert row.low <= row.value <= row.high
    assert report.facts["chance"] == {"mine": pytest.approx(relation[known].mean())}


def test_order_is_counted_pair_by_pair():
    order = np.round(3 * numbers("order", 80)).astype(np.int8).clip(-1, 1)
    pairs = directed(order=order)
    embedding = model(scheme="sign_skew")
    wins = []
    for u, v, way in zip(pairs.first, pairs.second, order, strict=True):
        if way and {u, v} <= {*WORDS}:
            there, back = embedding.score([(u, v), (v, u)])
            wins.append(0.5 if there == back else float((there > back) == (way > 0)))
    row = evaluate_words(embedding, [pairs], replicates=0).value(
        "mine", "order", "score"
    )
    assert row.value == pytest.approx(np.mean(wins))
    assert (row.asked, row.known) == (np.count_nonzero(order), len(wins))


def test_a_symmetric_model_never_tells_the_order():
    pairs = directed(order=np.ones(80, np.int8))
    for scheme in ("single", "signature"):
        report = evaluate_words(model(scheme=scheme), [pairs])
        assert report.value("mine", "order", "score").value == 0.5


def test_a_graph_is_asked_in_both_directions():
    graph = Graph.from_edges(
        ["a", "b", "a", "c", "a", "d", "d"],
        ["b", "a", "c", "a", "d", "d", "b"],
        weight=[3, 1, 2, 2, 5, 9, 4],
    )
    pairs = pairs_of_graph(graph, "g")
    got = {
        (u, v): (x, way)
        for u, v, x, way in zip(
            pairs.first, pairs.second, pairs.values, pairs.order, strict=True
        )
    }
    assert got == {
        ("a", "b"): (3, 1),  # 3 against 1
        ("b", "a"): (1, 0),  # the weaker way is counted once, from its other side
        ("a", "c"): (2, 0),  # alike
        ("c", "a"): (2, 0),
        ("a", "d"): (5, 1),  # d was asked, and never answered with a
        ("d", "b"): (4, 1),
    }


def test_of_a_word_that_was_never_asked_nothing_is_known():
    pairs = pairs_of_graph(Graph.from_edges(["a", "b"], ["b", "c"]), "g")
    known = dict(
        zip(zip(pairs.first, pairs.second, strict=True), pairs.order, strict=True)
    )
    assert known == {("a", "b"): 1, ("b", "c"): 0}


def test_the_training_graph_is_told():
    graph = Graph.from_edges(WORDS[:-1], WORDS[1:])
    pairs = pairs_of_graph(graph, "chain")
    embedding = Embedding(
        graph.ids,
        numbers("t", 30, 8),
        SCHEMES["source_target"],
        8,
        manifest={"graph": {"digest": graph.digest()}},
    )
    told = evaluate_words(embedding, [pairs], replicates=0).table()
    assert "The graph of chain is the one that was trained on" in told
    assert "trained on" not in evaluate_words(model(), [pairs], replicates=0).table()


# ---- frequency ----------------------------------------------------------------------------


def test_laws_of_frequency_by_hand():
    counts, u, v = np.array([0, 1, 3.0]), np.array([0, 2]), np.array([1, 1])
    got = {law: law_scores(law, counts, u, v) for law in {*SYMMETRIC, *DIRECTED}}
    two = np.log(2)
    assert got.keys() == {
        "f(v)", "f(v) / f(u)", "f(u) / f(v)", "f(u) f(v)", "min f / max f"
    }  # fmt: skip
    assert np.allclose(got["f(v)"], [two, two])
    assert np.allclose(got["f(v) / f(u)"], [two, -two])
    assert np.allclose(got["f(u) / f(v)"], [-two, two])
    assert np.allclose(got["f(u) f(v)"], [two, 3 * two])
    assert np.allclose(got["min f / max f"], [-two, -two])


def test_the_best_law_stands_beside_the_number():
    values = np.arange(29.0)
    pairs = WordPairs("mine", ("w0",) * 29, tuple(WORDS[1:]), True, values)
    counts = dict(zip(WORDS, range(30), strict=True))
    report = evaluate_words(model(), [pairs], counts=counts, replicates=0)
    row = report.value("mine", "spearman")
    assert (row.frequency, row.law) == (pytest.approx(1.0), "f(v)")
    assert "counts: given" in report.table()
    without = evaluate_words(model(), [pairs], replicates=0)
    assert without.rows[0].frequency is None
    assert "no frequency baseline" in without.table()


def test_counts_of_other_words_are_refused():
    pairs = WordPairs("mine", ("w0",) * 29, tuple(WORDS[1:]), True, np.arange(29.0))
    with pytest.raises(DataRefused, match="name none of the embedding's words"):
        evaluate_words(model(), [pairs], counts={"x": 1})
    with pytest.raises(WrongUse, match="counts are of shape"):
        evaluate_words(model(), [pairs], counts=np.ones(3))


# ---- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["\t", ",", " ", "   "])
def test_pairs_in_columns_with_names_and_comments(tmp_path, mark):
    lines = ["Word 1|Word 2|Human", "# no pair", "", "cat|dog|1.5", "Cat|sun|2"]
    if mark.isspace() and mark != "\t":
        lines[0] = "Word1|Word2|Human"
    file = tmp_path / "pairs"
    file.write_text("\n".join(lines).replace("|", mark), encoding="utf-8-sig")
    pairs = read_pairs(file)
    assert pairs.first == ("cat", "Cat")
    assert pairs.second == ("dog", "sun")
    assert pairs.values.tolist() == [1.5, 2.0]
    assert not pairs.directed


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a b\nc d\n", "line 1: .*2 columns"),
        ("a b 1\nc d\n", "line 2: .*2 columns"),
        ("a b 1\nc d much\n", 'line 2: "much" is no number'),
        ("a b 1\nc d nan\n", 'line 2: "nan" is no number'),
        ("a b x\n", "there is no pair"),
        ("\n# a\n", "there is no pair"),
        ("a b 1\nc d \0\n", "this is no text"),
    ],
)
def test_files_that_hold_no_pairs_are_refused(tmp_path, content, told):
    file = tmp_path / "pairs.txt"
    file.write_text(content)
    with pytest.raises(DataRefused, match=told):
        read_pairs(file)


def test_what_is_no_text_is_refused(tmp_path):
    file = tmp_path / "pairs.txt"
    file.write_bytes(b"caf\xe9 bar 1\n")
    with pytest.raises(DataRefused, match="no UTF-8 text"):
        read_pairs(file)
    with pytest.raises(DataRefused, match="there is no file"):
        read_pairs(tmp_path / "other.txt")


def test_analogies_and_counts_are_read_and_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("a b c d\n: gram1\ne f g h\n")
    found = read_analogies(file)
    assert found.names == ("all", "gram1")
    assert found.sections.tolist() == [0, 1]
    file.write_text(": one\na b c\n")
    with pytest.raises(DataRefused, match=r"line 2: .* has 3 words"):
        read_analogies(file)
    file.write_text(": one\n")
    with pytest.raises(DataRefused, match="no question"):
        read_analogies(file)
    file.write_bytes(gzip.compress(b"word\tcount\nthe\t10\ncat\t2\nthe\t1\n"))
    assert read_counts(file) == {"the": 11, "cat": 2}
    for content in ("the 1\ncat\n", "the 1\ncat -2\n"):
        file.write_text(content)
        with pytest.raises(DataRefused, match="no word with a count"):
            read_counts(file)
    file.write_text("word count\n")
    with pytest.raises(DataRefused, match="no word with a count"):
        read_counts(file)


def test_kinds_of_files_are_named_before_a_colon(tmp_path):
    file = write(tmp_path / "f.tsv", [("a", "b", 2), ("b", "a", 1), ("a", "b", 1)])
    assert find_word_set(f"directed:{file}").directed
    graph = find_word_set(f"graph:{file}")
    assert graph.values.tolist() == [3, 1], "repeated pairs are counts of one"
    assert graph.order.tolist() == [1, 0]
    with pytest.raises(WrongUse, match="Did you mean ws-353"):
        find_word_set("ws353")
    with pytest.raises(WrongUse, match="there is no file"):
        find_word_set("graph:nothing")


# ---- cards ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list_word_sets())
def test_every_word_card_is_whole(name):
    card = load_word_card(name)
    assert card.name == name
    assert card.graph or card.address.startswith("http")
    assert (card.direction or "first -> second").startswith("first -> second")
    if not card.here:
        pytest.skip(f"the file of {name} is not here")
    assert len(read_word_set(name)) == card.questions


def test_a_set_that_is_not_here_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("NODEEMB_DATA", str(tmp_path))
    with pytest.raises(DataRefused, match="Put it as words/similarity"):
        read_word_set("ws-353")
    with pytest.raises(DataRefused, match="no word set is here"):
        evaluate_words(model())
    path = load_word_card("ws-353").path
    path.parent.mkdir(parents=True)
    path.write_text("a\tb\t1\n")
    with pytest.raises(DataRefused, match="not the one that the card"):
        read_word_set("ws-353")


def test_a_card_that_counts_wrong_is_told(tmp_path, monkeypatch):
    write(tmp_path / "f.tsv", [("a", "b", 2)])
    card = load_word_card("ws-353").model_copy(update={"questions": 2})
    monkeypatch.setattr(word_cards, "load_word_card", lambda name: card)
    monkeypatch.setattr(
        word_cards, "_read", lambda card: read_pairs(tmp_path / "f.tsv")
    )
    with pytest.raises(DataRefused, match="counts 2 questions, and there are 1"):
        read_word_set("ws-353")


# ---- what cannot be asked ------------------------------------------------------------------


def test_where_no_word_is_known_it_is_refused(tmp_path):
    file = write(tmp_path / "f.tsv", [("x", "y", 2), ("y", "z", 1)])
    with pytest.raises(DataRefused, match=r"no question of f\.tsv has all its words"):
        evaluate_words(model(), [file])


def test_a_set_with_too_little_known_has_no_number(tmp_path):
    few = write(tmp_path / "few.tsv", [("w0", "w1", 2), ("w1", "w2", 1), ("x", "y", 3)])
    same = write(tmp_path / "same.tsv", [(u, v, 1) for u, v in pairwise(WORDS)])
    report = evaluate_words(model(), [few, same], replicates=5)
    assert [(row.known, row.value) for row in report.rows] == [(2, None), (29, None)]
    assert report.table().splitlines()[1].split()[-3:] == ["-", "-", "-"]


def test_vectors_that_are_all_alike_have_no_order(tmp_path):
    file = write(
        tmp_path / "f.tsv", [("w0", "w1", 2), ("w1", "w2", 1), ("w2", "w3", 3)]
    )
    flat = Embedding(Ids(WORDS), np.zeros((30, 8)), SCHEMES["single"], 8)
    assert evaluate_words(flat, [file]).rows[0].value is None
    with pytest.raises(DataRefused, match="not finite"):
        evaluate_words(
            Embedding(Ids(WORDS), np.full((30, 8), np.nan), SCHEMES["single"], 8),
            [file],
        )


def test_ids_that_are_no_words_are_refused(tmp_path):
    file = write(tmp_path / "f.tsv", [("1", "2", 2)])
    with pytest.raises(DataRefused, match="are no words"):
        evaluate_words(model(range(30)), [file])
    with pytest.raises(WrongUse, match="Did you mean out"):
        evaluate_words(model(), [file], readout="outt")
    with pytest.raises(WrongUse, match="1 word or more"):
        evaluate_words(model(), [file], vocabulary=0)


def test_the_same_seed_gives_the_same_report(tmp_path):
    file = write(tmp_path / "f.tsv", some_pairs())
    one, two = (evaluate_words(model(), [file], seed=4) for _ in range(2))
    assert one.as_dict() == two.as_dict()
    other = evaluate_words(model(), [file], seed=5)
    assert other.rows[0].low != one.rows[0].low
    with pytest.raises(WrongUse, match="no measured number"):
        one.value("f.tsv", "order")


def test_close_words_are_found_among_very_many():
    words = [f"a{i}" for i in range(30_000)] + ["kings", "king"]
    assert close_words("Kingg", words)[:2] == ["king", "kings"]
    assert close_words("zzzz", words) == []
