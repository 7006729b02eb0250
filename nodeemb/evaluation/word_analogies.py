"""Analogies: a is to b as c is to which word?

    3CosAdd   argmax over d of  cos(d, b) - cos(d, a) + cos(d, c)
    3CosMul   argmax over d of  s(d, b) s(d, c) / (s(d, a) + 0.001),   s = (1 + cos) / 2

The answer is looked for among the N most frequent words, a, b and c (in any spelling)
apart; a question counts where all four words are among them. Letters' case is ignored.

Source: Mikolov, Yih, Zweig. NAACL 2013 (3CosAdd); Levy, Goldberg. Linguistic regularities
in sparse and explicit word representations. CoNLL 2014 (3CosMul, its 0.001).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.evaluation.metrics import measure_mean
from nodeemb.evaluation.word_report import WordRow
from nodeemb.evaluation.word_vectors import WordVectors, folded
from nodeemb.io.word_sets import Analogies

EPSILON = 0.001
_NUMBERS = 2**22  # similarities held at a time, of each of a, b and c
METHODS = ("3CosAdd", "3CosMul")


class Answers(NamedTuple):
    """known: (k,) bool. right: method -> (known,) bool, for the known questions in order."""

    known: np.ndarray
    right: dict[str, np.ndarray]


class _Vocabulary(NamedTuple):
    """unit: (N, length) vectors. words: (N,) number of each spelling's word. numbers: word,
    written small -> its number. first: (words,) the place of its most frequent spelling."""

    unit: np.ndarray
    words: np.ndarray
    numbers: dict[str, int]
    first: np.ndarray


def ask_analogies(
    words: WordVectors,
    analogies: Analogies,
    vocabulary: int,
    replicates: int,
    seed: int,
) -> list[WordRow]:
    """Accuracy by method: all, semantic and syntactic questions, and each section.

    Args:
        words: the model.
        analogies: the questions.
        vocabulary: N, answers and questions are among the N most frequent words.
        replicates: resamples for the intervals; 0 for none.
        seed: of the resampling.
    """
    answers = answer(words, analogies, vocabulary)
    syntactic = np.array([n.startswith("gram") for n in analogies.names])
    parts = {"": np.ones(len(analogies), bool)}
    if 0 < syntactic.sum() < len(syntactic):
        parts["semantic"] = ~syntactic[analogies.sections]
        parts["syntactic"] = syntactic[analogies.sections]
    if len(analogies.names) > 1:
        parts |= {n: analogies.sections == i for i, n in enumerate(analogies.names)}
    rows = []
    for part, asked in parts.items():
        for method in METHODS:
            right = answers.right[method][asked[answers.known]]
            found = (
                measure_mean(right, replicates=replicates, seed=seed)
                if len(right)
                else (None, None, None)
            )
            counted = int(asked.sum()), len(right)
            rows.append(
                WordRow(analogies.name, part, method, "cosine", *counted, *found)
            )
    return rows


def answer(words: WordVectors, analogies: Analogies, vocabulary: int) -> Answers:
    """Which questions can be asked, and which of them are answered right.

    Similarities are taken in blocks of questions, so that memory holds some millions.
    """
    inside = _vocabulary(words, vocabulary)
    asked = np.array(
        [[inside.numbers.get(folded(w), -1) for w in four] for four in analogies.words]
    )
    known = np.all(asked >= 0, axis=1)
    asked = asked[known]
    right = {method: np.zeros(len(asked), bool) for method in METHODS}
    step = max(1, _NUMBERS // len(inside.unit))
    spellings = np.argsort(inside.words, kind="stable")
    starts = np.searchsorted(
        inside.words, np.arange(len(inside.first) + 1), sorter=spellings
    )
    for begin in range(0, len(asked), step):
        block = asked[begin : begin + step]
        given, places = np.unique(block[:, :3], return_inverse=True)
        near = inside.unit[inside.first[given]] @ inside.unit.T
        a, b, c = (near[p] for p in places.reshape(-1, 3).T)
        taken = [
            np.concatenate([spellings[starts[w] : starts[w + 1]] for w in three])
            for three in block[:, :3]
        ]
        for method in METHODS:
            values = combined(method, a, b, c)
            for row, others in zip(values, taken, strict=True):
                row[others] = -np.inf
            best = inside.words[values.argmax(axis=1)]
            right[method][begin : begin + step] = best == block[:, 3]
    return Answers(known, right)


def combined(method: str, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """How well words answer, from their cosines with a, b and c, all of one shape."""
    if method == "3CosAdd":
        return b - a + c
    return (1 + b) * (1 + c) / (2 * (1 + a + 2 * EPSILON))


def _vocabulary(words: WordVectors, most: int) -> _Vocabulary:
    rows = words.order[:most]
    numbers: dict[str, int] = {}
    first: list[int] = []
    of = np.empty(len(rows), np.int64)
    for place, row in enumerate(rows.tolist()):
        word = folded(words.embedding.ids[row])
        if word not in numbers:
            numbers[word] = len(first)
            first.append(place)
        of[place] = numbers[word]
    return _Vocabulary(words.unit(rows), of, numbers, np.array(first, np.int64))
