"""A corpus of sentences that are lists of words already, held in memory."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.report import CorpusReport
from nodeemb.corpus.vocabulary import choose_words
from nodeemb.errors import WrongUse


def corpus_of(
    sentences: Iterable[Sequence[str]],
    min_count: int = 5,
    max_size: int | None = None,
) -> Corpus:
    """A corpus of sentences that are lists of words.

    Args:
        sentences: gone through once. Those of which no word is kept are left out.
        min_count: rarer words are left out; at least 1.
        max_size: at most so many words, the most frequent ones; at least 1.

    Raises:
        WrongUse: min_count or max_size below 1, or a sentence that is a str.
        DataRefused: fewer than two words are left.
    """
    for name, value in (("min_count", min_count), ("max_size", max_size)):
        if value is not None and value < 1:
            raise WrongUse(f"{name} is {value}", allowed="A whole number of at least 1")
    begun = time.monotonic()
    first_seen: dict[str, int] = {}
    rows = [np.empty(0, np.int32)]
    for sentence in sentences:
        if isinstance(sentence, str):
            raise WrongUse(
                f"the sentence {sentence[:40]!r} is one text",
                allowed="Lists of words",
                next_step="Cut it into words first: sentence.split()",
            )
        own = [first_seen.setdefault(word, len(first_seen)) for word in sentence]
        rows.append(np.array(own, np.int32))
    seen = np.concatenate(rows)
    words = [str(word) for word in first_seen]
    counts = np.bincount(seen, minlength=len(words))
    vocabulary, new_rows = choose_words(words, counts, min_count, max_size)
    found = new_rows[seen]
    before = np.concatenate([[0], np.cumsum(found >= 0)])
    ends = before[np.cumsum([len(each) for each in rows])]
    starts = np.unique(ends).astype(np.int64)
    tokens = found[found >= 0]
    report = CorpusReport(
        files=0,
        bytes=0,
        lines=0,
        tokens=len(seen),
        distinct=len(words),
        words=len(vocabulary),
        kept=len(tokens),
        sentences=len(starts) - 1,
        cut=0,
        emptied=len(rows) - 1 - (len(starts) - 1),
        bad_bytes=0,
        seconds=time.monotonic() - begun,
    )
    digest = hashlib.sha256("\n".join(vocabulary.words).encode())
    for array in (vocabulary.counts, tokens, starts):
        digest.update(array.tobytes())
    return Corpus(vocabulary, tokens, starts, digest.hexdigest()[:16], report)
