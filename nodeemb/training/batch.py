"""A batch: blocks of pairs computed against the same tables, as every backend reads them.

A block packs whole sequences up to a number of rows, or aligned pairs, and has noise rows
that all its pairs share:

    X = left[rows]  (L, d)    Y = right[rows]  (L, d)    Z = right[noise]  (N, d)
    loss = sum_ij M_ij l(x_i . y_j, 1) + sum_i (K/N) m_i sum_n l(x_i . z_n, 0),  m_i = sum_j M_ij

Pairs, and noise, whose two rows are equal have weight 0. Noise on the left side is the
mirrored term over left[noise]. The noise term has the expectation of K independent draws.
Noise that belongs to one pair, its reverse, is a part of its own (training/reversed.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.sampling.sequences import Pairs, Sequences, Text

_NONE = np.empty((2, 0), np.int64)


class Band(NamedTuple):
    """Sequences one after the other; the pairs are places within a window of each other.

    rows: (R,) int32 node rows.
    start, stop: (R,) int32: where the place's own sequence begins and ends in `rows`.
    blocks: (B + 1,) int64: block b is rows[blocks[b]:blocks[b+1]].
    after, before: (window,) float64 weights by distance.
    limit: only the first `limit` places of a sequence are centres.
    label: 1 for pairs that occur, 0 for pairs to be told apart (no noise then).
    left_out: (2, G) int64: places i, ascending, and j of pairs within the window that are
        no pairs; only with label 0.
    """

    rows: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    blocks: np.ndarray
    after: np.ndarray
    before: np.ndarray
    limit: int
    label: float
    left_out: np.ndarray = _NONE


class Packed(NamedTuple):
    """Sequences one after the other in blocks; rows, start, stop, blocks as in `Band`."""

    rows: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    blocks: np.ndarray


class Aligned(NamedTuple):
    """Pairs left[k], right[k].

    left, right: (P,) int32 node rows.
    weight: (P,) float32.
    label: (P,) float32: 1 or 0, or the target value of the squared objective. Only pairs
        with a label above 0 have noise.
    blocks: (B + 1,) int64.
    """

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray
    label: np.ndarray
    blocks: np.ndarray


class Part(NamedTuple):
    """The blocks of one channel in a batch.

    channel: number of the channel in the scheme.
    pairs: Band or Aligned.
    noise_right, noise_left: (B, N) int32 noise rows; (B, 0) for none on that side.
    noise_weight: K / N for each side that has noise (half of K each for both).
    reversed: the pairs are noise, each read from right to left: what is called left here
        stands on the right of the score, and the other way round. They count as no pairs.
    """

    channel: int
    pairs: Band | Aligned
    noise_right: np.ndarray
    noise_left: np.ndarray
    noise_weight: float
    reversed: bool = False

    @property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The nodes at the left and the right ends of the pairs."""
        if isinstance(self.pairs, Band):
            return self.pairs.rows, self.pairs.rows
        return self.pairs.left, self.pairs.right


class Loss(NamedTuple):
    """total: the sum of the weighted losses of the blocks asked about, noise included.
    weight: the sum of their positive weights. pairs: all pairs of the batch, noise apart."""

    total: float
    weight: float
    pairs: int


def pack_sequences(sequences: Sequences | Text, block_rows: int) -> Packed:
    """Whole sequences into blocks of at most `block_rows` rows.

    A sequence of one node has no pairs and is left out; one longer than `block_rows` is a
    block of its own.
    """
    if isinstance(sequences, Text):
        return Packed(*_pack_text(*sequences[:3], block_rows))
    [packed] = pack_each(sequences, max(1, len(sequences.lengths)), block_rows)
    return packed


def pack_each(sequences: Sequences, per_batch: int, block_rows: int) -> list[Packed]:
    """`pack_sequences` of every `per_batch` sequences; no sequences are one batch."""
    batches = max(1, -(-len(sequences.lengths) // per_batch))
    rows, start, stop, blocks, row_ends, block_ends = _pack(
        sequences.rows, sequences.lengths, batches, per_batch, block_rows
    )
    found = []
    for b in range(batches):
        own = slice(row_ends[b], row_ends[b + 1])
        ends = blocks[block_ends[b] : block_ends[b + 1]]
        found.append(Packed(rows[own], start[own], stop[own], ends))
    return found


@njit
def _pack(sequences, lengths, batches, per_batch, block_rows):
    total = 0
    for length in lengths:
        if length > 1:
            total += length
    rows = np.empty(total, np.int32)
    start, stop = np.empty(total, np.int32), np.empty(total, np.int32)
    blocks = np.zeros(len(lengths) + batches, np.int64)
    row_ends, block_ends = np.zeros((2, batches + 1), np.int64)
    at = number = 0
    for batch in range(batches):
        begin = opened = at
        first = batch * per_batch
        for i in range(first, min(first + per_batch, len(lengths))):
            length = lengths[i]
            if length < 2:
                continue
            if at > opened and at - opened + length > block_rows:
                number += 1
                blocks[number] = at - begin
                opened = at
            for k in range(length):
                rows[at + k] = sequences[i, k]
                start[at + k] = at - begin
                stop[at + k] = at - begin + length
            at += length
        if at > opened:
            number += 1
            blocks[number] = at - begin
        number += 1  # the next batch's blocks begin at 0 again
        row_ends[batch + 1], block_ends[batch + 1] = at, number
    return rows, start, stop, blocks, row_ends, block_ends


@njit
def _pack_text(rows, start, stop, block_rows):
    count = len(rows)
    out = np.empty(count, np.int32)
    begun, ended = np.empty_like(out), np.empty_like(out)
    blocks = np.zeros(count + 1, np.int64)
    at = number = opened = k = 0
    while k < count:
        length = stop[k] - start[k]
        if length > 1:
            if at > opened and at - opened + length > block_rows:
                number += 1
                blocks[number] = at
                opened = at
            for i in range(length):
                out[at + i] = rows[k + i]
                begun[at + i] = at
                ended[at + i] = at + length
            at += length
        k += length
    if at > opened:
        number += 1
        blocks[number] = at
    return out[:at], begun[:at], ended[:at], blocks[: number + 1].copy()


def cut_pairs(pairs: Pairs, label: float, block_pairs: int) -> Aligned:
    """Aligned pairs into blocks of `block_pairs`, all with one label."""
    labels = np.full(len(pairs.left), label, np.float32)
    return Aligned(*pairs[:3], labels, _ends(len(labels), block_pairs))


def counted_pairs(
    pairs: Pairs, x_max: float, x_power: float, absent: float, block_pairs: int
) -> Aligned:
    """Pairs whose scores should be log(x / absent) of their weights x.

    A pair counts for min(1, x / x_max) ** x_power.

    Source: Pennington, Socher, Manning. GloVe. EMNLP 2014, eq. 8 and 9.
    """
    share = np.minimum(pairs.weight / np.float32(x_max), np.float32(1))
    counted = np.power(share, np.float32(x_power))
    ends = _ends(len(share), block_pairs)
    target = np.log(pairs.weight / np.float32(absent))
    return Aligned(pairs.left, pairs.right, counted, target, ends)


def _ends(count: int, size: int) -> np.ndarray:
    """(B + 1,) int64: where blocks of `size` begin, and the end."""
    return np.minimum(np.arange(0, count + size, size, dtype=np.int64), count)
