"""Check the files of data sets against their cards: checksum, then counts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nodeemb.errors import DataRefused
from nodeemb.io.cards import Card, read_dataset
from nodeemb.progress import Progress, ProgressFn


class Verdict(NamedTuple):
    """What was found for a data set; wrong: empty where all is well."""

    card: Card
    wrong: str

    @property
    def told(self) -> str:
        """In a few words."""
        if self.wrong:
            return "wrong"
        if not self.card.verified:
            return "counts as published; the checksum is not known"
        return "checksum and counts are right"


def verify(
    cards: Iterable[Card], progress: ProgressFn | None = None
) -> Iterator[Verdict]:
    """Reads each data set whole; the files must be here.

    Args:
        cards: what to check.
        progress: is told before each data set; its share counts edges.

    Returns:
        A verdict for each card, in their order, as soon as it is known.
    """
    waiting = list(cards)
    begun, done = time.monotonic(), 0
    total = sum(card.counts.edges for card in waiting)
    for card in waiting:
        if progress is not None:
            seconds = time.monotonic() - begun
            rate = done / seconds if seconds else 0.0
            share = done / total
            progress(Progress(card.name, share, rate, "edges", None, seconds))
        yield Verdict(card, _wrong(card))
        done += card.counts.edges


def _wrong(card: Card) -> str:
    try:
        read_dataset(card.name)
    except DataRefused as error:
        return str(error)
    return ""
