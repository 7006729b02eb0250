"""Hide part of a graph's links, so that a model can be asked for them afterwards.

The split keeps every node and its row. Self loops always stay in the training graph: a
node linked to itself is no prediction. A split is a value with a manifest, and can be
saved as a folder (`nodeemb.evaluation.split_files`) that fits one graph only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nodeemb import __version__
from nodeemb.errors import DataRefused, WrongUse, unknown_name
from nodeemb.graph.graph import Graph
from nodeemb.rng import permutation, stream_key

RECIPROCAL_RULES = {
    "separate": "each direction of a mutual pair is split on its own, so the reverse "
    "of a test link may be in the training graph",
    "together": "both directions of a mutual pair go to the same side",
}


@dataclass(frozen=True, eq=False)
class Split:
    """A graph with some links hidden.

    Attributes:
        graph: the whole graph.
        train: the graph without the hidden links; same nodes, ids and rows.
        test: (k, 2) int32 rows, source and target of the hidden links to be tested on.
        validation: (j, 2) int32 rows, hidden links to choose settings by; may be empty.
        manifest: what the split is: hashes, seed, shares, counts, rules.
    """

    graph: Graph
    train: Graph
    test: np.ndarray
    validation: np.ndarray
    manifest: dict[str, Any]

    def __repr__(self) -> str:
        return (
            f"Split({self.train.num_edges:,} training, {len(self.validation):,} "
            f"validation and {len(self.test):,} test edges, {self.manifest['hash']})"
        )

    def save(self, path: str | Path) -> Path:
        """Writes a new folder. See `nodeemb.evaluation.split_files.save_split`."""
        from nodeemb.evaluation.split_files import save_split

        return save_split(self, path)

    def values(self, pairs: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """((k,) weights or None, (k,) signs or None) of hidden links, given as rows."""
        arcs = self.graph.arc_positions(pairs[:, 0], pairs[:, 1])
        weight, sign = self.graph.weight, self.graph.sign
        return (
            None if weight is None else weight[arcs],
            None if sign is None else sign[arcs],
        )


class _Units(NamedTuple):
    """What is split as a whole: a link, or both links of a mutual pair.

    first, second: (units,) arc positions; second is -1 for a unit of one link.
    """

    first: np.ndarray
    second: np.ndarray

    def sizes(self) -> np.ndarray:
        return 1 + (self.second >= 0)

    def arcs(self, chosen: np.ndarray) -> np.ndarray:
        arcs = np.concatenate([self.first[chosen], self.second[chosen]])
        return np.sort(arcs[arcs >= 0])


def split_edges(
    graph: Graph,
    test: float = 0.5,
    validation: float = 0.0,
    seed: int = 0,
    *,
    reciprocal: str = "separate",
    connected: bool = False,
) -> Split:
    """Hides a share of the links, at random.

    Args:
        graph: the whole graph. Weights and signs stay with their links.
        test: share of the links (self loops not counted) to hide for the test.
        validation: share of the links to hide for choosing settings.
        seed: of the draw; the same seed hides the same links.
        reciprocal: directed graphs: "separate" or "together", see RECIPROCAL_RULES.
        connected: True: the links of a random spanning forest of the graph, directions
            ignored, are never hidden, so that no part of the graph falls off.

    Returns:
        The split. Undirected links are hidden whole and listed once, smaller row first.

    Raises:
        WrongUse: no graph, a seed that is no whole number, a share or a rule that does
            not exist.
        DataRefused: so few links that a side would be empty, or too few outside the
            spanning forest.
    """
    if not isinstance(graph, Graph):
        raise WrongUse(
            f"the graph is a {type(graph).__name__}", allowed="A nodeemb.Graph"
        )
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise WrongUse(f"seed is {seed!r}", allowed="A whole number")
    _check_shares(test, validation)
    if reciprocal not in RECIPROCAL_RULES:
        raise unknown_name("rule for reciprocal links", reciprocal, RECIPROCAL_RULES)
    units = _units(graph, reciprocal)
    sizes = units.sizes()
    links = int(sizes.sum())
    wanted_test, wanted_validation = round(test * links), round(validation * links)
    order = permutation(stream_key(seed, "split"), len(units.first))
    if connected:
        order = order[~in_forest(graph, units.first[order])]
    check_counts(links, int(sizes[order].sum()), wanted_test, wanted_validation)
    running = np.cumsum(sizes[order])
    end_test = np.searchsorted(running, wanted_test, side="right")
    # Not wanted_test + wanted_validation: a mutual pair left out for being one too many
    # must not be counted twice.
    taken = running[end_test - 1] if end_test else 0
    end = np.searchsorted(running, taken + wanted_validation, side="right")
    facts = {
        "seed": int(seed),
        "test_share": float(test),
        "validation_share": float(validation),
        "reciprocal": reciprocal
        if graph.directed
        else "undirected: a pair is one link",
        "connected": bool(connected),
    }
    return assemble_split(
        graph,
        _pairs(graph, units.arcs(order[:end_test])),
        _pairs(graph, units.arcs(order[end_test:end])),
        facts,
    )


def assemble_split(
    graph: Graph, test: np.ndarray, validation: np.ndarray, facts: dict[str, Any]
) -> Split:
    """The split that hides the given links.

    Args:
        graph: the whole graph.
        test: (k, 2) rows of links of the graph; undirected ones in either order.
        validation: (j, 2) rows, likewise.
        facts: how the links were chosen, for the manifest.

    Raises:
        DataRefused: no test link or no training link, a pair that is no link, or a
            link given twice.
    """
    test, validation = _frozen(test), _frozen(validation)
    keep = _kept(graph, np.concatenate([test, validation]))
    if not len(test) or not keep.any():
        raise DataRefused(
            f"{graph.num_edges:,} links would be split into {len(test):,} test links "
            f"and {int(keep.sum()):,} training arcs",
            allowed="At least one on each side",
        )
    train = graph.keep_arcs(keep)
    manifest: dict[str, Any] = {
        "kind": "nodeemb split",
        "format": 1,
        "version": __version__,
        "graph_hash": graph.digest(),
        "train_hash": train.digest(),
        **facts,
        "counts": _counts(graph, train, test, validation),
        "self_loops": "always in the training graph",
    }
    manifest["hash"] = split_hash(manifest, test, validation)
    return Split(graph, train, test, validation, manifest)


def split_hash(
    manifest: dict[str, Any], test: np.ndarray, validation: np.ndarray
) -> str:
    """A short hash of a split: its links and all of its manifest but the hash."""
    said = {key: value for key, value in manifest.items() if key != "hash"}
    state = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for pairs in (test, validation):
        state.update(str(pairs.shape).encode())
        state.update(np.ascontiguousarray(pairs, "<i4").tobytes())
    return state.hexdigest()[:16]


def _check_shares(test: float, validation: float) -> None:
    for name, share in (("test", test), ("validation", validation)):
        if not isinstance(share, Real):
            raise WrongUse(f"{name} is {share!r}", allowed="A share, such as 0.5")
    if not 0 < test < 1 or not 0 <= validation < 1 or test + validation >= 1:
        raise WrongUse(
            f"cannot hide {test:g} of the links for the test and {validation:g} for "
            "validation",
            allowed="test above 0, validation 0 or more, both together below 1",
        )


def check_counts(links: int, free: int, test: int, validation: int) -> None:
    """Refuses to hide more links than there are, or than may be hidden.

    Raises:
        DataRefused: no test link, no training link, or more hidden links than `free`.
    """
    if test == 0 or test + validation >= links:
        raise DataRefused(
            f"of {links:,} links (self loops apart) {test:,} would be test and "
            f"{validation:,} validation links",
            allowed="At least one test link and one training link",
            next_step="Choose another share, or a larger graph",
        )
    if test + validation > free:
        raise DataRefused(
            f"{test + validation:,} links are to be hidden, but a training graph that "
            f"stays connected can spare only {free:,} of {links:,}",
            next_step="Choose a smaller share, or connected=False",
        )


def _units(graph: Graph, reciprocal: str) -> _Units:
    sources, targets = graph.sources, graph.targets
    if graph.directed and reciprocal == "separate":
        first = np.flatnonzero(sources != targets)
        return _Units(first, np.full(len(first), -1))
    back = graph.arc_positions(targets, sources)
    # One entry a pair: the arc from the smaller row, or the only arc there is.
    first = np.flatnonzero((sources < targets) | ((back < 0) & (sources != targets)))
    if not graph.directed:
        return _Units(first, np.full(len(first), -1))
    return _Units(first, back[first])


def in_forest(graph: Graph, arcs: np.ndarray) -> np.ndarray:
    """(k,) bool: is an arc, in the order given, needed to join two parts.

    The order is the weight of a minimum spanning forest, so that a random order gives
    a random forest.
    """
    import scipy.sparse.csgraph

    n = graph.num_nodes
    low = np.minimum(graph.sources[arcs], graph.targets[arcs])
    high = np.maximum(graph.sources[arcs], graph.targets[arcs])
    # A matrix has one place for the two directions of a pair: the first one counts.
    _, places = np.unique(low.astype(np.int64) * n + high, return_index=True)
    rank = scipy.sparse.csr_array(
        (places + 1.0, (low[places], high[places])), shape=(n, n)
    )
    forest = scipy.sparse.csgraph.minimum_spanning_tree(rank)
    needed = np.zeros(len(arcs), bool)
    needed[forest.data.astype(np.int64) - 1] = True
    return needed


def _pairs(graph: Graph, arcs: np.ndarray) -> np.ndarray:
    return np.stack([graph.sources[arcs], graph.targets[arcs]], axis=1)


def _frozen(pairs: np.ndarray) -> np.ndarray:
    pairs = np.array(pairs, np.int32, order="C").reshape(-1, 2)
    pairs.flags.writeable = False
    return pairs


def _kept(graph: Graph, hidden: np.ndarray) -> np.ndarray:
    arcs = graph.arc_positions(hidden[:, 0], hidden[:, 1])
    if (arcs < 0).any():
        raise DataRefused(
            f"{int((arcs < 0).sum()):,} of {len(arcs):,} links to hide are no links of "
            "the graph"
        )
    if not graph.directed:
        arcs = np.concatenate([arcs, graph.arc_positions(hidden[:, 1], hidden[:, 0])])
    if len(np.unique(arcs)) != len(arcs):
        raise DataRefused("a link to hide is given twice, or is a self loop")
    keep = np.ones(graph.num_arcs, bool)
    keep[arcs] = False
    return keep


def _counts(
    graph: Graph, train: Graph, test: np.ndarray, validation: np.ndarray
) -> dict[str, int]:
    counts = {
        "nodes": graph.num_nodes,
        "edges": graph.num_edges,
        "train": train.num_edges,
        "test": len(test),
        "validation": len(validation),
        "self_loops_in_train": train.report.self_loops,
    }
    if graph.directed:
        reverse = test[:, ::-1].T
        counts["test_reciprocal"] = int(graph.has_edges(*reverse).sum())
        counts["test_reverse_in_train"] = int(train.has_edges(*reverse).sum())
    return counts
