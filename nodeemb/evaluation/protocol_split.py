"""Hide the links that a published protocol hides.

The graph is first cut to what the protocol looks at (largest component, positive links,
no self loops, no mutual links); where nodes fall away the others keep their order and
ids. Then links are hidden; the manifest tells the protocol, its rule and what was cut.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from nodeemb import __version__
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.protocols import SplitRule, protocol
from nodeemb.evaluation.split import (
    Split,
    assemble_split,
    check_counts,
    in_forest,
    split_edges,
    split_hash,
)
from nodeemb.graph.build import assemble
from nodeemb.graph.graph import Graph
from nodeemb.graph.ids import Ids
from nodeemb.rng import permutation, stream_key, units


def protocol_split(name: str, graph: Graph, seed: int = 0) -> Split:
    """The split of a protocol.

    Args:
        name: a name in PROTOCOLS.
        graph: the whole graph.
        seed: of the draw.

    Returns:
        Train on its `train`. Its `graph` is the part of `graph` the protocol looks at.

    Raises:
        WrongUse: no such protocol, or one that is refused; not a graph.
        DataRefused: nothing that the protocol could hide.
    """
    return rule_split(name, protocol(name).rule, graph, seed)


def rule_split(name: str, rule: SplitRule, graph: Graph, seed: int = 0) -> Split:
    """As `protocol_split`, by a rule of one's own; `name` is for the manifest."""
    if not isinstance(graph, Graph):
        raise WrongUse(
            f"the graph is a {type(graph).__name__}", allowed="A nodeemb.Graph"
        )
    part = cut(graph, rule)
    if rule.hide == "nothing":
        split = _whole(part, seed)
    elif rule.tree == "in row order":
        split = _beside_row_tree(part, rule, seed)
    elif rule.hide == "any":
        split = split_edges(
            part,
            rule.test,
            rule.validation,
            seed,
            reciprocal=rule.reciprocal,
            connected=rule.tree == "random",
        )
    else:
        split = _one_of_each(part, seed, name)
    facts = {
        "protocol": name,
        "rule": asdict(rule),
        "left_out": {
            "nodes": graph.num_nodes - part.num_nodes,
            "edges": graph.num_edges - part.num_edges,
        },
    }
    return _told(split, facts)


def cut(graph: Graph, rule: SplitRule) -> Graph:
    """The part of the graph that the rule looks at.

    Raises:
        DataRefused: no link is left.
    """
    keep = np.ones(graph.num_arcs, bool)
    if rule.positive and graph.sign is not None:
        keep &= graph.sign > 0
    if rule.no_self_loops:
        keep &= graph.sources != graph.targets
    if rule.no_mutual:
        _must_be_directed(graph, "no mutual links")
        keep &= ~graph.has_edges(graph.targets, graph.sources)
    if not keep.any():
        raise DataRefused(f"no link is left: {rule.told()}")
    part = graph if keep.all() else graph.keep_arcs(keep)
    if rule.positive and part.sign is not None:
        part = _unsigned(part)
    return largest_component(part) if rule.component else part


def largest_component(graph: Graph) -> Graph:
    """The largest part that hangs together, directions ignored; the first of equals."""
    import scipy.sparse
    import scipy.sparse.csgraph

    n = graph.num_nodes
    links = scipy.sparse.csr_array(
        (np.ones(graph.num_arcs, np.int8), graph.out.neighbours, graph.out.pointers),
        shape=(n, n),
    )
    parts, part = scipy.sparse.csgraph.connected_components(links, directed=False)
    if parts == 1:
        return graph
    inside = part == np.argmax(np.bincount(part))
    row = np.cumsum(inside) - 1
    keep = inside[graph.sources]
    return assemble(
        row[graph.sources[keep]],
        row[graph.targets[keep]],
        ids=Ids(graph.ids.to_numpy()[inside]),
        directed=graph.directed,
        weight=None if graph.weight is None else graph.weight[keep],
        sign=None if graph.sign is None else graph.sign[keep],
    )


def _unsigned(graph: Graph) -> Graph:
    """The same links without their sign, once all are positive."""
    return assemble(
        graph.sources,
        graph.targets,
        ids=graph.ids,
        directed=graph.directed,
        weight=graph.weight,
    )


def _beside_row_tree(graph: Graph, rule: SplitRule, seed: int) -> Split:
    """Hides links outside the spanning forest that row order finds.

    Source: Kruskal's method over pairs of equal weight takes them as they come; the
    published splits of DirLinkBench and MagNet go through them by lower row, then higher.
    """
    sources, targets = graph.sources.astype(np.int64), graph.targets.astype(np.int64)
    pairs = np.minimum(sources, targets) * graph.num_nodes + np.maximum(
        sources, targets
    )
    arcs = np.argsort(pairs, kind="stable")
    arcs = arcs[sources[arcs] != targets[arcs]]
    tree = pairs[arcs[in_forest(graph, arcs)]]
    once = (sources != targets) if graph.directed else (sources < targets)
    links = int(once.sum())
    free = np.flatnonzero(once & ~np.isin(pairs, tree))
    hidden = [round(rule.test * links), round(rule.validation * links)]
    check_counts(links, len(free), *hidden)
    order = free[permutation(stream_key(seed, "split"), len(free))]
    test, validation, _ = np.split(order, np.cumsum(hidden))
    ends = np.stack([graph.sources, graph.targets], 1)
    facts = {
        "seed": int(seed),
        "test_share": rule.test,
        "validation_share": rule.validation,
        "reciprocal": rule.reciprocal,
        "connected": True,
    }
    return assemble_split(graph, ends[np.sort(test)], ends[np.sort(validation)], facts)


def _one_of_each(graph: Graph, seed: int, name: str) -> Split:
    _must_be_directed(graph, "one link of each mutual pair")
    low = graph.sources < graph.targets
    pairs = np.stack([graph.sources[low], graph.targets[low]], 1)
    pairs = pairs[graph.has_edges(pairs[:, 1], pairs[:, 0])]
    if not len(pairs):
        raise DataRefused(
            f"no two nodes link to each other, and {name} hides one link of each mutual "
            "pair",
            next_step="Choose another protocol, or a graph with mutual links",
        )
    turn = units(stream_key(seed, "one of each"), 0, len(pairs)) < 0.5
    pairs[turn] = pairs[turn, ::-1]
    facts = {"seed": int(seed), "reciprocal": "one link of each mutual pair is hidden"}
    return assemble_split(graph, pairs, np.empty((0, 2)), facts)


def _whole(graph: Graph, seed: int) -> Split:
    """A split that hides nothing, for what is asked of the training links."""
    nothing = np.empty((0, 2), np.int32)
    nothing.flags.writeable = False
    manifest: dict[str, Any] = {
        "kind": "nodeemb split",
        "format": 1,
        "version": __version__,
        "graph_hash": graph.digest(),
        "train_hash": graph.digest(),
        "seed": int(seed),
        "counts": {
            "nodes": graph.num_nodes,
            "edges": graph.num_edges,
            "train": graph.num_edges,
            "test": 0,
            "validation": 0,
        },
    }
    return Split(graph, graph, nothing, nothing, manifest)


def _told(split: Split, facts: dict[str, Any]) -> Split:
    manifest = {**split.manifest, **facts}
    manifest.pop("hash", None)
    manifest["hash"] = split_hash(manifest, split.test, split.validation)
    return replace(split, manifest=manifest)


def _must_be_directed(graph: Graph, what: str) -> None:
    if not graph.directed:
        raise DataRefused(
            f"the graph is undirected, and the protocol is about direction ({what})",
            next_step="Choose another protocol, such as dirlinkbench",
        )
