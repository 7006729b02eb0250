"""Join the rows of an edge that comes more than once, by the rule the user chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nodeemb.errors import DataRefused

DUPLICATE_RULES = ("error", "sum", "max", "first")


class Joined(NamedTuple):
    """What is left of k distinct edges' values, and what was found on the way.

    weight: (k,) float64, or None.
    sign: (k,) int8, or None.
    repeats: rows beyond the first of an edge.
    rule: how they were joined.
    mirrored: undirected edges given once each way.
    """

    weight: np.ndarray | None
    sign: np.ndarray | None
    repeats: int = 0
    rule: str = "none found"
    mirrored: int = 0


def join(
    rule: str,
    new: np.ndarray,
    order: np.ndarray | None,
    back: np.ndarray | None,
    weight: np.ndarray | None,
    sign: np.ndarray | None,
    name: Callable[[int], str],
) -> Joined:
    """One weight and one sign for each distinct edge.

    Args:
        rule: one of DUPLICATE_RULES.
        new: (m,) bool, False where a sorted row repeats the one before it.
        order: (m,) the place each sorted row came from; needed for the values and for
            undirected edges.
        back: (m,) bool by place, True where an undirected edge was given from its
            higher end; None: directed.
        weight, sign: (m,) by place, or None.
        name: how to call the edge at a sorted row, for complaints.

    Raises:
        DataRefused: repeats under "error", both signs for one edge, a sum of weights
            beyond float32.
    """
    extra = ~new
    mirrored = 0
    if back is not None and order is not None and extra.any():
        marked = mirrored_repeats(new, order, back, weight, sign)
        mirrored, extra = int(marked.sum()), extra & ~marked
        order = order[~marked]
    repeats = int(extra.sum())
    if repeats and rule == "error":
        raise _repeated(repeats, len(new), name(int(extra.argmax())))
    said = rule if repeats else "none found"
    if weight is None and sign is None and said != "sum":
        return Joined(None, None, repeats, said, mirrored)
    rows = new[new | extra]
    first = np.flatnonzero(rows)
    weight = None if weight is None else weight[order]
    sign = None if sign is None else sign[order]
    if sign is not None:
        if said in ("sum", "max"):
            _check_signs(first, sign, np.flatnonzero(new), name)
        sign = sign[first]
    weight = join_weights(said, first, weight, len(rows))
    return Joined(weight, sign, repeats, said, mirrored)


def mirrored_repeats(
    new: np.ndarray,
    order: np.ndarray,
    back: np.ndarray,
    weights: np.ndarray | None,
    signs: np.ndarray | None,
) -> np.ndarray:
    """Marks u-v listed once each way, with the same values: that is one edge.

    Args:
        new: (m,) bool, False where a sorted row repeats the one before it.
        order: (m,) the place each sorted row came from.
        back: (m,) bool by place, True where the row was given as v-u with u < v.
        weights, signs: (m,) by place, or None.

    Returns:
        (m,) bool: True at the second row of such an edge.
    """
    first = np.flatnonzero(new)
    size = np.diff(np.append(first, len(new)))
    pair = first[size == 2]
    a, b = order[pair], order[pair + 1]
    same = back[a] != back[b]
    for values in (weights, signs):
        if values is not None:
            same &= values[a] == values[b]
    marked = np.zeros(len(new), bool)
    marked[pair[same] + 1] = True
    return marked


def join_weights(
    rule: str, first: np.ndarray, weights: np.ndarray | None, count: int
) -> np.ndarray | None:
    """The weight of each distinct edge.

    Args:
        rule: "sum", "max", "first", or "none found", which is the same as "first".
        first: (k,) where each distinct edge begins among the sorted rows.
        weights: (count,) in sorted order, or None.
        count: rows.

    Returns:
        (k,) float64; None where there are no weights and the rule makes none.

    Raises:
        DataRefused: a sum beyond float32.
    """
    if weights is None:
        if rule != "sum":
            return None
        return np.diff(np.append(first, count)).astype(np.float64)
    if rule == "max":
        return np.maximum.reduceat(weights, first)
    if rule != "sum":
        return weights[first]
    summed = np.add.reduceat(weights, first)
    with np.errstate(over="ignore"):
        fits = np.isfinite(summed.astype(np.float32)).all()
    if not fits:
        raise DataRefused("the weights of a repeated edge sum beyond float32")
    return summed


def _repeated(repeats: int, count: int, name: str) -> DataRefused:
    return DataRefused(
        f"{repeats:,} of {count:,} edges are repeated; the first is {name}",
        allowed="Every edge once, or a rule for joining them",
        next_step='Choose duplicates="sum", "max" or "first" '
        "(--duplicates on the command line)",
    )


def _check_signs(
    first: np.ndarray, signs: np.ndarray, places: np.ndarray, name: Callable[[int], str]
) -> None:
    low = np.minimum.reduceat(signs, first)
    both = low != np.maximum.reduceat(signs, first)
    if both.any():
        raise DataRefused(
            f"{int(both.sum()):,} edges come with both signs; the first is "
            f"{name(int(places[both.argmax()]))}",
            next_step='Choose duplicates="first", or clean the file',
        )
