"""Kinds of split by name: which links of a graph a study hides, the same for every column.

`half` hides half of the links and none for validation; the others are the rules of
published protocols (`nodeemb.evaluation.protocols`), such as `dirlinkbench`: of the largest
weak component 15 % of the links for the test and 5 % for validation, a spanning tree kept.
`no_tree` hides as many links of the whole graph and keeps no tree: graphs that are nearly
trees cannot spare so many otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nodeemb.errors import unknown_name
from nodeemb.evaluation.protocol_split import rule_split
from nodeemb.evaluation.protocols import PROTOCOLS, REFUSED, SplitRule, protocol
from nodeemb.evaluation.split import Split, assemble_split
from nodeemb.graph.graph import Graph

SPLITS: dict[str, SplitRule] = {
    "half": SplitRule(test=0.5),
    "no_tree": SplitRule(test=0.15, validation=0.05),
    **{
        name: known.rule
        for name, known in PROTOCOLS.items()
        if known.rule.hide != "nothing"
    },
}


def check_split(name: str, others: Iterable[str] = ()) -> None:
    """Refuses a kind of split that does not exist; others: kinds known elsewhere.

    Raises:
        WrongUse: with the closest name, or why a published one is refused.
    """
    if name in REFUSED:
        protocol(name)
    if name not in SPLITS:
        raise unknown_name("split", name, [*SPLITS, *others])


def hide(graph: Graph, kind: str, seed: int) -> Split:
    """The split of a graph by the name of its kind. Raises: as `rule_split`."""
    return rule_split(kind, SPLITS[kind], graph, seed)


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
