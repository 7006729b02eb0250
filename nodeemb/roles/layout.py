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

    columns: all columns of the table: D, the biases, and images.
    width: D.
    roles: role, bias or image name -> (first column, end column), in column order.
    channels: channel name -> (left Map, right Map).
    lengths: channel name -> length of its vectors, constants included.
    dims: channel name -> length of its inner product without constants.
    symmetric: channels whose score is the same in both directions, by their form.
    images: image -> the role it is made of by a learned core; {} for most schemes.
    biases: channel name -> its bias on the left and on the right; () where it has none.
    """

    columns: int
    width: int
    roles: dict[str, tuple[int, int]]
    channels: dict[str, tuple[Map, Map]]
    lengths: dict[str, int]
    dims: dict[str, int]
    symmetric: frozenset[str]
    images: dict[str, str]
    biases: dict[str, tuple[()] | tuple[str, str]]

    @property
    def core_rows(self) -> int:
        """Rows that the learned cores take in a table that is trained, after the nodes'."""
        return max(map(self._side, self.images), default=0)

    @property
    def core_numbers(self) -> int:
        """Numbers of all learned cores."""
        return sum(self._side(image) ** 2 for image in self.images)

    def _side(self, image: str) -> int:
        first, end = self.roles[image]
        return end - first


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
    own_biases = _bias_names(scheme, biases)
    counts = scheme.columns(width)
    counts |= {bias: 1 for names in own_biases.values() for bias in names}
    counts |= {image: counts[role] for image, role in scheme.images.items()}
    roles: dict[str, tuple[int, int]] = {}
    at = 0
    for name, count in counts.items():
        roles[name] = (at, at + count)
        at += count
    channels, lengths, dims = {}, {}, {}
    symmetric = set()
    for name, channel in scheme.channels.items():
        terms = channel.parsed()
        left = [(*roles[t.left], 1) for t in terms]
        right = [(*roles[t.right], t.sign) for t in terms]
        dim = sum(stop - start for start, stop, _ in left)
        left_bias = right_bias = None
        if own_biases[name]:
            left_bias, right_bias = (roles[bias] for bias in own_biases[name])
        end = dim + len(own_biases[name])
        left_ones = [dim + 1] if own_biases[name] else []
        right_ones = [dim] if own_biases[name] else []
        channels[name] = (
            _map(left, left_bias, dim, left_ones + [end] * shifted, -1),
            _map(right, right_bias, dim + 1, right_ones, end if shifted else -1),
        )
        dims[name] = dim
        lengths[name] = end + shifted
        if channel.is_symmetric(biases):
            symmetric.add(name)
    width = width if scheme.roles else 0
    return Layout(
        at, width, roles, channels, lengths, dims, frozenset(symmetric), scheme.images,
        own_biases,
    )  # fmt: skip


def _bias_names(
    scheme: RoleScheme, biases: Biases
) -> dict[str, tuple[()] | tuple[str, str]]:
    """Channel -> its bias on the left and on the right; () where it has none."""
    found: dict[str, tuple[()] | tuple[str, str]] = {}
    for name, channel in scheme.channels.items():
        suffix = "" if len(scheme.channels) == 1 else f":{name}"
        kind = channel.biases or biases
        if kind == "none":
            found[name] = ()
        elif kind == "tied":
            found[name] = (f"bias{suffix}", f"bias{suffix}")
        else:
            found[name] = (f"source_bias{suffix}", f"target_bias{suffix}")
    return found


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
