"""Check the columns that a graph is built from, and code ids as rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from nodeemb.arrow import arrow_of, numbers_of
from nodeemb.errors import DataRefused
from nodeemb.graph.ids import Ids


def end_column(values: Any, name: str) -> np.ndarray:
    """(m,) array of one column of ids or rows, their types kept.

    Raises:
        DataRefused: it has another shape, or holds decimal numbers.
    """
    if isinstance(values, (list, tuple)):
        array = _whole(values)
        if array is None:
            # as objects: numpy would make (1, "1") text, cut "a\0" and unpack tuples
            array = np.fromiter(values, object, len(values))
    else:
        array = np.asarray(values)
    if array.ndim != 1:
        raise DataRefused(f"{name} must be one column (m,), got shape {array.shape}")
    if array.dtype.kind == "f":
        raise DataRefused(
            f"{name} are decimal numbers ({array[:1]}), which make no good ids",
            next_step="Convert them to whole numbers or text",
        )
    return array


def _whole(values: list | tuple) -> np.ndarray | None:
    """(m,) int64 where all values are whole numbers within it, else None."""
    kinds = set(map(type, values))
    if not all(kind is int or issubclass(kind, np.integer) for kind in kinds):
        return None
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return None


def row_column(values: np.ndarray, num_nodes: int, name: str) -> np.ndarray:
    """(m,) int32 rows, each of them within the graph.

    Raises:
        DataRefused: no whole numbers, or a row that is not there.
    """
    if values.dtype.kind not in "iu":
        raise DataRefused(f"{name} must be whole-number rows, got {values.dtype}")
    if len(values) and (values.min() < 0 or values.max() >= num_nodes):
        bad = values[(values < 0) | (values >= num_nodes)][0]
        raise DataRefused(
            f"{name} hold the row {bad}", allowed=f"Rows 0 to {num_nodes - 1}"
        )
    # writable, since the kernels are compiled for no other arrays
    return np.require(values, np.int32, ["C", "W"])


def weight_column(values: Any, count: int) -> np.ndarray | None:
    """(count,) float64 weights above 0, or None.

    Raises:
        DataRefused: a weight that is not a finite float32 above 0.
    """
    if values is None:
        return None
    array = _numbers(values, count, "weight")
    with np.errstate(over="ignore", under="ignore"):
        stored = array.astype(np.float32)
    good = np.isfinite(stored) & (stored > 0)
    if not good.all():
        at = int(np.flatnonzero(~good)[0])
        raise DataRefused(
            f"{int((~good).sum()):,} weights are not finite numbers above 0 that single "
            f"precision can hold; edge {at + 1} has {array[at]}",
            allowed="Weights from 1e-45 to 3.4e38",
            next_step="For links of two kinds give a sign column instead",
        )
    return array


def sign_column(values: Any, count: int) -> np.ndarray | None:
    """(count,) int8 signs, +1 or -1, or None.

    Raises:
        DataRefused: a sign that is 0 or no number.
    """
    if values is None:
        return None
    array = _numbers(values, count, "sign")
    bad = ~(np.isfinite(array) & (array != 0))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise DataRefused(
            f"edge {at + 1} has the sign {array[at]}",
            allowed="Numbers above or below 0",
            next_step="Leave neutral links out of the file",
        )
    return np.sign(array).astype(np.int8)


def _numbers(values: Any, count: int, name: str) -> np.ndarray:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        why = " or too large" if isinstance(error, OverflowError) else ""
        raise DataRefused(f"the {name} column is not numeric{why}") from None
    if array.shape != (count,):
        raise DataRefused(f"{name} must be ({count},), got {array.shape}")
    return array


def code_ids(
    sources: np.ndarray, targets: np.ndarray
) -> tuple[Ids, np.ndarray, np.ndarray]:
    """Rows for two columns of ids.

    Whole numbers get their rows in ascending order, other ids in order of first
    appearance (all sources, then all targets).

    Returns:
        The ids, and both columns as (m,) int32 rows.

    Raises:
        DataRefused: an id that is not hashable.
    """
    if _fits_int64(sources) and _fits_int64(targets):
        return _code_whole(
            sources.astype(np.int64, copy=False), targets.astype(np.int64, copy=False)
        )
    index: dict[Any, int] = {}
    try:
        rows = [
            np.fromiter(
                (index.setdefault(value, len(index)) for value in column.tolist()),
                np.int32,
                len(column),
            )
            for column in (sources, targets)
        ]
    except TypeError as error:
        raise DataRefused(f"ids must be hashable: {error}") from None
    return Ids(index), rows[0], rows[1]


def _fits_int64(column: np.ndarray) -> bool:
    if column.dtype.kind not in "iu":
        return False
    return column.dtype != np.uint64 or not len(column) or int(column.max()) < 2**63


def _code_whole(
    sources: np.ndarray, targets: np.ndarray
) -> tuple[Ids, np.ndarray, np.ndarray]:
    if not len(sources):
        return Ids(0), sources.astype(np.int32), targets.astype(np.int32)
    low = int(min(sources.min(), targets.min()))
    span = int(max(sources.max(), targets.max())) - low + 1
    if span > 8 * len(sources) + 2**20:
        return _code_sparse(sources, targets)
    seen = np.zeros(span, bool)
    for column in (sources, targets):
        seen[_above(column, low)] = True
    names = np.flatnonzero(seen) + low
    table = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    return Ids(names), table[_above(sources, low)], table[_above(targets, low)]


def _code_sparse(
    sources: np.ndarray, targets: np.ndarray
) -> tuple[Ids, np.ndarray, np.ndarray]:
    """By a hash table, where a table of the whole span would be too long."""
    import pyarrow as pa

    coded = pa.chunked_array([arrow_of(sources), arrow_of(targets)]).dictionary_encode()
    names = numbers_of(coded.chunk(0).dictionary)
    ascending = np.argsort(names)
    row = np.empty(len(names), np.int32)
    row[ascending] = np.arange(len(names), dtype=np.int32)
    rows = [row[numbers_of(chunk.indices)] for chunk in coded.chunks]
    return Ids(names[ascending]), rows[0], rows[1]


def _above(column: np.ndarray, low: int) -> np.ndarray:
    return column if low == 0 else column - low
