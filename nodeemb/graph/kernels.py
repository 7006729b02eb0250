"""Loops over arcs that build and search a graph's adjacency in linear time.

Sorting is by counting: arcs are dealt out to their targets and then, in that order, to
their sources. The deal keeps the order of equal arcs, so that "the first" of repeated
edges is the first of the file. All row arrays are int32, pointers int64.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit

Array = np.ndarray


@njit
def pointers_of(rows: Array, num_nodes: int) -> Array:
    """(num_nodes + 1,) int64: where each row's share begins once sorted by row."""
    pointers = np.zeros(num_nodes + 1, np.int64)
    for row in rows:
        pointers[row + 1] += 1
    for row in range(num_nodes):
        pointers[row + 1] += pointers[row]
    return pointers


@njit
def sort_arcs(sources: Array, targets: Array, num_nodes: int) -> tuple[Array, Array]:
    """Neighbours in the order (source, target), without the order itself.

    Returns:
        pointers (num_nodes + 1,) int64 and neighbours (num_arcs,) int32.
    """
    by_target = pointers_of(targets, num_nodes)
    at = by_target[:-1].copy()
    dealt = np.empty(len(sources), np.int32)
    for i in range(len(sources)):
        target = targets[i]
        dealt[at[target]] = sources[i]
        at[target] += 1
    pointers = pointers_of(sources, num_nodes)
    at = pointers[:-1].copy()
    neighbours = np.empty(len(sources), np.int32)
    for target in range(num_nodes):
        for i in range(by_target[target], by_target[target + 1]):
            source = dealt[i]
            neighbours[at[source]] = target
            at[source] += 1
    return pointers, neighbours


@njit
def sort_order(
    sources: Array, targets: Array, num_nodes: int, order: Array
) -> tuple[Array, Array]:
    """As `sort_arcs`; fills `order` (num_arcs,) with the place each arc came from."""
    by_target = pointers_of(targets, num_nodes)
    at = by_target[:-1].copy()
    dealt = np.empty(len(sources), order.dtype)
    for i in range(len(sources)):
        target = targets[i]
        dealt[at[target]] = i
        at[target] += 1
    pointers = pointers_of(sources, num_nodes)
    at = pointers[:-1].copy()
    neighbours = np.empty(len(sources), np.int32)
    for target in range(num_nodes):
        for i in range(by_target[target], by_target[target + 1]):
            source = sources[dealt[i]]
            neighbours[at[source]] = target
            order[at[source]] = dealt[i]
            at[source] += 1
    return pointers, neighbours


@njit
def reverse(pointers: Array, neighbours: Array, back: Array, arcs: Array) -> Array:
    """Fills the adjacency by target: `back` the sources, `arcs` the arcs' positions.

    Returns:
        pointers (num_nodes + 1,) int64.
    """
    num_nodes = len(pointers) - 1
    turned = pointers_of(neighbours, num_nodes)
    at = turned[:-1].copy()
    for row in range(num_nodes):
        for arc in range(pointers[row], pointers[row + 1]):
            target = neighbours[arc]
            back[at[target]] = row
            arcs[at[target]] = arc
            at[target] += 1
    return turned


@njit
def first_of_each(pointers: Array, neighbours: Array) -> Array:
    """(num_arcs,) bool: False where a sorted arc repeats the one before it."""
    new = np.ones(len(neighbours), np.bool_)
    for row in range(len(pointers) - 1):
        for arc in range(pointers[row] + 1, pointers[row + 1]):
            new[arc] = neighbours[arc] != neighbours[arc - 1]
    return new


@njit
def pointers_of_kept(pointers: Array, keep: Array) -> Array:
    """(num_nodes + 1,) int64: pointers once only the arcs marked True are left."""
    kept = np.zeros_like(pointers)
    count = 0
    for row in range(len(pointers) - 1):
        for arc in range(pointers[row], pointers[row + 1]):
            count += keep[arc]
        kept[row + 1] = count
    return kept


@njit
def both_ways(
    pointers: Array,
    neighbours: Array,
    turned: Array,
    back: Array,
    arcs: Array,
    edge: Array,
) -> tuple[Array, Array]:
    """Both arcs of each undirected edge, from its arc source <= target.

    Args:
        pointers, neighbours: the edges by their lower end.
        turned, back, arcs: the same by their upper end.
        edge: filled with the position of each arc's edge; its length is the arcs' number.

    Returns:
        pointers and neighbours of all arcs, ascending within a row.
    """
    num_nodes = len(pointers) - 1
    wide = np.zeros(num_nodes + 1, np.int64)
    ends = np.empty(len(edge), np.int32)
    count = 0
    for row in range(num_nodes):
        for i in range(turned[row], turned[row + 1]):
            if back[i] != row:  # a loop is one arc
                ends[count] = back[i]
                edge[count] = arcs[i]
                count += 1
        for i in range(pointers[row], pointers[row + 1]):
            ends[count] = neighbours[i]
            edge[count] = i
            count += 1
        wide[row + 1] = count
    return wide, ends


@njit
def count_mutual(
    pointers: Array, neighbours: Array, turned: Array, back: Array
) -> tuple[int, int]:
    """(self loops, arcs whose reverse is an arc too, the loops among them)."""
    loops, mutual = 0, 0
    for row in range(len(pointers) - 1):
        i, j = pointers[row], turned[row]
        while i < pointers[row + 1] and j < turned[row + 1]:
            if neighbours[i] == back[j]:
                mutual += 1
                loops += neighbours[i] == row
                i += 1
                j += 1
            elif neighbours[i] < back[j]:
                i += 1
            else:
                j += 1
    return loops, mutual


@njit
def find_arcs(
    pointers: Array, neighbours: Array, sources: Array, targets: Array
) -> Array:
    """(k,) int64: position of each arc source -> target, -1 where there is none."""
    found = np.full(len(sources), -1, np.int64)
    for k in range(len(sources)):
        low, high = pointers[sources[k]], pointers[sources[k] + 1]
        end = high
        while low < high:
            middle = (low + high) // 2
            if neighbours[middle] < targets[k]:
                low = middle + 1
            else:
                high = middle
        if low < end and neighbours[low] == targets[k]:
            found[k] = low
    return found
