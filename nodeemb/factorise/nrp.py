"""Personalised PageRank from a factorised adjacency, weighted so that degrees come out right.

    A ~ U Sigma V',  X_1 = D_out^-1 U sqrt(Sigma),  X_i = (1 - alpha) P X_{i-1} + X_1
    X = alpha (1 - alpha) X_l,  Y = V sqrt(Sigma)   so that  X Y' ~ sum_i alpha (1-alpha)^i P^i
    source = f X,  target = g Y

The weights f, g >= 1/n of the nodes minimise, one after the other and each exactly,

    sum_u (f_u sum_{v != u} X_u.Y_v g_v - d_out(u))^2
        + sum_v (g_v sum_{u != v} f_u X_u.Y_v - d_in(v))^2 + lambda (sum f^2 + sum g^2)

from f = d_out, g = 1, targets before sources in each sweep, in an order drawn anew. A node
without out-link has a zero row in P and in D_out^-1.

Source: Yang, Shi, Xiao, Yang, Bhowmick. Homogeneous network embedding for massive graphs
via reweighted personalized PageRank. PVLDB 13(5), 2020, algorithms 1 to 4; the published
update approximates the sum of squares, which costs no more to take exactly.
"""

from __future__ import annotations

import numpy as np

from nodeemb.compiled import njit
from nodeemb.factorise.matrix import Operator, adjacency, inverse
from nodeemb.factorise.options import NrpOptions
from nodeemb.factorise.svd import singular
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph
from nodeemb.rng import permutation, stream_key


def nrp(
    graph: Graph, options: NrpOptions, dim: int, seed: int, watch: Watch
) -> tuple[np.ndarray, np.ndarray]:
    """(source, target), each (n, dim)."""
    near, far = approximate_pagerank(graph, options, dim, seed, watch.part(0, 0.7))
    f, g = reweighted(graph, near, far, options, seed, watch.part(0.7, 1))
    near *= f[:, None]
    far *= g[:, None]
    return near, far


def approximate_pagerank(
    graph: Graph, options: NrpOptions, dim: int, seed: int, watch: Watch
) -> tuple[np.ndarray, np.ndarray]:
    """(X, Y), whose products approximate the PageRank of pairs, the first step apart."""
    forward, back = adjacency(graph)
    links = Operator(graph.num_nodes, forward.times, back.times)
    found = singular(links, dim, options, seed, watch)
    root = np.sqrt(found.values)
    per_link = inverse(forward.sums())[:, None]
    first = per_link * (found.left * root)
    near = first
    for _ in range(options.steps - 1):
        near = (1 - options.stop) * per_link * forward.times(near) + first
    return options.stop * (1 - options.stop) * near, found.right * root


def reweighted(
    graph: Graph,
    near: np.ndarray,
    far: np.ndarray,
    options: NrpOptions,
    seed: int,
    watch: Watch,
) -> tuple[np.ndarray, np.ndarray]:
    """(f, g), each (n,); ones without sweeps."""
    n = graph.num_nodes
    if options.sweeps == 0:
        return np.ones(n), np.ones(n)
    forward, back = adjacency(graph)
    out, into = forward.sums(), back.sums()
    own = np.einsum("ij,ij->i", near, far)
    f, g = np.maximum(out, 1 / n), np.ones(n)
    for sweep in range(options.sweeps):
        for side, (mine, his, a, b, here, there) in enumerate(
            ((far, near, g, f, into, out), (near, far, f, g, out, into))
        ):
            order = permutation(stream_key(seed, "reweighting", sweep, side), n)
            _sweep(mine, his, own, a, b, here, there, options.penalty, order)
        watch.tell(f"reweighting, sweep {sweep + 1}", (sweep + 1) / options.sweeps)
    return f, g


@njit
def _sweep(mine, his, own, weights, others, here, there, penalty, order):
    """One round over the nodes of a side, each weight at its best while the rest stand.

    mine, his: (n, k) vectors of this side and of the other. own: (n,) products of a node's
    two vectors. weights, others: (n,) of this side (changed) and of the other.
    here, there: (n,) the degrees that the sums of this side and of the other should have.
    """
    n, k = mine.shape
    squares = np.zeros((k, k))  # sum of b_u^2 his_u his_u'
    plain, wanted = np.zeros(k), np.zeros(k)  # sums of b_u his_u, b_u there_u his_u
    loops, reach = np.zeros(k), np.zeros(k)
    for u in range(n):
        b = others[u]
        for i in range(k):
            plain[i] += b * his[u, i]
            wanted[i] += b * there[u] * his[u, i]
            loops[i] += b * b * own[u] * weights[u] * his[u, i]
            reach[i] += weights[u] * mine[u, i]
            for j in range(k):
                squares[i, j] += b * b * his[u, i] * his[u, j]
    turned = np.empty(k)
    for v in order:
        b, loop, weight = others[v], own[v], weights[v]
        for i in range(k):
            turned[i] = 0.0
            for j in range(k):
                turned[i] += squares[i, j] * mine[v, j]
        total = energy = pull = cross = mixed = back = 0.0
        for i in range(k):
            total += plain[i] * mine[v, i]
            pull += wanted[i] * mine[v, i]
            energy += turned[i] * mine[v, i]
            cross += turned[i] * reach[i]
            mixed += loops[i] * mine[v, i]
            back += his[v, i] * reach[i]
        # a node is no neighbour of itself
        total -= b * loop
        pull -= b * there[v] * loop
        energy -= b * b * loop * loop
        cross -= b * b * loop * back
        mixed -= b * b * loop * loop * weight
        rest = cross - mixed - weight * energy
        down = energy + total * total + penalty
        best = (pull - rest + total * here[v]) / down if down > 0 else weight
        best = max(best, 1.0 / n)
        change = best - weight
        weights[v] = best
        for i in range(k):
            reach[i] += change * mine[v, i]
            loops[i] += b * b * loop * change * his[v, i]
