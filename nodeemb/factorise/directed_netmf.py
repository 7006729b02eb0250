"""What a one-sided window over forward walks trains towards, written down.

    W = (1/T) sum_{r=1..T} diag(p) P^r,    M = log max(1, W[u, v] sum(W) / (k row(u) col(v)))

P = D_out^-1 A and p the share of a node's out-weight, so that a walk begins with an arc
drawn by weight; row and col are the sums of W. A walk ends at a node without out-link.
On an undirected graph M is that of netmf.
"""

from __future__ import annotations

import numpy as np

from nodeemb.factorise.matrix import Sparse, adjacency, inverse, stochastic
from nodeemb.factorise.meetings import Walks, log_meetings, operator
from nodeemb.factorise.options import DirectedNetmfOptions
from nodeemb.factorise.svd import Svd, singular
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph


def directed_netmf(
    graph: Graph, options: DirectedNetmfOptions, dim: int, seed: int, watch: Watch
) -> Svd:
    """Singular vectors of the log matrix."""
    matrix = log_matrix(graph, options, watch.part(0, 0.6))
    return singular(operator(matrix, False), dim, options, seed, watch.part(0.6, 1))


def log_matrix(graph: Graph, options: DirectedNetmfOptions, watch: Watch) -> Sparse:
    """M, sparse; a row keeps its largest entries."""
    links = adjacency(graph)[0]
    degrees = links.sums()
    start = degrees / degrees.sum()
    steps = stochastic(links)
    rows, columns = _margins(steps, start, options.window)
    # p(u) of W stands on the left, 1 / row(u) too
    left = start * inverse(rows) * rows.sum() / options.shift
    walks = Walks(steps, steps, options.window, False, left, inverse(columns))
    return log_meetings(walks, options.entries, watch)


def _margins(
    steps: Sparse, start: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of rows and columns of T W."""
    ahead, behind = np.ones((steps.size, 1)), start[:, None]
    rows, columns = np.zeros(steps.size), np.zeros(steps.size)
    for _ in range(window):
        ahead, behind = steps.times(ahead), steps.transposed_times(behind)
        rows += start * ahead[:, 0]
        columns += behind[:, 0]
    return rows, columns
