"""The products of a block in bfloat16: what `whole_blocks` does in float32, by words of two numbers.

Rows and slopes are rounded as they enter products. Where the depth of a product runs along
rows of a block it goes by two of them, so a range of rows begins at an even one: slopes
outside of a band are zeros.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.prefetch import zeros_of
from nodeemb.training.backends.halves import (
    gather_halves,
    halve,
    multiply_halves,
    plain,
)
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.products import TILE, turn
from nodeemb.training.backends.vectors import gather
from nodeemb.training.backends.whole_blocks import band_pitch


class Halved(NamedTuple):
    """A matrix of vectors in bfloat16: `rows` and `pairs` (halves), both flat int16."""

    rows: np.ndarray
    pairs: np.ndarray


class Words(NamedTuple):
    """What a thread works in beside its Room: the same in bfloat16, int16.

    left, right: the vectors of a block; noise_right, noise_left: of its noise. turned: vectors with words and
    rows exchanged. slopes: those of scores, at the same places as in room.scores.
    """

    left: Halved
    right: Halved
    noise_right: Halved
    noise_left: Halved
    turned: np.ndarray
    slopes: Halved


@njit
def make_words(room, pitch):
    """Words for a Room with vectors of `pitch` numbers."""
    like = np.zeros(0, np.int16)
    wide = words_pitch(pitch)
    rows, others = len(room.x) // pitch, len(room.noise_right) // pitch
    deep = max(rows + 2 * padded(1, 4), others)
    scores = len(room.scores) + 4 * padded(1, 4)
    return Words(
        _room_of(rows, wide, pitch),
        _room_of(rows, wide, pitch),
        _room_of(others, wide, pitch),
        _room_of(others, wide, pitch),
        zeros_of(wide * deep, like),
        Halved(zeros_of(scores, like), zeros_of(2 * scores, like)),
    )


@njit
def _room_of(rows, wide, pitch):
    like = np.zeros(0, np.int16)
    return Halved(zeros_of((rows + 1) * wide, like), zeros_of((rows + 1) * pitch, like))


@njit
def words_pitch(pitch):
    """Halves from one row to the next: whole vectors of words, so that rows can be turned."""
    return 2 * padded(pitch // 2, 4)


@njit(borrowing=True)
def take(table, names, side, shift, x, pitch, out):
    """Vectors of nodes on one side of a channel, rounded; x: room for them in float32."""
    wide = words_pitch(pitch)
    if plain(side):
        gather_halves(table, names, side, out.rows, wide, out.pairs, 2 * pitch)
    else:
        gather(table, names, side, shift, x, pitch)
        halve_rows(x, pitch, len(names), out)


@njit(borrowing=True)
def halve_rows(x, pitch, count, out):
    """Rounds vectors of a Room."""
    halve(
        x, 0, pitch, count, pitch, out.rows, words_pitch(pitch), out.pairs, 2 * pitch, 0
    )


@njit(borrowing=True)
def turn_rows(words, of, pitch, length, count, across):
    """words.turned <- rows as the right side of products along their length."""
    turn(
        words.turned.view(np.int32), across, of.rows.view(np.int32),
        words_pitch(pitch) // 2, count, (length + 1) // 2,
    )  # fmt: skip


@njit(borrowing=True)
def band_scores(flat, words, pitch, length, count, behind, ahead):
    """As whole_blocks.band_scores."""
    jump, zero = band_pitch(behind + 1 + ahead, 4), TILE - 1 + behind
    across, wide = padded(count, 4) + padded(1, 4), words_pitch(pitch)
    turn_rows(words, words.right, pitch, length, count, across)
    for i in range(0, count, TILE):
        low, high = max(0, i - behind), min(count, i + TILE + ahead)
        multiply_halves(
            flat, i * jump + zero + low - i, jump - 1, min(TILE, count - i), high - low,
            words.left.rows, i * wide, wide, 2, words.turned, 2 * low, 2 * across,
            (length + 1) // 2, False,
        )  # fmt: skip


@njit(borrowing=True)
def band_slopes(
    flat, words, pitch, length, count, behind, ahead, slopes, left_at, right_at
):  # fmt: skip
    """As whole_blocks.band_slopes."""
    jump, zero = band_pitch(behind + 1 + ahead, 4), TILE - 1 + behind
    rows, pairs = words.slopes
    # column j of row i + 1 lies jump - 1 behind that of row i
    for i in range(0, count, 2):
        halve(
            flat, i * jump, jump - 1, min(2, count - i), jump, rows, jump - 1,
            pairs[i * jump :], 0, i * jump,
        )  # fmt: skip
        # the last place of the second row, which whole vectors may just not reach
        rows[min(i + 2, count) * jump - 1] = 0
    for i in range(0, count, TILE):
        some = min(TILE, count - i)
        low, high = max(0, i - behind) & -2, min(count, i + TILE + ahead)
        multiply_halves(
            slopes, left_at + i * pitch, pitch, some, length,
            rows, i * jump + zero + low - i, jump - 1, 2, words.right.pairs, low * pitch,
            2 * pitch, (high - low + 1) // 2, False,
        )  # fmt: skip
        low, high = max(0, i - ahead) & -2, min(count, i + TILE + behind)
        multiply_halves(
            slopes, right_at + i * pitch, pitch, some, length,
            pairs, low * jump + 2 * (zero + i - low), 2, 2 * (jump - 2), words.left.pairs,
            low * pitch, 2 * pitch, (high - low + 1) // 2, False,
        )  # fmt: skip


@njit(borrowing=True)
def noise_scores(flat, words, near, far, pitch, length, count, noise):
    """As whole_blocks.noise_scores."""
    wide = padded(noise, 4)
    turn_rows(words, far, pitch, length, noise, wide)
    multiply_halves(
        flat, 0, wide, count, noise, near.rows, 0, words_pitch(pitch), 2,
        words.turned, 0, 2 * wide, (length + 1) // 2, False,
    )  # fmt: skip


@njit(borrowing=True)
def noise_slopes(
    flat, words, near, far, pitch, length, count, noise, slopes, near_at, far_at
):  # fmt: skip
    """As whole_blocks.noise_slopes."""
    wide = padded(noise, 4)
    rows, pairs = words.slopes
    halve(flat, 0, wide, count, wide, rows, wide, pairs, 2 * wide, 0)
    multiply_halves(
        slopes, near_at, pitch, count, length, rows, 0, wide, 2, far.pairs, 0,
        2 * pitch, (noise + 1) // 2, True,
    )  # fmt: skip
    multiply_halves(
        slopes, far_at, pitch, noise, length, pairs, 0, 2, 2 * wide, near.pairs, 0,
        2 * pitch, (count + 1) // 2, False,
    )  # fmt: skip
