"""What a measure gives: a value with its unit, and which way is better."""

from __future__ import annotations

from typing import Literal, NamedTuple

Better = Literal["higher", "lower"]


class Figure(NamedTuple):
    """One value of a measure.

    name: unique in the history.
    better: which way the value should go.
    """

    name: str
    value: float
    unit: str
    better: Better


class Sizes(NamedTuple):
    """How large the measures are.

    small_nodes, small_edges: a graph that fits the cache of a core.
    large_nodes, large_edges: one that does not.
    read_edges: lines of the file that is read.
    search_nodes: rows of the table that is searched; as many as soc-Epinions1 has.
    questions: rows asked about.
    dim: of training and search.
    seconds: CPU-seconds that a repeated measure lasts at least.
    links: that are ranked among all nodes of the table that is searched.
    """

    small_nodes: int = 10_000
    small_edges: int = 100_000
    large_nodes: int = 1_000_000
    large_edges: int = 16_000_000
    read_edges: int = 6_000_000
    search_nodes: int = 75_879
    questions: int = 4096
    dim: int = 128
    seconds: float = 3.0
    links: int = 100_000


QUICK = Sizes(
    large_nodes=100_000,
    large_edges=1_600_000,
    read_edges=500_000,
    search_nodes=20_000,
    questions=1024,
    seconds=0.5,
    links=10_000,
)
