"""Alternating walks: out along an edge, back along another, out again (NERD).

A source walk starts at a source h0 chosen by out-weight and gives h0 -> a0 <- h1 -> a1 ...;
a target walk starts at a target a0 chosen by in-weight and gives a0 <- h0 -> a1 <- h1 ....
Choosing an edge by weight and starting at one of its ends is the same law, so an epoch
starts one source walk and one target walk at every edge (weighted graphs: as many draws by
weight). The walk never ends early: the node it came from is always a way back.

Source: Khosla, Leonhardt, Nejdl, Anand. Node representation learning for directed graphs.
ECML-PKDD 2019, section 3. The published code's neighbour draw never takes the last
neighbour and its noise repeats a few draws; neither is repeated here.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.graph.graph import Graph
from nodeemb.rng import permutation, stream_key, unit
from nodeemb.sampling.alias import alias_table, draw
from nodeemb.sampling.options import AlternatingOptions
from nodeemb.sampling.sequences import Plan, Sequences
from nodeemb.sampling.walks import in_steps, out_steps, step


@njit(parallel=True)
def _walk(
    out_p,
    out_n,
    out_prob,
    out_jump,
    in_p,
    in_n,
    in_prob,
    in_jump,
    sources,
    arcs,
    sides,
    length,
    key,
    first,
):
    count = len(arcs)
    rows = np.empty((count, length), np.int32)
    for i in prange(count):
        source, target = np.int32(sources[arcs[i]]), out_n[arcs[i]]
        outward = sides[i] == 0
        rows[i, 0] = source if outward else target
        node = target if outward else source
        rows[i, 1] = node
        number = (first + i) * length
        for done in range(2, length):
            outward = not outward
            u = unit(key, number + done)
            if outward:
                node = step(out_p, out_n, out_prob, out_jump, node, u)
            else:
                node = step(in_p, in_n, in_prob, in_jump, node, u)
            rows[i, done] = node
    return rows


def plan_alternating(graph: Graph, options: AlternatingOptions, seed: int) -> Plan:
    """One source walk and one target walk for every edge in an epoch."""
    out, into = out_steps(graph), in_steps(graph)
    m, length = graph.num_arcs, options.walk_length
    sources = graph.sources
    table = (
        None if graph.weight is None else alias_table(graph.weight.astype(np.float64))
    )
    orders: dict[int, np.ndarray] = {}

    def arcs(epoch: int, first: int, count: int) -> np.ndarray:
        numbers = np.arange(first, first + count) // 2
        if table is not None:
            key = stream_key(seed, "start", epoch)
            return _weighted_arcs(*table, key, numbers)
        if epoch not in orders:
            orders.clear()
            orders[epoch] = permutation(stream_key(seed, "start", epoch), m)
        return orders[epoch][numbers]

    def sample(epoch: int, first: int, count: int) -> Sequences:
        sides = (np.arange(first, first + count) % 2).astype(np.int8)
        key = stream_key(seed, "walk", epoch)
        rows = _walk(
            *out[:4],
            *into[:4],
            sources,
            arcs(epoch, first, count),
            sides,
            length,
            key,
            first,
        )
        return Sequences(rows, np.full(count, length, np.int32), sides)

    return Plan(2 * m, length, sample, out.degree, into.degree, alternating=True)


@njit
def _weighted_arcs(prob, jump, key, numbers):
    out = np.empty(len(numbers), np.int64)
    for i in range(len(numbers)):
        out[i] = draw(prob, jump, unit(key, numbers[i]))
    return out
