"""What samplers must give in the long run, worked out from the definitions, never sampled.

Steps, whole walks, the expected weight of every pair (w+) and of every noise pair (w-).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from naive import (
    Neighbours,
    Walk,
    arcs,
    bias,
    distance_weight,
    in_neighbours,
    out_neighbours,
    pairs_of,
    ways_on,
)

from nodeemb.graph.graph import Graph
from nodeemb.sampling.options import EdgeOptions

Step = Callable[
    [tuple[int, ...]], dict[int, float]
]  # a walk so far -> next node: chance


def step_law(near: Neighbours) -> np.ndarray:
    """(n, n): probability of each next node; rows of nodes without a way on are 0."""
    law = np.zeros((len(near), len(near)))
    for v, ways in near.items():
        for x, w in ways:
            law[v, x] = w / sum(weight for _, weight in ways)
    return law


def second_order_law(
    near: Neighbours, before: int, v: int, p: float, q: float
) -> dict[int, float]:
    """x -> probability of going to x from v after coming from `before`."""
    mass = {x: w * bias(near, before, x, p, q) for x, w in near[v]}
    return {x: m / sum(mass.values()) for x, m in mass.items()}


def walk_law(graph: Graph, options) -> list[tuple[float, list[tuple[Walk, float]]]]:
    """Every possible walk, for short walks: (walks an epoch, [(walk, probability)]) a start.

    Starts are nodes; for alternating walks they are (arc, side): each arc's source, then
    its target. Weighted arcs start walks in proportion to weight, m for each side in all.
    """
    if options.kind == "alternating":
        return _alternating_law(graph, options.walk_length)
    near = ways_on(graph, options.direction)
    first = step_law(near)

    def step(walk: tuple[int, ...]) -> dict[int, float]:
        if options.kind == "second_order" and len(walk) > 1:
            return second_order_law(near, walk[-2], walk[-1], options.p, options.q)
        return _as_dict(first[walk[-1]])

    return [
        (options.walks_per_node, _grow((v,), 0, step, options.walk_length))
        for v in range(graph.num_nodes)
    ]


def _alternating_law(
    graph: Graph, length: int
) -> list[tuple[float, list[tuple[Walk, float]]]]:
    ways = step_law(out_neighbours(graph)), step_law(in_neighbours(graph))
    starts = expected_pairs(graph, EdgeOptions(), None)

    def steps(side: int) -> Step:
        return lambda walk: _as_dict(ways[(len(walk) - 1 + side) % 2][walk[-1]])

    return [
        (starts[u, v], _grow(begin, side, steps(side), length))
        for u, v, _ in arcs(graph)
        for side, begin in enumerate([(u, v), (v, u)])
    ]


def _as_dict(row: np.ndarray) -> dict[int, float]:
    return {int(x): float(row[x]) for x in np.flatnonzero(row)}


def _grow(
    begin: tuple[int, ...], side: int, step: Step, length: int
) -> list[tuple[Walk, float]]:
    growing, done = [(begin, 1.0)], []
    while growing:
        walk, chance = growing.pop()
        ways = step(walk) if len(walk) < length else {}
        if not ways:
            done.append(((walk, side), chance))
        growing += [((*walk, x), chance * p) for x, p in ways.items()]
    return done


# ---- positive pairs -------------------------------------------------------------------


def expected_pairs(graph: Graph, sampler, stencil) -> np.ndarray:
    """(n, n): the exact expected weight of each pair (left, right) in an epoch: w+.

    Equal rows are counted as they come; the trainer gives them weight 0. First-order and
    alternating walks by powers of the step law, so they may be long; second-order walks
    are listed one by one and must be short.

    Args:
        graph: any graph.
        sampler: a sampler's options.
        stencil: a stencil's options (edges: ignored).
    """
    if sampler.kind == "edges":
        weight = np.zeros((graph.num_nodes, graph.num_nodes))
        for u, v, w in arcs(graph):
            weight[u, v] = w
        return weight * (graph.num_arcs / weight.sum())
    if sampler.kind == "alternating" and stencil.kind == "first":
        return _alternating_pairs(graph, sampler.walk_length, stencil)
    if sampler.kind == "walks":
        return _walk_pairs(graph, sampler, stencil)
    return listed_pairs(graph, sampler, stencil)


def _walk_pairs(graph: Graph, sampler, stencil) -> np.ndarray:
    length, window, centres, sides = (
        sampler.walk_length,
        sampler.walk_length - 1,
        1,
        "after",
    )
    if stencil.kind == "window":
        window, sides = stencil.window, stencil.sides
        centres = length - window if stencil.centres == "whole_horizon" else length
    step = step_law(ways_on(graph, sampler.direction))
    at = [np.full(graph.num_nodes, float(sampler.walks_per_node))]
    for _ in range(1, length):  # at[t][v]: how many walks stand at v at place t
        at.append(at[-1] @ step)
    total, power = np.zeros_like(step), np.eye(len(step))
    for d in range(1, min(window, length - 1) + 1):
        power = power @ step
        weight = distance_weight(stencil, d, window)
        if sides in ("both", "after"):
            total += weight * sum(
                at[t][:, None] * power for t in range(min(centres, length - d))
            )
        if sides in ("both", "before"):
            total += weight * sum(
                (at[t - d][:, None] * power).T for t in range(d, centres)
            )
    return total


def _alternating_pairs(graph: Graph, length: int, stencil) -> np.ndarray:
    """m walks from sources by out-weight, m from targets by in-weight; source is left."""
    out, into = step_law(out_neighbours(graph)), step_law(in_neighbours(graph))
    starts = expected_pairs(graph, EdgeOptions(), None)
    from_sources = np.diag(starts.sum(1)) @ out
    from_targets = np.diag(starts.sum(0)) @ into
    total, contexts = np.zeros_like(out), length // 2
    for k in range(1, contexts + 1):
        total += distance_weight(stencil, k, contexts) * (from_sources + from_targets.T)
        from_sources, from_targets = (
            from_sources @ into @ out,
            from_targets @ out @ into,
        )
    return total


def listed_pairs(graph: Graph, sampler, stencil) -> np.ndarray:
    """As `expected_pairs`, by listing every walk: the obvious way, for short walks."""
    total = np.zeros((graph.num_nodes, graph.num_nodes))
    for times, laws in walk_law(graph, sampler):
        for walk, chance in laws:
            total += (
                times * chance * pair_matrix([walk], graph.num_nodes, sampler, stencil)
            )
    return total


def pair_matrix(walks: list[Walk], nodes: int, sampler, stencil) -> np.ndarray:
    """(n, n): the summed weight of each (left, right) that walks give."""
    total = np.zeros((nodes, nodes))
    pairs = pairs_of(walks, stencil, sampler.walk_length, sampler.kind == "alternating")
    for u, v, weight in pairs:
        total[u, v] += weight
    return total


# ---- noise ----------------------------------------------------------------------------


def noise_law(
    degrees: Iterable[float], power: float, uniform: float = 0.0
) -> list[float]:
    """degree ** power, scaled to sum to 1; power 0 gives every node the same.

    `uniform` of the draws are any node alike, the others go by degree.
    """
    mass = [1.0 if power == 0 else d**power for d in degrees]
    return [(1 - uniform) * m / sum(mass) + uniform / len(mass) for m in mass]


def noise_weights(
    positive: np.ndarray,
    left_q: list[float],
    right_q: list[float],
    per_pair: float,
    side: str,
) -> np.ndarray:
    """(n, n): the exact weight w- of each noise pair; equal rows have none on either side.

    At full rank the logistic objective's optimum is log(w+ / w-) where both are above 0.

    Args:
        positive: (n, n) w+.
        left_q, right_q: (n,) laws of noise on the left and on the right.
        per_pair: K.
        side: "target", "source", or "both" (half of K each).
    """
    other = 1 - np.eye(len(positive))
    positive = positive * other
    on_right = positive.sum(1)[:, None] * np.asarray(right_q)[None, :]
    on_left = np.asarray(left_q)[:, None] * positive.sum(0)[None, :]
    share = {"target": on_right, "source": on_left, "both": (on_right + on_left) / 2}[
        side
    ]
    return per_pair * share * other


def reversed_weights(graph: Graph, positive: np.ndarray, per_pair: float) -> np.ndarray:
    """(n, n): the weight w- that pairs have as the reverse of a positive pair.

    Args:
        graph: whose true edges are left out.
        positive: (n, n) w+.
        per_pair: K times the share of reversed noise.
    """
    negative = per_pair * positive.T * (1 - np.eye(len(positive)))
    for u, v, _ in arcs(graph):
        negative[u, v] = 0
    return negative
