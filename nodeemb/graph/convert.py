"""Turn graphs of networkx, scipy and PyG into ours and back, ids and values kept.

The other library's object is only read, never changed; nothing is shared with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.graph.build import from_edges, from_rows
from nodeemb.graph.graph import Graph
from nodeemb.graph.ids import Ids

if TYPE_CHECKING:
    import networkx
    import scipy.sparse
    import torch_geometric.data


def from_networkx(
    graph: networkx.Graph,
    *,
    weight: str | None = "weight",
    sign: str | None = None,
    duplicates: str = "error",
) -> Graph:
    """A graph with networkx's nodes in networkx's order; directed where it is.

    Args:
        graph: a Graph, DiGraph, MultiGraph or MultiDiGraph.
        weight: the edge attribute that holds the weight. "weight" is used where any
            edge has it; None: weights are left out.
        sign: the edge attribute that holds the sign, if any. It may be the weight's
            attribute too: the weight is then the absolute value.
        duplicates: "error", "sum", "max" or "first" for parallel edges of a multigraph.

    Raises:
        WrongUse: this is no networkx graph.
        DataRefused: no edges; an attribute that only some edges have, or none where it
            is asked for by another name than "weight"; values that cannot be taken.
    """
    if not (hasattr(graph, "is_directed") and hasattr(graph, "edges")):
        raise WrongUse(f"a networkx graph is needed, got {type(graph).__name__}")
    row = {node: place for place, node in enumerate(graph)}
    ends = [(row[u], row[v]) for u, v in graph.edges()]
    rows = np.array(ends, np.int64).reshape(-1, 2)
    weights: Any = None
    if weight is not None:
        weights = _attribute(graph, weight, optional=weight == "weight")
    signs = None if sign is None else _attribute(graph, sign, optional=False)
    if weights is not None and weight == sign:
        weights = _sizes(weights)
    return from_edges(
        rows[:, 0],
        rows[:, 1],
        weight=weights,
        sign=signs,
        ids=list(row),
        directed=graph.is_directed(),
        duplicates=duplicates,
    )


def from_scipy(
    matrix: Any,
    *,
    ids: Any = None,
    directed: bool = True,
    weighted: bool = True,
    signed: bool = False,
) -> Graph:
    """A graph from a square matrix: entry (i, j) is the edge from row i to row j.

    Only the matrix's values count, not how it is stored: entries given several times
    add up, and an entry of 0 is no edge, also where it is stored.

    Args:
        matrix: (n, n) sparse matrix or array of any format, or dense array.
        ids: n ids in row order, or None: 0..n-1.
        directed: False: the matrix must be symmetric, and (i, j) with (j, i) is one edge.
        weighted: take the values as weights, unless all are 1; False: ignore them.
        signed: take the values' signs as signs, their sizes as weights.

    Raises:
        DataRefused: not square, not symmetric though undirected, no edge, negative
            values without `signed`, values that are not finite real numbers.
    """
    import scipy.sparse

    entries = scipy.sparse.coo_array(matrix)
    if entries.ndim != 2 or entries.shape[0] != entries.shape[1]:
        raise DataRefused(f"the matrix must be square, got {entries.shape}")
    if entries.dtype.kind not in "biuf":
        raise DataRefused(f"the matrix holds {entries.dtype}", allowed="Real numbers")
    names = Ids(entries.shape[0] if ids is None else ids)
    if len(names) != entries.shape[0]:
        raise DataRefused(f"{len(names):,} ids for a matrix of {entries.shape}")
    entries = entries.astype(np.float64)  # a copy, whatever the type was
    entries.sum_duplicates()
    entries.eliminate_zeros()
    if not signed and (entries.data < 0).any():
        raise DataRefused(
            f"{int((entries.data < 0).sum()):,} entries of the matrix are below 0",
            allowed="Weights above 0",
            next_step="Where they are links of another kind, use signed=True",
        )
    if not directed:
        entries = _upper(entries, names)
    sizes = np.abs(entries.data)
    return from_rows(
        entries.row,
        entries.col,
        ids=names,
        weight=sizes if weighted and (sizes != 1).any() else None,
        sign=np.sign(entries.data) if signed else None,
        directed=directed,
    )


def from_pyg(
    data: torch_geometric.data.Data,
    *,
    ids: Any = None,
    directed: bool | None = None,
    duplicates: str = "error",
) -> Graph:
    """A graph from PyG `Data`, with its num_nodes nodes.

    Args:
        data: edge_index (2, num_edges). Weights are edge_weight, else edge_attr where
            it has one column; more columns are features and no weights. Signs are
            edge_sign. Each may be absent.
        ids: ids in row order, or None: data.node_id where it is there, else 0..n-1.
        directed: None: as data.is_directed() says, so that a graph whose every edge has
            its reverse, with the same values, is undirected.
        duplicates: "error", "sum", "max" or "first" where an edge comes more than once.

    Raises:
        WrongUse: no edge_index.
        DataRefused: no edges, values that cannot be taken, duplicates under "error".
    """
    edge_index = getattr(data, "edge_index", None)
    if edge_index is None:
        raise WrongUse(
            f"a PyG Data with edge_index is needed, got {type(data).__name__}",
            next_step="Convert adj_t, or the edge type you mean, to edge_index first",
        )
    rows = _array(edge_index)
    if rows.ndim != 2 or rows.shape[0] != 2:
        raise DataRefused(f"edge_index must be (2, num_edges), got {rows.shape}")
    n = data.num_nodes
    if ids is None:
        ids = getattr(data, "node_id", None)
        if hasattr(ids, "cpu"):
            ids = _array(ids)
    weight = _one_column(getattr(data, "edge_weight", None))
    if weight is None:
        weight = _one_column(getattr(data, "edge_attr", None))
    return from_edges(
        rows[0],
        rows[1],
        weight=weight,
        sign=_one_column(getattr(data, "edge_sign", None)),
        ids=ids,
        num_nodes=n,
        directed=data.is_directed() if directed is None else directed,
        duplicates=duplicates,
    )


def to_networkx(graph: Graph) -> networkx.Graph:
    """A networkx DiGraph or Graph: ids are its nodes, in our order.

    Weights and signs, where there are any, become the edge attributes "weight" (float)
    and "sign" (int).

    Raises:
        DataRefused: a node's id is None, which networkx does not take.
    """
    import networkx

    made = networkx.DiGraph() if graph.directed else networkx.Graph()
    if not graph.ids.are_integers and None in graph.ids:
        raise DataRefused("networkx takes no node named None")
    made.add_nodes_from(graph.ids)
    names = graph.ids.to_numpy()
    kept = slice(None) if graph.directed else graph.sources <= graph.targets
    sources, targets = names[graph.sources[kept]], names[graph.targets[kept]]
    made.add_edges_from(zip(sources.tolist(), targets.tolist(), strict=True))
    for name, column in (("weight", graph.weight), ("sign", graph.sign)):
        if column is not None:
            edges = zip(sources.tolist(), targets.tolist(), strict=True)
            values = dict(zip(edges, column[kept].tolist(), strict=True))
            networkx.set_edge_attributes(made, values, name)
    return made


def to_scipy(graph: Graph) -> scipy.sparse.csr_array:
    """(num_nodes, num_nodes) CSR float32: row = source; sign times weight, or 1."""
    import scipy.sparse

    values = np.ones(graph.num_arcs, np.float32)
    for column in (graph.weight, graph.sign):
        if column is not None:
            values *= column
    return scipy.sparse.csr_array(
        (values, graph.out.neighbours.copy(), graph.out.pointers.copy()),
        shape=(graph.num_nodes, graph.num_nodes),
    )


def to_pyg(graph: Graph) -> torch_geometric.data.Data:
    """PyG `Data`: edge_index (2, num_arcs) int64, both arcs of an undirected edge.

    Weights and signs, where there are any, are edge_weight (num_arcs,) float32 and
    edge_sign (num_arcs,) int8. node_id holds the ids: a tensor of whole numbers, or a
    list.
    """
    import torch
    from torch_geometric.data import Data

    ids = graph.ids
    values = {"edge_weight": graph.weight, "edge_sign": graph.sign}
    return Data(
        edge_index=torch.from_numpy(
            np.stack([graph.sources, graph.targets]).astype(np.int64)
        ),
        num_nodes=graph.num_nodes,
        node_id=torch.tensor(ids.to_numpy()) if ids.are_integers else list(ids),
        **{
            key: torch.from_numpy(value.copy())
            for key, value in values.items()
            if value is not None
        },
    )


def _attribute(graph: networkx.Graph, name: str, *, optional: bool) -> list | None:
    """An edge attribute's values in the order of the edges; all edges must have it."""
    absent = object()
    values = [value for *_, value in graph.edges(data=name, default=absent)]
    missing = [place for place, value in enumerate(values) if value is absent]
    if not missing:
        return values
    if len(missing) == len(values):
        if optional:
            return None
        raise DataRefused(f'no edge has the attribute "{name}"')
    u, v = list(graph.edges())[missing[0]]
    raise DataRefused(
        f'{len(missing):,} of {len(values):,} edges have no "{name}"; the first is '
        f"{u!r} -> {v!r}",
        next_step="Give every edge one, or leave the attribute out",
    )


def _sizes(values: list) -> np.ndarray:
    try:
        return np.abs(np.asarray(values, np.float64))
    except (TypeError, ValueError):
        raise DataRefused("the weight column is not numeric") from None


def _upper(entries: scipy.sparse.coo_array, names: Ids) -> scipy.sparse.coo_array:
    """The upper triangle of a symmetric matrix."""
    import scipy.sparse

    differ = scipy.sparse.coo_array(entries.tocsr() != entries.T.tocsr())
    if differ.nnz:
        i, j = int(differ.row[0]), int(differ.col[0])
        raise DataRefused(
            f"the matrix is not symmetric: entry {names[i]!r}, {names[j]!r} differs from "
            f"entry {names[j]!r}, {names[i]!r}",
            allowed="A symmetric matrix where directed=False",
            next_step="Use directed=True, or add the transpose to it",
        )
    return scipy.sparse.triu(entries, format="coo")


def _array(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _one_column(tensor: Any) -> np.ndarray | None:
    """(m,) values, or None where there are none or several columns."""
    if tensor is None:
        return None
    values = _array(tensor)
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    return values if values.ndim == 1 else None
