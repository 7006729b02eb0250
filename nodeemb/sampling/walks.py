"""Random walks: to a random neighbour, or looking one step back (node2vec).

At a node without a way on (a sink, when direction is followed) the walk ends; it is then
shorter than asked for, and nothing is put in its place.

Second order, at v coming from t, the next node x is chosen with probability proportional
to weight(v, x) times

    1/p  if x = t,      1  if t -> x is an edge,      1/q  otherwise.

Source: Grover, Leskovec. node2vec. KDD 2016, section 3.2.2. The paper measures the
distance from t to x, so on directed graphs the edge t -> x counts, as here; the published
program asks for x -> t. Tables of pairs are never made (rejection; Yang et al., KnightKing,
SOSP 2019): a candidate is drawn by weight and kept with probability bias / max(1/p, 1, 1/q).
Without weights, where 1/p is above m = max(1, 1/q), a candidate is kept with probability
min(bias, m) / m, and what is left of the way back is drawn beside the arcs, as if there were
1 / (p m) - 1 more of them, and refused once and for all where v -> t is no arc.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.graph.graph import Graph
from nodeemb.graph.kernels import count_mutual
from nodeemb.prefetch import fetch_line
from nodeemb.rng import bits, permutation, stream_key, unit
from nodeemb.sampling.alias import alias_rows, draw
from nodeemb.sampling.options import SecondOrderOptions, WalkOptions
from nodeemb.sampling.sequences import Plan, Sequences

_ABREAST = 32  # walks that a thread walks at once


class Steps(NamedTuple):
    """An adjacency to walk on.

    pointers: (n + 1,) int64; neighbours: (arcs,) int32, ascending within a node.
    prob, jump: alias tables over each node's arcs, or empty: all alike.
    degree: (n,) float64 sum of weights.
    """

    pointers: np.ndarray
    neighbours: np.ndarray
    prob: np.ndarray
    jump: np.ndarray
    degree: np.ndarray


def steps_both_ways(graph: Graph) -> Steps:
    """Directions forgotten; mutual arcs are one edge, and their weights add up."""
    if not graph.directed:
        return out_steps(graph)
    mutual = count_mutual(*graph.out[:2], *graph.into[:2])[1]
    count = 2 * graph.num_arcs - mutual
    weight = np.empty(0 if graph.weight is None else count, np.float32)
    given = weight if graph.weight is None else graph.weight
    pointers, ends = _merge(*graph.out[:2], *graph.into, given, count, weight)
    return _steps(pointers, ends, None if graph.weight is None else weight)


@njit
def _merge(pointers, neighbours, turned, back, arcs, given, count, weight):
    """Pointers and neighbours over both directions; `weight` is filled with sums."""
    wide = np.zeros_like(pointers)
    ends = np.empty(count, np.int32)
    last = np.int32(2**31 - 1)  # no node is
    k = 0
    for row in range(len(pointers) - 1):
        i, j = pointers[row], turned[row]
        while i < pointers[row + 1] or j < turned[row + 1]:
            one = neighbours[i] if i < pointers[row + 1] else last
            other = back[j] if j < turned[row + 1] else last
            ends[k] = min(one, other)
            if len(weight) > 0:
                total = 0.0
                if one <= other:
                    total += given[i]
                if other <= one and other != row:  # a loop counts once
                    total += given[arcs[j]]
                weight[k] = total
            i += one <= other
            j += other <= one
            k += 1
        wide[row + 1] = k
    return wide, ends


def out_steps(graph: Graph) -> Steps:
    """The way along the arcs."""
    return _steps(graph.out.pointers, graph.out.neighbours, graph.weight)


def in_steps(graph: Graph) -> Steps:
    """The way against the arcs."""
    weight = None if graph.weight is None else graph.weight[graph.into.arcs]
    return _steps(graph.into.pointers, graph.into.neighbours, weight)


def _steps(
    pointers: np.ndarray, neighbours: np.ndarray, weight: np.ndarray | None
) -> Steps:
    if weight is None:
        degree = np.diff(pointers).astype(np.float64)
        return Steps(
            pointers, neighbours, np.empty(0, np.float32), np.empty(0, np.int32), degree
        )
    prob, jump = alias_rows(pointers, weight)
    starts = pointers[:-1]
    some = pointers[1:] > starts
    degree = np.zeros(len(starts))
    # summed node by node: differences of a running sum would lose light nodes to heavy ones
    degree[some] = np.add.reduceat(weight.astype(np.float64), starts[some])
    return Steps(pointers, neighbours, prob, jump, degree)


@njit(inline="always")
def step(pointers, neighbours, prob, jump, node, u):
    """The neighbour of `node` that u in [0, 1) chooses, or -1 where there is none."""
    a, b = pointers[node], pointers[node + 1]
    if a == b:
        return np.int32(-1)
    if len(prob) == 0:
        return neighbours[a + np.int64(u * (b - a))]
    return neighbours[a + draw(prob[a:b], jump[a:b], u)]


@njit(inline="always")
def has_arc(pointers, neighbours, source, target):
    """Is source -> target an arc (binary search)."""
    low, high = pointers[source], pointers[source + 1]
    while low < high:
        mid = (low + high) // 2
        if neighbours[mid] < target:
            low = mid + 1
        else:
            high = mid
    return low < pointers[source + 1] and neighbours[low] == target


@njit(parallel=True)
def _walk(pointers, neighbours, prob, jump, starts, length, key, first):
    """Walks side by side: while one waits for memory, the others go on."""
    count = len(starts)
    rows = np.empty((count, length), np.int32)
    lengths = np.full(count, length, np.int32)
    for group in prange((count + _ABREAST - 1) // _ABREAST):
        begin = group * _ABREAST
        going = min(_ABREAST, count - begin)
        # of each walk that still goes on: its number, where it stands, its draw
        walk, at = np.arange(begin, begin + going), np.empty(going, np.int32)
        drawn = np.empty(going)
        for w in range(going):
            at[w] = rows[begin + w, 0] = starts[begin + w]
            fetch_line(pointers, at[w])
        for done in range(1, length):
            left, going = going, 0
            for w in range(left):
                i, node = walk[w], at[w]
                arcs = pointers[node + 1] - pointers[node]
                if arcs == 0:
                    lengths[i] = done
                    continue
                u = unit(key, (first + i) * length + done)
                arc = pointers[node] + np.int64(u * arcs)
                fetch_line(neighbours, arc)
                if len(prob) > 0:
                    fetch_line(prob, arc)
                    fetch_line(jump, arc)
                walk[going], at[going], drawn[going] = i, node, u
                going += 1
            for w in range(going):
                at[w] = step(pointers, neighbours, prob, jump, at[w], drawn[w])
                rows[walk[w], done] = at[w]
                fetch_line(pointers, at[w])
    return rows, lengths


@njit(parallel=True)
def _walk_second_order(
    pointers, neighbours, prob, jump, starts, length, p, q, key, first
):
    """As _walk; a round is one candidate of each walk, which is taken or refused."""
    count = len(starts)
    rows = np.empty((count, length), np.int32)
    lengths = np.full(count, length, np.int32)
    most = max(1.0, 1.0 / q) if len(prob) == 0 else max(1.0 / p, 1.0, 1.0 / q)
    back, near, far = 1.0 / p / most, 1.0 / most, 1.0 / q / most
    more = max(0.0, back - 1.0)  # arcs that the way back is, beside its own
    low, high = min(near, far), max(near, far)
    for group in prange((count + _ABREAST - 1) // _ABREAST):
        begin = group * _ABREAST
        going = min(_ABREAST, count - begin)
        for w in range(begin, begin + going):
            rows[w, 0] = starts[w]
        # of each walk that still goes on: its number, its nodes so far, the last but one of
        # them (or -1), the last; of its step the stream, the candidate's draw in it, what
        # lies beside the arcs, and the candidate's place
        walk, done = np.arange(begin, begin + going), np.ones(going, np.int64)
        before, at = np.full(going, -1, np.int32), np.empty(going, np.int32)
        own, draws = np.empty(going, np.uint64), np.zeros(going, np.int64)
        beside, places = np.zeros(going), np.empty(going)
        for w in range(going):
            at[w] = starts[begin + w]
            own[w] = bits(key, (first + begin + w) * length + 1)
            fetch_line(pointers, at[w])
        while going > 0:
            for w in range(going):
                a, b = pointers[at[w]], pointers[at[w] + 1]
                places[w] = unit(own[w], draws[w]) * (b - a + beside[w])
                arc = a + np.int64(places[w])
                fetch_line(neighbours, arc)
                if len(prob) > 0:
                    fetch_line(prob, arc)
                    fetch_line(jump, arc)
            left, going = going, 0
            for w in range(left):
                i, nodes, t, v = walk[w], done[w], before[w], at[w]
                stream, drawn, room = own[w], draws[w], beside[w]
                a, b = pointers[v], pointers[v + 1]
                if a == b:
                    lengths[i] = nodes
                    continue
                place = np.int64(places[w])
                if place >= b - a:
                    x, taken, room = t, has_arc(pointers, neighbours, v, t), 0.0
                else:
                    if len(prob) > 0 and places[w] - place >= prob[a + place]:
                        place = jump[a + place]
                    x = neighbours[a + place]
                    # the only way on is taken whatever its bias, which could be refused for long
                    taken = t < 0 or b - a == 1
                    if not taken:
                        u = unit(stream, drawn + 1)
                        if x == t:
                            taken = u < back
                        elif u < low or u >= high:  # whether t -> x is an arc or not
                            taken = u < low
                        else:
                            taken = has_arc(pointers, neighbours, t, x) == (near > far)
                if taken:
                    rows[i, nodes] = x
                    nodes += 1
                    if nodes == length:
                        continue
                    fetch_line(pointers, x)
                    t, v, drawn, room = v, x, 0, more
                    stream = bits(key, (first + i) * length + nodes)
                else:
                    drawn += 2
                walk[going], done[going], before[going], at[going] = i, nodes, t, v
                own[going], draws[going], beside[going] = stream, drawn, room
                going += 1
    return rows, lengths


def plan_walks(
    graph: Graph, options: WalkOptions | SecondOrderOptions, seed: int
) -> Plan:
    """Walks from every node, `walks_per_node` an epoch, in a new random order of starts.

    A walk that starts where there is no way on has one node and gives no pairs.
    """
    follow = graph.directed and options.direction == "follow"
    steps = out_steps(graph) if follow else steps_both_ways(graph)
    n, length = graph.num_nodes, options.walk_length
    into = in_steps(graph).degree if follow else steps.degree
    orders: dict[tuple[int, int], np.ndarray] = {}

    def order(epoch: int, lap: int) -> np.ndarray:
        if (epoch, lap) not in orders:
            orders.clear()
            orders[epoch, lap] = permutation(stream_key(seed, "start", epoch, lap), n)
        return orders[epoch, lap]

    def starts(epoch: int, first: int, count: int) -> np.ndarray:
        parts = []
        while count > 0:
            lap, at = divmod(first, n)
            part = order(epoch, lap)[at : at + count]
            parts.append(part)
            first, count = first + len(part), count - len(part)
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def sample(epoch: int, first: int, count: int) -> Sequences:
        key = stream_key(seed, "walk", epoch)
        begin = starts(epoch, first, count)
        if isinstance(options, SecondOrderOptions):
            rows, lengths = _walk_second_order(
                *steps[:4], begin, length, options.p, options.q, key, first
            )
        else:
            rows, lengths = _walk(*steps[:4], begin, length, key, first)
        return Sequences(rows, lengths, np.zeros(count, np.int8))

    return Plan(n * options.walks_per_node, length, sample, steps.degree, into)
