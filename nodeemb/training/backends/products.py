"""Products of small matrices, held in registers: where the fused CPU kernels spend their time.

A tile of rows x vectors of the result stays in registers while a loop runs over the depth
(Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008, without its
packing: a block's matrices already lie in the nearest caches). Tiles are written as vector
code, since a compiler that is given loops keeps the result in memory. Every number of a
result is summed in the order of the depth, so neither the shape of a tile nor the length of
the machine's vectors changes it.

Matrices lie in flat arrays: place (i, j) of `a` is a[at + i * row + j * step].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic

from nodeemb.compiled import njit
from nodeemb.training.backends.machine import (
    BYTES,
    INDEX,
    REGISTERS,
    address,
    everywhere,
    load,
    multiply_add,
    shorts,
    store,
    vector_of,
    zeros,
)

# Rows of a tile, and how wide it may be, in vectors: as many sums as the registers hold
# beside what a step reads. A sum waits four steps of the clock for the number before, so a
# tile of one vector may have more rows.
TILE, WIDTHS = (6, (1, 2, 4)) if REGISTERS == 32 else (4, (1, 2, 3))
TALL = 2 * TILE


@njit(borrowing=True)
def multiply(
    out, at, pitch, rows, columns, a, a_at, a_row, a_step, b, b_at, b_pitch, depth, plus
):
    """out[i, j] <- sum over k < depth of a[i, k] * b[k, j]; added to out if `plus`.

    out and b have step 1 and rows of `pitch` and `b_pitch`. Columns are done by whole
    vectors: `columns` rounded up (`padded`) are read from b and written to out.
    """
    lanes = BYTES // out.itemsize
    c = 0
    while c < columns:
        wide = _width((columns - c + lanes - 1) // lanes)
        i = 0
        while i < rows:
            some = _height(rows - i, wide)
            _tile(
                some, wide, out, at + i * pitch + c, pitch, a, a_at + i * a_row, a_row,
                a_step, b, b_at + c, b_pitch, depth, plus,
            )  # fmt: skip
            i += some
        c += wide * lanes


@njit(borrowing=True)
def multiply_band(
    out, at, pitch, columns, a, a_at, a_row, a_step, b, b_at, b_pitch, depth
):  # fmt: skip
    """out[i, j] <- sum over i <= k < depth - TILE + 1 + i of a[i, k] * b[k, j], for TILE rows.

    As `multiply` where the other numbers of a are zeros; depth: at least 2 * TILE.
    """
    lanes = BYTES // out.itemsize
    c = 0
    while c < columns:
        wide = _width((columns - c + lanes - 1) // lanes)
        _slanted_tile(
            TILE, wide, out, at + c, pitch, a, a_at, a_row, a_step, b, b_at + c, b_pitch,
            depth, False,
        )  # fmt: skip
        c += wide * lanes


@njit(inline="always")
def _height(left, wide):
    """Of how many rows the next tile is, where so many are left."""
    if wide == 1 and left >= TALL:
        return TALL
    return TILE if left >= TILE else min(left, 2)


@njit(inline="always")
def _width(left):
    """Of how many vectors the next tile is, where so many are left.

    A tile of one is slow where there are few registers: it has too few sums to be at work on
    at once. So four are left to two of two.
    """
    if REGISTERS == 32:
        return 4 if left > 3 else min(left, 2)
    return 3 if left == 3 or left > 4 else min(left, 2)


@njit(borrowing=True)
def turn(out, pitch, a, a_pitch, rows, columns):
    """out[j, i] <- a[i, j], by whole squares: rows and columns are rounded up (`padded`)."""
    lanes = BYTES // out.itemsize
    for i in range(0, rows, lanes):
        for j in range(0, columns, lanes):
            _turn_square(out, j * pitch + i, pitch, a, i * a_pitch + j, a_pitch)


@intrinsic  # type: ignore[untyped-decorator]
def _tile(
    context: Any, rows: Any, wide: Any, out: Any, at: Any, pitch: Any,
    a: Any, a_at: Any, a_row: Any, a_step: Any, b: Any, b_at: Any, b_pitch: Any,
    depth: Any, plus: Any,
) -> Any:  # fmt: skip
    """`multiply` for 1, 2, TILE or TALL rows and any of WIDTHS: code for each of them."""
    return tiled(out, a, b, WIDTHS, _meet, (1, 2, TILE, TALL))


@intrinsic  # type: ignore[untyped-decorator]
def _slanted_tile(
    context: Any, rows: Any, wide: Any, out: Any, at: Any, pitch: Any,
    a: Any, a_at: Any, a_row: Any, a_step: Any, b: Any, b_at: Any, b_pitch: Any,
    depth: Any, plus: Any,
) -> Any:  # fmt: skip
    """`multiply_band` for any of WIDTHS: code for each of them."""
    return tiled(out, a, b, WIDTHS, _meet, (TILE,), slanted=True)


def _meet(builder: Any, lefts: dict[int, Any], rights: list[Any], sums: Any) -> None:
    """Sums of some rows of a tile, one number deeper."""
    vector = next(iter(sums.values())).type.pointee
    fma = multiply_add(builder, vector)
    vectors = [load(builder, vector, place) for place in rights]
    for r, place in lefts.items():
        left = everywhere(builder, vector, builder.load(place))
        for v, right in enumerate(vectors):
            total = builder.load(sums[r, v])
            builder.store(builder.call(fma, [left, right, total]), sums[r, v])


def tiled(
    out: Any, a: Any, b: Any, widths: tuple[int, ...], meet: Callable[..., None],
    heights: tuple[int, ...] = (1, 2, TILE), slanted: bool = False,
) -> Any:  # fmt: skip
    """Signature and code of a tile of one of some heights in rows and widths in vectors.

    Args:
        out, a, b: types of the arrays.
        meet: (builder, by row places of the tile's numbers of a, those of its vectors of b,
            sums by row and vector) -> None; writes the code for one step into the depth.
        slanted: each row begins and ends one step behind the row before.
    """
    number = types.intp
    signature = types.void(
        number, number, out, number, number,
        a, number, number, number, b, number, number, number, types.boolean,
    )  # fmt: skip

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows, wide, out, at, pitch, a, a_at, a_row, a_step, b, b_at, b_pitch = args[:12]
        depth, plus = args[12:]
        vector = vector_of(context, signature.args[2])
        begin_out = address(context, builder, signature.args[2], out, at)
        begin_a = address(context, builder, signature.args[5], a, a_at)
        begin_b = address(context, builder, signature.args[9], b, b_at)
        # a vector of `out` is as long as a vector of b, whose numbers may be halves
        step = vector.count * _numbers(signature.args[2], signature.args[9])
        shape = builder.add(builder.mul(rows, INDEX(widths[-1] + 1)), wide)
        done = builder.append_basic_block("done")
        choice = builder.switch(shape, done)
        for r in heights:
            for v in widths if r <= TILE else (1,):
                block = builder.append_basic_block(f"tile{r}x{v}")
                choice.add_case(INDEX(r * (widths[-1] + 1) + v), block)
                builder.position_at_end(block)
                _tile_of(
                    builder, vector, r, v, begin_out, pitch,
                    begin_a, a_row, a_step, begin_b, b_pitch, step, depth, plus, meet, slanted,
                )  # fmt: skip
                builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return signature, generate


def _numbers(out: Any, b: Any) -> int:
    """How many numbers of b are as long as one of `out`."""
    return int(out.dtype.bitwidth // b.dtype.bitwidth)


def _tile_of(
    builder: Any, vector: Any, rows: int, wide: int, out: Any, pitch: Any,
    a: Any, a_row: Any, a_step: Any, b: Any, b_pitch: Any, step: int, depth: Any,
    plus: Any, meet: Callable[..., None], slanted: bool,
) -> None:  # fmt: skip
    places = [(r, v) for r in range(rows) for v in range(wide)]
    sums = {place: cgutils.alloca_once(builder, vector) for place in places}

    def at(r: int, v: int) -> Any:
        offset = builder.add(builder.mul(pitch, INDEX(r)), INDEX(v * vector.count))
        return builder.gep(out, [offset])

    with builder.if_else(plus) as (added, fresh):
        with added:
            for place in places:
                builder.store(load(builder, vector, at(*place)), sums[place])
        with fresh:
            for place in places:
                builder.store(zeros(vector), sums[place])

    def go_deeper(k: Any, some: range) -> None:
        begin = builder.gep(b, [builder.mul(k, b_pitch)])
        rights = [builder.gep(begin, [INDEX(v * step)]) for v in range(wide)]
        begin = builder.gep(a, [builder.mul(k, a_step)])
        lefts = {r: builder.gep(begin, [builder.mul(a_row, INDEX(r))]) for r in some}
        meet(builder, lefts, rights, sums)

    lag = rows - 1 if slanted else 0
    for k in range(lag):
        go_deeper(INDEX(k), range(k + 1))
    end = builder.sub(depth, INDEX(lag))
    with cgutils.for_range(builder, end, INDEX(lag)) as loop:
        go_deeper(loop.index, range(rows))
    for k in range(lag):
        go_deeper(builder.add(end, INDEX(k)), range(k + 1, rows))
    for place in places:
        store(builder, vector, builder.load(sums[place]), at(*place))


@intrinsic  # type: ignore[untyped-decorator]
def _turn_square(
    context: Any, out: Any, at: Any, pitch: Any, a: Any, a_at: Any, a_pitch: Any
) -> Any:
    """out[j, i] <- a[i, j] for one square of a vector's length, by perfect shuffles."""
    number = types.intp
    signature = types.void(out, number, number, a, number, number)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out, at, pitch, a, a_at, a_pitch = args
        vector = vector_of(context, signature.args[0])
        lanes = vector.count
        begin_out = address(context, builder, signature.args[0], out, at)
        begin_a = address(context, builder, signature.args[3], a, a_at)

        def row(begin: Any, pitch: Any, i: int) -> Any:
            return builder.gep(begin, [builder.mul(pitch, INDEX(i))])

        vectors = [
            load(builder, vector, row(begin_a, a_pitch, i)) for i in range(lanes)
        ]
        low = [i // 2 + (i % 2) * lanes for i in range(lanes)]
        masks = [shorts(low), shorts([i + lanes // 2 for i in low])]
        for _ in range(lanes.bit_length() - 1):
            vectors = [
                builder.shuffle_vector(vectors[i], vectors[i + lanes // 2], mask)
                for i in range(lanes // 2)
                for mask in masks
            ]
        for i in range(lanes):
            store(builder, vector, vectors[i], row(begin_out, pitch, i))
        return context.get_dummy_value()

    return signature, generate
