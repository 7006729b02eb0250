"""How much more often two words stand together than by chance, written down and factorised.

    M[u, v] = max(0, log( w(u, v) S / (row(u) col(v)^a) ) - log k),   S = sum_v col(v)^a
    M ~ U Sigma V',    source = U Sigma^p,  target = V Sigma^p

w: the weights of a graph, such as the counts of `nodeemb wordgraph`; row and col: their sums;
a: smoothing of contexts, k: shift, p: power of the singular values. Scores follow M at
p = 1/2; the readout `in` is the centre's vector and `sum` centre + context.

Source: Levy, Goldberg, Dagan. Improving distributional similarity with lessons learned from
word embeddings. TACL 3, 2015, sections 2.1, 3.2 and 3.3. The paper leaves the context vectors
as V; its published code weights them as U is, and so does this.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.factorise.matrix import Sparse, adjacency, inverse
from nodeemb.factorise.meetings import operator
from nodeemb.factorise.options import PpmiSvdOptions
from nodeemb.factorise.svd import Svd, singular
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph


def ppmi_svd(
    graph: Graph, options: PpmiSvdOptions, dim: int, seed: int, watch: Watch
) -> Svd:
    """Singular vectors of M, with values of which tables take the roots: Sigma^2p."""
    matrix = ppmi_matrix(graph, options)
    watch = watch.part(0.1, 1)
    found = singular(operator(matrix, False), dim, options, seed, watch)
    there = found.values > 0
    values = np.power(
        found.values, 2 * options.power, where=there, out=np.zeros(len(there))
    )
    return found._replace(values=values)


def ppmi_matrix(graph: Graph, options: PpmiSvdOptions) -> Sparse:
    """M, sparse: entries above 0 alone."""
    counts = adjacency(graph)[0]
    ones = np.ones((counts.size, 1))
    columns = counts.transposed_times(ones)[:, 0]
    smoothed = np.where(columns > 0, columns**options.smoothing, 0.0)
    left = inverse(counts.sums()) * smoothed.sum() / options.shift
    right = inverse(smoothed)
    pointers = np.zeros(counts.size + 1, np.int64)
    _count(*counts, left, right, pointers)
    np.cumsum(pointers, out=pointers)
    kept = Sparse(
        pointers, np.empty(pointers[-1], np.int32), np.empty(pointers[-1], np.float32)
    )
    _fill(*counts, left, right, *kept)
    return kept


@njit(parallel=True)
def _count(pointers, columns, values, left, right, found):
    """found[row + 1]: entries of a row that are above 0."""
    plain = len(values) == 0
    for row in prange(len(pointers) - 1):
        for at in range(pointers[row], pointers[row + 1]):
            value = 1.0 if plain else values[at]
            found[row + 1] += value * left[row] * right[columns[at]] > 1


@njit(parallel=True)
def _fill(pointers, columns, values, left, right, kept, kept_columns, kept_values):
    plain = len(values) == 0
    for row in prange(len(pointers) - 1):
        place = kept[row]
        for at in range(pointers[row], pointers[row + 1]):
            value = 1.0 if plain else values[at]
            ratio = value * left[row] * right[columns[at]]
            if ratio > 1:
                kept_columns[place] = columns[at]
                kept_values[place] = np.log(ratio)
                place += 1
