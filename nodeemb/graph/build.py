"""Build the frozen graph from columns of edges: check, code the ids, join, sort, count.

Nothing is mended silently: duplicates are refused unless a rule is named, everything
else (self loops, sinks, isolated nodes) is kept and counted in the report.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nodeemb.errors import DataRefused, unknown_name
from nodeemb.graph import kernels
from nodeemb.graph.columns import (
    code_ids,
    end_column,
    row_column,
    sign_column,
    weight_column,
)
from nodeemb.graph.graph import Adjacency, Graph
from nodeemb.graph.ids import Ids
from nodeemb.graph.repeats import (
    DUPLICATE_RULES,
    Joined,
    join,
)
from nodeemb.graph.report import GraphReport


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
    """A graph from two equally long columns.

    Args:
        sources, targets: (m,) columns. Without `ids` and `num_nodes` they hold the
            users' ids (any hashable). With either of them they hold rows 0..n-1.
        weight: (m,) finite numbers above 0, or None.
        sign: (m,) numbers above or below 0 (only their sign counts), or None.
        ids: n ids in row order.
        num_nodes: n; ids are then 0..n-1.
        directed: False: each pair is one edge, whichever way it is given.
        duplicates: what to do where an edge comes more than once: "error", "sum"
            (weights add up; unweighted edges get their count as weight), "max" or
            "first".

    Raises:
        DataRefused: lengths differ, no edge, a row out of range, a weight that is not
            a finite number above 0, a sign of 0, duplicates under "error".
    """
    sources, targets = end_column(sources, "sources"), end_column(targets, "targets")
    if len(sources) != len(targets):
        raise DataRefused(f"{len(sources):,} sources but {len(targets):,} targets")
    if ids is None and num_nodes is None:
        names, sources, targets = code_ids(sources, targets)
    else:
        names = Ids(num_nodes if ids is None else ids)  # type: ignore[arg-type]
        if num_nodes is not None and len(names) != num_nodes:
            raise DataRefused(f"{len(names):,} ids but num_nodes is {num_nodes:,}")
    return from_rows(
        sources,
        targets,
        ids=names,
        weight=weight,
        sign=sign,
        directed=directed,
        duplicates=duplicates,
    )


def from_rows(
    sources: np.ndarray,
    targets: np.ndarray,
    *,
    ids: Ids,
    weight: Any = None,
    sign: Any = None,
    directed: bool = True,
    duplicates: str = "error",
) -> Graph:
    """As `from_edges`, for columns of rows that belong to `ids`."""
    if duplicates not in DUPLICATE_RULES:
        raise unknown_name("rule for duplicates", duplicates, DUPLICATE_RULES)
    count, n = len(sources), len(ids)
    if count == 0:
        raise DataRefused("there are no edges", next_step="Give at least one edge")
    if n >= 2**31 - 1:
        raise DataRefused(f"{n:,} nodes are too many", allowed="Fewer than 2**31 - 1")
    return _build(
        row_column(sources, n, "sources"),
        row_column(targets, n, "targets"),
        ids,
        weight_column(weight, count),
        sign_column(sign, count),
        directed,
        duplicates,
    )


def _build(
    sources: np.ndarray,
    targets: np.ndarray,
    ids: Ids,
    weights: np.ndarray | None,
    signs: np.ndarray | None,
    directed: bool,
    duplicates: str,
) -> Graph:
    back = None
    if not directed:
        back = targets < sources
        sources, targets = np.minimum(sources, targets), np.maximum(sources, targets)
    ordered = not directed or weights is not None or signs is not None
    pointers, neighbours, order = _sort(sources, targets, len(ids), ordered)
    del sources, targets
    new = kernels.first_of_each(pointers, neighbours)

    def name(place: int) -> str:
        source = int(np.searchsorted(pointers, place, side="right")) - 1
        return f"{ids[source]!r} -> {ids[int(neighbours[place])]!r}"

    joined = join(duplicates, new, order, back, weights, signs, name)
    del order, weights, signs, back
    kept = pointers, neighbours
    if joined.repeats or joined.mirrored:
        kept = kernels.pointers_of_kept(pointers, new), neighbours[new]
    if not directed:
        wide, ends, edge = _both_ways(*kept)
        kept = wide, ends
        joined = joined._replace(
            weight=None if joined.weight is None else joined.weight[edge],
            sign=None if joined.sign is None else joined.sign[edge],
        )
    return _finish(*kept, ids, directed, joined)


def assemble(
    sources: np.ndarray,
    targets: np.ndarray,
    *,
    ids: Ids,
    directed: bool,
    weight: np.ndarray | None = None,
    sign: np.ndarray | None = None,
) -> Graph:
    """A graph of distinct, checked arcs; of an undirected edge, both arcs are given."""
    ordered = weight is not None or sign is not None
    sources = np.require(sources, np.int32, ["C", "W"])
    targets = np.require(targets, np.int32, ["C", "W"])
    pointers, neighbours, order = _sort(sources, targets, len(ids), ordered)
    weight = None if weight is None else weight[order]
    sign = None if sign is None else sign[order]
    return _finish(pointers, neighbours, ids, directed, Joined(weight, sign))


def _sort(
    sources: np.ndarray, targets: np.ndarray, n: int, ordered: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Pointers and neighbours by source, then target; and the order if asked for."""
    if not ordered:
        return (*kernels.sort_arcs(sources, targets, n), None)
    order = np.empty(len(sources), _place_type(len(sources)))
    return (*kernels.sort_order(sources, targets, n, order), order)


def _reverse(pointers: np.ndarray, neighbours: np.ndarray) -> Adjacency:
    """The same arcs by target."""
    count = len(neighbours)
    back, arcs = np.empty(count, np.int32), np.empty(count, _place_type(count))
    return Adjacency(kernels.reverse(pointers, neighbours, back, arcs), back, arcs)


def _both_ways(
    pointers: np.ndarray, neighbours: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both arcs of undirected edges kept by their lower end, and the edge of each."""
    into = _reverse(pointers, neighbours)
    # in the rows of both ends, but a loop has one end
    loops, _ = kernels.count_mutual(pointers, neighbours, *into[:2])
    count = 2 * len(neighbours) - loops
    edge = np.empty(count, _place_type(count))
    return (*kernels.both_ways(pointers, neighbours, *into, edge), edge)


def _place_type(count: int) -> type[np.signedinteger]:
    return np.int32 if count < 2**31 - 1 else np.int64


def _finish(
    pointers: np.ndarray,
    neighbours: np.ndarray,
    ids: Ids,
    directed: bool,
    joined: Joined,
) -> Graph:
    """The frozen graph of sorted, distinct arcs, with its report."""
    count = len(neighbours)
    out = Adjacency(pointers, neighbours, np.arange(count, dtype=_place_type(count)))
    into = _reverse(pointers, neighbours)
    weight, sign = joined.weight, joined.sign
    weight = None if weight is None else np.ascontiguousarray(weight, np.float32)
    sign = None if sign is None else np.ascontiguousarray(sign, np.int8)
    report = _count(out, into, directed, joined._replace(weight=weight, sign=sign))
    for array in (*out, *into, weight, sign):
        if array is not None:
            array.flags.writeable = False
    return Graph(ids, directed, out, into, weight, sign, report)


def _count(
    out: Adjacency, into: Adjacency, directed: bool, joined: Joined
) -> GraphReport:
    count = len(out.neighbours)
    loops, mutual = kernels.count_mutual(*out[:2], *into[:2])
    leaves, enters = out.degrees() > 0, into.degrees() > 0
    weight, sign = joined.weight, joined.sign
    return GraphReport(
        nodes=len(out.pointers) - 1,
        edges=count if directed else (count + loops) // 2,
        directed=directed,
        weighted=weight is not None,
        signed=sign is not None,
        duplicates=joined.repeats,
        duplicates_rule=joined.rule,
        mirrored=joined.mirrored,
        self_loops=loops,
        sinks=int((enters & ~leaves).sum()) if directed else 0,
        sources=int((leaves & ~enters).sum()) if directed else 0,
        isolated=int((~leaves & ~enters).sum()),
        # without a link between two nodes nothing could be returned
        reciprocity=(mutual - loops) / (count - loops) if count > loops else 0.0,
        negative=0 if sign is None else _negative(out, sign, directed),
        weight_min=float(weight.min()) if weight is not None and count else 1.0,
        weight_max=float(weight.max()) if weight is not None and count else 1.0,
    )


def _negative(out: Adjacency, sign: np.ndarray, directed: bool) -> int:
    """Edges of negative sign; both arcs of an undirected edge count one."""
    negative = int((sign < 0).sum())
    if directed:
        return negative
    rows = np.repeat(np.arange(len(out.pointers) - 1), out.degrees())
    return (negative + int((sign[rows == out.neighbours] < 0).sum())) // 2
