"""The samplers by name. Each has its slow twin in tests/naive.py under the same name."""

from __future__ import annotations

from collections.abc import Callable

from nodeemb.graph.graph import Graph
from nodeemb.sampling.alternating import plan_alternating
from nodeemb.sampling.edges import plan_edges
from nodeemb.sampling.sequences import Plan
from nodeemb.sampling.walks import plan_walks

SAMPLERS: dict[str, Callable[..., Plan]] = {
    "edges": plan_edges,
    "walks": plan_walks,
    "second_order": plan_walks,
    "alternating": plan_alternating,
}


def plan(graph: Graph, options: object, seed: int) -> Plan:
    """Makes the sampler that `options.kind` names ready for a graph."""
    return SAMPLERS[options.kind](graph, options, seed)  # type: ignore[attr-defined]
