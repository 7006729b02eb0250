"""Build the frozen graph from columns of edges: check, code the ids, join, sort, count.

Nothing is mended silently: duplicates are refused unless a rule is named, everything
else (self loops, sinks, isolated nodes) is kept and counted in the report.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nodeemb.errors import DataRefused, unknown_name
from nodeemb.graph.graph import Adjacency, Graph
from nodeemb.graph.ids import Ids
from nodeemb.graph.report import GraphReport

DUPLICATE_RULES = ("error", "sum", "max", "first")


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
    sources, targets = _column(sources, "sources"), _column(targets, "targets")
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
    sources, targets = _rows(sources, n, "sources"), _rows(targets, n, "targets")
    weights = _weights(weight, count)
    signs = _signs(sign, count)

    mirrored = 0
    if not directed:
        back = targets < sources
        sources, targets = np.minimum(sources, targets), np.maximum(sources, targets)
    keys = sources.astype(np.int64) * n + targets
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    new = np.ones(count, bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    rule, repeats = "none found", count - int(new.sum())
    if repeats and not directed:
        order, new, mirrored = _fold_mirrored(order, new, back, weights, signs)
        repeats -= mirrored
    if repeats:
        rule = duplicates
        if rule == "error":
            at = order[np.flatnonzero(~new)[0]]
            raise DataRefused(
                f"{repeats:,} of {count:,} edges are repeated; the first is "
                f"{ids[sources[at]]!r} -> {ids[targets[at]]!r}",
                allowed="Every edge once, or a rule for joining them",
                next_step='Choose duplicates="sum", "max" or "first" '
                "(--duplicates on the command line)",
            )
        weights, signs = _join(rule, order, new, weights, signs, ids, sources, targets)
    else:
        kept = order[new]
        weights = None if weights is None else weights[kept]
        signs = None if signs is None else signs[kept]
    kept = order[new]
    sources, targets = sources[kept], targets[kept]
    if not directed:
        loop = sources == targets
        sources, targets = (
            np.concatenate([sources, targets[~loop]]),
            np.concatenate([targets, sources[~loop]]),
        )
        if weights is not None:
            weights = np.concatenate([weights, weights[~loop]])
        if signs is not None:
            signs = np.concatenate([signs, signs[~loop]])
    return assemble(
        sources,
        targets,
        ids=ids,
        directed=directed,
        weight=weights,
        sign=signs,
        duplicates=repeats,
        duplicates_rule=rule,
        mirrored=mirrored,
    )


def assemble(
    sources: np.ndarray,
    targets: np.ndarray,
    *,
    ids: Ids,
    directed: bool,
    weight: np.ndarray | None = None,
    sign: np.ndarray | None = None,
    duplicates: int = 0,
    duplicates_rule: str = "none found",
    mirrored: int = 0,
) -> Graph:
    """Sort distinct, checked arcs into both adjacencies and count the report."""
    import scipy.sparse

    n, count = len(ids), len(sources)
    keys = sources.astype(np.int64) * n + targets
    if count and not (np.diff(keys) > 0).all():
        order = np.argsort(keys)
        sources, targets = sources[order], targets[order]
        weight = None if weight is None else weight[order]
        sign = None if sign is None else sign[order]
    del keys
    place = np.int32 if count < 2**31 - 1 else np.int64
    pointers = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(sources, minlength=n), out=pointers[1:])
    arcs = np.arange(count, dtype=place)
    neighbours = np.ascontiguousarray(targets, np.int32)
    turned = scipy.sparse.csr_matrix(
        (arcs, neighbours, pointers.astype(place)), shape=(n, n)
    ).tocsc()
    out = Adjacency(pointers, neighbours, arcs)
    into = Adjacency(
        turned.indptr.astype(np.int64), turned.indices.astype(np.int32), turned.data
    )
    if weight is not None:
        weight = np.ascontiguousarray(weight, np.float32)
    if sign is not None:
        sign = np.ascontiguousarray(sign, np.int8)
    report = _count(
        out, into, np.asarray(sources), directed, weight, sign, duplicates, duplicates_rule, mirrored
    )
    for array in (*out, *into, weight, sign):
        if array is not None:
            array.flags.writeable = False
    return Graph(ids, directed, out, into, weight, sign, report)


def code_ids(sources: np.ndarray, targets: np.ndarray) -> tuple[Ids, np.ndarray, np.ndarray]:
    """Rows for two columns of ids.

    Whole numbers get their rows in ascending order, other ids in order of first
    appearance (all sources, then all targets).
    """
    if sources.dtype.kind in "iu" and targets.dtype.kind in "iu":
        both = np.concatenate([sources, targets]).astype(np.int64)
        low, high = (int(both.min()), int(both.max())) if len(both) else (0, -1)
        if high - low < 4 * len(both) + 1024:
            seen = np.zeros(high - low + 1, bool)
            seen[both - low] = True
            rows = np.cumsum(seen, dtype=np.int64) - 1
            coded, names = rows[both - low], np.flatnonzero(seen) + low
        else:
            names, coded = np.unique(both, return_inverse=True)
        return Ids(names), coded[: len(sources)], coded[len(sources) :]
    index: dict[Any, int] = {}
    try:
        coded = np.fromiter(
            (
                index.setdefault(value, len(index))
                for column in (sources, targets)
                for value in column.tolist()
            ),
            np.int64,
            len(sources) + len(targets),
        )
    except TypeError as error:
        raise DataRefused(f"ids must be hashable: {error}") from None
    return Ids(index), coded[: len(sources)], coded[len(sources) :]


def _column(values: Any, name: str) -> np.ndarray:
    if isinstance(values, (list, tuple)):
        # numpy would turn (1, "1") into text: mixed ids keep their types as objects
        array = np.array(values) if _one_kind(values) else None
        if array is None or array.ndim != 1:
            array = np.empty(len(values), object)
            array[:] = values
    else:
        array = np.asarray(values)
    if array.ndim != 1:
        raise DataRefused(f"{name} must be one column (m,), got shape {array.shape}")
    if array.dtype.kind == "f":
        raise DataRefused(
            f"{name} are decimal numbers ({array[:1]}), which make no good ids",
            next_step="Convert them to whole numbers or text",
        )
    return array


def _one_kind(values: list | tuple) -> bool:
    kinds = {type(v) for v in values}
    return kinds <= {int} or kinds <= {str} or all(issubclass(k, np.integer) for k in kinds)


def _rows(values: np.ndarray, n: int, name: str) -> np.ndarray:
    if values.dtype.kind not in "iu":
        raise DataRefused(f"{name} must be whole-number rows, got {values.dtype}")
    if len(values) and (values.min() < 0 or values.max() >= n):
        bad = values[(values < 0) | (values >= n)][0]
        raise DataRefused(f"{name} hold the row {bad}", allowed=f"Rows 0 to {n - 1}")
    return values.astype(np.int32)


def _numbers(values: Any, count: int, name: str) -> np.ndarray:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise DataRefused(f"the {name} column is not numeric") from None
    if array.shape != (count,):
        raise DataRefused(f"{name} must be ({count},), got {array.shape}")
    return array


def _weights(values: Any, count: int) -> np.ndarray | None:
    if values is None:
        return None
    array = _numbers(values, count, "weight")
    with np.errstate(over="ignore", under="ignore"):
        stored = array.astype(np.float32)
    good = np.isfinite(stored) & (stored > 0)
    if not good.all():
        at = int(np.flatnonzero(~good)[0])
        raise DataRefused(
            f"{int((~good).sum()):,} weights are not finite numbers above 0; "
            f"edge {at + 1} has {array[at]}",
            allowed="Finite weights above 0",
            next_step="For links of two kinds give a sign column instead",
        )
    return array


def _signs(values: Any, count: int) -> np.ndarray | None:
    if values is None:
        return None
    array = _numbers(values, count, "sign")
    if not (np.isfinite(array) & (array != 0)).all():
        at = int(np.flatnonzero(~(np.isfinite(array) & (array != 0)))[0])
        raise DataRefused(
            f"edge {at + 1} has the sign {array[at]}",
            allowed="Numbers above or below 0",
            next_step="Leave neutral links out of the file",
        )
    return np.sign(array).astype(np.int8)


def _fold_mirrored(
    order: np.ndarray,
    new: np.ndarray,
    back: np.ndarray,
    weights: np.ndarray | None,
    signs: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Take u-v listed once each way, with the same values, for one edge."""
    first = np.flatnonzero(new)
    size = np.diff(np.append(first, len(new)))
    pair = first[size == 2]
    a, b = order[pair], order[pair + 1]
    same = back[a] != back[b]
    for values in (weights, signs):
        if values is not None:
            same &= values[a] == values[b]
    drop = pair[same] + 1
    keep = np.ones(len(order), bool)
    keep[drop] = False
    return order[keep], new[keep], len(drop)


def _join(
    rule: str,
    order: np.ndarray,
    new: np.ndarray,
    weights: np.ndarray | None,
    signs: np.ndarray | None,
    ids: Ids,
    sources: np.ndarray,
    targets: np.ndarray,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Weight and sign of each distinct edge, its rows joined by the rule."""
    first = np.flatnonzero(new)
    if signs is not None and rule != "first":
        ordered = signs[order]
        low, high = np.minimum.reduceat(ordered, first), np.maximum.reduceat(ordered, first)
        if (low != high).any():
            at = order[first[np.flatnonzero(low != high)[0]]]
            raise DataRefused(
                f"{int((low != high).sum()):,} edges come with both signs; the first is "
                f"{ids[sources[at]]!r} -> {ids[targets[at]]!r}",
                next_step='Choose duplicates="first", or clean the file',
            )
    signs = None if signs is None else signs[order[first]]
    if rule == "first":
        return (None if weights is None else weights[order[first]]), signs
    if rule == "max":
        if weights is None:
            return None, signs
        return np.maximum.reduceat(weights[order], first), signs
    values = np.ones(len(order)) if weights is None else weights[order]
    summed = np.add.reduceat(values, first)
    if not np.isfinite(summed.astype(np.float32)).all():
        raise DataRefused("the weights of a repeated edge sum beyond float32")
    return summed, signs


def _count(
    out: Adjacency,
    into: Adjacency,
    sources: np.ndarray,
    directed: bool,
    weight: np.ndarray | None,
    sign: np.ndarray | None,
    duplicates: int,
    rule: str,
    mirrored: int,
) -> GraphReport:
    n, count = len(out.pointers) - 1, len(out.neighbours)
    loop = sources == out.neighbours
    loops = int(loop.sum())
    edges = count if directed else (count + loops) // 2
    if directed:
        keys = sources.astype(np.int64) * n + out.neighbours
        back = out.neighbours.astype(np.int64) * n + sources
        place = np.minimum(np.searchsorted(keys, back), max(count - 1, 0))
        mutual = int((keys[place] == back).sum()) - loops if count else 0
        reciprocity = mutual / (count - loops) if count > loops else 0.0
    else:
        reciprocity = 1.0
    leaves, enters = out.degrees() > 0, into.degrees() > 0
    negative = 0
    if sign is not None:
        negative = int((sign < 0).sum())
        if not directed:
            negative = (negative + int((sign[loop] < 0).sum())) // 2
    return GraphReport(
        nodes=n,
        edges=edges,
        directed=directed,
        weighted=weight is not None,
        signed=sign is not None,
        duplicates=duplicates,
        duplicates_rule=rule,
        mirrored=mirrored,
        self_loops=loops,
        sinks=int((enters & ~leaves).sum()) if directed else 0,
        sources=int((leaves & ~enters).sum()) if directed else 0,
        isolated=int((~leaves & ~enters).sum()),
        reciprocity=reciprocity,
        negative=negative,
        weight_min=float(weight.min()) if weight is not None and count else 1.0,
        weight_max=float(weight.max()) if weight is not None and count else 1.0,
    )


