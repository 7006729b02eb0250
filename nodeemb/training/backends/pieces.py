"""Work in phases, whose pieces threads take as they come, without leaving compiled code.

A phase begins when all pieces of the one before are done. Threads may come late and go early;
whoever is there does what is left. One that finds nothing to do looks again and again, for a
short while, since to wake one that sleeps takes a tenth of the millisecond that two phases
last. If the others are long in coming to an end it is told so, and should give its core away
before it asks again.
"""

from __future__ import annotations

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
_LINE = 8  # int64 numbers in a line of memory; each phase has one, the first is for all
_OPENED, _CALLED_OFF = 0, 1
_TAKEN, _DONE = 0, 1


def new_phases(count: int) -> np.ndarray:
    """((count + 1) lines,) int64: so many phases, the first of them open."""
    return zeros_of((count + 1) * _LINE, np.empty(0, np.int64))


def call_off(phases: np.ndarray) -> None:
    """Tells all who wait, or will, that no further phase begins."""
    phases[_CALLED_OFF] = 1


@njit
def take_piece(phases, phase):
    """A piece of an open phase that nobody else takes: its number, from 0.

    Numbers go on when there are no more pieces.
    """
    return _add_one(phases, (phase + 1) * _LINE + _TAKEN)


@njit
def piece_done(phases, phase, count):
    """Says that a piece is done.

    Returns:
        whether it is the last of its phase: whoever did it opens the next.
    """
    return _add_one(phases, (phase + 1) * _LINE + _DONE) + 1 == count


@njit
def open_next(phases, phase):
    """Opens what comes behind a phase."""
    _write(phases, _OPENED, phase + 1)


@njit
def wait_for(phases, phase):
    """OPEN once a phase may begin; CLOSED if that takes long, CALLED_OFF if it never will."""
    for _ in range(_LOOKS):
        if _read(phases, _CALLED_OFF) > 0:
            return CALLED_OFF
        if _read(phases, _OPENED) >= phase:
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
