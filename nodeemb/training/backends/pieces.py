"""Work in phases, whose pieces threads take as they come, without leaving compiled code.

A phase begins when all pieces of the one before are done. Each thread has pieces that it takes
first, the same in every phase, so that what it wrote is what it reads, and writes again: to
have memory from another core takes longer. Threads may come late and go early; whoever is
there does what is left. Some phases need a thing that can be made before, which those do who
find no piece. One that finds nothing to do looks again and again, for a
short while, since to wake one that sleeps takes a tenth of the millisecond that two phases
last. If the others are long in coming to an end it is told so, and should give its core away
before it asks again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from nodeemb.compiled import njit
from nodeemb.prefetch import zeros_of
from nodeemb.training.backends.machine import address

OPEN, CLOSED, CALLED_OFF = 1, 0, -1
_LOOKS = 100_000  # some 50 microseconds
_LINE = 8  # int64 numbers in a line of memory
# The first line is for all. Each phase has a line for all, and one for each thread behind it:
# how many of its pieces are taken.
_OPENED, _CALLED_OFF, _TAKEN = 0, 1, 2
_DONE, _LACKS = 0, 1


def new_phases(count: int, threads: int, every: int = 0) -> np.ndarray:
    """(1 + count, 1 + threads, line) int64: so many phases, the first of them open.

    every: the first of so many phases, and so on, lacks a thing that is to be made; 0: none.
    """
    shape = 1 + count, 1 + threads, _LINE
    phases = zeros_of(math.prod(shape), np.empty(0, np.int64)).reshape(shape)
    if every > 0:
        phases[1::every, 0, _LACKS] = 1
    return phases


def call_off(phases: np.ndarray) -> None:
    """Tells all who wait, or will, that no further phase begins."""
    phases[0, 0, _CALLED_OFF] = 1


@njit
def take_piece(phases, phase, me, count):
    """A piece of an open phase that nobody else takes, of this thread's own if any is left.

    me: this thread's number. count: pieces there are.

    Returns:
        its number, from 0; -1 if there are no more.
    """
    threads = phases.shape[1] - 1
    for k in range(threads):
        whose = (me + k) % threads
        first, end = whose * count // threads, (whose + 1) * count // threads
        at = _line_of(phases, phase) + (1 + whose) * _LINE
        if _read(phases, at) < end - first:
            piece = first + _add_one(phases, at)
            if piece < end:
                return piece
    return -1


@njit(inline="always")
def _line_of(phases, phase):
    """Where the first line of a phase begins."""
    return (1 + phase) * phases.shape[1] * _LINE


@njit
def piece_done(phases, phase, count):
    """Says that a piece is done.

    Returns:
        whether it is the last of its phase: whoever did it opens the next.
    """
    return _add_one(phases, _line_of(phases, phase) + _DONE) + 1 == count


@njit
def open_next(phases, phase):
    """Opens what comes behind a phase."""
    _write(phases, _OPENED, phase + 1)


@njit
def take_thing(phases, count):
    """A thing of `count` that nobody else makes, from the first on; -1 if none is left."""
    thing = _add_one(phases, _TAKEN)
    return thing if thing < count else -1


@njit
def thing_made(phases, phase):
    """Says that a phase has what it needs."""
    _write(phases, _line_of(phases, phase) + _LACKS, 0)


@njit
def wait_for(phases, phase, looks=_LOOKS):
    """OPEN once a phase may begin; CLOSED if that takes long, CALLED_OFF if it never will."""
    for _ in range(looks):
        if _read(phases, _CALLED_OFF) > 0:
            return CALLED_OFF
        if (
            _read(phases, _OPENED) >= phase
            and _read(phases, _line_of(phases, phase) + _LACKS) == 0
        ):
            return OPEN
    return CLOSED


@intrinsic  # type: ignore[untyped-decorator]
def _add_one(context: Any, array: Any, at: Any) -> Any:
    """array[at] += 1 as one operation; what it was before."""
    signature = types.int64(array, types.intp)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = address(context, builder, signature.args[0], *args)
        return builder.atomic_rmw("add", place, ir.IntType(64)(1), "acq_rel")

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def _read(context: Any, array: Any, at: Any) -> Any:
    """array[at], and all that was written before it was."""
    signature = types.int64(array, types.intp)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = address(context, builder, signature.args[0], *args)
        return builder.load_atomic(place, "acquire", 8)

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def _write(context: Any, array: Any, at: Any, value: Any) -> Any:
    """array[at] <- value, behind all that was written before."""
    signature = types.void(array, types.intp, types.int64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, at, value = args
        place = address(context, builder, signature.args[0], array, at)
        builder.store_atomic(value, place, "release", 8)
        return context.get_dummy_value()

    return signature, generate
