"""Analogies against gensim and a slow twin, and words added and taken away."""

from __future__ import annotations

import numpy as np
import pytest
from gensim.models import KeyedVectors

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, UnknownId, WrongUse
from nodeemb.evaluation import word_analogies, word_query
from nodeemb.evaluation.word_analogies import METHODS, answer
from nodeemb.evaluation.word_query import Expression, parse_expression, solve
from nodeemb.evaluation.word_vectors import WordVectors
from nodeemb.evaluation.words import evaluate_words
from nodeemb.graph.ids import Ids
from nodeemb.io.word_cards import load_word_card, read_word_set
from nodeemb.io.word_sets import Analogies, read_analogies
from nodeemb.rng import stream_key, units
from nodeemb.roles.schemes import SCHEMES

SIDES = 12


def numbers(name: str, *shape: int) -> np.ndarray:
    drawn = units(stream_key(0, name), 0, int(np.prod(shape)))
    return drawn.reshape(shape) - 0.5


def planted(noise=0.8) -> Embedding:
    """Pairs a0 b0, a1 b1, ... whose difference is nearly the same, and some spellings."""
    base, step = numbers("base", SIDES, 16), numbers("step", 1, 16)
    vectors = np.vstack([base, base + step]) + noise * numbers("noise", 2 * SIDES, 16)
    words = [f"{side}{i}" for side in "ab" for i in range(SIDES)]
    again = ["A3", "B5", "b0x", "other"]
    table = np.vstack([vectors, vectors[[3, 17]] * 2, numbers("more", 2, 16)])
    return Embedding(
        Ids([*words, *again]), table.astype(np.float32), SCHEMES["single"], 16
    )


@pytest.fixture
def questions(tmp_path):
    """All of them in two sections, some with an unknown word."""
    file = tmp_path / "questions.txt"
    lines = [": places"]
    for i in range(SIDES):
        for j in range(SIDES + 1):
            if i != j:
                lines.append(f"a{i} B{i} A{j} b{j}")
        lines += [": gram1-x"] * (i == 5)
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("vocabulary", [30_000, 26, 20])
def test_counts_are_gensims(questions, vocabulary):
    embedding = planted()
    vectors = KeyedVectors(16)
    vectors.add_vectors(list(embedding.ids), embedding.table)
    score, sections = vectors.evaluate_word_analogies(
        str(questions), restrict_vocab=vocabulary
    )
    report = evaluate_words(
        embedding, [f"analogies:{questions}"], vocabulary=vocabulary, replicates=20
    )
    name = questions.name
    assert report.value(name, "3CosAdd").value == score
    for section in sections[:-1]:
        row = report.value(name, "3CosAdd", part=section["section"])
        right, wrong = len(section["correct"]), len(section["incorrect"])
        assert row.known == right + wrong
        if row.known:
            assert row.value == right / row.known
    both = report.value(name, "3CosAdd", part="syntactic")
    assert both.known == report.value(name, "3CosAdd", part="gram1-x").known
    if vocabulary > 26:
        assert 0.1 < score < 0.9, "neither all nor nothing is right"


def slow(
    words: WordVectors, asked: Analogies, vocabulary: int
) -> dict[str, list[bool]]:
    """Question by question, word by word."""
    ids = [words.embedding.ids[row] for row in words.order[:vocabulary]]
    unit = dict(zip(ids, words.unit(words.order[:vocabulary]), strict=True))
    first = {}
    for word in ids:
        first.setdefault(word.lower(), unit[word])
    right = {method: [] for method in METHODS}
    for four in asked.words:
        a, b, c, d = (word.lower() for word in four)
        if not {a, b, c, d} <= first.keys():
            continue
        for method in METHODS:
            best, answer = -np.inf, None
            for word in ids:
                if word.lower() in (a, b, c):
                    continue
                x, y, z = (float(unit[word] @ first[each]) for each in (a, b, c))
                if method == "3CosAdd":
                    value = y - x + z
                else:
                    value = (y + 1) / 2 * (z + 1) / 2 / ((x + 1) / 2 + 0.001)
                if value > best:
                    best, answer = value, word.lower()
            right[method].append(answer == d)
    return right


@pytest.mark.parametrize("numbers_at_once", [1, 100, 2**22])
def test_both_methods_are_the_slow_twins_in_blocks_of_any_size(
    questions, monkeypatch, numbers_at_once
):
    monkeypatch.setattr(word_analogies, "_NUMBERS", numbers_at_once)
    embedding = planted()
    counts = np.arange(len(embedding), 0, -1.0)
    counts[-4:-2] = 100  # the later spelling is the frequent one
    words = WordVectors(embedding, "in", counts)
    asked = read_analogies(questions)
    expected = slow(words, asked, 27)
    got = answer(words, asked, 27)
    for method in METHODS:
        assert got.right[method].tolist() == expected[method]
    assert got.right["3CosAdd"].tolist() != got.right["3CosMul"].tolist()
    assert got.known.sum() == len(expected["3CosAdd"]) < len(asked)


def test_the_real_questions_are_counted_as_gensim_counts_them():
    card = load_word_card("google-analogies")
    if not card.here:
        pytest.skip("the file of google-analogies is not here")
    asked = read_word_set("google-analogies")
    assert len(asked.names) == 14
    part = asked.words[asked.sections == asked.names.index("family")]
    words = sorted(set(part.ravel()))
    table = numbers("family", len(words), 10).astype(np.float32)
    embedding = Embedding(Ids(words), table, SCHEMES["single"], 10)
    vectors = KeyedVectors(10)
    vectors.add_vectors(words, table)
    score, sections = vectors.evaluate_word_analogies(str(card.path))
    report = evaluate_words(embedding, ["google-analogies"], replicates=0)
    row = report.value("google-analogies", "3CosAdd", part="family")
    assert row.known == 506
    assert row.value == score
    assert row.value * 506 == pytest.approx(len(sections[4]["correct"]))


def test_parts_in_the_table_are_the_two_halves(questions):
    report = evaluate_words(planted(), [f"analogies:{questions}"], replicates=5)
    shown = [line.split("  ")[0] for line in report.table().splitlines()]
    name = questions.name
    for part in ("", " semantic", " syntactic"):
        assert shown.count(name + part) == 2
    assert f"{name} places" not in shown
    assert "among the 28 words in row order" in report.table()


# ---- expressions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plus", "minus"),
    [
        ("king - man + woman", ("king", "woman"), ("man",)),
        ("- man + king + woman", ("king", "woman"), ("man",)),
        ("+ a  +\tb", ("a", "b"), ()),
        ("well-known - un-known", ("well-known",), ("un-known",)),
    ],
)
def test_expressions(text, plus, minus):
    assert parse_expression(text) == Expression(plus, minus)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("king man", 'no [+] or - before "man"'),
        ("king - - man", "two signs stand together"),
        ("+ - king + man", "two signs stand together"),
        ("king -", "no word after the last sign"),
        ("-", "no word after the last sign"),
        ("", "no word after the last sign"),
        ("king", "two words are named"),
        ("- king - man", "one word is added"),
        ("king-man+woman", "Put blanks around"),
    ],
)
def test_malformed_expressions_are_told(text, told):
    with pytest.raises(WrongUse, match=told):
        parse_expression(text)


@pytest.mark.parametrize("readout", ["in", "concat", "node"])
def test_added_words_are_gensims(readout, monkeypatch):
    monkeypatch.setattr(word_query, "_ROWS", 5)
    embedding = planted()
    vectors = KeyedVectors(16)
    vectors.add_vectors(list(embedding.ids), embedding.table)
    asked = parse_expression("B1 - a1 + a2")
    got = solve(embedding, asked, readout=readout, topn=5)
    plus, minus = ["b1", "a2"], ["a1"]
    expected = vectors.most_similar(positive=plus, negative=minus, topn=5)
    assert [word for word, _ in got] == [word for word, _ in expected]
    times = solve(embedding, asked, readout=readout, topn=5, multiply=True)
    with pytest.warns(DeprecationWarning):  # gensim's own
        expected = vectors.most_similar_cosmul(positive=plus, negative=minus, topn=5)
    assert [word for word, _ in times] == [word for word, _ in expected]
    assert times != got


def test_words_asked_with_are_no_answers_in_any_spelling():
    embedding = planted()
    found = [word for word, _ in solve(embedding, parse_expression("a3 + b5"), topn=99)]
    assert len(found) == len(embedding) - 4
    assert not {"a3", "A3", "b5", "B5"} & set(found)


def test_unknown_words_name_close_ones():
    with pytest.raises(
        UnknownId, match=r'"others" is none of the 28 words.*Close: other'
    ):
        solve(planted(), Expression(("a1", "others"), ()))
    with pytest.raises(UnknownId) as error:
        solve(planted(), Expression(("a1",), ("qqqqqqqq",)))
    assert "Close" not in str(error.value)
    with pytest.raises(WrongUse, match="no role in this embedding"):
        solve(planted(), Expression(("a1",), ("a2",)), readout="source")
    with pytest.raises(WrongUse, match="topn is 0"):
        solve(planted(), Expression(("a1",), ("a2",)), topn=0)
    rows = Embedding(Ids(3), np.ones((3, 4)), SCHEMES["single"], 4)
    with pytest.raises(DataRefused, match="are no words"):
        solve(rows, Expression(("1",), ("2",)))
