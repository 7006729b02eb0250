"""Graphs and files made for the measures: some nodes are more popular than others.

Sources are uniform and targets the squares of uniform numbers, as a share of all nodes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nodeemb.graph.build import from_edges
from nodeemb.graph.graph import Graph
from nodeemb.rng import integers, stream_key, units

_LINES = 100_000  # written at once


def made_graph(nodes: int, edges: int) -> Graph:
    """A directed graph; links drawn twice count once."""
    sources, targets = _ends(nodes, 0, edges)
    return from_edges(sources, targets, num_nodes=nodes, duplicates="first")


def write_edges(path: Path, nodes: int, edges: int) -> None:
    """A file of edges, two whole numbers a line; memory holds a part of it."""
    with path.open("w") as file:
        for first in range(0, edges, _LINES):
            ends = _ends(nodes, first, min(_LINES, edges - first))
            rows = zip(*(end.tolist() for end in ends), strict=True)
            file.write("".join(f"{u}\t{v}\n" for u, v in rows))


def made_table(nodes: int, dim: int) -> np.ndarray:
    """(nodes, dim) float32 between -0.5 and 0.5."""
    key, table = stream_key(0, "bench table"), np.empty((nodes, dim), np.float32)
    for row in range(0, nodes, 4096):
        part = table[row : row + 4096]
        part[:] = units(key, row * dim, part.size).reshape(part.shape) - 0.5
    return table


def _ends(nodes: int, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    drawn = units(stream_key(0, "bench target"), first, count)
    sources = integers(stream_key(0, "bench source"), first, count, nodes)
    return sources.astype(np.int32), (drawn**2 * nodes).astype(np.int32)
