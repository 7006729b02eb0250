"""The vector of a node in use: as it stands first in a pair, second, or both together.

    score(u, v) = sum over channels of  coefficient * <in(u), out(v)>   (biases apart)

| readout | source_target | any scheme |
|---|---|---|
| in | source (centre of a window) | left sides of all channels, side by side |
| out | target (context) | right sides, with the signs of the terms |
| sum | source + target | in + out |
| concat | source, target side by side | every role once |

With one role all four have the same cosines. In `signature` minus enters `out` with its
sign turned; cosines within `in` and within `out` are the same, and those of `sum` are those
of plus alone, for the two minus parts cancel.

Source: the sum of both vectors: Pennington, Socher, Manning. GloVe. EMNLP 2014, section 4.2.
Both choices compared: Levy, Goldberg, Dagan. TACL 2015, section 3.3.
"""

from __future__ import annotations

import numpy as np

from nodeemb.embedding.scoring import side_vectors
from nodeemb.roles.layout import Layout, Map

READOUTS = ("in", "out", "sum", "concat")


def one_side(table: np.ndarray, layout: Layout, second: bool) -> np.ndarray:
    """(num_nodes, k): what nodes are as the first of a pair, or as the second.

    Args:
        table: (num_nodes, columns).
        layout: of the table.
        second: False: `in`; True: `out`.
    """
    parts = [
        _vectors(table, maps[second], layout.dims[name])
        for name, maps in layout.channels.items()
    ]
    return parts[0] if len(parts) == 1 else np.hstack(parts)


def _vectors(table: np.ndarray, side: Map, dim: int) -> np.ndarray:
    """One channel's side without biases; no copy where it is a range of columns."""
    inner = side.place < dim
    column, place, length, sign = (part[inner] for part in side[:4])
    segments = Map(column, place, length, sign, side.ones[:0], -1)
    if inner.sum() == 1 and segments.sign[0] == 1:
        first = int(segments.column[0])
        return table[:, first : first + dim]
    return side_vectors(table, segments, dim, slice(None))
