"""Random numbers that depend on what they are for, never on which thread draws them.

A draw is a pure function of (key, index): SplitMix64's output function applied to
key + index * golden ratio. A key is made from the user's seed and the name of a stream
("walk", "noise", ...), so that streams never share draws.

Source: Steele, Lea, Flood. Fast splittable pseudorandom number generators. OOPSLA 2014
(the mixing constants are Stafford's variant 13).
"""

from __future__ import annotations

import hashlib

import numpy as np

from nodeemb.compiled import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_S11, _S32 = np.uint64(11), np.uint64(32)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53


def stream_key(seed: int, stream: str, *numbers: int) -> np.uint64:
    """The key of a named stream: any int seed, any name, any further counters."""
    text = "\x1f".join([str(int(seed)), stream, *(str(int(n)) for n in numbers)])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


@njit(inline="always")
def bits(key, index):
    """64 random bits for (key, index)."""
    z = key + (np.uint64(index) + np.uint64(1)) * _GOLDEN
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@njit(inline="always")
def unit(key, index):
    """A float64 in [0, 1) for (key, index)."""
    return np.float64(bits(key, index) >> _S11) * _TO_UNIT


@njit(inline="always")
def below(key, index, bound):
    """A whole number in [0, bound) for (key, index); bound below 2**32.

    Multiply-shift: the bias is bound / 2**32 at most.
    """
    return np.int64(((bits(key, index) >> _S32) * np.uint64(bound)) >> _S32)


def permutation(key: np.uint64, n: int) -> np.ndarray:
    """(n,) int32 (int64 from 2**31 on): a shuffle of 0..n-1, n below 2**32."""
    order = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
    _shuffle(key, order)
    return order


@njit
def _shuffle(key, order):
    """Fisher-Yates, in place, draws from `key`."""
    for i in range(len(order) - 1, 0, -1):
        j = below(key, i, i + 1)
        order[i], order[j] = order[j], order[i]


@njit
def units(key, first, count):
    """(count,) float64 in [0, 1): the draws first .. first + count - 1."""
    out = np.empty(count)
    for i in range(count):
        out[i] = unit(key, first + i)
    return out


@njit
def integers(key, first, count, bound):
    """(count,) int64 in [0, bound): the draws first .. first + count - 1."""
    out = np.empty(count, dtype=np.int64)
    for i in range(count):
        out[i] = below(key, first + i, bound)
    return out
