"""Arithmetic on vectors and numbers that the fused CPU kernels are made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from nodeemb.compiled import njit
from nodeemb.prefetch import fetch
from nodeemb.roles.layout import Map
from nodeemb.training.backends.machine import (
    INDEX,
    address,
    everywhere,
    load,
    multiply_add,
    store,
    sum_of,
    vector_of,
    zeros,
)

# So many rows ahead the next are asked for: more wait for each other (8: 2 % slower).
AHEAD = 4
# The only liberties with arithmetic: sums may be reordered and fused, so that they run in
# vectors. Infinities and NaN keep their meaning, and the same program gives the same sums.
LOOSE = {"reassoc", "contract", "nsz"}
_F = np.float32
_CLAMP = _F(30.0)
_LOG2E = _F(1.4426950408889634)
# 1.5 * 2**23: adding it and taking it away rounds to whole numbers
_ROUND = _F(12582912.0)
# 2**f = sum (f ln 2)^i / i! for |f| <= 1/2: the term left out is below 2e-7
_E = [_F(math.log(2.0) ** i / math.factorial(i)) for i in range(7)]
_E1, _E2, _E3, _E4, _E5, _E6 = _E[1], _E[2], _E[3], _E[4], _E[5], _E[6]
# log(1 + e) = 2 sum z^i / i over odd i, z = e / (2 + e), which is 1/3 at most: the term
# left out is below 1e-8
_L3, _L5, _L7, _L9, _L11, _L13 = (_F(1.0 / i) for i in (3, 5, 7, 9, 11, 13))
_ZERO, _ONE, _TWO = _F(0.0), _F(1.0), _F(2.0)
_BIAS = np.int32(127)
_MANTISSA = np.int32(23)


@intrinsic  # type: ignore[untyped-decorator]
def _number_of(context: Any, bits: Any) -> Any:
    """The float32 of 32 bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


@njit(inline="always")
def _exp(x):
    """exp(x) of a float32, within +-30, by plain arithmetic that runs in vectors.

    2**k * 2**f with a whole k, which is made in the exponent bits.
    """
    x = min(max(x, -_CLAMP), _CLAMP) * _LOG2E
    k = (x + _ROUND) - _ROUND
    f = x - k
    power = _number_of((np.int32(k) + _BIAS) << _MANTISSA)
    return power * (
        _ONE + f * (_E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * (_E5 + f * _E6)))))
    )


def sigmoid(values):
    """values <- 1 / (1 + exp(-values)), in place."""
    raise NotImplementedError


# numpy's division needs no look at each divisor, which would keep the loop from vectors
@overload(sigmoid, jit_options={"error_model": "numpy"})
def _sigmoid_by_type(values):
    if values.dtype == nb.float32:

        def fast(values):
            for i in range(len(values)):
                values[i] = _ONE / (_ONE + _exp(-values[i]))

        return fast

    def exact(values):
        for i in range(len(values)):
            x = values[i]
            if x >= 0:
                values[i] = 1.0 / (1.0 + math.exp(-x))
            else:
                e = math.exp(x)
                values[i] = e / (1.0 + e)

    return exact


def softplus(values, out):
    """out <- log(1 + exp(values)), the logistic loss of scores with label 0."""
    raise NotImplementedError


@overload(softplus, jit_options={"error_model": "numpy"})
def _softplus_by_type(values, out):
    if values.dtype == nb.float32:

        def fast(values, out):
            for i in range(len(values)):
                x = values[i]
                e = _exp(-abs(x))
                z = e / (_TWO + e)
                q = z * z
                odd = _L3 + q * (_L5 + q * (_L7 + q * (_L9 + q * (_L11 + q * _L13))))
                out[i] = max(x, _ZERO) + _TWO * z * (_ONE + q * odd)

        return fast

    def exact(values, out):
        for i in range(len(values)):
            out[i] = loss_of(0, values[i], 0.0)

    return exact


@njit(inline="always")
def loss_of(objective, score, label):
    """The loss of a score (objectives.value)."""
    if objective == 1:
        return 0.5 * (score - label) ** 2
    return max(score, 0.0) + math.log1p(math.exp(-abs(score))) - score * label


@njit(borrowing=True)
def gather(table, rows, side: Map, shift, out, pitch):
    """out[i * pitch :] <- the vector of rows[i] on one side of a channel."""
    flat, width, one = table.reshape(table.size), table.shape[1], table.dtype.type
    for i in range(len(rows)):
        row, at = rows[i], i * pitch
        if i + AHEAD < len(rows):
            for k in range(len(side.column)):
                fetch(flat, rows[i + AHEAD] * width + side.column[k], side.length[k])
        for k in range(len(side.column)):
            copy(
                out, at + side.place[k], one(side.sign[k]),
                flat, row * width + side.column[k], side.length[k],
            )  # fmt: skip
        for k in side.ones:
            out[at + k] = 1.0
        if side.shift >= 0:
            out[at + side.shift] = shift[row]


@intrinsic  # type: ignore[untyped-decorator]
def clear(context: Any, out: Any, at: Any, length: Any) -> Any:
    """out[at + c] <- 0 for each c below `length`."""
    signature = types.void(out, types.intp, types.intp)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out, at, length = args
        begin = address(context, builder, signature.args[0], out, at)

        def write(vector: Any, offset: Any) -> None:
            store(builder, vector, zeros(vector), builder.gep(begin, [offset]))

        _along(builder, vector_of(context, signature.args[0]), length, write)
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def copy(
    context: Any, out: Any, at: Any, factor: Any, values: Any, begin: Any, length: Any
) -> Any:
    """out[at + c] <- factor * values[begin + c] for each c below `length`."""
    return _written(out, factor, values, fresh=True)


@intrinsic  # type: ignore[untyped-decorator]
def add(
    context: Any, out: Any, at: Any, factor: Any, values: Any, begin: Any, length: Any
) -> Any:
    """out[at + c] += factor * values[begin + c] for each c below `length`."""
    return _written(out, factor, values, fresh=False)


def _written(out: Any, factor: Any, values: Any, *, fresh: bool) -> Any:
    number = types.intp
    signature = types.void(out, number, out.dtype, values, number, number)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out, at, factor, values, begin, length = args
        end_out = address(context, builder, signature.args[0], out, at)
        end_in = address(context, builder, signature.args[3], values, begin)

        def write(vector: Any, offset: Any) -> None:
            share = everywhere(builder, vector, factor)
            more = load(builder, vector, builder.gep(end_in, [offset]))
            place = builder.gep(end_out, [offset])
            if fresh:
                more = builder.fmul(share, more)
            else:
                old = load(builder, vector, place)
                more = builder.call(multiply_add(builder, vector), [share, more, old])
            store(builder, vector, more, place)

        _along(builder, vector_of(context, signature.args[0]), length, write)
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def dot(context: Any, x: Any, x_at: Any, y: Any, y_at: Any, length: Any) -> Any:
    """The sum of x[x_at + c] * y[y_at + c] over each c below `length`."""
    number = types.intp
    signature = x.dtype(x, number, y, number, number)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, x_at, y, y_at, length = args
        whole = vector_of(context, signature.args[0])
        sums = cgutils.alloca_once_value(builder, zeros(whole))
        rest = cgutils.alloca_once_value(builder, whole.element(0.0))
        begin_x = address(context, builder, signature.args[0], x, x_at)
        begin_y = address(context, builder, signature.args[2], y, y_at)

        def meet(vector: Any, offset: Any) -> None:
            a = load(builder, vector, builder.gep(begin_x, [offset]))
            b = load(builder, vector, builder.gep(begin_y, [offset]))
            if vector.count == whole.count:
                fma = multiply_add(builder, vector)
                builder.store(builder.call(fma, [a, b, builder.load(sums)]), sums)
            else:
                few = sum_of(builder, vector, builder.fmul(a, b))
                builder.store(builder.fadd(builder.load(rest), few), rest)

        _along(builder, whole, length, meet)
        total = sum_of(builder, whole, builder.load(sums))
        return builder.fadd(total, builder.load(rest))

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def weigh(
    context: Any, slopes: Any, at: Any, law: Any, factor: Any, names: Any, names_at: Any,
    row: Any, label: Any, low: Any, high: Any, length: Any, squash: Any,
) -> Any:  # fmt: skip
    """Slopes of a row of scores: slopes[at + k] <- factor * law[k] * (score - label), and 0
    where k is not in low .. high - 1 or names[names_at + k] is `row`, for each k below
    `length` rounded up to whole vectors.

    squash: the sigmoid of a score stands in its place (float32 alone, as `sigmoid`).

    Returns:
        the sum of the weights factor * law[k] that counted.
    """
    number, dtype = types.intp, slopes.dtype
    signature = dtype(
        slopes, number, law, dtype, names, number, row, dtype, number, number, number,
        types.boolean,
    )  # fmt: skip

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        slopes, at, law, factor, names, names_at, row, label = args[:8]
        low, high, length, squash = args[8:]
        kinds = signature.args
        vector = vector_of(context, kinds[0])
        lanes = vector.count
        short = ir.IntType(32)  # places of a row: half as many registers as INDEX takes
        places = ir.VectorType(short, lanes)
        begin = address(context, builder, kinds[0], slopes, at)
        weights = address(context, builder, kinds[2], law, INDEX(0))
        own = address(context, builder, kinds[4], names, names_at)
        rows = ir.VectorType(row.type, lanes)
        row = everywhere(builder, rows, row)
        label, factor = (everywhere(builder, vector, one) for one in (label, factor))
        low, high = (
            everywhere(builder, places, builder.trunc(end, short))
            for end in (low, high)
        )
        sums = cgutils.alloca_once_value(builder, zeros(vector))
        score = cgutils.alloca_once(builder, vector)
        full = builder.udiv(builder.add(length, INDEX(lanes - 1)), INDEX(lanes))
        with cgutils.for_range(builder, full) as loop:
            offset = builder.mul(loop.index, INDEX(lanes))
            here = builder.gep(begin, [offset])
            builder.store(load(builder, vector, here), score)
            if dtype == types.float32:
                with builder.if_then(squash):
                    squashed = _squashed(builder, vector, builder.load(score))
                    builder.store(squashed, score)
            place = builder.add(
                everywhere(builder, places, builder.trunc(offset, short)),
                places(list(range(lanes))),
            )
            name = load(builder, rows, builder.gep(own, [offset]))
            counts = builder.and_(
                builder.icmp_unsigned("!=", name, row),
                builder.and_(
                    builder.icmp_signed(">=", place, low),
                    builder.icmp_signed("<", place, high),
                ),
            )
            weight = load(builder, vector, builder.gep(weights, [offset]))
            weight = builder.fmul(weight, factor)
            weight = builder.select(counts, weight, zeros(vector))
            slope = builder.fmul(weight, builder.fsub(builder.load(score), label))
            slope = builder.select(counts, slope, zeros(vector))
            store(builder, vector, slope, here)
            builder.store(builder.fadd(builder.load(sums), weight), sums)
        return sum_of(builder, vector, builder.load(sums))

    return signature, generate


def _squashed(builder: Any, vector: Any, values: Any) -> Any:
    """`sigmoid` of a vector of float32; of NaN it is NaN."""

    def all_of(value: np.float32) -> Any:
        return vector([float(value)] * vector.count)

    fma, words = (
        multiply_add(builder, vector),
        ir.VectorType(ir.IntType(32), vector.count),
    )
    for side, limit in (("<", all_of(_CLAMP)), (">", all_of(-_CLAMP))):
        beyond = builder.fcmp_ordered(side, limit, values)
        values = builder.select(beyond, limit, values)
    x = builder.fmul(values, all_of(-_LOG2E))
    k = builder.fsub(builder.fadd(x, all_of(_ROUND)), all_of(_ROUND))
    f, total = builder.fsub(x, k), all_of(_E[-1])
    for term in reversed(_E[:-1]):
        total = builder.call(fma, [f, total, all_of(term)])
    whole = builder.add(builder.fptosi(k, words), words([int(_BIAS)] * vector.count))
    power = builder.shl(whole, words([int(_MANTISSA)] * vector.count))
    e = builder.fmul(builder.bitcast(power, vector), total)
    return builder.fdiv(all_of(_ONE), builder.fadd(all_of(_ONE), e))


def _along(
    builder: Any, vector: Any, length: Any, work: Callable[[Any, Any], None]
) -> None:
    """Code that walks along `length` numbers: by whole vectors, the rest by halves of them.

    work(vector, offset) writes the code for one vector.
    """
    shift = vector.count.bit_length() - 1
    full = builder.lshr(length, INDEX(shift))
    with cgutils.for_range(builder, full) as loop:
        work(vector, builder.shl(loop.index, INDEX(shift)))
    offset = builder.shl(full, INDEX(shift))
    for bit in reversed(range(shift)):
        some = builder.and_(length, INDEX(1 << bit))
        with builder.if_then(builder.icmp_unsigned("!=", some, INDEX(0))):
            work(ir.VectorType(vector.element, 1 << bit), offset)
        offset = builder.add(offset, some)
