"""The score of pairs of rows from a table, by the scheme's own form."""

from __future__ import annotations

import numpy as np

from nodeemb.roles.layout import Layout, Map
from nodeemb.roles.scheme import RoleScheme

_BLOCK = 65_536


def side_vectors(
    table: np.ndarray, side: Map, length: int, rows: np.ndarray | slice
) -> np.ndarray:
    """(k, length): what one side of a channel holds for some rows, constants included."""
    part = table[rows]
    out = np.ones((len(part), length), table.dtype)
    for column, place, count, sign in zip(*side[:4], strict=True):
        np.multiply(
            part[:, column : column + count],
            table.dtype.type(sign),
            out=out[:, place : place + count],
        )
    return out


def channel_scores(
    table: np.ndarray,
    layout: Layout,
    channel: str,
    sources: np.ndarray,
    targets: np.ndarray,
) -> np.ndarray:
    """(k,) scores of one channel for (k,) source rows and (k,) target rows.

    A symmetric channel takes the lower row as the source: the terms of a sum in another
    order would make a score that differs from its mirror in the last digits.
    """
    if channel in layout.symmetric:
        sources, targets = np.minimum(sources, targets), np.maximum(sources, targets)
    left, right = layout.channels[channel]
    length = layout.lengths[channel]
    out = np.empty(len(sources), table.dtype)
    for a in range(0, len(sources), _BLOCK):
        x = side_vectors(table, left, length, sources[a : a + _BLOCK])
        y = side_vectors(table, right, length, targets[a : a + _BLOCK])
        out[a : a + _BLOCK] = np.einsum("ij,ij->i", x, y)
    return out


def joined(scheme: RoleScheme, scores: dict[str, np.ndarray]) -> np.ndarray:
    """Channels' scores as one: coefficients times scores, or log probabilities summed."""
    if scheme.join == "probability":
        return sum(-np.logaddexp(0, -s) for s in scores.values())  # type: ignore[return-value]
    coefficients = {name: c.coefficient for name, c in scheme.channels.items()}
    parts = [coefficients[n] * s for n, s in scores.items() if coefficients[n] != 0]
    return np.sum(parts, axis=0) if len(parts) > 1 else parts[0]


def score_rows(
    table: np.ndarray,
    scheme: RoleScheme,
    layout: Layout,
    sources: np.ndarray,
    targets: np.ndarray,
) -> np.ndarray:
    """(k,) joint scores of pairs of rows."""
    sources, targets = np.asarray(sources), np.asarray(targets)
    return joined(
        scheme,
        {
            name: channel_scores(table, layout, name, sources, targets)
            for name in _used(scheme)
        },
    )


def scores_against(
    table: np.ndarray,
    scheme: RoleScheme,
    layout: Layout,
    row: int,
    others: range,
    forward: bool,
) -> np.ndarray:
    """(len(others),) joint scores of one row against a range of rows.

    The same numbers as `score_rows`, digit for digit, so that equal vectors have equal
    scores wherever they stand; a matrix product would not promise that.

    Args:
        forward: True: the row is the source and the range targets; False: the reverse.
    """
    scores = {}
    for name in _used(scheme):
        parts = [(others, forward)]
        if name in layout.symmetric:
            cut = min(max(row, others.start), others.stop)
            parts = [(range(others.start, cut), False), (range(cut, others.stop), True)]
        scores[name] = np.concatenate(
            [_against(table, layout, name, row, *part) for part in parts]
        )
    return joined(scheme, scores)


def _used(scheme: RoleScheme) -> list[str]:
    """The channels that the joint score needs."""
    always = scheme.join == "probability"
    return [n for n, c in scheme.channels.items() if always or c.coefficient != 0]


def _against(
    table: np.ndarray,
    layout: Layout,
    channel: str,
    row: int,
    others: range,
    forward: bool,
) -> np.ndarray:
    left, right = layout.channels[channel]
    near, far = (left, right) if forward else (right, left)
    length = layout.lengths[channel]
    x = side_vectors(table, near, length, slice(row, row + 1))[0]
    y = side_vectors(table, far, length, slice(others.start, others.stop))
    return np.einsum("j,ij->i", x, y)


def top_k(
    table: np.ndarray,
    scheme: RoleScheme,
    layout: Layout,
    row: int,
    count: int,
    forward: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The best `count` other nodes for a row, exactly, in blocks of nodes.

    Returns:
        rows (k,) int64 and scores (k,), best first; ties by row.
    """
    best_rows, best = np.empty(0, np.int64), np.empty(0, table.dtype)
    for a in range(0, len(table), _BLOCK):
        block = range(a, min(a + _BLOCK, len(table)))
        scores = scores_against(table, scheme, layout, row, block, forward)
        rows = np.arange(block.start, block.stop)
        keep = rows != row
        rows = np.concatenate([best_rows, rows[keep]])
        scores = np.concatenate([best, scores[keep]])
        if len(scores) > count:
            cut = np.partition(scores, len(scores) - count)[len(scores) - count]
            chosen = scores >= cut
            rows, scores = rows[chosen], scores[chosen]
        order = np.lexsort((rows, -scores))[:count]
        best_rows, best = rows[order], scores[order]
    return best_rows, best
