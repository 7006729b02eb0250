"""Gather the edges of all blocks in little memory, and code their ids as rows.

Whole numbers are kept as they are. Of text a column keeps each id once, and a row number for
each edge. What is needed to finish is forecast after every block, so that a file that would
not fit is refused with its place, before the system runs out of memory and kills something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nodeemb.arrow import arrow_of, numbers_of
from nodeemb.errors import OutOfResources
from nodeemb.graph.ids import Ids
from nodeemb.memory import memory_bytes

_MEMINFO = Path("/proc/meminfo")
# At the peak an edge takes two rows, two columns of the sort and what the graph keeps of
# it; a text id takes its letters, an object, and places in a tuple, a set and a table.
_PER_EDGE = 28
_PER_VALUE = 24
_PER_TEXT = 120
_COPIES = 3  # of the letters: as they were met, while they are joined, and as objects


class Piece(NamedTuple):
    """The checked columns of one block.

    sources, targets: (k,) both int64 where all ids are whole numbers, else both text,
        as chunked arrays of pyarrow.
    weight, sign: (k,) float64, or None where not asked for.
    """

    sources: Any
    targets: Any
    weight: np.ndarray | None
    sign: np.ndarray | None

    @property
    def whole(self) -> bool:
        """True where the ids are whole numbers."""
        return isinstance(self.sources, np.ndarray)


class Names:
    """One column of ids: each id once, in order of appearance, and the edges' rows."""

    def __init__(self) -> None:
        self._known: Any = None
        self._rows: list[np.ndarray] = []
        self._waiting: list[Any] = []
        self._count = self._awaited = 0

    def forecast(self) -> int:
        """Bytes that the ids met so far will take."""
        known = 0 if self._known is None else self._known.nbytes
        return _PER_TEXT * self._count + _COPIES * known + self._held()

    def add(self, column: Any) -> None:
        """Takes a block's ids, a chunked array of text or of whole numbers."""
        import pyarrow as pa

        if pa.types.is_string(column.type):
            column = column.cast(pa.large_string())  # all of them may pass 2 GiB
        self._waiting += column.chunks
        self._awaited += len(column)
        # joined only once as many wait as are known, each id is looked up twice at most
        if self._awaited > self._count:
            self._join()

    def add_whole(self, parts: list[np.ndarray]) -> None:
        """Takes whole numbers; the list is emptied on the way."""
        import pyarrow as pa

        for part in _drained(parts):
            self.add(pa.chunked_array([arrow_of(part.astype(np.int64, copy=False))]))

    def finish(self) -> tuple[Any, np.ndarray]:
        """The distinct ids, and the row of every edge; nothing is kept here."""
        if self._waiting:
            self._join()
        known, self._known = self._known, None
        return known, joined(self._rows)

    def _held(self) -> int:
        return sum(chunk.nbytes for chunk in self._waiting)

    def _join(self) -> None:
        waiting, self._waiting = self._waiting, []
        ahead = 0 if self._known is None else 1
        self._known, rows = _distinct([self._known] * ahead + waiting)
        self._rows += [part.copy() for part in rows[ahead:]]
        self._count, self._awaited = len(self._known), 0
        _release()


class Gathered:
    """The edges read so far.

    Args:
        name: what is read, for the complaint that it is too large.
    """

    def __init__(self, name: str) -> None:
        self.name, self.edges = name, 0
        self._free = free_bytes()
        self._whole: tuple[list, list] | None = ([], [])
        self._names = Names(), Names()
        self._weight: list[np.ndarray] = []
        self._sign: list[np.ndarray] = []

    @property
    def whole(self) -> bool:
        """True while all ids are whole numbers."""
        return self._whole is not None

    def add(self, piece: Piece) -> None:
        """Takes a block's edges.

        Raises:
            OutOfResources: the graph would not fit into the memory that is free.
        """
        ends = piece.sources, piece.targets
        if self._whole is not None and not piece.whole:
            self._turn_to_text()
        if self._whole is None:
            at_once(Names.add, self._names, [as_text(column) for column in ends])
        else:
            for parts, column in zip(self._whole, ends, strict=True):
                parts.append(_narrow(column))
        for parts, values in ((self._weight, piece.weight), (self._sign, piece.sign)):
            if values is not None:
                parts.append(values)
        self.edges += len(piece.sources)
        self.expect(self.edges)

    def expect(self, edges: int) -> None:
        """Refuses so many edges where they would not fit (OutOfResources)."""
        values = bool(self._weight) + bool(self._sign)
        need = edges * (_PER_EDGE + _PER_VALUE * values)
        need += sum(names.forecast() for names in self._names)
        if self._free is not None and need > self._free:
            raise OutOfResources(
                f"{edges:,} edges and more need {need / 1e9:.1f} GB of memory, and "
                f"{self._free / 1e9:.1f} GB are free",
                where=self.name,
                allowed="A graph that fits into memory",
                next_step="Take a part of the edges, or a machine with more memory",
            )

    def finish(self) -> tuple[Ids, np.ndarray, np.ndarray]:
        """Ids, and both columns as rows of them; nothing is kept here."""
        ends, self._whole = self._whole, None
        if ends is not None:
            if _dense(ends):
                return _code_dense(*ends)
            at_once(Names.add_whole, self._names, ends)
        # sources first, so that the rows are in order of appearance
        (first, sources), (second, targets) = (names.finish() for names in self._names)
        distinct, (_, place) = _distinct([first, second])
        np.take(place, targets, out=targets)
        del first, second, place
        if ends is not None:
            return (
                Ids(_ascending(numbers_of(distinct), sources, targets)),
                sources,
                targets,
            )
        texts = tuple(distinct.to_pylist())
        del distinct
        _release()  # before the ids are checked, which takes some memory too
        return Ids(texts), sources, targets

    def values(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Weight and sign of every edge, or None; nothing is kept here."""
        weight = joined(self._weight) if self._weight else None
        return weight, joined(self._sign) if self._sign else None

    def _turn_to_text(self) -> None:
        assert self._whole is not None
        for names, parts in zip(self._names, self._whole, strict=True):
            for column in parts:
                names.add(as_text(column))
        self._whole = None


def at_once(function: Callable[..., Any], *columns: Iterable[Any]) -> list[Any]:
    """As `map`, for work on both columns that pyarrow does beside the interpreter."""
    with ThreadPoolExecutor(2) as both:
        return list(both.map(function, *columns))


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """All parts one after another; the list is emptied on the way, to save memory."""
    count = sum(map(len, parts))
    return filled(_drained(parts), np.empty(count, np.result_type(*parts)))


def filled(parts: Iterable[np.ndarray], whole: np.ndarray) -> np.ndarray:
    """The array, filled with all parts one after another."""
    begin = 0
    for part in parts:
        whole[begin : begin + len(part)] = part
        begin += len(part)
    _release()
    return whole


def _release() -> None:
    """Gives back what pyarrow let go of and would keep for itself."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def _drained(parts: list[np.ndarray]) -> Iterator[np.ndarray]:
    parts.reverse()
    while parts:
        yield parts.pop()


def _narrow(column: np.ndarray) -> np.ndarray:
    """A copy of whole numbers in four bytes each where they fit."""
    low, high = column.min(), column.max()
    fits = low >= -(2**31) and high < 2**31
    return column.astype(np.int32 if fits else np.int64)


def as_text(column: Any) -> Any:
    """A column as text; whole numbers as they were written."""
    import pyarrow as pa

    if isinstance(column, np.ndarray):
        return pa.chunked_array([arrow_of(column).cast(pa.string())])
    return column


def _dense(ends: Sequence[list[np.ndarray]]) -> bool:
    """True where a table of all numbers from the lowest to the highest id is not long."""
    low, high = _bounds(ends)
    return high - low < 8 * sum(map(len, ends[0])) + 2**20


def _code_dense(
    sources: list[np.ndarray], targets: list[np.ndarray]
) -> tuple[Ids, np.ndarray, np.ndarray]:
    """Ids in ascending order and rows, for whole numbers that lie close together."""
    low, high = _bounds((sources, targets))
    seen = np.zeros(high - low + 1, bool)
    for part in (*sources, *targets):
        seen[np.subtract(part, low, dtype=np.int64)] = True
    table = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    names = np.flatnonzero(seen) + low
    del seen
    rows = []
    for parts in (sources, targets):
        whole = np.empty(sum(map(len, parts)), np.int32)
        changed = (
            table[np.subtract(part, low, dtype=np.int64)] for part in _drained(parts)
        )
        rows.append(filled(changed, whole))
    return Ids(names), rows[0], rows[1]


def _ascending(numbers: np.ndarray, *columns: np.ndarray) -> np.ndarray:
    """The numbers in ascending order; the rows in the columns follow them, in place."""
    order = np.argsort(numbers)
    place = np.empty(len(numbers), np.int32)
    place[order] = np.arange(len(numbers), dtype=np.int32)
    for rows in columns:
        np.take(place, rows, out=rows)
    return numbers[order]


def _bounds(ends: Sequence[list[np.ndarray]]) -> tuple[int, int]:
    """The lowest and the highest number."""
    parts = [part for parts in ends for part in parts]
    return min(int(p.min()) for p in parts), max(int(p.max()) for p in parts)


def free_bytes() -> int | None:
    """Bytes of memory that could be taken now, or None where the system does not tell."""
    found = [memory_bytes()]
    try:
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(1024 * int(line.split()[1]))
    except (OSError, ValueError, IndexError):
        pass
    return min((size for size in found if size is not None), default=None)


def _distinct(parts: list[Any]) -> tuple[Any, list[np.ndarray]]:
    """All distinct texts in order of appearance, and the place of each part's texts."""
    import pyarrow as pa

    coded = pa.chunked_array(parts).dictionary_encode()
    places = [numbers_of(chunk.indices) for chunk in coded.chunks]
    return coded.chunk(0).dictionary, places
