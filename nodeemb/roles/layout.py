"""A scheme laid out over the columns of a table: what the kernels read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.roles.scheme import Biases, RoleScheme


class Map(NamedTuple):
    """Where a side of a channel finds its vector in a row of the table.

    Segment k copies table columns [column[k], column[k] + length[k]) to vector places
    [place[k], ...), times sign[k]. Places in `ones` hold the constant 1, the place `shift`
    (-1: none) the objective's shift of the node.
    """

    column: np.ndarray
    place: np.ndarray
    length: np.ndarray
    sign: np.ndarray
    ones: np.ndarray
    shift: int


class Layout(NamedTuple):
    """A scheme laid out over columns: what the kernels read.

    columns: all columns of the table, D and the biases.
    width: D.
    roles: role or bias name -> (first column, end column), in column order.
    channels: channel name -> (left Map, right Map).
    lengths: channel name -> length of its vectors, constants included.
    dims: channel name -> length of its inner product without constants.
    symmetric: channels whose score is the same in both directions, by their form.
    """

    columns: int
    width: int
    roles: dict[str, tuple[int, int]]
    channels: dict[str, tuple[Map, Map]]
    lengths: dict[str, int]
    dims: dict[str, int]
    symmetric: frozenset[str]


def lay_out(
    scheme: RoleScheme, width: int, biases: Biases, *, shifted: bool = False
) -> Layout:
    """Gives every role and bias its columns.

    Args:
        scheme: the roles and channels.
        width: D, floats a node over all roles.
        biases: "none"; "tied": one number a node and channel, b(u) + b(v); "free": two,
            source_bias(u) + target_bias(v). A channel that names its own has those.
        shifted: the objective adds a number of its own to every score.

    With biases each vector ends with two places more, (source bias, 1) on the left and
    (1, target bias) on the right; with a shift one more follows, 1 on the left and the
    shift of the right node on the right. So one inner product gives the whole score.
    """
    roles: dict[str, tuple[int, int]] = {}
    at = 0
    for role, count in scheme.columns(width).items():
        roles[role] = (at, at + count)
        at += count
    channels, lengths, dims = {}, {}, {}
    symmetric = set()
    for name, channel in scheme.channels.items():
        suffix = "" if len(scheme.channels) == 1 else f":{name}"
        terms = channel.parsed()
        left = [(*roles[t.left], 1) for t in terms]
        right = [(*roles[t.right], t.sign) for t in terms]
        dim = sum(stop - start for start, stop, _ in left)
        left_bias = right_bias = None
        kind = channel.biases or biases
        if kind == "tied":
            roles[f"bias{suffix}"] = left_bias = right_bias = (at, at + 1)
            at += 1
        elif kind == "free":
            roles[f"source_bias{suffix}"] = left_bias = (at, at + 1)
            roles[f"target_bias{suffix}"] = right_bias = (at + 1, at + 2)
            at += 2
        end = dim + (0 if kind == "none" else 2)
        left_ones = [] if kind == "none" else [dim + 1]
        right_ones = [] if kind == "none" else [dim]
        channels[name] = (
            _map(left, left_bias, dim, left_ones + [end] * shifted, -1),
            _map(right, right_bias, dim + 1, right_ones, end if shifted else -1),
        )
        dims[name] = dim
        lengths[name] = end + shifted
        if channel.is_symmetric(biases):
            symmetric.add(name)
    width = width if scheme.roles else 0
    return Layout(at, width, roles, channels, lengths, dims, frozenset(symmetric))


def _map(
    parts: list[tuple[int, int, int]],
    bias: tuple[int, int] | None,
    bias_place: int,
    ones: list[int],
    shift: int,
) -> Map:
    """Segments of one side; neighbouring columns of the same sign become one."""
    column: list[int] = []
    place: list[int] = []
    length: list[int] = []
    sign: list[int] = []
    at = 0
    for start, stop, factor in parts:
        if start == stop:
            continue
        if column and column[-1] + length[-1] == start and sign[-1] == factor:
            length[-1] += stop - start
        else:
            column.append(start)
            place.append(at)
            length.append(stop - start)
            sign.append(factor)
        at += stop - start
    if bias is not None:
        column.append(bias[0])
        place.append(bias_place)
        length.append(1)
        sign.append(1)
    return Map(
        np.array(column, np.int64),
        np.array(place, np.int64),
        np.array(length, np.int64),
        np.array(sign, np.float64),
        np.array(ones, np.int64),
        shift,
    )
