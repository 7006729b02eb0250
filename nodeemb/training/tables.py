"""The numbers that training changes: one row a node, all roles and biases side by side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit, prange
from nodeemb.rng import stream_key, unit
from nodeemb.roles.layout import Layout

DAMPED = 100.0  # where the sums of squares of `damped` begin


class Tables(NamedTuple):
    """table: (num_nodes, columns) float32 or float64.

    squares: (num_nodes, roles and biases): row-wise Adagrad's sums of mean squared slopes.
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
    """Small random roles and zero biases.

    Every role starts uniform in (-0.5, 0.5) / dim, or in (0, 1) / dim where it is to
    stay nonnegative: a table of zeros is a saddle for one
    table, so all schemes start alike. Biases may start at 0, where their slope is not.
    Adagrad's sums of squares start at 0, and a first step is then as long as the learning
    rate, however small the slope. For `damped` they start at DAMPED, so that a step is
    learning rate / 10 times the slope as long as a node has seen few: rare nodes learn as
    with SGD, frequent ones as with Adagrad.
    """
    table = np.zeros((num_nodes, layout.columns), np.dtype(dtype))
    dim = max(1, next(iter(layout.dims.values())))
    lowest = 0.0 if nonnegative else -0.5
    _fill(table, layout.width, 1.0 / dim, lowest, stream_key(seed, "init"))
    squares = np.zeros((num_nodes, len(layout.roles)), table.dtype)
    if damped:
        squares[:] = DAMPED
    return Tables(table, squares)
