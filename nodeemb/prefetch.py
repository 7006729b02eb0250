"""Memory as it comes, in lines: what a kernel will read soon is asked for, so that it need
not wait when it does, and arrays begin where a line does."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from nodeemb.compiled import njit

LINE = 64  # bytes


@njit
def zeros_of(count: int, like: Any) -> Any:
    """(count,) zeros of `like`'s type that begin with a line of memory.

    A vector that crosses from one line into the next takes twice as long to load.
    """
    numbers = LINE // like.itemsize
    whole = np.zeros(count + numbers, like.dtype)
    skip = -whole.ctypes.data % LINE // like.itemsize
    return whole[skip : skip + count]


@njit(borrowing=True)
def fetch(array: Any, at: int, length: int) -> None:
    """Asks for array[at : at + length] to be brought near, without waiting for it."""
    _fetch_lines(array, at, length, False)


@njit(borrowing=True)
def fetch_to_write(array: Any, at: int, length: int) -> None:
    """The same of what will be written: other cores have then given it up by the time it is,
    else a write waits for that."""
    _fetch_lines(array, at, length, True)


@intrinsic  # type: ignore[untyped-decorator]
def fetch_line(context: Any, array: Any, at: Any) -> Any:
    """Asks for the line of memory that holds array[at]; `at` may lie outside."""
    signature = types.void(array, types.intp)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, at = args
        _ask(context, builder, signature.args[0], array, at, False)
        return context.get_dummy_value()

    return signature, generate


# Written as code, since a kernel does not know the size of an array's numbers beforehand and
# would divide by it each time.
@intrinsic  # type: ignore[untyped-decorator]
def _fetch_lines(context: Any, array: Any, at: Any, length: Any, to_write: Any) -> Any:
    if not isinstance(to_write, types.BooleanLiteral):
        return None
    signature = types.void(array, types.intp, types.intp, to_write)
    numbers = LINE * 8 // array.dtype.bitwidth

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, at, length, _ = args
        number = length.type
        lines = builder.sdiv(builder.add(length, number(numbers - 1)), number(numbers))
        with cgutils.for_range(builder, lines) as loop:
            place = builder.add(at, builder.mul(loop.index, number(numbers)))
            _ask(
                context,
                builder,
                signature.args[0],
                array,
                place,
                to_write.literal_value,
            )
        return context.get_dummy_value()

    return signature, generate


def _ask(
    context: Any, builder: Any, kind: Any, array: Any, at: Any, to_write: bool
) -> None:
    data = context.make_array(kind)(context, builder, array).data
    pointer, short = ir.IntType(8).as_pointer(), ir.IntType(32)
    takes = ir.FunctionType(ir.VoidType(), [pointer, short, short, short])
    ask = builder.module.declare_intrinsic("llvm.prefetch.p0", (), takes)
    write, keep, data_line = short(int(to_write)), short(3), short(1)
    place = builder.bitcast(builder.gep(data, [at]), pointer)
    builder.call(ask, [place, write, keep, data_line])
