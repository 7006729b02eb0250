"""The spectral radius of a matrix without negative entries, from both sides.

Only arcs within a strongly connected part matter; there, for any x > 0,

    min_i (B x)_i / x_i  <=  radius  <=  max_i (B x)_i / x_i        (Collatz, Wielandt)

and iterating x <- (B + s) x brings the two together, whatever the periods. The upper end
is given, so that a share of its inverse is on the safe side.
"""

from __future__ import annotations

import numpy as np

from nodeemb.factorise.matrix import Sparse

_CLOSE = 1e-10
_ROUNDS = 5000


def spectral_radius(matrix: Sparse) -> float:
    """The largest size of an eigenvalue; 0 exactly where there is no cycle."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    size = matrix.size
    values = matrix.values if len(matrix.values) else np.ones(len(matrix.columns))
    whole = csr_array((values, matrix.columns, matrix.pointers), shape=(size, size))
    parts, part = connected_components(whole, connection="strong")
    rows = np.repeat(np.arange(size), np.diff(matrix.pointers))
    inside = part[rows] == part[matrix.columns]
    if not inside.any():
        return 0.0
    places = (rows[inside], matrix.columns[inside])
    kept = csr_array((np.float64(values[inside]), places), shape=(size, size))
    return _largest(kept, part, parts)


def _largest(kept: object, part: np.ndarray, parts: int) -> float:
    """The largest radius of the blocks that `part` numbers, iterated side by side."""
    vector, high = np.ones(len(part)), 0.0
    shift = float(kept.sum()) / len(part)  # type: ignore[attr-defined]
    for _ in range(_ROUNDS):
        product = kept @ vector  # type: ignore[operator]
        ratio = product / vector
        upper, lower = np.zeros(parts), np.full(parts, np.inf)
        np.maximum.at(upper, part, ratio)
        np.minimum.at(lower, part, ratio)
        widest = int(upper.argmax())
        high = float(upper[widest])
        if high - lower[widest] <= _CLOSE * high:
            break
        vector = product + shift * vector
        scale = np.zeros(parts)
        np.maximum.at(scale, part, vector)
        # a node without an arc inside would fade to nothing; it is a part by itself
        vector = np.maximum(vector / scale[part], 1e-300)
    return high
