"""Node ids: any hashable value in, the same value out, row i belongs to ids[i].

Three storages behind one face: nothing for 0..n-1, an integer array for whole numbers,
a tuple for everything else. The id -> row dictionary is made at the first look-up.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from nodeemb.errors import DataRefused, UnknownId


def _stored(values: np.ndarray | Iterable[Hashable]) -> np.ndarray | tuple:
    """Whole numbers within int64 as an array of our own, anything else as a tuple."""
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise DataRefused(f"ids must be one-dimensional, got {values.shape}")
        if values.dtype.kind in "iu" and np.can_cast(values.dtype, np.int64):
            return values.astype(np.int64)
        values = values.tolist()
    values = tuple(values)
    if set(map(type, values)) != {int}:
        return values
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return values


def _ascending(array: np.ndarray) -> bool:
    return bool((array[1:] > array[:-1]).all())


class Ids(Sequence):
    """The ids of n nodes, in row order; immutable.

    Args:
        values: n distinct hashable ids, or a number n for the ids 0..n-1.

    Raises:
        DataRefused: two nodes have the same id, or an id is not hashable.
    """

    __slots__ = ("_count", "_kept", "_later", "_rows")

    def __init__(self, values: int | np.ndarray | Iterable[Hashable]) -> None:
        self._rows: dict[Any, int] | None = None
        self._later: Callable[[], tuple] | None = None
        self._kept: np.ndarray | tuple | None
        if isinstance(values, (int, np.integer)):
            self._kept, self._count = None, int(values)
            return
        stored = _stored(values)
        self._kept, self._count = stored, len(stored)
        if isinstance(stored, np.ndarray):
            stored.flags.writeable = False
            if np.array_equal(stored, np.arange(len(stored))):
                self._kept = None
            elif not _ascending(stored) and len(np.unique(stored)) != len(stored):
                self._refuse_repeat()
            return
        try:
            distinct = len(set(stored))
        except TypeError as error:
            raise DataRefused(
                f"ids must be hashable: {error}", next_step="Use text or numbers as ids"
            ) from None
        if distinct != self._count:
            self._refuse_repeat()

    @classmethod
    def known(cls, count: int, values: np.ndarray | Callable[[], tuple]) -> Ids:
        """Ids that were checked before, as those of a file that was written from Ids.

        Args:
            count: how many there are.
            values: (count,) int64, not 0..n-1; or what gives the tuple of all other ids,
                called when the first is asked for.
        """
        ids = cls(count)
        if isinstance(values, np.ndarray):
            ids._kept = values
        else:
            ids._later = values
        return ids

    @property
    def _values(self) -> np.ndarray | tuple | None:
        if self._later is not None:
            values = self._later()
            if len(values) != self._count:
                raise DataRefused(f"{len(values):,} ids for {self._count:,} nodes")
            self._kept, self._later = values, None
        return self._kept

    def _refuse_repeat(self) -> None:
        seen: set = set()
        twice = next(v for v in self if v in seen or seen.add(v))  # type: ignore[func-returns-value]
        raise DataRefused(f"the id {twice!r} is given to two nodes; ids must differ")

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(self._count))]
        if self._values is not None:
            value = self._values[row]
            return value.item() if isinstance(value, np.generic) else value
        row = int(row)
        if not -self._count <= row < self._count:
            raise IndexError(f"row {row} of {self._count}")
        return row % self._count

    def __iter__(self) -> Iterator[Any]:
        if self._values is None:
            return iter(range(self._count))
        if isinstance(self._values, np.ndarray):
            return iter(self._values.tolist())
        return iter(self._values)

    def __contains__(self, value: object) -> bool:
        try:
            return value in self._index()
        except TypeError:
            return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ids) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(self.digest())

    def __repr__(self) -> str:
        shown = ", ".join(repr(v) for v in self[:5])
        return f"Ids({shown}{', ...' if len(self) > 5 else ''}; {len(self):,} nodes)"

    @property
    def is_range(self) -> bool:
        """True where the ids are 0..n-1, so that id and row are the same."""
        return self._later is None and self._kept is None

    @property
    def are_integers(self) -> bool:
        """True where every id is a whole number kept as int64."""
        if self._later is not None:
            return False
        return self._kept is None or isinstance(self._kept, np.ndarray)

    def to_numpy(self) -> np.ndarray:
        """(n,) int64 for whole numbers, otherwise object."""
        if self._values is None:
            return np.arange(self._count)
        if isinstance(self._values, np.ndarray):
            return self._values
        return np.fromiter(self._values, object, self._count)  # tuples stay whole

    def row(self, value: Hashable) -> int:
        """The row of one id.

        Raises:
            UnknownId: no node has this id; the message names close ones.
        """
        try:
            return self._index()[value]
        except (KeyError, TypeError):
            error = UnknownId(
                f"{value!r} is not the id of any of the {len(self):,} nodes",
                next_step=self._hint(value),
            )
            error.unknown = value
            raise error from None

    def rows(self, values: Iterable[Hashable]) -> np.ndarray:
        """(k,) int64: the rows of k ids; as `row` for each."""
        values = list(values)
        index = self._index()
        try:
            return np.fromiter((index[v] for v in values), np.int64, len(values))
        except (KeyError, TypeError):
            return np.array([self.row(v) for v in values], dtype=np.int64)

    def digest(self) -> str:
        """A short hash of all ids in order, for manifests."""
        content: memoryview | bytes
        if self.are_integers:
            content = self.to_numpy().astype("<i8", copy=False).data
        else:
            content = "\x00".join(map(repr, self)).encode("utf-8", "surrogatepass")
        return hashlib.sha256(content).hexdigest()[:16]

    def _index(self) -> dict[Any, int]:
        if self._rows is None:
            self._rows = {value: row for row, value in enumerate(self)}
        return self._rows

    def _hint(self, value: object) -> str:
        other: Any = None
        if isinstance(value, str) and value.lstrip("-").isdigit():
            other = int(value)
        elif isinstance(value, int):
            other = str(value)
        if other is not None and other in self:
            kind = type(other).__name__
            return f"Ids here are {kind}: use {other!r}; {value!r} is another id"
        if isinstance(value, str) and len(self) <= 2_000_000:
            names = [v for v in self if isinstance(v, str)]
            close = (
                difflib.get_close_matches(value, names, n=3)
                if len(names) < 200_000
                else [v for v in names if v.lower() == value.lower()][:3]
            )
            if close:
                return "Close: " + ", ".join(repr(c) for c in close)
        return f"The first ids are {', '.join(repr(v) for v in self[:3])}"
