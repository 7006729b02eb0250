"""Small graphs whose answer is known beforehand; what is known stands in each docstring."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.made import corpus_of
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.rng import stream_key, units


def directed_ring(nodes: int = 3) -> Graph:
    """0 -> 1 -> ... -> 0. Every walk is fixed by its start; no potential explains it."""
    sources = np.arange(nodes)
    return Graph.from_edges(sources, (sources + 1) % nodes, num_nodes=nodes)


def source_target_bipartite(sources: int = 3, targets: int = 4) -> Graph:
    """Each of the first nodes points at each of the last: rank 1 with two roles.

    Walks along the edges have two nodes; alternating walks never leave their side.
    """
    left = np.repeat(np.arange(sources), targets)
    right = sources + np.tile(np.arange(targets), sources)
    return Graph.from_edges(left, right, num_nodes=sources + targets)


def star_out(leaves: int = 5) -> Graph:
    """0 points at every other node; every other node is a sink."""
    return Graph.from_edges(
        np.zeros(leaves, int), np.arange(1, leaves + 1), num_nodes=leaves + 1
    )


def star_in(leaves: int = 5) -> Graph:
    """Every other node points at 0, the only sink."""
    return Graph.from_edges(
        np.arange(1, leaves + 1), np.zeros(leaves, int), num_nodes=leaves + 1
    )


def chain(nodes: int = 5) -> Graph:
    """0 -> 1 -> ... -> n - 1: a walk from i has n - i nodes; order is all there is."""
    return Graph.from_edges(np.arange(nodes - 1), np.arange(1, nodes), num_nodes=nodes)


def reciprocal_cliques(size: int = 4) -> Graph:
    """Two cliques, each edge both ways, one arc between them (size - 1 -> size).

    All but that arc is symmetric: roles can add next to nothing.
    """
    inside = [(u, v) for u in range(size) for v in range(size) if u != v]
    arcs = [*inside, *((u + size, v + size) for u, v in inside), (size - 1, size)]
    return _graph(arcs, 2 * size)


def isolated_and_dangling() -> Graph:
    """0 <-> 1 -> 2, 3 -> 1: 2 is a sink, 3 a source, 4 and 5 have no edge at all."""
    return _graph([(0, 1), (1, 0), (1, 2), (3, 1)], 6)


def small_digraph(*, weighted: bool = True) -> Graph:
    """Seven nodes with everything that makes walks go wrong.

    A mutual pair with unlike weights (0, 1), a self loop (2), triangles both closed and
    open, a sink (5), a node that is only a source (4) and an isolated one (6).
    """
    arcs = [
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 2),
        (1, 3),
        (2, 2),
        (2, 3),
        (3, 0),
        (3, 5),
        (4, 0),
        (4, 3),
    ]
    weight = [1.0, 2.0, 3.0, 0.5, 1.0, 1.0, 4.0, 2.0, 1.0, 0.25, 0.75]
    return _graph(arcs, 7, weight if weighted else None)


def no_sinks(*, weighted: bool = False) -> Graph:
    """Six nodes, strongly connected, no loops: no walk ever ends early."""
    arcs = [
        (0, 1),
        (0, 2),
        (1, 2),
        (1, 3),
        (2, 0),
        (2, 4),
        (3, 4),
        (3, 1),
        (4, 5),
        (5, 0),
        (5, 3),
    ]
    weight = [1.0, 3.0, 2.0, 2.0, 0.5, 1.5, 1.0, 4.0, 2.0, 1.0, 0.5]
    return _graph(arcs, 6, weight if weighted else None)


def small_undirected(*, weighted: bool = False) -> Graph:
    """Six nodes, undirected: a triangle with a tail, a self loop at 3, 5 isolated."""
    edges = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 3)]
    weight = [1.0, 2.0, 0.5, 3.0, 1.0, 2.0] if weighted else None
    sources, targets = np.array(edges).T
    return Graph.from_edges(
        sources, targets, weight=weight, num_nodes=6, directed=False
    )


def signed_digraph() -> Graph:
    """Four nodes, six arcs, of which 1 -> 2 and 3 -> 0 are negative."""
    sources, targets = np.array([(0, 1), (0, 2), (1, 2), (2, 3), (3, 0), (3, 1)]).T
    return Graph.from_edges(sources, targets, sign=[1, 1, -1, 1, -1, 1], num_nodes=4)


def hubs_to_authorities(groups: int = 3, hubs: int = 2, authorities: int = 3) -> Graph:
    """In each group every hub points at every authority, and nothing else exists.

    The matrix has rank `groups` with two roles; hubs have no in-edge and authorities no
    out-edge, and no node meets another of its own kind in one step.
    """
    size = hubs + authorities
    arcs = [
        (g * size + h, g * size + hubs + a)
        for g in range(groups)
        for h in range(hubs)
        for a in range(authorities)
    ]
    return _graph(arcs, groups * size)


def block_model(
    sizes: tuple[int, ...] = (15, 15, 15),
    probabilities: tuple[tuple[float, ...], ...] = (
        (0.05, 0.6, 0.05),
        (0.05, 0.05, 0.6),
        (0.6, 0.05, 0.05),
    ),
    seed: int = 0,
) -> Graph:
    """Directed blocks: an arc u -> v with probability [block of u][block of v], no loops.

    The default points block 0 -> 1 -> 2 -> 0: cyclic, so that degrees tell nothing and
    reversed links can only be told from true ones with roles.
    """
    block = np.repeat(np.arange(len(sizes)), sizes)
    n = len(block)
    chance = np.asarray(probabilities)[block[:, None], block[None, :]]
    np.fill_diagonal(chance, 0)
    drawn = units(stream_key(seed, "block model"), 0, n * n).reshape(n, n) < chance
    sources, targets = np.nonzero(drawn)
    return Graph.from_edges(sources, targets, num_nodes=n)


def ordered_blocks(
    blocks: int = 6, size: int = 25, chance: float = 0.6, seed: int = 0
) -> Graph:
    """Links inside of blocks only, from the later node to the earlier with chance 0.95.

    The order of all nodes is drawn apart from the blocks, so that closeness says nothing of
    direction and direction nothing of closeness: a link is likely where both are.
    """
    n = blocks * size
    order = np.argsort(units(stream_key(seed, "order"), 0, n))
    u, v = np.triu_indices(n, 1)
    drawn = units(stream_key(seed, "links"), 0, 2 * len(u)).reshape(2, -1)
    keep = (u // size == v // size) & (drawn[0] < chance)
    down = (order[u] > order[v]) == (drawn[1] < 0.95)
    sources, targets = np.where(down, u, v)[keep], np.where(down, v, u)[keep]
    return Graph.from_edges(sources, targets, num_nodes=n)


def random_digraph(nodes: int = 60, edges: int = 400, seed: int = 0) -> Graph:
    """Distinct arcs drawn uniformly, without self loops."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(nodes * (nodes - 1))[:edges]
    source, other = np.divmod(codes, nodes - 1)
    return Graph.from_edges(source, other + (other >= source))


def _graph(
    arcs: list[tuple[int, int]], nodes: int, weight: list[float] | None = None
) -> Graph:
    sources, targets = np.array(arcs).T
    return Graph.from_edges(sources, targets, weight=weight, num_nodes=nodes)


PLANTED: dict[str, Callable[[], Graph]] = {
    "directed_cycle": directed_ring,
    "directed_ring": lambda: directed_ring(12),
    "source_target_bipartite": source_target_bipartite,
    "star_out": star_out,
    "star_in": star_in,
    "chain": chain,
    "reciprocal_cliques": reciprocal_cliques,
    "isolated_and_dangling": isolated_and_dangling,
    "small_digraph": small_digraph,
    "small_digraph_unweighted": lambda: small_digraph(weighted=False),
    "no_sinks": no_sinks,
    "no_sinks_weighted": lambda: no_sinks(weighted=True),
    "small_undirected": small_undirected,
    "small_undirected_weighted": lambda: small_undirected(weighted=True),
    "signed_digraph": signed_digraph,
    "hubs_to_authorities": hubs_to_authorities,
    "block_model": block_model,
}


TEXT = ("left_right", "sgns")
"""Presets that read a corpus."""


def suited(graph: Graph, preset: str) -> Graph | Corpus:
    """The graph with what a preset needs; for one that reads text, a corpus of its nodes.

    Every fourth arc is negative where signs are asked for; weights are 1, 2 or 3; the
    corpus has a sentence for each node, in which its targets follow it.
    """
    recipe = load_recipe(preset)
    if preset in TEXT:
        names = np.arange(graph.num_nodes).astype(str)
        sentences = np.split(names[graph.out.neighbours], graph.out.pointers[1:-1])
        rows = enumerate(sentences)
        return corpus_of([[names[u], *after, names[u]] for u, after in rows], 1)
    signed = recipe.scheme().kind_of == "sign"
    counted = recipe.objective.target == "log_weight" and graph.weight is None
    if not signed and not counted:
        return graph
    rows = graph.sources.astype(int), graph.targets.astype(int)
    sign = 1 - 2 * ((rows[0] + rows[1]) % 4 == 0)  # the same for both arcs of an edge
    once = np.ones(graph.num_arcs, bool) if graph.directed else rows[0] <= rows[1]
    weight = 1.0 + (rows[0] + rows[1]) % 3 if counted else graph.weight
    return Graph.from_edges(
        rows[0][once],
        rows[1][once],
        weight=None if weight is None else weight[once],
        sign=sign[once] if signed else None,
        num_nodes=graph.num_nodes,
        directed=graph.directed,
    )
