"""Words added and taken away: king - man + woman is nearest to which word?

    added        sum of cosines with what is added, minus those with what is taken away
    multiplied   product of s over what is added / product of (s + 0.001) over what is not,
                 s = (1 + cos) / 2

over all words but those asked with. Source: as `nodeemb.evaluation.word_analogies`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import UnknownId, WrongUse
from nodeemb.evaluation.word_analogies import EPSILON
from nodeemb.evaluation.word_vectors import WordVectors, close_words, folded

_ROWS = 65_536  # at a time
_FORM = 'Words with + and - between them, such as "king - man + woman"'


class Expression(NamedTuple):
    """Words that are added and words that are taken away."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]


def parse_expression(text: str) -> Expression:
    """Reads "king - man + woman"; signs stand apart from words.

    Raises:
        WrongUse: two words without a sign between them, a sign without a word, nothing
            added, or one word only.
    """
    signed: dict[str, list[str]] = {"+": [], "-": []}
    sign: str | None = "+"
    before = ""
    for part in text.split():
        if part in signed:
            if before in signed:
                raise _malformed("two signs stand together", text)
            sign = part
        elif sign is None:
            raise _malformed(f'there is no + or - before "{part}"', text)
        else:
            signed[sign].append(part)
            sign = None
        before = part
    if sign is not None:
        raise _malformed("there is no word after the last sign", text)
    if not signed["+"] or sum(map(len, signed.values())) < 2:
        raise _malformed("one word is added at least, and two words are named", text)
    return Expression(tuple(signed["+"]), tuple(signed["-"]))


def _malformed(what: str, text: str) -> WrongUse:
    joined = any(mark in text.strip("+- ") for mark in "+-") and len(text.split()) == 1
    return WrongUse(
        what,
        where=f'"{text}"',
        allowed=_FORM,
        next_step="Put blanks around + and -" if joined else "",
    )


def solve(
    embedding: Embedding,
    asked: Expression,
    *,
    readout: str = "in",
    topn: int = 10,
    multiply: bool = False,
) -> list[tuple[str, float]]:
    """The words that fit an expression best.

    Args:
        embedding: its ids are words; letters' case is ignored.
        asked: what is added and taken away.
        readout: a readout, role or view.
        topn: how many answers.
        multiply: 3CosMul instead of 3CosAdd.

    Returns:
        (word, value), best first; of equal values the lower row first.

    Raises:
        UnknownId: a word that is not in the embedding; close spellings are named.
        WrongUse: no such readout, or topn below 1. DataRefused: ids that are no words.
    """
    if topn < 1:
        raise WrongUse(f"topn is {topn}", allowed="A whole number of at least 1")
    words = WordVectors(embedding, readout)
    sides = [_rows(words, side) for side in asked]
    plus, minus = (words.unit(rows) for rows in sides)
    spelled = {folded(word) for side in asked for word in side}
    values = np.empty(len(words.order), np.float64)
    for a in range(0, len(values), _ROWS):
        near = words.unit(words.order[a : a + _ROWS])
        values[a : a + _ROWS] = _fit(near @ plus.T, near @ minus.T, multiply)
    names = [embedding.ids[row] for row in words.order.tolist()]
    values[[folded(name) in spelled for name in names]] = -np.inf
    best = np.argsort(-values, kind="stable")[:topn]
    return [
        (names[i], float(values[i])) for i in best.tolist() if np.isfinite(values[i])
    ]


def _fit(plus: np.ndarray, minus: np.ndarray, multiply: bool) -> np.ndarray:
    if not multiply:
        return plus.sum(axis=1) - minus.sum(axis=1)
    above = ((1 + plus) / 2).prod(axis=1)
    return above / ((1 + minus) / 2 + EPSILON).prod(axis=1)


def _rows(words: WordVectors, asked: tuple[str, ...]) -> np.ndarray:
    rows = words.find(asked)
    for word, row in zip(asked, rows.tolist(), strict=True):
        if row < 0:
            close = close_words(word, words.rows)
            raise UnknownId(
                f'"{word}" is none of the {len(words.order):,} words',
                allowed=f"Close: {', '.join(close)}" if close else "",
                next_step="Words that are too rare when vectors are made have none",
            )
    return rows
