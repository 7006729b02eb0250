"""How much more often two nodes meet on short walks than by chance, row by row.

    M[u, v] = left(u) right(v) sum_s c_s (P_1 P_2 ... P_s)[u, v],    kept: log M > 0

Rows are walked through in blocks, each by itself; only the entries kept are held, at most
so many a row, the largest (of equal ones the lower column).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.factorise.matrix import Operator, Sparse
from nodeemb.factorise.watch import Watch

BLOCK = 2**22  # entries of a block at most, before those kept are picked
PARTS = 16  # of a block, each a thread's


class Walks(NamedTuple):
    """A sum of products of transition matrices.

    odd, even: what steps 1, 3, ... and 2, 4, ... multiply with.
    steps: how many.
    only_odd: whether even steps are passed through and not counted.
    left, right: (n,) factors of row and column.
    """

    odd: Sparse
    even: Sparse
    steps: int
    only_odd: bool
    left: np.ndarray
    right: np.ndarray


def rows_at_once(size: int) -> int:
    """Rows of a block: the same for any number of threads."""
    return max(1, min(size, 1024, BLOCK // max(size, 1)))


def log_meetings(walks: Walks, most: int, watch: Watch) -> Sparse:
    """The sparse matrix of positive logs, float32.

    Args:
        walks: what is counted.
        most: entries kept in a row.
        watch: told after each block.
    """
    size = walks.odd.size
    work = np.empty((PARTS, 3, size))

    def fill(first: int, columns: np.ndarray, values: np.ndarray) -> np.ndarray:
        found = np.empty(len(columns), np.int64)
        _log_rows(
            *walks.odd, *walks.even, walks.steps, walks.only_odd,
            walks.left, walks.right, first, work, columns, values, found,
        )  # fmt: skip
        return found

    return gathered(size, most, fill, "walks", watch)


def gathered(size: int, most: int, fill: object, task: str, watch: Watch) -> Sparse:
    """Rows of at most `most` entries, made in blocks.

    Args:
        size: rows.
        most: entries of a row at most.
        fill: called with the block's first row, (rows, most) columns and values to write
            into; gives (rows,) how many each row has.
        task: what to call it.
        watch: told after each block.
    """
    most = min(most, size)
    columns = np.empty(size * most, np.int32)
    values = np.empty(size * most, np.float32)
    pointers = np.zeros(size + 1, np.int64)
    wide, end = rows_at_once(size), 0
    cut = 0
    for first in range(0, size, wide):
        rows = min(wide, size - first)
        some = np.empty((rows, most), np.int32)
        logs = np.empty((rows, most), np.float32)
        found = fill(first, some, logs)  # type: ignore[operator]
        taken = np.arange(most) < found[:, None]
        cut += int((found == most).sum()) if most < size else 0
        start, end = end, end + int(found.sum())
        columns[start:end] = some[taken]
        values[start:end] = logs[taken]
        pointers[first + 1 : first + rows + 1] = start + np.cumsum(found)
        watch.tell(f"{task}, {first + rows:,} of {size:,} nodes", (first + rows) / size)
    if cut:
        watch.notes.append(
            f"{cut:,} of {size:,} rows of the matrix keep their {most:,} largest entries "
            "(factorise.entries)"
        )
    return Sparse(pointers, columns[:end], values[:end])


def operator(matrix: Sparse, symmetric: bool) -> Operator:
    """A sparse matrix by its products; for a symmetric one the mean of it and its transpose,
    since keeping the largest of each row may keep one of two equal entries."""
    if not symmetric:
        return Operator(matrix.size, matrix.times, matrix.transposed_times)

    def times(block: np.ndarray) -> np.ndarray:
        total = matrix.times(block)
        total += matrix.transposed_times(block)
        total /= 2
        return total

    return Operator(matrix.size, times, times, symmetric=True)


@njit
def keep_largest(row, left, right, columns, values, scratch):
    """Writes the entries of left * right * row with a log above 0, the largest of them.

    row: (n,) of all columns. columns, values: (most,) to write into. scratch: (n,).

    Returns: how many were written.
    """
    count = 0
    for column in range(len(row)):
        if row[column] > 0:
            row[column] = np.log(row[column] * left * right[column])
            if row[column] > 0:
                scratch[count] = row[column]
                count += 1
    bar, equal = 0.0, count
    if count > len(columns):
        bar = np.partition(scratch[:count], count - len(columns))[count - len(columns)]
        above = 0
        for i in range(count):
            above += scratch[i] > bar
        equal = len(columns) - above
    at = 0
    for column in range(len(row)):
        value = row[column]
        if value > bar or (value == bar and bar > 0 and equal > 0):
            equal -= value == bar
            columns[at] = column
            values[at] = value
            at += 1
    return at


@njit(parallel=True)
def _log_rows(
    pointers1, columns1, values1, pointers2, columns2, values2,
    steps, only_odd, left, right, first, work, columns, values, found,
):  # fmt: skip
    rows, parts = len(columns), len(work)
    for part in prange(parts):
        for row in range(part, rows, parts):
            here, there, total = work[part, 0], work[part, 1], work[part, 2]
            here[:] = 0
            total[:] = 0
            here[first + row] = 1
            for step in range(1, steps + 1):
                if step % 2 == 1:
                    _move(pointers1, columns1, values1, here, there)
                else:
                    _move(pointers2, columns2, values2, here, there)
                here, there = there, here
                if step % 2 == 1 or not only_odd:
                    for column in range(len(total)):
                        total[column] += here[column]
            found[row] = keep_largest(
                total, left[first + row], right, columns[row], values[row], there
            )


@njit
def _move(pointers, columns, values, here, there):
    """there = here P, both (n,)."""
    there[:] = 0
    for row in range(len(here)):
        mass = here[row]
        if mass != 0:
            for at in range(pointers[row], pointers[row + 1]):
                there[columns[at]] += mass * values[at]
