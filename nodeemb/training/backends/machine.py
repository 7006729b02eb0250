"""The machine's vectors, as code that the CPU kernels' innermost loops are written in.

A compiler that is given loops over a few dozen numbers spends longer on finding out whether
vectors may be used than on the numbers, and keeps in memory what should stay in registers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir

from nodeemb.compiled import njit

_FEATURES = llvm.get_host_cpu_features()
_X86 = llvm.get_process_triple().startswith(("x86", "i386", "i686"))
BYTES = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx2") else 16
# x86 without AVX-512 has 16 vector registers, all others 32
REGISTERS = 32 if BYTES == 64 or not _X86 else 16
# products of bfloat16 by one instruction; not where numba is told to compile for another
# processor than this
HALVES_AT_ONCE = (
    BYTES == 64
    and bool(_FEATURES.get("avx512bf16"))
    and not (numba.config.CPU_NAME or numba.config.CPU_FEATURES)
)
# Whether that saves time. AMD multiplies two numbers so in the time of one. Intel takes as long
# as for four products of float32, so half the numbers in the same time (Emerald Rapids: .78
# and .19 ns an instruction).
HALVES = HALVES_AT_ONCE and llvm.get_host_cpu_name().startswith("znver")
INDEX = ir.IntType(64)
_SHORT = ir.IntType(32)


@njit
def padded(length, itemsize):
    """The least multiple of a machine vector that holds `length` numbers."""
    lanes = BYTES // itemsize
    return (length + lanes - 1) // lanes * lanes


def vector_of(context: Any, array: Any) -> Any:
    """The machine's vector of an array's numbers."""
    size = array.dtype.bitwidth // 8
    return ir.VectorType(context.get_value_type(array.dtype), BYTES // size)


def address(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """Where array[at] lies."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [at])


def load(builder: Any, vector: Any, place: Any) -> Any:
    """The vector that begins at a place."""
    pointer = builder.bitcast(place, vector.as_pointer())
    return builder.load(pointer, align=_bytes(vector))


def store(builder: Any, vector: Any, value: Any, place: Any) -> None:
    """Writes a vector from a place on."""
    pointer = builder.bitcast(place, vector.as_pointer())
    builder.store(value, pointer, align=_bytes(vector))


def everywhere(builder: Any, vector: Any, value: Any) -> Any:
    """A vector of one number."""
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, value, _SHORT(0))
    return builder.shuffle_vector(first, nothing, shorts([0] * vector.count))


def zeros(vector: Any) -> Any:
    """A vector of zeros."""
    return vector([0.0] * vector.count)


def shorts(values: list[int]) -> Any:
    """A constant vector of whole numbers: which numbers a shuffle takes."""
    return ir.Constant(ir.VectorType(_SHORT, len(values)), values)


def multiply_add(builder: Any, vector: Any) -> Callable[..., Any]:
    """a * b + c, rounded once where the machine can."""
    return builder.module.declare_intrinsic(
        f"llvm.fmuladd.{_name(vector)}", (), ir.FunctionType(vector, [vector] * 3)
    )


def sum_of(builder: Any, vector: Any, value: Any) -> Any:
    """The sum of a vector's numbers, added in halves."""
    number = vector.element
    add = builder.module.declare_intrinsic(
        f"llvm.vector.reduce.fadd.{_name(vector)}",
        (),
        ir.FunctionType(number, [number, vector]),
    )
    return builder.call(add, [number(-0.0), value], fastmath=("reassoc",))


def _name(vector: Any) -> str:
    return f"v{vector.count}f{8 * _bytes(vector)}"


def _bytes(vector: Any) -> int:
    """Bytes of one of a vector's numbers."""
    if isinstance(vector.element, ir.IntType):
        return int(vector.element.width) // 8
    return 8 if isinstance(vector.element, ir.DoubleType) else 4
