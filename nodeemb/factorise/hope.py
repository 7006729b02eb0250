"""Which nodes are reached by many short paths: Katz similarity, factorised.

    S = sum_{l >= 1} (beta A)^l = (I - beta A)^-1 - I,     S ~ U Sigma V'
    source = U sqrt(Sigma),  target = V sqrt(Sigma)

beta = share / max(spectral radius, mean weight). Where there is a cycle in a graph without
weights the radius is at least 1, and this is the published share / radius; on a graph
without cycles the radius is 0, the sum ends by itself, and a step is worth the share of
the mean weight. S is never written down: its products are sums of products of A.

Source: Ou, Cui, Pei, Zhang, Zhu. Asymmetric transitivity preserving graph embedding.
KDD 2016, whose code takes 0.5 / radius and divides by 0 on a graph without cycles.
"""

from __future__ import annotations

import numpy as np

from nodeemb.errors import RunFailed
from nodeemb.factorise.matrix import Operator, Sparse, adjacency
from nodeemb.factorise.options import HopeOptions
from nodeemb.factorise.radius import spectral_radius
from nodeemb.factorise.svd import Svd, singular
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph

_SMALL = 1e-11  # share of the sum at which a term ends it


def hope(graph: Graph, options: HopeOptions, dim: int, seed: int, watch: Watch) -> Svd:
    """Singular vectors of the Katz matrix.

    Raises:
        RunFailed: the sum has no finite value for this beta.
    """
    return singular(katz(graph, options.beta), dim, options, seed, watch)


def step_worth(graph: Graph, share: float) -> float:
    """beta: the share over max(spectral radius, mean weight)."""
    weight = 1.0 if graph.weight is None else float(graph.weight.mean(dtype=float))
    return share / max(spectral_radius(adjacency(graph)[0]), weight)


def katz(graph: Graph, share: float) -> Operator:
    """The Katz matrix by its products."""
    forward, back = adjacency(graph)
    beta = step_worth(graph, share)
    return Operator(
        graph.num_nodes,
        lambda block: _series(forward, beta, block),
        lambda block: _series(back, beta, block),
        symmetric=not graph.directed,
    )


def _series(matrix: Sparse, beta: float, block: np.ndarray) -> np.ndarray:
    """sum_{l >= 1} (beta A)^l block, until a term adds nothing."""
    total = np.zeros_like(block)
    term = block
    for _ in range(10 * matrix.size + 1000):
        term = matrix.times(term)
        term *= beta
        total += term
        size = _largest(term)
        if not np.isfinite(size):
            break
        if size <= _SMALL * _largest(total):
            return total
    raise RunFailed(
        "the number of paths grows without end: the Katz sum is not finite in floating "
        "point",
        where=f"hope, beta {beta:g}",
        next_step="Set a smaller factorise.beta",
    )


def _largest(block: np.ndarray) -> float:
    """The largest size of an entry; no second block is made."""
    return float(max(block.max(), -block.min()))
