"""Asks memory for what a kernel will read soon, so that it need not wait when it does."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from nodeemb.compiled import njit

_LINE = 64  # bytes


@njit
def fetch(array: Any, at: int, length: int) -> None:
    """Asks for array[at : at + length] to be brought near, without waiting for it."""
    for c in range(at, at + length, _LINE // array.itemsize):
        fetch_line(array, c)


@intrinsic  # type: ignore[untyped-decorator]
def fetch_line(context: Any, array: Any, at: Any) -> Any:
    """Asks for the line of memory that holds array[at]; `at` may lie outside."""
    signature = types.void(array, types.intp)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, at = args
        data = context.make_array(signature.args[0])(context, builder, array).data
        pointer, short = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, short, short, short])
        ask = builder.module.declare_intrinsic("llvm.prefetch.p0", (), kind)
        read, keep, data_line = short(0), short(3), short(1)
        place = builder.bitcast(builder.gep(data, [at]), pointer)
        builder.call(ask, [place, read, keep, data_line])
        return context.get_dummy_value()

    return signature, generate
