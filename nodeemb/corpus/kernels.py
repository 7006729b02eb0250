"""The two inner loops of reading: bytes to numbers of pieces, and these to rows of words.

Hashing is FNV-1a of 64 bits; a slot holds its upper half beside the piece's number, and
the bytes themselves decide. G. Fowler, L. Noll, K. Vo, D. Eastlake. The FNV
Non-Cryptographic Hash Algorithm. RFC 9923.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit

END = -1  # in a stream of pieces: a sentence ends here
IN_WORD, BETWEEN, LINE_END = 0, 1, 2
_BASIS = np.uint64(14695981039346656037)
_PRIME = np.uint64(1099511628211)
_LOW = np.uint64(0xFFFFFFFF)
_HALF, _ONE, _NONE = np.uint64(32), np.uint64(1), np.uint64(0)
# places in the state of a scan
PIECES, BYTES, ENDED, TOO_LONG = 0, 1, 2, 3
# places in the state of a rewriting
SEEN, KEPT, TOTAL, CUT, EMPTIED, INSIDE = 0, 1, 2, 3, 4, 5


@njit
def scan(data, begin, classes, slots, letters, ends, counts, state, longest, out):
    """Numbers the pieces of a block, from `begin` on.

    Args:
        data: (n,) uint8, the last of them no byte of a word.
        begin: where to start, between two pieces.
        classes: (256,) uint8, IN_WORD, BETWEEN or LINE_END for each byte.
        slots: (2**k,) uint64, the hash table: half a hash and number + 1, 0 where empty.
        letters: uint8 with room for n more, the pieces' bytes one after another.
        ends: int64, where each piece ends in letters.
        counts: int64, how often each came.
        state: (4,) int64: pieces, bytes of letters, whether a sentence just ended, and
            1 where a piece is longer than `longest`.
        longest: bytes that a piece may have.
        out: (n + 1,) int32, filled with numbers, and END at line ends.

    Returns:
        where it stopped, n if nothing was lacking (else the tables are full), and how many
        numbers it wrote.
    """
    mask = np.uint64(len(slots) - 1)
    room = min(len(slots) // 2, len(ends))
    at, written, n = begin, 0, len(data)
    while at < n:
        kind = classes[data[at]]
        if kind != IN_WORD:
            if kind == LINE_END and state[ENDED] == 0:
                out[written] = END
                written += 1
                state[ENDED] = 1
            at += 1
            continue
        first, hashed = at, _BASIS
        while classes[data[at]] == IN_WORD:
            hashed = (hashed ^ np.uint64(data[at])) * _PRIME
            at += 1
        if at - first > longest:
            state[TOO_LONG] = 1
            return first, written
        hashed ^= hashed >> _HALF
        slot, tag = hashed & mask, hashed >> _HALF
        number = -1
        while slots[slot] != _NONE:
            if slots[slot] >> _HALF == tag:
                found = np.int64(slots[slot] & _LOW) - 1
                start = ends[found - 1] if found else 0
                if ends[found] - start == at - first:
                    same = True
                    for i in range(at - first):
                        if letters[start + i] != data[first + i]:
                            same = False
                            break
                    if same:
                        number = found
                        break
            slot = (slot + _ONE) & mask
        if number < 0:
            number = state[PIECES]
            if number == room:
                return first, written
            for i in range(first, at):
                letters[state[BYTES]] = data[i]
                state[BYTES] += 1
            ends[number] = state[BYTES]
            counts[number] = 0
            slots[slot] = (tag << _HALF) | np.uint64(number + 1)
            state[PIECES] += 1
        counts[number] += 1
        out[written] = number
        written += 1
        state[ENDED] = 0
    return n, written


@njit
def place_again(letters, ends, count, slots):
    """Fills an empty, larger hash table with the first `count` pieces."""
    mask = np.uint64(len(slots) - 1)
    begin = 0
    for number in range(count):
        hashed = _BASIS
        for i in range(begin, ends[number]):
            hashed = (hashed ^ np.uint64(letters[i])) * _PRIME
        begin = ends[number]
        hashed ^= hashed >> _HALF
        slot = hashed & mask
        while slots[slot] != _NONE:
            slot = (slot + _ONE) & mask
        slots[slot] = ((hashed >> _HALF) << _HALF) | np.uint64(number + 1)


@njit
def rewrite(pieces, begin, pointers, rows, longest, state, out, starts):
    """Writes pieces as rows of words, cuts sentences, leaves rare words out.

    Args:
        pieces: (n,) int32 from `scan`.
        begin: where to go on.
        pointers: (m + 1,) int64: piece i is the words pointers[i] .. pointers[i + 1].
        rows: int32, the row of each such word, -1 where it is left out.
        longest: words in a sentence, those left out counted.
        state: (6,) int64: words seen and kept in this sentence, kept in all, cuts,
            sentences of which nothing was kept, and words done of the piece `begin`.
        out: int32, filled with rows.
        starts: int64, filled with the ends of sentences.

    Returns:
        where it stopped (n, or where `out` or `starts` was full), rows and ends written.
    """
    written = ended = 0
    for at in range(begin, len(pieces)):
        piece = pieces[at]
        if piece == END:
            if ended == len(starts):
                return at, written, ended
            if state[KEPT] > 0:
                starts[ended] = state[TOTAL]
                ended += 1
            elif state[SEEN] > 0:
                state[EMPTIED] += 1
            state[SEEN] = 0
            state[KEPT] = 0
            continue
        for k in range(pointers[piece] + state[INSIDE], pointers[piece + 1]):
            if written == len(out) or ended == len(starts):
                state[INSIDE] = k - pointers[piece]
                return at, written, ended
            if state[SEEN] == longest:
                state[CUT] += 1
                if state[KEPT] > 0:
                    starts[ended] = state[TOTAL]
                    ended += 1
                else:
                    state[EMPTIED] += 1
                state[SEEN] = 0
                state[KEPT] = 0
            state[SEEN] += 1
            if rows[k] >= 0:
                out[written] = rows[k]
                written += 1
                state[KEPT] += 1
                state[TOTAL] += 1
        state[INSIDE] = 0
    return len(pieces), written, ended
