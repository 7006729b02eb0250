"""Numbers of Arrow as numpy has them, and the other way round.

pyarrow's own `to_numpy` and `array` import pandas wherever it is installed, which takes longer
than to read a small graph and train on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow


def numbers_of(column: Any) -> np.ndarray:
    """(k,) the numbers of an array or chunked array; one chunk is not copied.

    Args:
        column: of whole or decimal numbers, none of them missing.

    Raises:
        ValueError: one is missing.
    """
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        if column.num_chunks == 1:
            return numbers_of(column.chunk(0))
        chunks = [numbers_of(chunk) for chunk in column.chunks]
        return np.concatenate([np.empty(0, column.type.to_pandas_dtype()), *chunks])
    if column.null_count:
        raise ValueError("a number is missing")
    dtype, values = np.dtype(column.type.to_pandas_dtype()), column.buffers()[1]
    assert dtype.kind in "iuf", dtype  # others, such as bits, lie otherwise
    if not len(column):
        return np.empty(0, dtype)
    own = np.frombuffer(values, dtype, len(column), column.offset * dtype.itemsize)
    own.flags.writeable = False
    return own


def arrow_of(values: np.ndarray) -> pyarrow.Array:
    """An Arrow array of numbers, which are copied only where they do not lie in a row."""
    import pyarrow as pa

    own = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    assert own.dtype.kind in "iuf", own.dtype
    kind = pa.from_numpy_dtype(own.dtype)
    return pa.Array.from_buffers(kind, len(own), [None, pa.py_buffer(own)])
