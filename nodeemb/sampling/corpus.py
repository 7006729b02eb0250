"""A corpus as sequences: sentences in pieces, with frequent words thinned out.

A word of share f among all tokens stays with probability min(1, sqrt(t / f) + t / f), and a
window then reaches over what was left out. The stream of tokens is cut where sentences end,
and every `piece_length` tokens from a place that is drawn anew in each epoch: of the pairs
at distance d a share of d / piece_length is cut apart, always other ones.

Source: Mikolov, Sutskever, Chen, Corrado, Dean. Distributed representations of words and
phrases and their compositionality. NeurIPS 2013, section 2.3; the formula is that of the
published code, where the paper's has no second term.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.memory import let_go
from nodeemb.rng import below, stream_key, unit
from nodeemb.sampling.options import CorpusOptions
from nodeemb.sampling.sequences import Plan, Text


class Stream(NamedTuple):
    """A corpus, as far as it is drawn from.

    tokens: (T,) int32 rows of the vocabulary, may be a memory map.
    starts: (sentences + 1,) int64: where sentences begin in `tokens`, and T.
    counts: (words,) how often each word is among the tokens.
    """

    tokens: np.ndarray
    starts: np.ndarray
    counts: np.ndarray


def kept_shares(counts: np.ndarray, subsample: float) -> np.ndarray:
    """(words,) float64: the probability that a token of a word stays."""
    if not subsample:
        return np.ones(len(counts))
    share = counts / max(counts.sum(), 1)
    with np.errstate(divide="ignore"):
        ratio = subsample / share
    return np.minimum(1.0, np.sqrt(ratio) + ratio)


def plan_corpus(stream: Stream, options: CorpusOptions, seed: int) -> Plan:
    """All tokens once in an epoch, in the order of the corpus."""
    length = options.piece_length
    kept = kept_shares(stream.counts, options.subsample)
    count = len(stream.tokens) // length + 2  # the first and the last are cut short

    def draw(epoch: int, first: int, pieces: int) -> Text:
        moved = below(stream_key(seed, "piece", epoch), 0, length)
        key = stream_key(seed, "subsample", epoch)
        ends = np.arange(first, first + pieces + 1) * length - moved
        ends = np.clip(ends, 0, len(stream.tokens))
        low, high = int(ends[0]), int(ends[-1])
        a = int(np.searchsorted(stream.starts, low, side="right")) - 1
        b = int(np.searchsorted(stream.starts, high, side="left"))
        near = np.array(stream.starts[a : b + 1])
        tokens = np.array(stream.tokens[low:high])
        let_go(stream.tokens)
        let_go(stream.starts)
        return Text(*_thinned(tokens, low, near, ends, kept, key))

    degree = stream.counts.astype(np.float64)
    return Plan(count, length, draw, degree, degree)


@njit(parallel=True)
def _thinned(tokens, low, starts, ends, kept, key):
    """rows, start, stop and units of the pieces between `ends`, as in `Text`."""
    units = np.zeros(len(ends), np.int64)
    for i in prange(len(ends) - 1):
        for k in range(ends[i], ends[i + 1]):
            if unit(key, k) < kept[tokens[k - low]]:
                units[i + 1] += 1
    for i in range(len(ends) - 1):
        units[i + 1] += units[i]
    rows = np.empty(units[-1], np.int32)
    start, stop = np.empty_like(rows), np.empty_like(rows)
    for i in prange(len(ends) - 1):
        at = begun = units[i]
        sentence = np.searchsorted(starts, ends[i], side="right")
        for k in range(ends[i], ends[i + 1]):
            if sentence < len(starts) and k >= starts[sentence]:
                stop[begun:at] = at
                begun = at
                while sentence < len(starts) and k >= starts[sentence]:
                    sentence += 1
            row = tokens[k - low]
            if unit(key, k) < kept[row]:
                rows[at], start[at] = row, begun
                at += 1
        stop[begun:at] = at
    return rows, start, stop, units
