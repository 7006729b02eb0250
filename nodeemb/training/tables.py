"""The numbers that training changes: one row a node, all roles and biases side by side.

A learned core (`node.F.node`) has rows of its own after the nodes', in the columns of the
role that it is for: F[i] in row num_nodes + i. So optimizer, checkpoints, the last good and
the best table hold it as they hold vectors, and it has Adagrad's sums of its own, one a row.
The images F node(v) stand in columns of their own and follow from the rest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.prefetch import LINE
from nodeemb.rng import stream_key, unit, units
from nodeemb.roles.layout import Layout

DAMPED = 100.0  # where the sums of squares of `damped` begin
_BLOCK = 65_536  # rows at a time
_FEW = 65_536  # numbers at a time: they are still near when they are looked at again


class Tables(NamedTuple):
    """table: (num_nodes + core rows, columns) float32 or float64.

    squares: (num_nodes + core rows, names in layout.roles): row-wise Adagrad's sums of mean squared slopes.
    """

    table: np.ndarray
    squares: np.ndarray


@njit(parallel=True)
def _fill(table, columns, scale, lowest, key):
    wide = table.shape[1]
    for row in prange(len(table)):
        for column in range(columns):
            u = unit(key, row * wide + column)
            table[row, column] = (u + lowest) * scale


def new_tables(
    num_nodes: int,
    layout: Layout,
    seed: int,
    dtype: str = "float32",
    nonnegative: bool = False,
    damped: bool = False,
) -> Tables:
    """Tables to train.

    Adagrad's sums of squares start at 0, and a first step is then as long as the learning
    rate, however small the slope. For `damped` they start at DAMPED, so that a step is
    learning rate / 10 times the slope as long as a node has seen few: rare nodes learn as
    with SGD, frequent ones as with Adagrad.
    """
    rows = num_nodes + layout.core_rows
    table = whole_lines((rows, layout.columns), np.dtype(dtype))
    begin(table, layout, seed, nonnegative)
    squares = np.zeros((rows, len(layout.roles)), table.dtype)
    if damped:
        squares[:] = DAMPED
    return Tables(table, squares)


def begin(
    table: np.ndarray, layout: Layout, seed: int, nonnegative: bool = False
) -> None:
    """Small random roles and zero biases, in place, whatever was there.

    Every role starts uniform in (-0.5, 0.5) / dim, or in (0, 1) / dim where it is to
    stay nonnegative: a table of zeros is a saddle for one
    table, so all schemes start alike. Biases may start at 0, where their slope is not.
    """
    num_nodes = len(table) - layout.core_rows
    dim = max(1, next(iter(layout.dims.values())))
    lowest = 0.0 if nonnegative else -0.5
    _fill(table[:num_nodes], layout.width, 1.0 / dim, lowest, stream_key(seed, "init"))
    table[:num_nodes, layout.width :] = 0
    table[num_nodes:] = 0
    for image, role in layout.images.items():
        first, end = layout.roles[role]
        core = table[num_nodes : num_nodes + end - first, first:end]
        core[:] = _first_core(end - first, stream_key(seed, f"init {image}"))
    renew_images(table, layout)


def _first_core(size, key):
    """(size, size): 1 + R - R', R uniform in (-0.5, 0.5) / sqrt(size).

    At 1 the score is that of `single`, whose slopes are those of small random vectors, so
    nothing is a saddle; the skew part lets a pair and its reverse differ from the first
    step, without which the core would have to wait for the vectors to part them. Held
    against cores that begin random, orthogonal, or with half of their signs turned, this
    one ended best or as good on windows of ptb (both sides, and the next word) and on two
    graphs: most of what is linked is alike, and what is not is learned soon.
    """
    drawn = (units(key, 0, size * size).reshape(size, size) - 0.5) / np.sqrt(size)
    return np.eye(size) + drawn - drawn.T


def all_finite(table: np.ndarray) -> bool:
    """Whether every number is finite, without an array as long as the table."""
    rows = max(1, _FEW // max(1, table.shape[1]))
    pieces = (table[a : a + rows] for a in range(0, len(table), rows))
    return all(np.isfinite(piece).all() for piece in pieces)


def renew_images(table: np.ndarray, layout: Layout) -> None:
    """Computes the images of all nodes anew from their roles and the cores, in place.

    table: (num_nodes + core rows, columns). On one thread: on more, products of wide
    vectors end in other digits, measured at 300 columns. What overflows, diverges.
    """
    if not layout.images:
        return
    from threadpoolctl import threadpool_limits

    nodes = len(table) - layout.core_rows
    quiet = np.errstate(over="ignore", invalid="ignore")
    with threadpool_limits(1, "blas"), quiet:
        for image, role in layout.images.items():
            (a, b), (first, end) = layout.roles[role], layout.roles[image]
            core = table[nodes : nodes + b - a, a:b]
            for row in range(0, nodes, _BLOCK):
                rows = slice(row, min(row + _BLOCK, nodes))
                table[rows, first:end] = table[rows, a:b] @ core.T


def whole_lines(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros that begin where a line of memory does.

    numpy's own begin anywhere, and a row of eight lines then lies in nine; those of
    `prefetch.zeros_of` take all their memory at once, in small pages.
    """
    spare = LINE // dtype.itemsize
    count = math.prod(shape)
    whole = np.zeros(count + spare, dtype)
    skip = -whole.ctypes.data % LINE // dtype.itemsize
    return whole[skip : skip + count].reshape(shape)
