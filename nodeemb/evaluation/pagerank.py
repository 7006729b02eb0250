"""Personalised PageRank of pairs: where does a walk that keeps stopping come to rest.

    pi(u, v) = alpha sum_l (1 - alpha)^l P^l[u, v],    P = out-degree normalised A

A walk at a node without out-links ends there unless it stops, and that share is lost:
P has a zero row, and pi(u, .) sums to less than one.

Forward push: p (settled) and r (still walking) obey pi(u, v) = p(v) + sum_x r(x)
pi(x, v); a node with r(x) > epsilon max(1, out(x)) is pushed, until none is left, which
takes at most 1 / (alpha epsilon) link visits a source. Then, since pi(x, v) is at least
alpha for x = v and alpha (1 - alpha) P[x, v] from an in-neighbour x, those shares of r
are settled too. The value is never above pi, and below it by at most
(1 - alpha)^2 sum_x r(x), and less than the sum of epsilon max(1, out(x)) over all x.

Source: Andersen, Chung, Lang. Local Graph Partitioning using PageRank Vectors. FOCS
2006; the last step is one level of Lofgren, Banerjee, Goel. Personalized PageRank
Estimation and Search: A Bidirectional Approach. WSDM 2016.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.graph.graph import Graph

ALPHA = 0.15
EPSILON = 1e-4


def personalised_pagerank(
    graph: Graph,
    sources: np.ndarray,
    targets: np.ndarray,
    alpha: float = ALPHA,
    epsilon: float = EPSILON,
) -> np.ndarray:
    """(k,) float64: pi(source, target) from below.

    Args:
        graph: the links to walk, all alike.
        sources: (k,) rows; each distinct one costs a push.
        targets: (k,) rows.
        alpha: probability of stopping at each node, the first included.
        epsilon: what may be left walking at a node, per out-link.
    """
    order = np.argsort(sources, kind="stable")
    out = np.empty(len(order))
    out[order] = _push_sources(
        graph.out.pointers,
        graph.out.neighbours,
        graph.into.pointers,
        graph.into.neighbours,
        np.asarray(sources, np.int32)[order],
        np.asarray(targets, np.int32)[order],
        alpha,
        epsilon,
    )
    return out


@njit
def _push(
    u: int,
    pointers: np.ndarray,
    neighbours: np.ndarray,
    alpha: float,
    epsilon: float,
    settled: np.ndarray,
    walking: np.ndarray,
    queue: np.ndarray,
    state: np.ndarray,
    touched: np.ndarray,
) -> int:
    """Pushes from u; returns how many nodes stand in `touched`.

    state: (n,) 0 untouched, 1 touched, 2 waiting in the (n,) ring `queue`.
    """
    n = len(pointers) - 1
    walking[u] = 1.0
    touched[0], count = u, 1
    queue[0], first, waiting = u, 0, 1
    state[u] = 2
    while waiting:
        x = queue[first]
        first = first + 1 if first + 1 < n else 0
        waiting -= 1
        state[x] = 1
        mass = walking[x]
        walking[x] = 0.0
        settled[x] += alpha * mass
        begin, end = pointers[x], pointers[x + 1]
        if begin == end:
            continue
        share = (1.0 - alpha) * mass / (end - begin)
        for a in range(begin, end):
            y = neighbours[a]
            if state[y] == 0:
                state[y] = 1
                touched[count] = y
                count += 1
            walking[y] += share
            if state[y] == 1:
                room = epsilon * max(1, pointers[y + 1] - pointers[y])
                if walking[y] > room:
                    state[y] = 2
                    last = first + waiting
                    queue[last if last < n else last - n] = y
                    waiting += 1
    return count


@njit
def _push_sources(
    out_pointers: np.ndarray,
    out_neighbours: np.ndarray,
    in_pointers: np.ndarray,
    in_neighbours: np.ndarray,
    sources: np.ndarray,
    targets: np.ndarray,
    alpha: float,
    epsilon: float,
) -> np.ndarray:
    n = len(out_pointers) - 1
    values = np.empty(len(sources))
    settled, walking = np.zeros(n), np.zeros(n)
    queue, touched = np.empty(n, np.int32), np.empty(n, np.int32)
    state = np.zeros(n, np.int8)
    start = 0
    while start < len(sources):
        u = sources[start]
        count = _push(
            u,
            out_pointers,
            out_neighbours,
            alpha,
            epsilon,
            settled,
            walking,
            queue,
            state,
            touched,
        )
        end = start
        while end < len(sources) and sources[end] == u:
            v = targets[end]
            arriving = 0.0
            for a in range(in_pointers[v], in_pointers[v + 1]):
                y = in_neighbours[a]
                arriving += walking[y] / (out_pointers[y + 1] - out_pointers[y])
            values[end] = settled[v] + alpha * (walking[v] + (1.0 - alpha) * arriving)
            end += 1
        for i in range(count):
            x = touched[i]
            settled[x], walking[x], state[x] = 0.0, 0.0, 0
        start = end
    return values
