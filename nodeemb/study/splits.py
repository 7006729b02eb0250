"""Kinds of split by name: which links of a graph a study hides, the same for every column.

| name | what is hidden |
|---|---|
| half | half of the links, none for validation |
| dirlinkbench | of the largest weak component 15 % for the test and 5 % for validation; the links of a spanning tree are never hidden |

Source: Khosla et al. Node representation learning for directed graphs. ECML-PKDD 2019
(half); He, Fang, Wang. Rethinking link prediction for directed graphs. 2025 (DirLinkBench).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.evaluation.split import Split, assemble_split, split_edges
from nodeemb.graph.graph import Graph


class SplitRule(NamedTuple):
    """Shares of hidden links, and what is done to the graph before.

    connected: as in `split_edges`.
    largest: only the largest weak component is kept.
    """

    test: float
    validation: float = 0.0
    connected: bool = False
    largest: bool = False


SPLITS = {
    "half": SplitRule(0.5),
    "dirlinkbench": SplitRule(0.15, 0.05, connected=True, largest=True),
}


def hide(graph: Graph, kind: str, seed: int) -> Split:
    """The split of a graph by the name of its kind. Raises: as `split_edges`."""
    rule = SPLITS[kind]
    if rule.largest:
        graph = largest_component(graph)
    return split_edges(
        graph, rule.test, rule.validation, seed, connected=rule.connected
    )


def largest_component(graph: Graph) -> Graph:
    """The part of a graph with most nodes, directions ignored; the first of equals.

    Nodes keep their ids and their order, and get new rows; links keep weight and sign.
    """
    from scipy.sparse.csgraph import connected_components

    count, part = connected_components(graph.to_scipy(), directed=False)
    if count == 1:
        return graph
    inside = part == np.bincount(part).argmax()
    row = np.cumsum(inside) - 1
    keep = inside[graph.sources]
    if not graph.directed:
        keep &= graph.sources <= graph.targets
    return Graph.from_edges(
        row[graph.sources[keep]],
        row[graph.targets[keep]],
        ids=graph.ids.to_numpy()[inside],
        weight=None if graph.weight is None else graph.weight[keep],
        sign=None if graph.sign is None else graph.sign[keep],
        directed=graph.directed,
    )


def validation_test(split: Split) -> Split | None:
    """A split whose test links are the validation links of another; None without any.

    The graph is what is known when settings are chosen: training and validation links. The
    test links are pairs like any other there.
    """
    if not len(split.validation):
        return None
    graph = split.graph
    hidden = split.test
    if not graph.directed:
        hidden = np.concatenate([hidden, hidden[:, ::-1]])
    keep = np.ones(graph.num_arcs, bool)
    keep[graph.arc_positions(hidden[:, 0], hidden[:, 1])] = False
    known = graph.keep_arcs(keep)
    facts = {"validation_of": split.manifest["hash"]}
    return assemble_split(known, split.validation, split.validation[:0], facts)
