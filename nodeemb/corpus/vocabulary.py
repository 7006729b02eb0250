"""The words that are learned, most frequent first, each with its row and its count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nodeemb.errors import DataRefused, UnknownId
from nodeemb.graph.ids import Ids


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """Words in row order: by falling count, then by word.

    Attributes:
        words: distinct words.
        counts: (n,) int64, how often each comes in the text.

    Raises:
        DataRefused: words and counts differ in number, or a word comes twice.
    """

    words: tuple[str, ...]
    counts: np.ndarray

    def __post_init__(self) -> None:
        if self.counts.shape != (len(self.words),):
            raise DataRefused(
                f"counts must be ({len(self.words)},), got {self.counts.shape}"
            )
        self.counts.flags.writeable = False

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.ids

    def __repr__(self) -> str:
        first = ", ".join(map(repr, self.words[:5]))
        return f"Vocabulary({len(self):,} words: {first}{', ...' if len(self) > 5 else ''})"

    @cached_property
    def ids(self) -> Ids:
        """The words as ids of nodes, in row order."""
        return Ids(self.words)

    def row_of(self, word: str) -> int:
        """The row of a word.

        Raises:
            UnknownId: the vocabulary does not hold it; the message names close ones.
        """
        try:
            return self.ids.row(word)
        except UnknownId as error:
            hint = error.next_step
            if word.lower() in self:
                hint = f"{word.lower()!r} is one: ask for it in lower case"
            raise UnknownId(
                f"{word!r} is none of the {len(self):,} words of the vocabulary",
                allowed="Words that come at least min_count times, as they are spelled",
                next_step=hint,
            ) from None

    def rows_of(self, words: Iterable[str]) -> np.ndarray:
        """(k,) int64: the rows of k words; as `row_of` for each."""
        return np.array([self.row_of(word) for word in words], np.int64)


def choose_words(
    words: Sequence[str],
    counts: np.ndarray,
    min_count: int,
    max_size: int | None,
    where: str = "",
) -> tuple[Vocabulary, np.ndarray]:
    """The vocabulary of counted words, and the row of each.

    Args:
        words: n distinct words.
        counts: (n,) int64.
        min_count: rarer words are left out.
        max_size: at most so many, the most frequent; None: all.
        where: what was read, for complaints.

    Returns:
        the vocabulary, and (n,) int32 rows, -1 for a word that is left out.

    Raises:
        DataRefused: there is no word, one word only, or fewer than two are left.
    """
    if len(words) < 2:
        only = f"only one distinct word, {words[0]!r}" if len(words) else "no word"
        raise DataRefused(
            f"the text holds {only}",
            where=where,
            allowed="Text with two distinct words or more",
            next_step="Check the file, and how its tokens are cut",
        )
    enough = np.flatnonzero(counts >= min_count).tolist()
    if len(enough) < 2:
        raise _too_few(words, counts, min_count, len(enough), where)
    number = counts.tolist()
    kept = sorted(enough, key=lambda i: (-number[i], words[i]))[:max_size]
    rows = np.full(len(words), -1, np.int32)
    rows[kept] = np.arange(len(kept), dtype=np.int32)
    return Vocabulary(tuple(words[i] for i in kept), counts[kept]), rows


def _too_few(
    words: Sequence[str], counts: np.ndarray, min_count: int, left: int, where: str
) -> DataRefused:
    second = int(np.sort(counts)[-2])
    most = int(counts.argmax())
    return DataRefused(
        f"min_count {min_count:,} leaves {'one word' if left else 'no word'} of "
        f"{len(words):,}; the most frequent, {words[most]!r}, comes {counts[most]:,} times",
        where=where,
        allowed=f"min_count of at most {second:,} for this text",
        next_step="Lower min_count, or read more text",
    )
