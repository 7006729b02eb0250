"""Count weighted pairs of words in bounded memory: a table, sorted runs on disk, a merge.

The weight of u -> v is the sum, over all places i where u stands and all distances
d <= window inside the sentence, of the weight at d where v stands at i + d (sides after),
at i - d (before), or both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit

EMPTY = -1
_PER_SLOT = 56  # bytes: the table, and sorting what is in it
_PER_KEY = 96  # bytes: read, joined, sorted and summed
_SLOT = 8 + 8 + 1  # bytes: its key, its sum, whether it is used
_SORTED = 5 * 8  # bytes of a used one: its place, key and sum, and these in order
_FULL = 0.7
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_SMALLEST = 1 << 12


class Pairs(NamedTuple):
    """Distinct pairs by source, then target.

    source, target: (k,) int32 rows.
    weight: (k,) float64, above 0.
    """

    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray


@njit
def count(tokens, starts, sentence, centre, after, before, loops, keys, sums, used):
    """Adds the pairs of one centre after another to a hash table.

    Args:
        tokens, starts: of a corpus.
        sentence, centre: where to go on; centre is a place in tokens.
        after, before: (window,) float64 weights of later and of earlier words.
        loops: whether pairs of equal words count.
        keys: int64, EMPTY or source << 32 | target.
        sums: float64, the weight of each key.
        used: how many keys there are.

    Returns:
        sentence and centre where it stopped since the table was nearly full (else the
        number of sentences), and how many keys there are.
    """
    window, slots = len(after), len(keys)
    most = np.int64(slots * _FULL) - 2 * window
    while sentence < len(starts) - 1:
        end = starts[sentence + 1]
        while centre < end:
            if used > most:
                return sentence, centre, used
            left = np.int64(tokens[centre])
            for d in range(min(window, end - 1 - centre)):
                right = np.int64(tokens[centre + 1 + d])
                if left == right and not loops:
                    continue
                for turn in range(2):
                    weight = after[d] if turn == 0 else before[d]
                    if weight == 0.0:
                        continue
                    key = (left << 32) | right if turn == 0 else (right << 32) | left
                    mixed = np.uint64(key) * _MIX
                    mixed ^= mixed >> _HALF
                    mixed *= _MIX
                    slot = np.int64(((mixed >> _HALF) * np.uint64(slots)) >> _HALF)
                    while keys[slot] != key:
                        if keys[slot] == EMPTY:
                            keys[slot] = key
                            sums[slot] = 0.0
                            used += 1
                            break
                        slot += 1
                        if slot == slots:
                            slot = 0
                    sums[slot] += weight
            centre += 1
        sentence += 1
    return sentence, centre, used


def table_pairs(memory: int) -> int:
    """Distinct pairs that are counted in so many bytes before a run goes to disk."""
    return int(max(memory // _PER_SLOT, _SMALLEST) * _FULL)


def table_bytes(memory: int, pairs: int) -> int:
    """What the table of so many bytes takes once it holds some pairs, and to sort them."""
    return _SLOT * max(memory // _PER_SLOT, _SMALLEST) + _SORTED * pairs


class Counter:
    """Counts pairs, part by part; what is beyond the table waits in files.

    Args:
        after, before: (window,) float64 weights by distance.
        loops: whether pairs of equal words count.
        memory: bytes for counting.
        folder: where runs may be written.
    """

    def __init__(
        self,
        after: np.ndarray,
        before: np.ndarray,
        loops: bool,
        memory: int,
        folder: Path,
    ) -> None:
        self._weights, self._loops = (after, before), loops
        self._memory, self._folder = memory, folder
        # never so small that the pairs of one centre fill it
        slots = max(memory // _PER_SLOT, _SMALLEST, 8 * len(after))
        self._keys = np.full(slots, EMPTY, np.int64)
        self._sums = np.zeros(slots)
        self._used = 0
        self._runs: list[tuple[Path, int]] = []

    @property
    def runs(self) -> int:
        """How often the table was full."""
        return len(self._runs)

    @property
    def most(self) -> int:
        """No more distinct pairs than this were counted."""
        return self._used + sum(length for _, length in self._runs)

    def add(self, tokens: np.ndarray, starts: np.ndarray) -> None:
        """Counts the pairs of some sentences.

        Args:
            tokens: (n,) int32 rows.
            starts: (k + 1,) int64 places in tokens, the first sentence's and on.
        """
        at, centre = 0, int(starts[0])
        while at < len(starts) - 1:
            at, centre, self._used = count(
                tokens, starts, at, centre, *self._weights, self._loops,
                self._keys, self._sums, self._used,
            )  # fmt: skip
            if at < len(starts) - 1:
                self._spill()

    def pairs(self) -> Iterator[Pairs]:
        """All distinct pairs in order, block by block; nothing is kept here."""
        last = self._drained()
        self._keys, self._sums = np.empty(0, np.int64), np.empty(0)
        if not self._runs:
            blocks: Iterator[tuple[np.ndarray, np.ndarray]] = iter([last])
        else:
            self._write(last)
            del last
            blocks = _merged(
                self._runs,
                max(1 << 10, self._memory // (_PER_KEY * len(self._runs))),
            )
        for keys, sums in blocks:
            if len(keys):
                yield Pairs(
                    (keys >> 32).astype(np.int32),
                    (keys & 0xFFFFFFFF).astype(np.int32),
                    sums,
                )

    def _spill(self) -> None:
        self._write(self._drained())
        self._keys.fill(EMPTY)

    def _drained(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys in order and their sums; the table counts as empty."""
        places = np.flatnonzero(self._keys != EMPTY)
        keys = self._keys[places]
        order = np.argsort(keys)
        self._used = 0
        return keys[order], self._sums[places[order]]

    def _write(self, run: tuple[np.ndarray, np.ndarray]) -> None:
        keys, sums = run
        path = self._folder / f"run-{self.runs}"
        with path.open("xb") as file:
            file.write(keys.data)
            file.write(sums.data)
        self._runs.append((path, len(keys)))


def _read(run: tuple[Path, int], at: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """A part of a run; read and not mapped, since mapped pages stay in memory."""
    path, length = run
    keys = np.fromfile(path, np.int64, count, offset=8 * at)
    return keys, np.fromfile(path, np.float64, count, offset=8 * (length + at))


def _merged(
    runs: list[tuple[Path, int]], size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sorted runs as one: up to the lowest end of their next `size` keys at a time."""
    at = [0] * len(runs)
    while left := [i for i, (_, length) in enumerate(runs) if at[i] < length]:
        parts = {i: _read(runs[i], at[i], min(size, runs[i][1] - at[i])) for i in left}
        bound = min(int(keys[-1]) for keys, _ in parts.values())
        taken = {
            i: int(np.searchsorted(keys, bound, side="right"))
            for i, (keys, _) in parts.items()
        }
        for i in left:
            at[i] += taken[i]
        yield _summed(
            np.concatenate([parts[i][0][: taken[i]] for i in left]),
            np.concatenate([parts[i][1][: taken[i]] for i in left]),
        )


def _summed(keys: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(keys, kind="stable")
    keys, sums = keys[order], sums[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(sums, first)
