"""An embedding asked by word: letters' case ignored, a fixed readout, cosines.

A word stands for the row whose id is the same when both are written small; of several
spellings the most frequent one counts (the first row, where counts are not known).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.graph.ids import Ids

_ROWS = 65_536  # at a time
_MANY = 20_000  # words; to compare a word with each of more takes seconds


def folded(word: str) -> str:
    """What words are compared by."""
    return word.lower()


def close_words(word: str, words: Iterable[str], most: int = 3) -> list[str]:
    """The words spelled most like a word; of very many, those that begin alike."""
    asked, known = folded(word), list(words)
    if len(known) > _MANY:
        known = [each for each in known if each[:1] == asked[:1]]
    near = [each for each in known if abs(len(each) - len(asked)) <= 2]
    return difflib.get_close_matches(asked, near, n=most)


@dataclass(frozen=True, eq=False)
class WordVectors:
    """An embedding whose ids are words, and the view that cosines are taken in.

    Attributes:
        embedding: the vectors; ids that are no text are no words.
        readout: a role or view, or "in", "out", "sum", "concat"; see
            `nodeemb.embedding.readouts`.
        counts: (n,) how often each word came, or None.
    """

    embedding: Embedding
    readout: str = "in"
    counts: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.embedding.check_role(self.readout)
        if self.counts is not None and self.counts.shape != (len(self.embedding),):
            raise WrongUse(
                f"counts are of shape {self.counts.shape}",
                allowed=f"One for each of the {len(self.embedding):,} words",
            )
        if not self.rows:
            raise DataRefused(
                "the ids of this embedding are no words",
                allowed="Ids that are text",
                next_step="Words come from a corpus, or from a graph whose nodes are words",
            )

    @cached_property
    def order(self) -> np.ndarray:
        """(k,) rows of the words, the most frequent first; in row order without counts."""
        ids = self.embedding.ids
        if ids.are_integers:
            return np.empty(0, np.int64)
        rows = np.flatnonzero([isinstance(word, str) for word in ids])
        if self.counts is None:
            return rows
        return rows[np.argsort(-self.counts[rows], kind="stable")]

    @cached_property
    def rows(self) -> dict[str, int]:
        """Word, written small -> row."""
        ids = self.embedding.ids
        return {folded(ids[row]): row for row in self.order[::-1].tolist()}

    def find(self, words: Iterable[str]) -> np.ndarray:
        """(k,) int64: rows of words; -1 where there is no such word."""
        return np.array([self.rows.get(folded(word), -1) for word in words], np.int64)

    def unit(self, rows: np.ndarray) -> np.ndarray:
        """(k, length): the readout of some rows, of length 1 each (0 where it is 0)."""
        part = replace(
            self.embedding, ids=Ids(len(rows)), table=self.embedding.table[rows]
        )
        vectors = np.ascontiguousarray(part.vectors(self.readout))
        if not np.isfinite(vectors).all():
            raise DataRefused("some vectors hold numbers that are not finite")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths > 0, lengths, 1)

    def cosines(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """(k,) cosines of pairs of rows."""
        out = np.empty(len(first), self.embedding.table.dtype)
        for a in range(0, len(first), _ROWS):
            x, y = (self.unit(rows[a : a + _ROWS]) for rows in (first, second))
            out[a : a + _ROWS] = np.einsum("ij,ij->i", x, y)
        return out
