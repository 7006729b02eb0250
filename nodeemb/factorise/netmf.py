"""What DeepWalk trains towards, written down: log co-occurrence with directions ignored.

    M = log max(1, vol / (k T) (sum_{r=1..T} P^r) D^-1),     P = D^-1 A,  A symmetrised

Small window: the walks exactly, row by row. Large window: the sum of powers from the
eigenpairs of D^-1/2 A D^-1/2 that are largest in size, then the same logarithm.

Source: Qiu, Dong, Ma, Li, Wang, Tang. Network embedding as matrix factorization. WSDM
2018, equation (7), algorithms 3 and 4.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.factorise.matrix import Operator, Sparse, both_ways, inverse, stochastic
from nodeemb.factorise.meetings import (
    PARTS,
    Walks,
    gathered,
    keep_largest,
    log_meetings,
    operator,
)
from nodeemb.factorise.options import NetmfOptions
from nodeemb.factorise.svd import Eigen, Order, by_size, eigen
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph

_ONE = 1e-6  # what eigenvalues may be off


def netmf(
    graph: Graph,
    options: NetmfOptions,
    rank: int,
    seed: int,
    watch: Watch,
    order: Order = by_size,
) -> Eigen:
    """Eigenpairs of the log matrix: at least `rank` of them, the first of an order first."""
    matrix = log_matrix(graph, options, seed, watch.part(0, 0.6))
    both = operator(matrix, True)
    return eigen(both, rank, options, seed, watch.part(0.6, 1), order)


def log_matrix(graph: Graph, options: NetmfOptions, seed: int, watch: Watch) -> Sparse:
    """M, sparse; a row keeps its largest entries."""
    links = both_ways(graph)
    degrees = links.sums()
    if options.eigenpairs is not None:
        return _large_window(links, degrees, options, seed, watch)
    volume = degrees.sum() / (options.shift * options.window)
    steps = stochastic(links)
    left = np.full(links.size, volume)
    walks = Walks(steps, steps, options.window, False, left, inverse(degrees))
    return log_meetings(walks, options.entries, watch)


def _large_window(
    links: Sparse, degrees: np.ndarray, options: NetmfOptions, seed: int, watch: Watch
) -> Sparse:
    assert options.eigenpairs is not None
    root = np.sqrt(inverse(degrees))[:, None]

    def times(block: np.ndarray) -> np.ndarray:
        return root * links.times(root * block)

    normal = Operator(links.size, times, times, symmetric=True)
    found = eigen(normal, options.eigenpairs, options, seed, watch.part(0, 0.3))
    some = min(options.eigenpairs, len(found.values))
    values, vectors = found.values[:some], root * found.vectors[:, :some]
    parts = int((values > 1 - _ONE).sum())  # a part of the graph has an eigenvalue of 1
    if 2 * parts > some:
        watch.notes.append(
            f"{parts:,} of {some:,} eigenpairs only tell parts of the graph that no link joins "
            "from each other: more of them (factorise.eigenpairs), or the largest part alone, "
            "know more"
        )
    powers = sum(values**r for r in range(1, options.window + 1)) / options.window
    volume = degrees.sum() / options.shift
    ones, weighted = np.ones(links.size), volume * vectors * powers
    scratch = np.empty((PARTS, links.size))

    def fill(first: int, columns: np.ndarray, logs: np.ndarray) -> np.ndarray:
        rows = weighted[first : first + len(columns)] @ vectors.T
        count = np.empty(len(columns), np.int64)
        _pick(rows, ones, scratch, columns, logs, count)
        return count

    watch = watch.part(0.3, 1)
    return gathered(links.size, options.entries, fill, "log matrix", watch)


@njit(parallel=True)
def _pick(rows, ones, scratch, columns, values, found):
    parts = len(scratch)
    for part in prange(parts):
        for row in range(part, len(rows), parts):
            found[row] = keep_largest(
                rows[row], 1.0, ones, columns[row], values[row], scratch[part]
            )
