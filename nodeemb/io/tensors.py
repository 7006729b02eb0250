"""Write arrays as a safetensors file in pieces, so that nothing is copied whole.

The file is 8 bytes with the length of a header, the header in JSON (for each array its
type, shape and place; texts under `__metadata__`), and the numbers, little-endian, row by
row. Any safetensors library reads it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

import numpy as np

TYPES = {
    "F32": "float32",
    "F64": "float64",
    "I64": "int64",
    "I32": "int32",
    "I8": "int8",
    "U8": "uint8",
}
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


class Spec(NamedTuple):
    """What a header says of an array."""

    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the array."""
        return self.dtype.itemsize * math.prod(self.shape)


def header_of(specs: Mapping[str, Spec], metadata: Mapping[str, str] | None) -> bytes:
    """All that stands before the numbers, its length included: a multiple of 8 bytes."""
    header: dict[str, object] = {} if not metadata else {"__metadata__": dict(metadata)}
    at = 0
    for name, spec in specs.items():
        end = at + spec.nbytes
        kind = _NAMES[spec.dtype]
        header[name] = {
            "dtype": kind, "shape": list(spec.shape), "data_offsets": [at, end]
        }  # fmt: skip
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def write_tensors(
    file: BinaryIO,
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes arrays of at least one dimension, in the order given.

    Args:
        file: open for writing.
        arrays: float32, float64, int64, int32, int8 or uint8; they may be parts of others.
        metadata: texts by name.
    """
    specs = {name: Spec(a.dtype, a.shape) for name, a in arrays.items()}
    file.write(header_of(specs, metadata))
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
