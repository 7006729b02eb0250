"""Hide some links of a training graph, to see what the rest says of links it has not met.

Where no node is alone, the links of a random spanning forest stay, so that hidden links are
like links to be found: never the last of a node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.graph.graph import Graph
from nodeemb.rng import integers, permutation, stream_key

SHARE, LINKS, FOLDS = 0.1, 10_000, 8
PER_LINK = 4  # random pairs for each hidden link


class HeldOut(NamedTuple):
    """rest: the graph without the hidden links.
    links: (k, 2) rows of these. one_way: (k,) bool, whose reverse is no link.
    others: (p, 2) random pairs that are no link in either direction.
    """

    rest: Graph
    links: np.ndarray
    one_way: np.ndarray
    others: np.ndarray


def folds(graph: Graph) -> int:
    """How often links are hidden: until there are 10,000, at most eight times."""
    return int(np.clip(round(LINKS / (SHARE * max(graph.num_arcs, 1))), 1, FOLDS))


def hide(graph: Graph, seed: int, fold: int) -> HeldOut:
    """A tenth of the links, or 10,000 if that is fewer; another tenth for each fold."""
    order = permutation(stream_key(seed, "held out", fold), graph.num_arcs)
    ends = graph.sources, graph.targets
    order = order[ends[0][order] != ends[1][order]]
    if (graph.out_degree + graph.in_degree).min() > 0:
        order = order[~_in_forest(graph, order)]
    count = min(LINKS, round(SHARE * graph.num_arcs), len(order) // 2)
    hidden = order[:count]
    keep = np.ones(graph.num_arcs, bool)
    keep[hidden] = False
    links = np.stack([ends[0][hidden], ends[1][hidden]], axis=1)
    mutual = graph.has_edges(links[:, 1], links[:, 0])
    key = stream_key(seed, "held out pairs", fold)
    pairs = integers(key, 0, 2 * PER_LINK * count, graph.num_nodes).reshape(-1, 2)
    near = graph.has_edges(*pairs.T) | graph.has_edges(pairs[:, 1], pairs[:, 0])
    others = pairs[~near & (pairs[:, 0] != pairs[:, 1])]
    return HeldOut(graph.keep_arcs(keep), links, ~mutual, others)


def _in_forest(graph: Graph, order: np.ndarray) -> np.ndarray:
    """(k,) bool: is the arc, in this order, needed to join two parts."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    n = graph.num_nodes
    low = np.minimum(graph.sources[order], graph.targets[order])
    high = np.maximum(graph.sources[order], graph.targets[order])
    _, places = np.unique(low.astype(np.int64) * n + high, return_index=True)
    rank = csr_array((places + 1.0, (low[places], high[places])), shape=(n, n))
    needed = np.zeros(len(order), bool)
    needed[minimum_spanning_tree(rank).data.astype(np.int64) - 1] = True
    return needed
