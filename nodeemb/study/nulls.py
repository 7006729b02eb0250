"""Graphs from which the structure to be tested has been taken: what must come out as nothing.

| null | keeps | takes away |
|---|---|---|
| coin | which nodes are linked | which way, one-way pairs each by a coin |
| configuration | in- and out-degrees | who is linked with whom |
| permuted | which sets of nodes are pointed at together | which node is a target of whom and itself |
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.rng import below, permutation, stream_key

NULLS = ("coin", "configuration", "permuted")
_SWAPS = 20  # for each link


def null_of(graph: Graph, kind: str, seed: int = 0) -> Graph:
    """The graph without what a null takes away; without loops, weights and signs.

    Args:
        graph: an undirected one has a coin for each edge.
        kind: one of NULLS.
        seed: of coins, swaps and names.

    Raises:
        WrongUse: an undirected graph and another null than coin.
    """
    arcs = np.stack([graph.sources, graph.targets], axis=1).astype(np.int64)
    arcs = arcs[arcs[:, 0] != arcs[:, 1]]
    if kind != "coin" and not graph.directed:
        raise WrongUse(
            f"null {kind} is for directed graphs", allowed="coin for undirected ones"
        )
    if kind == "coin":
        made = _coin(graph, arcs, stream_key(seed, "coin null"))
    elif kind == "configuration":
        made = _rewired(arcs, graph.num_nodes, stream_key(seed, "rewired null"))
    else:
        names = permutation(stream_key(seed, "permuted null"), graph.num_nodes)
        made = np.stack([arcs[:, 0], names[arcs[:, 1]]], axis=1)
        made = made[made[:, 0] != made[:, 1]]
    return Graph.from_edges(made[:, 0], made[:, 1], num_nodes=graph.num_nodes)


def _coin(graph: Graph, arcs: np.ndarray, key: np.uint64) -> np.ndarray:
    mutual = graph.has_edges(arcs[:, 1], arcs[:, 0])
    if not graph.directed:
        arcs, mutual = arcs[arcs[:, 0] < arcs[:, 1]], np.zeros(len(arcs) // 2, bool)
    draw = np.random.Generator(np.random.Philox(int(key)))
    turned = (draw.random(len(arcs)) < 0.5) & ~mutual
    return np.where(turned[:, None], arcs[:, ::-1], arcs)


def _rewired(arcs: np.ndarray, size: int, key: np.uint64) -> np.ndarray:
    targets = arcs[:, 1].copy()
    _swap(arcs[:, 0].copy(), targets, size, key, _SWAPS * len(arcs))
    return np.stack([arcs[:, 0], targets], axis=1)


@njit
def _swap(sources, targets, size, key, swaps):
    """Two links change targets, again and again; never a loop, never a link twice."""
    room = 4
    while room < 2 * len(sources):
        room *= 2
    there = np.full(room, -1, np.int64)
    for link in range(len(sources)):
        pair = np.int64(sources[link]) * size + targets[link]
        there[_place(there, pair)] = pair
    for number in range(swaps):
        one = below(key, 2 * number, len(sources))
        other = below(key, 2 * number + 1, len(sources))
        u, v, x, y = sources[one], targets[one], sources[other], targets[other]
        first, second = np.int64(u) * size + y, np.int64(x) * size + v
        if u == y or x == v:
            continue
        if there[_place(there, first)] >= 0 or there[_place(there, second)] >= 0:
            continue
        _forget(there, np.int64(u) * size + v)
        _forget(there, np.int64(x) * size + y)
        there[_place(there, first)] = first
        there[_place(there, second)] = second
        targets[one], targets[other] = y, v


# A set of pairs in an array, -1 where there is none: numba's own fills up with what was
# removed, and a swap then takes a hundred times as long.


@njit
def _home(there, pair):
    """Where a pair is looked for first."""
    mixed = (np.uint64(pair) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(24)
    return np.int64(mixed) & (len(there) - 1)


@njit
def _place(there, pair):
    """Where a pair is, or could be put."""
    at = _home(there, pair)
    while there[at] >= 0 and there[at] != pair:
        at = (at + 1) & (len(there) - 1)
    return at


@njit
def _forget(there, pair):
    """Takes a pair out, and moves those up that had made way for it."""
    hole = _place(there, pair)
    at = hole
    while True:
        at = (at + 1) & (len(there) - 1)
        if there[at] < 0:
            break
        home = _home(there, there[at])
        if (at - home) & (len(there) - 1) >= (at - hole) & (len(there) - 1):
            there[hole] = there[at]
            hole = at
    there[hole] = -1
