"""Edges as sequences of two: every edge once an epoch, or drawn by weight.

Undirected edges come as both their arcs. Without weights an epoch is a shuffle of all
arcs, which has the law of independent draws and less variance; with weights it is as many
independent draws in proportion to weight, or a shuffle of pairs that have these weights.
"""

from __future__ import annotations

import numpy as np

from nodeemb.graph.graph import Graph
from nodeemb.rng import permutation, stream_key
from nodeemb.sampling.alias import alias_table, draws
from nodeemb.sampling.options import EdgeOptions
from nodeemb.sampling.sequences import Pairs, Plan
from nodeemb.sampling.walks import in_steps, out_steps


def plan_edges(graph: Graph, options: EdgeOptions, seed: int) -> Plan:
    """All arcs of the graph, an epoch each; the kind of a pair is its sign (0: +, 1: -)."""
    m, sources, targets = graph.num_arcs, graph.sources, graph.targets
    table, weight = None, graph.weight
    if weight is not None and options.weights == "draw":
        table, weight = alias_table(weight.astype(np.float64)), None
    negative = None if graph.sign is None else (graph.sign < 0).astype(np.int8)
    orders: dict[int, np.ndarray] = {}

    def arcs(epoch: int, first: int, count: int) -> np.ndarray:
        key = stream_key(seed, "edge", epoch)
        if table is not None:
            return draws(*table, key, first, count)
        if epoch not in orders:
            orders.clear()
            orders[epoch] = permutation(key, m)
        return orders[epoch][first : first + count]

    def sample(epoch: int, first: int, count: int) -> Pairs:
        chosen = arcs(epoch, first, count)
        kind = np.zeros(len(chosen), np.int8) if negative is None else negative[chosen]
        own = np.ones(len(chosen), np.float32) if weight is None else weight[chosen]
        return Pairs(sources[chosen], targets[chosen], own, kind)

    return Plan(m, 2, sample, out_steps(graph).degree, in_steps(graph).degree)
