"""Sparse matrices of a graph, and their products with blocks of vectors.

Every sum runs in a fixed order: rows are shared out among threads in one direction, columns
of the block in the other, so that the number of threads changes no result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.graph.graph import Graph

_COLUMNS = 8  # of the block, that one thread takes at a time

Apply = Callable[[np.ndarray], np.ndarray]


class Sparse(NamedTuple):
    """Compressed rows.

    pointers: (n + 1,) int64.
    columns: (entries,) int32.
    values: (entries,) float32 or float64; empty: all 1.
    """

    pointers: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    @property
    def size(self) -> int:
        """Rows, and columns."""
        return len(self.pointers) - 1

    def times(self, block: np.ndarray) -> np.ndarray:
        """(n, k) float64: the matrix times an (n, k) block."""
        out = np.empty(block.shape)
        _times(*self, np.ascontiguousarray(block), out)
        return out

    def transposed_times(self, block: np.ndarray) -> np.ndarray:
        """(n, k) float64: the transposed matrix times an (n, k) block."""
        out = np.zeros(block.shape)
        _transposed_times(*self, np.ascontiguousarray(block), out)
        return out

    def sums(self) -> np.ndarray:
        """(n,) float64: sums of the rows."""
        return self.times(np.ones((self.size, 1)))[:, 0]


class Operator(NamedTuple):
    """A square matrix that is known by its products only.

    times, transposed_times: (n, k) float64 to the same.
    symmetric: whether both are one; negative eigenvalues then have a meaning.
    """

    size: int
    times: Apply
    transposed_times: Apply
    symmetric: bool = False


def adjacency(graph: Graph) -> tuple[Sparse, Sparse]:
    """(A, A transposed) with weights; no array of the unweighted graph is copied."""
    none = np.empty(0)
    weight = none if graph.weight is None else graph.weight
    back = none if graph.weight is None else graph.weight[graph.into.arcs]
    return (
        Sparse(graph.out.pointers, graph.out.neighbours, weight),
        Sparse(graph.into.pointers, graph.into.neighbours, back),
    )


def both_ways(graph: Graph) -> Sparse:
    """Directions forgotten: a mutual pair is one edge, and its weights add up."""
    if not graph.directed:
        return adjacency(graph)[0]
    from scipy.sparse import csr_array, diags_array

    weight = np.ones(graph.num_arcs) if graph.weight is None else graph.weight
    shape = (graph.num_nodes, graph.num_nodes)
    one = csr_array((weight, graph.out.neighbours, graph.out.pointers), shape=shape)
    both = (one + one.T - diags_array(one.diagonal())).tocsr()  # a loop counts once
    both.eliminate_zeros()
    values = np.empty(0) if graph.weight is None else both.data
    return Sparse(both.indptr.astype(np.int64), both.indices.astype(np.int32), values)


def inverse(values: np.ndarray) -> np.ndarray:
    """1 / value, and 0 where the value is 0."""
    return np.divide(1.0, values, out=np.zeros(len(values)), where=values != 0)


def stochastic(matrix: Sparse) -> Sparse:
    """Every row divided by its sum; rows of zeros stay so."""
    scale = np.repeat(inverse(matrix.sums()), np.diff(matrix.pointers))
    values = scale * matrix.values if len(matrix.values) else scale
    return Sparse(matrix.pointers, matrix.columns, values)


@njit(parallel=True)
def _times(pointers, columns, values, block, out):
    plain = len(values) == 0
    for row in prange(len(pointers) - 1):
        total = out[row]
        total[:] = 0
        for at in range(pointers[row], pointers[row + 1]):
            value = 1.0 if plain else values[at]
            other = block[columns[at]]
            for column in range(len(total)):
                total[column] += value * other[column]


@njit(parallel=True)
def _transposed_times(pointers, columns, values, block, out):
    plain = len(values) == 0
    wide = block.shape[1]
    for part in prange((wide + _COLUMNS - 1) // _COLUMNS):
        first, last = part * _COLUMNS, min((part + 1) * _COLUMNS, wide)
        for row in range(len(pointers) - 1):
            for at in range(pointers[row], pointers[row + 1]):
                value = 1.0 if plain else values[at]
                target = columns[at]
                for column in range(first, last):
                    out[target, column] += value * block[row, column]
