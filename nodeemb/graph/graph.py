"""A frozen graph: adjacency in both directions, ids, optional weight and sign.

A directed edge source -> target is one *arc*; an undirected edge is stored as its two
arcs (a self loop as one). Arcs are sorted by source, then target, and no arc is stored
twice, so that "is (u, v) an edge" is one binary search and every result is independent
of the order of the input. Every node keeps its row and its id, isolated ones too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nodeemb.errors import DataRefused
from nodeemb.graph.ids import Ids
from nodeemb.graph.report import GraphReport

if TYPE_CHECKING:
    import networkx
    import scipy.sparse
    import torch_geometric.data


class Adjacency(NamedTuple):
    """Compressed rows: node i's neighbours are neighbours[pointers[i]:pointers[i+1]].

    pointers: (num_nodes + 1,) int64.
    neighbours: (num_arcs,) int32 rows, ascending within a node.
    arcs: (num_arcs,) int32 or int64, the arc's position in the order by source.
    """

    pointers: np.ndarray
    neighbours: np.ndarray
    arcs: np.ndarray

    def degrees(self) -> np.ndarray:
        """(num_nodes,) int64: neighbours of each node."""
        return np.diff(self.pointers)


def _row_array(rows: Any) -> np.ndarray:
    # one kind of array, so that the kernel is compiled once
    return np.require(rows, np.int64, ["C", "W"])


@dataclass(frozen=True, eq=False, repr=False)
class Graph:
    """A graph with both directions at hand. Make one with a `from_` method.

    Attributes:
        ids: the ids in row order.
        directed: False where every edge is stored as two arcs.
        out: adjacency source -> target.
        into: adjacency target -> source.
        weight: (num_arcs,) float32 in the order of `out`, or None: all 1.
        sign: (num_arcs,) int8, +1 or -1, in the order of `out`, or None: all +1.
        report: what was found when the graph was made.
    """

    ids: Ids
    directed: bool
    out: Adjacency
    into: Adjacency
    weight: np.ndarray | None
    sign: np.ndarray | None
    report: GraphReport

    # ---- size and ids -------------------------------------------------------------

    @property
    def num_nodes(self) -> int:
        """Nodes, isolated ones included."""
        return len(self.ids)

    @property
    def num_arcs(self) -> int:
        """Stored arcs: an undirected edge counts two, a self loop one."""
        return len(self.out.neighbours)

    @property
    def num_edges(self) -> int:
        """Edges as the user counts them: an undirected edge counts one."""
        if self.directed:
            return self.num_arcs
        return (self.num_arcs + self.report.self_loops) // 2

    def row(self, node: Hashable) -> int:
        """The row of an id (UnknownId if there is none)."""
        return self.ids.row(node)

    def rows(self, nodes: Iterable[Hashable]) -> np.ndarray:
        """(k,) int64: the rows of k ids."""
        return self.ids.rows(nodes)

    def __repr__(self) -> str:
        kind = "directed" if self.directed else "undirected"
        extra = ", weighted" * (self.weight is not None) + ", signed" * (
            self.sign is not None
        )
        return (
            f"Graph({self.num_nodes:,} nodes, {self.num_edges:,} edges, {kind}{extra})"
        )

    # ---- edges --------------------------------------------------------------------

    @cached_property
    def sources(self) -> np.ndarray:
        """(num_arcs,) int32: the source row of each arc, in the order of `out`."""
        rows = np.arange(self.num_nodes, dtype=np.int32)
        return np.repeat(rows, self.out.degrees())

    @property
    def targets(self) -> np.ndarray:
        """(num_arcs,) int32: the target row of each arc, in the order of `out`."""
        return self.out.neighbours

    @cached_property
    def out_degree(self) -> np.ndarray:
        """(num_nodes,) int64: arcs leaving each node."""
        return self.out.degrees()

    @cached_property
    def in_degree(self) -> np.ndarray:
        """(num_nodes,) int64: arcs entering each node."""
        return self.into.degrees()

    def arc_positions(self, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """(k,) int64: where each pair of rows stands in `out`, -1 where it is no arc."""
        from nodeemb.graph.kernels import find_arcs

        return find_arcs(*self.out[:2], _row_array(sources), _row_array(targets))

    def has_edges(self, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """(k,) bool: is there an arc between each pair of rows, in this direction."""
        return self.arc_positions(sources, targets) >= 0

    def keep_arcs(self, keep: np.ndarray) -> Graph:
        """The graph of the arcs marked True, with the same nodes and ids.

        Args:
            keep: (num_arcs,) bool, in the order of `out`; for an undirected graph both
                arcs of an edge must be marked alike.

        Raises:
            DataRefused: the mask has another length or splits an undirected edge.
        """
        from nodeemb.graph.build import assemble

        keep = np.asarray(keep, bool)
        if keep.shape != (self.num_arcs,):
            raise DataRefused(f"keep must be ({self.num_arcs},) bool, got {keep.shape}")
        if not self.directed:
            back = self.arc_positions(self.targets, self.sources)
            if not np.array_equal(keep, keep[back]):
                raise DataRefused("keep marks only one arc of an undirected edge")
        return assemble(
            self.sources[keep],
            self.targets[keep],
            ids=self.ids,
            directed=self.directed,
            weight=None if self.weight is None else self.weight[keep],
            sign=None if self.sign is None else self.sign[keep],
        )

    def digest(self) -> str:
        """A short hash of ids, arcs, weights and signs, for manifests."""
        state = hashlib.sha256(self.ids.digest().encode())
        state.update(b"directed" if self.directed else b"undirected")
        arrays = ((self.out.pointers, "<i8"), (self.out.neighbours, "<i4"))
        for values, kind in (*arrays, (self.weight, "<f4"), (self.sign, "<i1")):
            state.update(
                b"-" if values is None else values.astype(kind, copy=False).data
            )
        return state.hexdigest()[:16]

    # ---- conversion (each imports its library only when called) ---------------------

    @staticmethod
    def from_edges(
        sources: Any,
        targets: Any,
        *,
        weight: Any = None,
        sign: Any = None,
        ids: Any = None,
        num_nodes: int | None = None,
        directed: bool = True,
        duplicates: str = "error",
    ) -> Graph:
        """A graph from two equally long columns. See `nodeemb.graph.build.from_edges`."""
        from nodeemb.graph.build import from_edges

        return from_edges(
            sources,
            targets,
            weight=weight,
            sign=sign,
            ids=ids,
            num_nodes=num_nodes,
            directed=directed,
            duplicates=duplicates,
        )

    @staticmethod
    def from_networkx(
        graph: networkx.Graph,
        *,
        weight: str | None = "weight",
        sign: str | None = None,
        duplicates: str = "error",
    ) -> Graph:
        """A graph from networkx. See `nodeemb.graph.convert.from_networkx`."""
        from nodeemb.graph.convert import from_networkx

        return from_networkx(graph, weight=weight, sign=sign, duplicates=duplicates)

    @staticmethod
    def from_scipy(
        matrix: Any,
        *,
        ids: Any = None,
        directed: bool = True,
        weighted: bool = True,
        signed: bool = False,
    ) -> Graph:
        """A graph from a square sparse matrix. See `nodeemb.graph.convert.from_scipy`."""
        from nodeemb.graph.convert import from_scipy

        return from_scipy(
            matrix, ids=ids, directed=directed, weighted=weighted, signed=signed
        )

    @staticmethod
    def from_pyg(
        data: torch_geometric.data.Data,
        *,
        ids: Any = None,
        directed: bool | None = None,
        duplicates: str = "error",
    ) -> Graph:
        """A graph from PyG `Data`. See `nodeemb.graph.convert.from_pyg`."""
        from nodeemb.graph.convert import from_pyg

        return from_pyg(data, ids=ids, directed=directed, duplicates=duplicates)

    def to_networkx(self) -> networkx.Graph:
        """A networkx DiGraph or Graph with the same ids, weights and signs."""
        from nodeemb.graph.convert import to_networkx

        return to_networkx(self)

    def to_scipy(self) -> scipy.sparse.csr_array:
        """(num_nodes, num_nodes) CSR float32; row = source; sign times weight."""
        from nodeemb.graph.convert import to_scipy

        return to_scipy(self)

    def to_pyg(self) -> torch_geometric.data.Data:
        """PyG `Data`: edge_index (2, num_arcs), edge_weight, edge_sign, node_id."""
        from nodeemb.graph.convert import to_pyg

        return to_pyg(self)
