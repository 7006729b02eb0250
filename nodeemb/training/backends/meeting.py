"""Where threads that run compiled code wait for each other without leaving it.

They meet again and again. Each says that it has arrived; the last of them does what is to be
done by one, then opens the next part for all. They meet twice in a millisecond, and to wake
one that sleeps takes a tenth of that; so a thread looks again and again, for a short while,
and if its others are long in coming is told so: it should give its core away before it asks
again. To sleep would make it late in turn, and the others wait at the next meeting.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from nodeemb.compiled import njit
from nodeemb.training.backends.machine import address

OPEN, CLOSED, CALLED_OFF = 1, 0, -1
_LOOKS = 100_000  # some 50 microseconds
_ARRIVED, _OPENED = 0, 8  # in lines of memory of their own


def new_meeting() -> np.ndarray:
    """(9,) int64: a place to meet; nobody has arrived."""
    return np.zeros(9, np.int64)


def call_off(meeting: np.ndarray) -> None:
    """Tells all who wait, or will, that not all will come."""
    meeting[_OPENED] = -1


@njit
def arrive(meeting, number, threads):
    """Arrives at the meeting of a number, from 0; a thread arrives at each of them once.

    Returns:
        whether the thread is the last.
    """
    return _add_one(meeting, _ARRIVED) + 1 == (number + 1) * threads


@njit
def open_after(meeting, number):
    """The last thread lets all go on after the meeting of a number."""
    _write(meeting, _OPENED, number + 1)


@njit
def wait_after(meeting, number):
    """OPEN once all may go on; CLOSED if that takes long, CALLED_OFF if it never will be."""
    for _ in range(_LOOKS):
        opened = _read(meeting, _OPENED)
        if opened < 0:
            return CALLED_OFF
        if opened > number:
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
