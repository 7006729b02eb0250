"""Check what stands in the columns of an edge list: ids, weights and signs.

Every check is given `where`, which names the place of a row, and calls it only to complain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nodeemb.errors import DataRefused

if TYPE_CHECKING:
    import pyarrow

Where = Callable[[int], str]


def check_texts(column: pyarrow.ChunkedArray, where: Where) -> None:
    """Refuse empty ids, and padded ones: "a" and " a" would be two nodes.

    Raises:
        DataRefused: names the first such id and its place.
    """
    import pyarrow as pa
    from pyarrow import compute

    bad = compute.or_(
        compute.not_equal(compute.utf8_trim_whitespace(column), column),
        compute.invert(compute.cast(compute.binary_length(column), pa.bool_())),
    )
    if not compute.any(bad).as_py():  # `index` would make a scalar, and import pandas
        return
    at = compute.index(bad, True).as_py()
    if column[at].as_py() == "":
        raise DataRefused(
            "an id is empty", where=where(at), allowed="Two ids for every edge"
        )
    raise DataRefused(
        f"the id {column[at].as_py()!r} begins or ends with white space",
        where=where(at),
        allowed="Ids without white space around them, so that none is two by mistake",
        next_step="Remove it, or choose the delimiter that takes it along",
    )


def check_sign(sign: np.ndarray | None, where: Where) -> None:
    """Refuse signs that are neither above nor below 0 (DataRefused)."""
    if sign is None:
        return
    bad = ~(np.isfinite(sign) & (sign != 0))
    if bad.any():
        at = int(bad.argmax())
        raise DataRefused(
            f"the sign is {sign[at]:g}",
            where=where(at),
            allowed="Numbers above or below 0",
            next_step="Leave neutral links out of the file",
        )


def check_weight(weight: np.ndarray | None, where: Where) -> None:
    """Refuse weights that are not finite and above 0 in float32 (DataRefused)."""
    if weight is None:
        return
    with np.errstate(over="ignore", under="ignore"):
        kept = weight.astype(np.float32)
    bad = ~(np.isfinite(kept) & (kept > 0))
    if bad.any():
        at = int(bad.argmax())
        raise DataRefused(
            f"the weight is {weight[at]:g}",
            where=where(at),
            allowed="Finite weights above 0, within the range of float32",
            next_step="For links of two kinds give the column as the sign too; the "
            "weight is then its absolute value",
        )
