"""Weighted numbers of walks of one, two and three links between pairs of nodes.

    value(u, v) = c1 A[u, v] + c2 sum_w A[u, w] g[w] A[w, v] + c3 A^3[u, v]

Exact, without ever forming A^2: for each source asked for, the walks of two links are
spread into one array of n numbers; the third step is taken backwards from the targets
asked for. Work: the two-step neighbourhoods of the sources, and the in-links of the
targets. Memory: two arrays of n numbers.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.graph.graph import Graph


def count_paths(
    graph: Graph,
    sources: np.ndarray,
    targets: np.ndarray,
    middle: np.ndarray,
    factors: tuple[float, float, float],
) -> np.ndarray:
    """(k,) float64: the value of each pair.

    Args:
        graph: A, links counted one each.
        sources: (k,) rows; quickest where equal ones stand together.
        targets: (k,) rows.
        middle: (num_nodes,) g, what a node counts in the middle of two links.
        factors: c1, c2 and c3.
    """
    order = np.argsort(sources, kind="stable")
    out = np.empty(len(order))
    values = _count_paths(
        graph.out.pointers,
        graph.out.neighbours,
        graph.into.pointers,
        graph.into.neighbours,
        np.asarray(sources, np.int32)[order],
        np.asarray(targets, np.int32)[order],
        np.asarray(middle, np.float64),
        *factors,
    )
    out[order] = values
    return out


@njit
def _count_paths(
    out_pointers: np.ndarray,
    out_neighbours: np.ndarray,
    in_pointers: np.ndarray,
    in_neighbours: np.ndarray,
    sources: np.ndarray,
    targets: np.ndarray,
    middle: np.ndarray,
    one: float,
    two: float,
    three: float,
) -> np.ndarray:
    n = len(out_pointers) - 1
    values = np.empty(len(sources))
    near = np.zeros(n)  # c1 A[u, :] + c2 A g A[u, :]
    steps = np.zeros(n)  # A^2[u, :], for the third step
    touched = np.empty(n, np.int32)
    is_touched = np.zeros(n, np.bool_)
    start = 0
    while start < len(sources):
        u = sources[start]
        count = 0
        for a in range(out_pointers[u], out_pointers[u + 1]):
            w = out_neighbours[a]
            near[w] += one
            if not is_touched[w]:
                is_touched[w] = True
                touched[count] = w
                count += 1
            for b in range(out_pointers[w], out_pointers[w + 1]):
                x = out_neighbours[b]
                near[x] += two * middle[w]
                steps[x] += 1.0
                if not is_touched[x]:
                    is_touched[x] = True
                    touched[count] = x
                    count += 1
        end = start
        while end < len(sources) and sources[end] == u:
            v = targets[end]
            value = near[v]
            if three != 0.0:
                walks = 0.0
                for a in range(in_pointers[v], in_pointers[v + 1]):
                    walks += steps[in_neighbours[a]]
                value += three * walks
            values[end] = value
            end += 1
        for i in range(count):
            x = touched[i]
            near[x], steps[x], is_touched[x] = 0.0, 0.0, False
        start = end
    return values
