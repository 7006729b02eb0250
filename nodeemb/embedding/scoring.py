"""The score of pairs of rows from a table, by the scheme's own form."""

from __future__ import annotations

import numpy as np

from nodeemb.roles.scheme import Layout, Map, RoleScheme

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
    """(k,) scores of one channel for (k,) source rows and (k,) target rows."""
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
    used = [
        n
        for n, c in scheme.channels.items()
        if c.coefficient != 0 or scheme.join == "probability"
    ]
    return joined(
        scheme, {n: channel_scores(table, layout, n, sources, targets) for n in used}
    )


def all_scores(
    table: np.ndarray,
    scheme: RoleScheme,
    layout: Layout,
    rows: np.ndarray,
    others: slice,
    forward: bool,
) -> np.ndarray:
    """(k, len(others)) scores of k rows against a range of rows.

    Args:
        forward: True: the k rows are sources and the range targets; False: the reverse.
    """
    scores = {}
    for name, (left, right) in layout.channels.items():
        near, far = (left, right) if forward else (right, left)
        length = layout.lengths[name]
        scores[name] = (
            side_vectors(table, near, length, rows)
            @ side_vectors(table, far, length, others).T
        )
    if scheme.join == "sum":
        scores = {
            n: s for n, s in scores.items() if scheme.channels[n].coefficient != 0
        }
    return joined(scheme, scores)


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
        b = min(a + _BLOCK, len(table))
        scores = all_scores(
            table, scheme, layout, np.array([row]), slice(a, b), forward
        )[0]
        rows = np.arange(a, b)
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
