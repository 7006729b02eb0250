"""Whose walks end where, seen from both ends: log personalised PageRank, factorised.

    M[u, v] = log10((pi_G(u, v) + pi_G'(v, u)) / delta)   where the sum is above delta, u != v
    M ~ U Sigma V',   source = U sqrt(Sigma),  target = V sqrt(Sigma)

G' is the graph with its edges reversed. Both PageRanks come from backward pushes
(`nodeemb.factorise.push`), each within delta / 2 of the truth and kept above delta / 2.
A walk at a node without out-link stops there or is lost.

Source: Yin, Wei. Scalable graph embeddings via sparse transpose proximities. KDD 2019.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.factorise.matrix import Sparse, adjacency
from nodeemb.factorise.meetings import operator
from nodeemb.factorise.options import StrapOptions
from nodeemb.factorise.push import arriving, push_all
from nodeemb.factorise.svd import Svd, singular
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph


def strap(
    graph: Graph, options: StrapOptions, dim: int, seed: int, watch: Watch
) -> Svd:
    """Singular vectors of the log matrix."""
    matrix = log_matrix(graph, options, watch.part(0, 0.6))
    return singular(operator(matrix, False), dim, options, seed, watch.part(0.6, 1))


def log_matrix(graph: Graph, options: StrapOptions, watch: Watch) -> Sparse:
    """M, sparse, float32."""
    forward, back = adjacency(graph)
    half, size = options.delta / 2, graph.num_nodes
    room = size * min(size, options.entries)
    one = push_all(
        arriving(forward, back), options.stop, half, half, room, watch.part(0, 0.5)
    )
    by_source = transposed(one.by_target)
    bar = one.bar
    del one
    # the targets of the reversed graph are the sources of this one
    other = push_all(
        arriving(back, forward), options.stop, half, half, room, watch.part(0.5, 1)
    )
    least = 2 * max(bar, other.bar)
    if least > options.delta:
        watch.notes.append(
            f"sums of PageRanks up to {least:.2g} were dropped in place of "
            f"{options.delta:g}: more are above it than factorise.entries has room for"
        )
    return logs_of_sums(by_source, other.by_target, least, options.delta)


def logs_of_sums(one: Sparse, other: Sparse, least: float, delta: float) -> Sparse:
    """log10(sum / delta) of two matrices where the sum is above `least`, no diagonal."""
    counts = np.zeros(one.size + 1, np.int64)
    none = np.empty(0, np.int32), np.empty(0, np.float32)
    _join(*one, *other, least, delta, counts, *none)
    pointers = np.cumsum(counts)
    columns = np.empty(pointers[-1], np.int32)
    values = np.empty(pointers[-1], np.float32)
    _join(*one, *other, least, delta, pointers, columns, values)
    return Sparse(pointers, columns, values)


def transposed(matrix: Sparse) -> Sparse:
    """Rows and columns swapped; within a row by falling age, so in order."""
    pointers = np.zeros(matrix.size + 1, np.int64)
    columns, values = np.empty_like(matrix.columns), np.empty_like(matrix.values)
    _turn(*matrix, pointers, columns, values)
    return Sparse(pointers, columns, values)


@njit
def _turn(pointers, columns, values, turned, rows, moved):
    for at in range(len(columns)):
        turned[columns[at] + 1] += 1
    for row in range(len(turned) - 1):
        turned[row + 1] += turned[row]
    place = turned[:-1].copy()
    for row in range(len(pointers) - 1):
        for at in range(pointers[row], pointers[row + 1]):
            to = place[columns[at]]
            rows[to], moved[to] = row, values[at]
            place[columns[at]] += 1


@njit
def _join(
    pointers1, columns1, values1, pointers2, columns2, values2,
    least, delta, pointers, columns, values,
):  # fmt: skip
    """Logs of the sums above `least`, without the diagonal; with no room to write, how
    many each row has, in `pointers[1:]`."""
    size = len(pointers1) - 1
    total, touched = np.zeros(size), np.empty(2 * size, np.int32)
    for row in range(size):
        count = 0
        for at in range(pointers1[row], pointers1[row + 1]):
            total[columns1[at]] += values1[at]
            touched[count] = columns1[at]
            count += 1
        for at in range(pointers2[row], pointers2[row + 1]):
            total[columns2[at]] += values2[at]
            touched[count] = columns2[at]
            count += 1
        kept = 0
        for i in range(count):
            column = touched[i]
            if total[column] > least and column != row:
                if len(columns) > 0:
                    columns[pointers[row] + kept] = column
                    values[pointers[row] + kept] = np.log10(total[column] / delta)
                kept += 1
            total[column] = 0.0
        if len(columns) == 0:
            pointers[row + 1] = kept
