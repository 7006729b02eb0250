"""What NERD trains towards, written down: walks that alternate between the two sides.

    M = log max(1, m / (n k) sum_{i=0..n-1} (P_out (P_in P_out)^i)[u, v] / d_in(v))

P_out = D_out^-1 A, P_in = D_in^-1 A', m the sum of weights. This is NetMF of the bipartite
double cover, from its source copies to its target copies, odd steps only: with noise by
degree the optimum of pairs of a walk's first node with its n contexts of the other side.

Source: Khosla, Leonhardt, Nejdl, Anand. Node representation learning for directed graphs.
ECML-PKDD 2019; the closed form follows from the law of its walks.
"""

from __future__ import annotations

import numpy as np

from nodeemb.factorise.matrix import Sparse, adjacency, inverse, stochastic
from nodeemb.factorise.meetings import Walks, log_meetings, operator
from nodeemb.factorise.options import NerdClosedOptions
from nodeemb.factorise.svd import Svd, singular
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph


def nerd_closed(
    graph: Graph, options: NerdClosedOptions, dim: int, seed: int, watch: Watch
) -> Svd:
    """Singular vectors of the log matrix."""
    matrix = log_matrix(graph, options, watch.part(0, 0.6))
    return singular(operator(matrix, False), dim, options, seed, watch.part(0.6, 1))


def log_matrix(graph: Graph, options: NerdClosedOptions, watch: Watch) -> Sparse:
    """M, sparse; a row keeps its largest entries."""
    forward, back = adjacency(graph)
    into = back.sums()
    left = np.full(forward.size, into.sum() / (options.contexts * options.shift))
    odd, even = stochastic(forward), stochastic(back)
    walks = Walks(odd, even, 2 * options.contexts - 1, True, left, inverse(into))
    return log_meetings(walks, options.entries, watch)
