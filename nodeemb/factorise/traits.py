"""What a node's links alone say of it: how many, which way, and how many its neighbours have.

    q(v) = (log(1 + out), log(1 + in), log(1 + neighbours), their means over the neighbours)

Linear terms know besides the squares of these and whether a node has no out-link or no
in-link at all, which no logarithm tells from few.
"""

from __future__ import annotations

import numpy as np

from nodeemb.factorise.matrix import both_ways, inverse
from nodeemb.graph.graph import Graph

COUNT = 6  # of the traits that meet each other in pairs


def traits(graph: Graph) -> np.ndarray:
    """(n, 6 + 6 + 2): the traits q, their squares, no out-link, no in-link."""
    links = both_ways(graph)
    ones = links._replace(values=np.empty(0))
    neighbours = np.diff(links.pointers)
    own = np.log1p(np.stack([graph.out_degree, graph.in_degree, neighbours], 1))
    around = ones.times(own) * inverse(neighbours.astype(float))[:, None]
    q = np.concatenate([own, around], axis=1)
    none = np.stack([graph.out_degree == 0, graph.in_degree == 0], axis=1)
    return np.concatenate([q, np.square(q), none], axis=1)
