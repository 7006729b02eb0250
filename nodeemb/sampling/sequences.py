"""What every sampler gives: node sequences or aligned pairs, in numbered order.

A sentence is a walk, and an edge is a sequence of two. Sequence i of epoch e is a
function of (seed, e, i) alone, so any part of an epoch can be drawn by anyone, in any
order, on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Sequences(NamedTuple):
    """Some node sequences, each in a row of a rectangle.

    rows: (count, longest) int32 node rows; what lies beyond a sequence's length is
        undefined.
    lengths: (count,) int32 nodes in each sequence; a walk that met a node with no way on
        is shorter than asked for.
    sides: (count,) int8: for alternating walks 0 where the first node is a source and 1
        where it is a target; 0 elsewhere.
    """

    rows: np.ndarray
    lengths: np.ndarray
    sides: np.ndarray


class Text(NamedTuple):
    """Some pieces of a corpus, one after the other.

    rows: (R,) int32 rows of the vocabulary.
    start, stop: (R,) int32: where the place's own sentence begins and ends in `rows`.
    units: (pieces + 1,) int64: piece i is rows[units[i]:units[i + 1]].
    """

    rows: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    units: np.ndarray


class Pairs(NamedTuple):
    """Aligned pairs: left[k] meets right[k].

    left, right: (count,) int32 node rows.
    weight: (count,) float32.
    kind: (count,) int8 code of the kind of pair (0 unless signs or sides matter).
    """

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray
    kind: np.ndarray


Drawn = Sequences | Text | Pairs


def part_of(drawn: Drawn, a: int, b: int) -> Drawn:
    """Sequences, pieces or pairs a .. b - 1 of what was drawn."""
    if not isinstance(drawn, Text):
        return type(drawn)(*(column[a:b] for column in drawn))
    units = drawn.units[a : b + 1]
    first, last = units[0], units[-1]
    begun = np.int32(first)
    return Text(
        drawn.rows[first:last],
        drawn.start[first:last] - begun,
        drawn.stop[first:last] - begun,
        units - first,
    )


@dataclass(frozen=True)
class Plan:
    """A sampler made ready for a graph.

    count: sequences (or pairs, for edges) of an epoch.
    longest: nodes of the longest sequence.
    draw: (epoch, first, count) -> Sequences, Text or Pairs.
    left_degree, right_degree: (num_nodes,) float64, how often a node is left or right of
        a pair in the long run: what noise by degree is drawn from.
    alternating: sequences switch sides at every step.
    """

    count: int
    longest: int
    draw: Callable[[int, int, int], Drawn]
    left_degree: np.ndarray
    right_degree: np.ndarray
    alternating: bool = False
