"""The products of a block in the tables' own numbers; `short_blocks` has them in bfloat16.

A band of scores is kept by distance: that of rows i and j lies at i * jump + TILE - 1 +
behind + j - i, with jump = band_pitch(behind + 1 + ahead). So TILE rows, or columns, of it
begin jump - 1 numbers after each other and are matrices to `multiply`, which asks for zeros
outside of the band.
"""

from __future__ import annotations

from nodeemb.compiled import njit
from nodeemb.prefetch import fetch_to_write
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.products import TILE, multiply, multiply_band, turn
from nodeemb.training.backends.vectors import dot


@njit(inline="always")
def band_pitch(wide, size):
    """Numbers from one row of a band to the next.

    A row's own begin at TILE - 1. A tile writes whole vectors, up to TILE - 1 places before
    them and into the TILE - 1 first places of the next row, which are no row's own; but no
    row of a tile may reach into the next row of it.
    """
    tile = padded(wide + TILE - 1, size)
    return max(padded(wide, size) + padded(TILE - 1, size), tile + 1)


@njit(borrowing=True)
def band_scores(room, pitch, length, count, behind, ahead):
    """Scores of a band by distance, in room.scores; as `band_block` keeps them."""
    flat, jump = room.scores, band_pitch(behind + 1 + ahead, room.scores.itemsize)
    across = padded(count, flat.itemsize) + padded(1, flat.itemsize)
    turn(room.turned, across, room.y, pitch, count, length)
    for i in range(0, count, TILE):
        low, high = max(0, i - behind), min(count, i + TILE + ahead)
        multiply(
            flat, i * jump + TILE - 1 + behind + low - i, jump - 1, min(TILE, count - i),
            high - low, room.x, i * pitch, pitch, 1, room.turned, low, across, length, False,
        )  # fmt: skip


@njit(borrowing=True)
def band_slopes(room, pitch, length, count, behind, ahead, slopes, left_at, right_at):
    """Slopes of vectors by those of a band's scores, in room.scores."""
    flat, jump = room.scores, band_pitch(behind + 1 + ahead, room.scores.itemsize)
    zero, whole = TILE - 1 + behind, TILE + behind + ahead
    if whole < 2 * TILE:
        whole = -1  # too narrow for `multiply_band`
    for i in range(0, count, TILE):
        some = min(TILE, count - i)
        low, high = max(0, i - behind), min(count, i + TILE + ahead)
        later = i + TILE  # where the next tile will write, which is far from the core
        for out_at in (left_at, right_at):
            fetch_to_write(
                slopes, out_at + later * pitch, min(TILE, count - later) * pitch
            )
        _slopes_of_tile(
            slopes, left_at + i * pitch, pitch, some, length,
            flat, i * jump + zero + low - i, jump - 1, 1, room.y, low * pitch, pitch,
            high - low, whole,
        )  # fmt: skip
        low, high = max(0, i - ahead), min(count, i + TILE + behind)
        _slopes_of_tile(
            slopes, right_at + i * pitch, pitch, some, length,
            flat, low * jump + zero + i - low, 1, jump - 1, room.x, low * pitch, pitch,
            high - low, whole,
        )  # fmt: skip


@njit(inline="always")
def _slopes_of_tile(
    slopes, at, pitch, some, length, flat, a_at, a_row, a_step, near, b_at, b_pitch, deep,
    whole,
):  # fmt: skip
    """Slopes of up to TILE vectors; whole: their bands reach as far as they can."""
    if deep == whole:
        multiply_band(
            slopes, at, pitch, length, flat, a_at, a_row, a_step, near, b_at, b_pitch, deep
        )  # fmt: skip
    else:
        multiply(
            slopes, at, pitch, some, length, flat, a_at, a_row, a_step, near, b_at, b_pitch,
            deep, False,
        )  # fmt: skip


@njit(borrowing=True)
def noise_scores(flat, near, far, room, pitch, length, count, noise):
    """flat <- scores of `near` vectors with `far` ones, `padded(noise)` a row."""
    wide = padded(noise, near.itemsize)
    turn(room.turned, wide, far, pitch, noise, length)
    multiply(
        flat, 0, wide, count, noise, near, 0, pitch, 1, room.turned, 0, wide, length, False
    )  # fmt: skip


@njit(borrowing=True)
def noise_slopes(
    flat, near, far, room, pitch, length, count, noise, slopes, near_at, far_at
):  # fmt: skip
    """Slopes of vectors by those of the scores of noise, in `flat`; as `noise_block`."""
    wide = padded(noise, near.itemsize)
    edge = thin(length, near.itemsize)
    inner = length - edge
    multiply(
        slopes, near_at, pitch, count, inner, flat, 0, wide, 1, far, 0, pitch, noise, True
    )  # fmt: skip
    multiply(
        slopes, far_at, pitch, noise, inner, flat, 0, 1, wide, near, 0, pitch, count, False
    )  # fmt: skip
    if edge > 0:
        for i in range(count):
            for c in range(inner, length):
                slopes[near_at + i * pitch + c] += dot(
                    flat, i * wide, room.turned, c * wide, noise
                )
        across = room.scratch
        multiply(
            across, 0, wide, edge, noise, near, inner, 1, pitch, flat, 0, wide, count, False
        )  # fmt: skip
        for n in range(noise):
            for c in range(edge):
                slopes[far_at + n * pitch + inner + c] = across[c * wide + n]


@njit
def thin(length, itemsize):
    """How many numbers of vectors lie in a last machine vector that is nearly empty.

    For these, biases as a rule, a product of whole machine vectors would be mostly zeros.
    """
    lanes = padded(1, itemsize)
    rest = length % lanes
    return rest if 4 * rest <= lanes else 0
