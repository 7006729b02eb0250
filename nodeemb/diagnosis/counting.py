"""Count which of the most frequent words follow which, apart for groups of sentences."""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.corpus.corpus import Corpus
from nodeemb.rng import below, stream_key


def count_in_groups(
    corpus: Corpus, size: int, window: int, groups: int, key: np.uint64, shuffle: int
) -> np.ndarray:
    """(groups, size, size) int64: for u before v at distance d, window - d + 1 each time.

    Args:
        corpus: an encoded text.
        size: rows of the most frequent words; other words are passed over, but keep
            their places.
        window: largest distance.
        groups: a sentence falls into one of them by chance.
        key: of that chance.
        shuffle: 0: as written; more: sentences with their words in another order, a new
            one for each number.
    """
    chosen = _frequent(corpus, size)
    out = np.zeros((groups, size, size), np.int64)
    turn = stream_key(int(key), "order", shuffle)
    longest = int(np.diff(corpus.starts).max(initial=0))
    scratch = np.empty(longest, np.int32)
    starts = np.asarray(corpus.starts, np.int64)
    _count(corpus.tokens, starts, chosen, window, key, turn, shuffle > 0, scratch, out)
    return out


def _frequent(corpus: Corpus, size: int) -> np.ndarray:
    """(words,) int32: each word's row among the `size` most frequent, or -1."""
    order = np.argsort(-corpus.vocabulary.counts, kind="stable")[:size]
    rows = np.full(corpus.num_nodes, -1, np.int32)
    rows[np.sort(order)] = np.arange(len(order), dtype=np.int32)
    return rows


@njit
def _count(tokens, starts, chosen, window, key, turn, shuffled, scratch, out):
    for sentence in range(len(starts) - 1):
        first = starts[sentence]
        length = starts[sentence + 1] - first
        for place in range(length):
            scratch[place] = chosen[tokens[first + place]]
        if shuffled:
            for place in range(length - 1, 0, -1):
                other = below(turn, first + place, place + 1)
                scratch[place], scratch[other] = scratch[other], scratch[place]
        group = below(key, sentence, len(out))
        for place in range(length):
            word = scratch[place]
            if word < 0:
                continue
            for later in range(place + 1, min(place + window + 1, length)):
                if scratch[later] >= 0:
                    out[group, word, scratch[later]] += window + 1 - (later - place)
