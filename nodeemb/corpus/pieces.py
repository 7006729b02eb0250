"""The distinct pieces of a text, numbered by first appearance, in a table that grows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nodeemb.corpus import kernels
from nodeemb.errors import OutOfResources
from nodeemb.io.gather import free_bytes

_FIRST = 1 << 16
_PER_PIECE = 400  # bytes at the peak: the table while it grows, then text and its place


class PieceTable:
    """Numbers pieces of text. Not thread-safe.

    Args:
        classes: (256,) uint8, see `nodeemb.corpus.tokens.byte_classes`.
        longest: bytes that a piece may have.
        where: what is read, for the complaint that it is too much.
    """

    def __init__(self, classes: np.ndarray, longest: int, where: str) -> None:
        self._classes, self._longest, self._where = classes, longest, where
        self._slots = np.zeros(2 * _FIRST, np.uint64)
        self._letters = np.empty(8 * _FIRST, np.uint8)
        self._ends = np.empty(_FIRST, np.int64)
        self._counts = np.zeros(_FIRST, np.int64)
        self._state = np.zeros(4, np.int64)
        self._state[kernels.ENDED] = 1
        self._out = np.empty(0, np.int32)

    def __len__(self) -> int:
        return int(self._state[kernels.PIECES])

    @property
    def counts(self) -> np.ndarray:
        """(n,) int64: how often each piece came."""
        return self._counts[: len(self)]

    def texts(self) -> Iterator[str]:
        """Every piece, in the order of its number."""
        ends = self._ends[: len(self)].tolist()
        letters = self._letters[: ends[-1] if ends else 0].tobytes()
        begin = 0
        for end in ends:
            yield letters[begin:end].decode()
            begin = end

    def scan(self, block: bytes) -> Iterator[np.ndarray]:
        """Numbers of a block's pieces, END where a line ends; valid until the next.

        Raises:
            TooLong: a piece has more bytes than it may.
            OutOfResources: so many distinct pieces would not fit into memory.
        """
        data = np.frombuffer(block, np.uint8)
        self._make_room(len(data))
        at = 0
        while at < len(data):
            at, written = kernels.scan(
                data,
                at,
                self._classes,
                self._slots,
                self._letters,
                self._ends,
                self._counts,
                self._state,
                self._longest,
                self._out,
            )
            yield self._out[:written]
            if self._state[kernels.TOO_LONG]:
                raise TooLong(at)
            if at < len(data):
                self._grow()

    def end_sentence(self) -> np.ndarray:
        """An END at the end of a text, unless there is one already."""
        ended = bool(self._state[kernels.ENDED])
        self._state[kernels.ENDED] = 1
        return np.full(0 if ended else 1, kernels.END, np.int32)

    def _make_room(self, count: int) -> None:
        if len(self._out) <= count:
            self._out = np.empty(count + 1, np.int32)
        need = int(self._state[kernels.BYTES]) + count
        if len(self._letters) < need:
            self._letters = _longer(self._letters, max(need, 2 * len(self._letters)))

    def _grow(self) -> None:
        count = len(self)
        free = free_bytes()
        if free is not None and count * _PER_PIECE > free:
            raise OutOfResources(
                f"{count:,} distinct words and more need {count * _PER_PIECE / 1e9:.1f} GB "
                f"of memory, and {free / 1e9:.1f} GB are free",
                where=self._where,
                allowed="A vocabulary that fits into memory, before rare words are left out",
                next_step="Read a part of the text, or check how its tokens are cut",
            )
        self._ends = _longer(self._ends, 2 * count)
        self._counts = _longer(self._counts, 2 * count)
        self._slots = np.zeros(4 * count, np.uint64)
        kernels.place_again(self._letters, self._ends, count, self._slots)


class TooLong(Exception):
    """A piece has too many bytes; `at` is where in the block it begins."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def _longer(array: np.ndarray, length: int) -> np.ndarray:
    longer = np.zeros(length, array.dtype)
    longer[: len(array)] = array
    return longer
