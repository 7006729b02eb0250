"""Pairs of words asked: does the model put them in the order that people do, and which way.

| metric | in words | ties |
|---|---|---|
| spearman | rank correlation of what people said with a cosine or a score | mean rank |
| average precision | of pairs whose relation holds, among all | one rank |
| order | how often score(u, v) > score(v, u) where the relation runs from u to v | one half |

A cosine is the same both ways, so `order` is asked of the model's own score alone.
Intervals are 95 % percentile intervals over resampled pairs.

Source: average precision against other relations: Baroni, Lenci. GEMS 2011, and Shwartz,
Santus, Schlechtweg. EACL 2017; Spearman on HyperLex: Vulic and others. CL 43(4), 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nodeemb.evaluation.metrics import (
    Measured,
    measure,
    measure_mean,
    measure_spearman,
    pair_accuracy,
)
from nodeemb.evaluation.word_counts import DIRECTED, SYMMETRIC, law_scores
from nodeemb.evaluation.word_report import WordRow
from nodeemb.evaluation.word_vectors import WordVectors
from nodeemb.io.word_sets import WordPairs

_LEAST = 3  # pairs; of fewer a rank correlation says nothing

Scores = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class _Question:
    """One metric on the pairs of a set that it concerns.

    metric: its name. rows: (k, 2) first and second words' rows, -1 where unknown.
    answers: (k,) what is right.
    """

    metric: str
    rows: np.ndarray
    answers: np.ndarray

    @property
    def known(self) -> _Question:
        """The pairs whose words are both in the vocabulary."""
        keep = (self.rows >= 0).all(axis=1)
        return _Question(self.metric, self.rows[keep], self.answers[keep])

    @property
    def can_be_asked(self) -> bool:
        if self.metric == "order":
            return len(self.rows) > 0
        answers = np.unique(self.answers)
        return len(self.rows) >= _LEAST and len(answers) > 1

    def measured(self, scores: Scores, replicates: int, seed: int) -> Measured | None:
        """The metric of some scores; None where there is too little, or no order in it."""
        if not self.can_be_asked:
            return None
        given = np.asarray(scores(*self.rows.T), np.float64)
        if self.metric == "order":
            back = np.asarray(scores(*self.rows[:, ::-1].T), np.float64)
            wins = pair_accuracy(given, back)
            return measure_mean(wins, replicates=replicates, seed=seed)
        if self.metric == "spearman":
            if not np.ptp(given):
                return None
            return measure_spearman(
                self.answers, given, replicates=replicates, seed=seed
            )
        parts = given[self.answers], given[~self.answers]
        return measure(*parts, hits_at=(), replicates=replicates, seed=seed)["ap"]


def ask_pairs(
    words: WordVectors, pairs: WordPairs, replicates: int, seed: int
) -> list[WordRow]:
    """Every metric that a set of pairs asks for.

    Args:
        words: the model.
        pairs: the set.
        replicates: resamples for the intervals; 0 for none.
        seed: of the resampling.

    Raises:
        DataRefused: scores that are not finite.
    """
    doors: dict[str, Scores] = {"cosine": words.cosines}
    if pairs.directed:
        doors["score"] = words.embedding.score_rows
    rows = []
    for question in _questions(words, pairs):
        known = question.known
        baseline, law = _frequency(known, words.counts, pairs.directed)
        for by, door in doors.items():
            if question.metric == "order" and by == "cosine":
                continue
            counted = len(question.rows), len(known.rows)
            value, low, high = known.measured(door, replicates, seed) or 3 * (None,)
            rows.append(
                WordRow(
                    pairs.name,
                    "",
                    question.metric,
                    by,
                    *counted,
                    value,
                    low,
                    high,
                    baseline,
                    law,
                )
            )
    return rows


def chance_of(words: WordVectors, pairs: WordPairs) -> float | None:
    """The average precision of guessing: the share of pairs whose relation holds."""
    for question in _questions(words, pairs):
        if question.metric == "average precision" and question.known.can_be_asked:
            return float(question.known.answers.mean())
    return None


def _questions(words: WordVectors, pairs: WordPairs) -> list[_Question]:
    rows = np.stack([words.find(pairs.first), words.find(pairs.second)], axis=1)
    found = []
    if pairs.values is not None:
        found.append(_Question("spearman", rows, pairs.values))
    if pairs.positive is not None:
        found.append(_Question("average precision", rows, pairs.positive))
    if pairs.order is not None and pairs.order.any():
        told = pairs.order != 0
        way = pairs.order[told]
        turned = np.where((way > 0)[:, None], rows[told], rows[told][:, ::-1])
        found.append(_Question("order", turned, np.ones(len(way))))
    return found


def _frequency(
    question: _Question, counts: np.ndarray | None, directed: bool
) -> tuple[float | None, str | None]:
    """The best law of frequency, and its name."""
    if counts is None:
        return None, None
    found = {}
    for law in DIRECTED if directed else SYMMETRIC:

        def door(u: np.ndarray, v: np.ndarray, law: str = law) -> np.ndarray:
            return law_scores(law, counts, u, v)

        measured = question.measured(door, 0, 0)
        if measured is not None:
            found[law] = measured.value
    best = max(found, key=lambda law: found[law], default=None)
    return (None, None) if best is None else (found[best], best)
