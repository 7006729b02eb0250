"""The adjacency matrix itself, factorised: adjacency spectral embedding.

    A + diag(c d / (n - 1)) ~ U Sigma V',    source = U sqrt(Sigma),  target = V sqrt(Sigma)

d is the mean of out- and in-weight without self loops, which the new diagonal replaces;
with c = 0 the self loops stay and nothing is added. Unscaled: U and V alone.

Source: Sussman, Tang, Fishkind, Priebe. A consistent adjacency spectral embedding for
stochastic blockmodel graphs. JASA 107, 2012; diagonal and scaling as in graspologic.
"""

from __future__ import annotations

import numpy as np

from nodeemb.factorise.matrix import Operator, Sparse, adjacency
from nodeemb.factorise.options import AseOptions
from nodeemb.factorise.svd import Svd, singular
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph


def ase(graph: Graph, options: AseOptions, dim: int, seed: int, watch: Watch) -> Svd:
    """Singular vectors of the adjacency matrix; values of 1 where they are not scaled."""
    found = singular(augmented(graph, options.diagonal), dim, options, seed, watch)
    if options.scaled:
        return found
    return found._replace(values=np.where(found.values > 0, 1.0, 0.0))


def augmented(graph: Graph, factor: float) -> Operator:
    """A with its diagonal replaced, by its products."""
    forward, back = adjacency(graph)
    diagonal = np.zeros(graph.num_nodes)
    if factor > 0:
        loops = _loops(graph)
        degrees = (forward.sums() + back.sums()) / 2 - loops
        diagonal = factor * degrees / max(1, graph.num_nodes - 1) - loops

    def plus(matrix: Sparse, block: np.ndarray) -> np.ndarray:
        total = matrix.times(block)
        total += diagonal[:, None] * block
        return total

    return Operator(
        graph.num_nodes,
        lambda block: plus(forward, block),
        lambda block: plus(back, block),
        symmetric=not graph.directed,
    )


def _loops(graph: Graph) -> np.ndarray:
    """(n,) weights of self loops."""
    rows = np.flatnonzero(graph.sources == graph.targets)
    weights = np.zeros(graph.num_nodes)
    weights[graph.targets[rows]] = 1.0 if graph.weight is None else graph.weight[rows]
    return weights
