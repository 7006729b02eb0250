"""Write arrays as a safetensors file in pieces, so that nothing is copied whole.

The file is 8 bytes with the length of a header, the header in JSON (for each array its
type, shape and place; texts under `__metadata__`), and the numbers, little-endian, row by
row. Any safetensors library reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

import numpy as np

TYPES = {"F32": "float32", "F64": "float64", "I64": "int64", "U8": "uint8"}
_NAMES = {np.dtype(kind): name for name, kind in TYPES.items()}
_BYTES = 2**24  # about so many at a time


def pieces(array: np.ndarray) -> Iterator[memoryview]:
    """The bytes of an array, row by row, some megabytes at a time."""
    rows = max(1, _BYTES // max(1, array[:1].nbytes))
    for first in range(0, len(array), rows):
        piece = np.ascontiguousarray(array[first : first + rows])
        if piece.nbytes:
            yield memoryview(
                piece.astype(piece.dtype.newbyteorder("<"), copy=False).data
            ).cast("B")


def write_tensors(
    file: BinaryIO,
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes arrays of at least one dimension, in the order given.

    Args:
        file: open for writing.
        arrays: float32, float64, int64 or uint8; they may be parts of others.
        metadata: texts by name.
    """
    header: dict[str, object] = {} if not metadata else {"__metadata__": dict(metadata)}
    at = 0
    for name, array in arrays.items():
        end = at + array.nbytes
        kind = _NAMES[array.dtype]
        header[name] = {
            "dtype": kind, "shape": list(array.shape), "data_offsets": [at, end]
        }  # fmt: skip
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
        for piece in pieces(array):
            file.write(piece)


def checksum_of(
    arrays: Mapping[str, np.ndarray], add: Callable[[memoryview, int], int]
) -> int:
    """A running checksum of all bytes, in the order they are written."""
    total = 0
    for array in arrays.values():
        for piece in pieces(array):
            total = add(piece, total)
    return total
