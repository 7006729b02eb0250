"""Signs along walks: the enemy of an enemy is a friend.

    sign(x_0 ... x_k) = product of sign(x_i, x_(i+1))

An alternating walk of a signed graph with this product beside it is a walk of the signed
double cover, in which every node has a positive and a negative copy and an edge of sign -
crosses from one to the other.

Source: Javari, Derr, Esmailian, Tang, Chang. ROSE: Role-based signed network embedding.
WWW 2020.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.graph.graph import Adjacency
from nodeemb.graph.kernels import find_arcs
from nodeemb.sampling.sequences import Sequences


def path_signs(walks: Sequences, out: Adjacency, sign: np.ndarray) -> np.ndarray:
    """(count, longest) int8: 0 where the product from the first node is +, 1 where it is -.

    Args:
        walks: alternating walks, whose even steps start at `sides`.
        out: the edges by source.
        sign: (num_arcs,) +1 or -1, in the order of `out`.
    """
    rows = walks.rows
    count, longest = rows.shape
    forward = (np.arange(longest - 1)[None] + walks.sides[:, None]) % 2 == 0
    sources = np.where(forward, rows[:, :-1], rows[:, 1:]).ravel().astype(np.int64)
    targets = np.where(forward, rows[:, 1:], rows[:, :-1]).ravel().astype(np.int64)
    arcs = find_arcs(out.pointers, out.neighbours, sources, targets)
    return _products(sign[arcs].reshape(count, longest - 1), walks.lengths)


@njit
def _products(signs, lengths):
    count, steps = signs.shape
    codes = np.zeros((count, steps + 1), np.int8)
    for i in range(count):
        for k in range(1, lengths[i]):
            codes[i, k] = codes[i, k - 1] ^ (signs[i, k - 1] < 0)
    return codes
