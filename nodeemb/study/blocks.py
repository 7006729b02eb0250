"""Links drawn between groups of nodes, with a way that only the groups know.

A link joins two nodes of one group with the chance `inside`, and of two groups that follow
each other with the chance `between`; the latter go from a group to the next with the chance
`along`, else back. In a `cycle` the last group is followed by the first, so that no number a
node tells the way; in a `flow` it is not. With `signed`, links within a group are positive
and others negative, but for a share of each.

Source: He, Reinert, Cucuringu. DIGRAC. LoG 2022, section 4.1 (directed block models).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from nodeemb.graph.graph import Graph
from nodeemb.options import Options
from nodeemb.rng import stream_key


class Blocks(Options):
    """A graph to be drawn."""

    kind: Literal["cycle", "flow"] = Field(
        default="cycle", description="whether the last group is followed by the first"
    )
    groups: int = Field(default=5, ge=2, le=1000, description="2 to 1,000")
    nodes: int = Field(default=1000, ge=20, le=10_000, description="20 to 10,000")
    inside: float = Field(
        default=0.02, ge=0, le=1, description="chance of a link within a group"
    )
    between: float = Field(
        default=0.04, ge=0, le=1, description="chance of a link to the next group"
    )
    along: float = Field(
        default=0.9, ge=0, le=1, description="chance that it goes to the next, not back"
    )
    signed: float | None = Field(
        default=None,
        ge=0,
        le=0.5,
        description="share of links whose sign is against the rule; none: no signs",
    )
    seed: int = Field(default=0, description="of the drawing")


def drawn_blocks(blocks: Blocks) -> Graph:
    """The graph; every pair of nodes has one link at most.

    Raises:
        DataRefused: chances so low that no link was drawn.
    """
    draw = np.random.Generator(np.random.Philox(int(stream_key(blocks.seed, "blocks"))))
    n = blocks.nodes
    group = np.arange(n) * blocks.groups // n
    u, v = np.triu_indices(n, 1)
    step = (group[v] - group[u]) % blocks.groups
    if blocks.kind == "flow":
        step = np.where(group[u] <= group[v], group[v] - group[u], -1)
    last = blocks.groups - 1 if blocks.kind == "cycle" else -1
    alike, next_of, before = step == 0, step == 1, step == last
    both_ways = next_of & before  # two groups in a cycle follow each other
    chance = np.where(
        alike, blocks.inside, np.where(next_of | before, blocks.between, 0)
    )
    drawn = draw.random((3, len(u)))
    kept = drawn[0] < chance
    forward = drawn[1] < np.where(
        alike | both_ways, 0.5, np.where(next_of, blocks.along, 1 - blocks.along)
    )
    sources, targets = np.where(forward, u, v)[kept], np.where(forward, v, u)[kept]
    sign = None
    if blocks.signed is not None:
        against = drawn[2][kept] < blocks.signed
        sign = np.where(alike[kept] != against, 1, -1)
    return Graph.from_edges(sources, targets, sign=sign, num_nodes=n)
