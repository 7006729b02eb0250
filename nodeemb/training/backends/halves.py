"""Products of numbers of half the length (bfloat16): twice as many in the same time.

A bfloat16 is the upper half of a float32: its range, and 8 binary digits in place of 24. What
enters a product is rounded to it, to the nearest and to even; sums stay float32. Two numbers
of the depth lie side by side as a word of 32 bits, so that one instruction multiplies both
(VDPBF16PS of AVX-512, on AMD from Zen 4 on; Intel's takes too long). Other machines take
words apart again, for the same products in more time than float32 takes; numbers below
10**-38 alone differ, which the instruction takes for 0.

A matrix that stands on the left is `rows`: its rows as they are, two numbers a word. One on
the right is `pairs`: word (k, j) holds places (2 k, j) and (2 k + 1, j). Both lie in flat int16
arrays, and places and distances in them are counted in halves of words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from nodeemb.compiled import njit
from nodeemb.prefetch import fetch
from nodeemb.training.backends.machine import (
    BYTES,
    HALVES,
    address,
    everywhere,
    load,
    multiply_add,
    store,
)
from nodeemb.training.backends.products import TILE, tiled
from nodeemb.training.backends.vectors import AHEAD

_LANES = BYTES // 4
WIDTHS = (1, 2, 4) if BYTES == 64 else (1, 2)
_NUMBER, _BITS, _WORD = ir.FloatType(), ir.IntType(16), ir.IntType(32)
_NUMBERS = ir.VectorType(_NUMBER, _LANES)
_WORDS = ir.VectorType(_WORD, _LANES)


class _Half(ir.Type):  # type: ignore[misc]
    """LLVM's bfloat, which llvmlite has no class for."""

    intrinsic_name = "bf16"

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Half)

    def __hash__(self) -> int:
        return hash(_Half)


@njit(borrowing=True)
def multiply_halves(
    out, at, pitch, rows, columns, a, a_at, a_row, a_step, b, b_at, b_pitch, depth, plus
):
    """out[i, j] <- sum over k < 2 * depth of a[i, k] * b[k, j]; added to out if `plus`.

    As `multiply`, but a is `rows` and b is `pairs`: word k of row i of a begins at
    a_at + i * a_row + k * a_step, word j of row k of b at b_at + k * b_pitch + 2 * j.
    """
    c = 0
    while c < columns:
        left = (columns - c + _LANES - 1) // _LANES
        wide = 1
        for width in WIDTHS:
            if left >= width:
                wide = width
        i = 0
        while i < rows:
            some = TILE if rows - i >= TILE else 2 if rows - i >= 2 else 1
            _tile(
                some, wide, out, at + i * pitch + c, pitch, a, a_at + i * a_row, a_row,
                a_step, b, b_at + 2 * c, b_pitch, depth, plus,
            )  # fmt: skip
            i += some
        c += wide * _LANES


@njit(borrowing=True)
def halve(x, at, pitch, count, length, rows, rows_pitch, pairs, pairs_pitch, first):
    """Rounds a matrix: into `rows`, and two rows at a time into `pairs`.

    x[at + i * pitch + c], for i < count and c < length rounded up to whole vectors, goes to
    rows[first + i * rows_pitch + c]; half i % 2 of the word at pairs[i // 2 * pairs_pitch +
    2 * c] is the same. A row that `pairs` lacks at the end counts as zeros.
    """
    for i in range(0, count, 2):
        for c in range(0, length, _LANES):
            _halve(
                x, at + i * pitch + c, pitch, rows, first + i * rows_pitch + c, rows_pitch,
                pairs, i // 2 * pairs_pitch + 2 * c, i + 1 < count,
            )  # fmt: skip


@njit(borrowing=True)
def gather_halves(table, names, side, rows, rows_pitch, pairs, pairs_pitch):
    """`gather` and `halve` in one: vectors of nodes, rounded on the way from the table.

    Only for sides that are `plain`.
    """
    flat, width, count = table.reshape(table.size), table.shape[1], len(names)
    for i in range(0, count, 2):
        both = i + 1 < count
        row = np.int64(names[i])
        jump = (np.int64(names[i + both]) - row) * width
        for ahead in range(i + AHEAD, min(i + AHEAD + 2, count)):
            for k in range(len(side.column)):
                fetch(flat, names[ahead] * width + side.column[k], side.length[k])
        for k in range(len(side.column)):
            begin, place = row * width + side.column[k], side.place[k]
            for c in range(0, side.length[k], _LANES):
                _halve(
                    flat, begin + c, jump, rows, i * rows_pitch + place + c, rows_pitch,
                    pairs, i // 2 * pairs_pitch + 2 * (place + c), both,
                )  # fmt: skip


@njit(borrowing=True)
def plain(side):
    """Is a side made of whole machine vectors of the table, none with its sign turned?"""
    if len(side.ones) > 0 or side.shift >= 0:
        return False
    for k in range(len(side.column)):
        whole = side.place[k] % _LANES == 0 and side.length[k] % _LANES == 0
        if not whole or side.sign[k] != 1:
            return False
    return True


@intrinsic  # type: ignore[untyped-decorator]
def _halve(
    context: Any, x: Any, at: Any, pitch: Any, rows: Any, rows_at: Any, rows_pitch: Any,
    pairs: Any, pairs_at: Any, both: Any,
) -> Any:  # fmt: skip
    """One vector of a row and of the next, if there is one."""
    number = types.intp
    signature = types.void(
        x, number, number, rows, number, number, pairs, number, types.boolean
    )

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, at, pitch, rows, rows_at, rows_pitch, pairs, pairs_at, both = args
        begin = address(context, builder, signature.args[0], x, at)
        out = address(context, builder, signature.args[3], rows, rows_at)
        words = address(context, builder, signature.args[6], pairs, pairs_at)
        low = rounded(builder, load(builder, _NUMBERS, begin))
        store(builder, low.type, low, out)
        word = cgutils.alloca_once_value(builder, builder.zext(low, _WORDS))
        with builder.if_then(both):
            begin, out = builder.gep(begin, [pitch]), builder.gep(out, [rows_pitch])
            high = rounded(builder, load(builder, _NUMBERS, begin))
            store(builder, high.type, high, out)
            high = builder.shl(builder.zext(high, _WORDS), _all(16))
            builder.store(builder.or_(builder.load(word), high), word)
        store(builder, _WORDS, builder.load(word), words)
        return context.get_dummy_value()

    return signature, generate


def rounded(builder: Any, value: Any, *, direct: bool = HALVES) -> Any:
    """A vector of float32 as the bits of the nearest bfloat16; of two as near, the even.

    direct: by the machine's own instruction.
    """
    shorts = ir.VectorType(_BITS, _LANES)
    if direct:
        halves = builder.fptrunc(value, ir.VectorType(_Half(), _LANES))
        return builder.bitcast(halves, shorts)
    bits = builder.bitcast(value, _WORDS)
    odd = builder.and_(builder.lshr(bits, _all(16)), _all(1))
    bits = builder.add(bits, builder.add(odd, _all(0x7FFF)))
    return builder.trunc(builder.lshr(bits, _all(16)), shorts)


def _all(value: int) -> Any:
    """A vector of one whole number."""
    return _WORDS([value] * _LANES)


@intrinsic  # type: ignore[untyped-decorator]
def _tile(
    context: Any, rows: Any, wide: Any, out: Any, at: Any, pitch: Any,
    a: Any, a_at: Any, a_row: Any, a_step: Any, b: Any, b_at: Any, b_pitch: Any,
    depth: Any, plus: Any,
) -> Any:  # fmt: skip
    """`multiply_halves` for 1, 2 or TILE rows and some vectors: code for each of them."""
    return tiled(out, a, b, WIDTHS, meet_words if HALVES else meet_apart)


def meet_words(
    builder: Any, lefts: dict[int, Any], rights: list[Any], sums: Any
) -> None:
    """Sums of a tile, one word deeper, by the machine's own instruction."""
    halves = ir.VectorType(_Half(), 2 * _LANES)
    meet = builder.module.declare_intrinsic(
        "llvm.x86.avx512bf16.dpbf16ps.512",
        (),
        ir.FunctionType(_NUMBERS, [_NUMBERS, halves, halves]),
    )
    rights = [
        builder.bitcast(load(builder, _WORDS, _words(builder, place)), halves)
        for place in rights
    ]
    for r, place in lefts.items():
        word = builder.load(_words(builder, place), align=2)
        left = builder.bitcast(everywhere(builder, _WORDS, word), halves)
        for v, right in enumerate(rights):
            total = builder.load(sums[r, v])
            builder.store(builder.call(meet, [total, left, right]), sums[r, v])


def meet_apart(
    builder: Any, lefts: dict[int, Any], rights: list[Any], sums: Any
) -> None:
    """The same by float32, the lower halves of words first."""
    fma = multiply_add(builder, _NUMBERS)
    words = [load(builder, _WORDS, _words(builder, place)) for place in rights]
    ones = {
        r: builder.load(_words(builder, place), align=2) for r, place in lefts.items()
    }
    for part in (_low, _high):
        rights = [builder.bitcast(part(builder, word), _NUMBERS) for word in words]
        for r, one in ones.items():
            number = builder.bitcast(part(builder, one), _NUMBER)
            left = everywhere(builder, _NUMBERS, number)
            for v, right in enumerate(rights):
                total = builder.load(sums[r, v])
                builder.store(builder.call(fma, [left, right, total]), sums[r, v])


def _low(builder: Any, word: Any) -> Any:
    return builder.shl(word, word.type(16) if word.type == _WORD else _all(16))


def _high(builder: Any, word: Any) -> Any:
    mask = -(1 << 16)
    return builder.and_(word, word.type(mask) if word.type == _WORD else _all(mask))


def _words(builder: Any, place: Any) -> Any:
    return builder.bitcast(place, _WORD.as_pointer())
