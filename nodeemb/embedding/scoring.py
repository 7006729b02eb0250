"""The score of pairs of rows from a table, by the scheme's own form."""

from __future__ import annotations

import numpy as np

from nodeemb.objectives.objectives import log_chance
from nodeemb.roles.layout import Layout, Map
from nodeemb.roles.scheme import RoleScheme

_BLOCK = 65_536  # rows at a time
_NUMBERS = 2**22  # numbers at a time


def rows_at_once(length: int) -> int:
    """How many vectors of a length are put together at a time."""
    return max(1, min(_BLOCK, _NUMBERS // max(1, length)))


def side_vectors(
    table: np.ndarray, side: Map, length: int, rows: np.ndarray | slice
) -> np.ndarray:
    """(k, length): what one side of a channel holds for some rows, constants included."""
    segments = list(zip(*side[:4], strict=True))
    count = (
        len(range(*rows.indices(len(table)))) if isinstance(rows, slice) else len(rows)
    )
    out = np.empty((count, length), table.dtype)
    out[:, side.ones] = 1
    if side.shift >= 0:
        out[:, side.shift] = 1
    for column, place, width, sign in segments:
        part = table[:, column : column + width][rows]
        np.multiply(part, table.dtype.type(sign), out=out[:, place : place + width])
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
    step = rows_at_once(length)
    for a in range(0, len(sources), step):
        x = side_vectors(table, left, length, sources[a : a + step])
        y = side_vectors(table, right, length, targets[a : a + step])
        out[a : a + step] = np.einsum("ij,ij->i", x, y)
    return out


def joined(scheme: RoleScheme, scores: dict[str, np.ndarray]) -> np.ndarray:
    """Channels' scores as one: coefficients times scores, or log probabilities summed."""
    if scheme.join == "probability":
        tilts = {name: c.tilt for name, c in scheme.channels.items()}
        chances = [log_chance(s, tilts[name]) for name, s in scores.items()]
        return np.sum(chances, axis=0)
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
            for name in used_channels(scheme)
        },
    )


def used_channels(scheme: RoleScheme) -> list[str]:
    """The channels that the joint score needs."""
    always = scheme.join == "probability"
    return [n for n, c in scheme.channels.items() if always or c.coefficient != 0]
