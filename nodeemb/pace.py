"""How long a run will take on this machine, before it is begun.

Time is measured: the recipe is trained for a moment on a small random graph with as many edges
a node, and that is scaled to the size asked for; larger tables miss the caches more often, so
that it is a guide and no promise.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.engine import backend_of, feed_of, layout_of, make_backend
from nodeemb.errors import WrongUse
from nodeemb.factorised import factorised_table
from nodeemb.forecast import Size
from nodeemb.graph.graph import Graph
from nodeemb.recipe import Recipe
from nodeemb.rng import integers, stream_key, units
from nodeemb.training.batches import DRAWN_AT_ONCE, batches, num_batches
from nodeemb.training.tables import new_tables

_SAMPLE_NODES = 20_000
_SAMPLE_SECONDS = 1.0
_TINY_NODES = 100
_DENSITY = 4  # edges a node of small graphs that are factorised


class _Growth(NamedTuple):
    """How a factorisation's time grows: nodes ** nodes * (edges a node) ** density.

    sample: nodes of the small graph that is measured.
    """

    nodes: float
    density: float
    sample: int = 1200


# Powers that fit the factorisations of cora_ml, wiki-Vote, pubmed and cora-subelj (3,000 to
# 23,000 nodes) that .results/published.jsonl.gz holds. Those that depend on how far the
# largest values of a matrix lie apart are within a factor of 4, the others of 2.
GROWTH = {
    "hope": _Growth(1.0, 0.1),
    "ase": _Growth(1.0, 0.1),
    "nrp": _Growth(1.0, 0.1),
    "strap": _Growth(1.0, 0.8),
    "netmf": _Growth(1.9, 0.2),
    "netmf, eigenpairs": _Growth(1.5, 0.1),
    "directed_netmf": _Growth(1.3, 0.5),
    "nerd_closed": _Growth(1.5, 0.6),
    "ppmi_svd": _Growth(1.0, 1.0),
    "calibrated": _Growth(0.85, 0.2),  # of 24 graphs and halves of graphs
}


def forecast_seconds(size: Size, recipe: Recipe, threads: int) -> float:
    """Seconds of training on this machine, compilation apart: measured on a small graph."""
    if recipe.factorise is not None:
        return scaled_pace(factorised_pace(size, recipe, threads), size, recipe)
    if recipe.sampler.kind == "corpus":
        raise WrongUse(
            f"the recipe {recipe.name} reads a corpus, and this forecast is for graphs",
            next_step="Choose a preset for graphs, or name a folder that nodeemb corpus made",
        )
    small = _sample(size)
    an_epoch = seconds_of_epoch(small, recipe, threads, _SAMPLE_SECONDS)
    nodes = recipe.sampler.kind in ("walks", "second_order")
    scale = size.nodes / small.num_nodes if nodes else size.arcs / small.num_arcs
    return an_epoch * scale * recipe.training.epochs


def factorised_pace(size: Size, recipe: Recipe, threads: int) -> float:
    """Seconds of a factorisation of a small graph of the kind: weighted, signed or not.

    Args:
        size: of the graph that it is for, of which the numbers do not matter here.
        recipe, threads: as in `forecast_seconds`.
    """
    growth = _growth(recipe)
    seconds = 0.0
    for nodes in (_TINY_NODES, growth.sample):  # the first to compile
        small = _hubs(replace(size, nodes=nodes, edges=_DENSITY * nodes))
        begun = time.monotonic()
        factorised_table(small, recipe, 0, "float32", threads, None)
        seconds = time.monotonic() - begun
    return seconds


def scaled_pace(pace: float, size: Size, recipe: Recipe) -> float:
    """Seconds for a graph, from those of `factorised_pace`."""
    growth = _growth(recipe)
    nodes = size.nodes / growth.sample
    density = size.edges / max(1, size.nodes) / _DENSITY
    return float(pace * nodes**growth.nodes * density**growth.density)


def _growth(recipe: Recipe) -> _Growth:
    assert recipe.factorise is not None
    kind: str = recipe.factorise.kind
    if getattr(recipe.factorise, "eigenpairs", None) is not None:
        kind += ", eigenpairs"
    return GROWTH[kind]


def seconds_of_epoch(
    graph: Graph | Corpus, recipe: Recipe, threads: int, moment: float
) -> float:
    """Seconds that an epoch takes on this machine, measured for a moment on the graph.

    Args:
        graph: what would be trained on, or a corpus.
        recipe: the method.
        threads: as in `embed`.
        moment: seconds to measure for, at least; a first step, which may compile, is apart.
    """
    feed, shift = feed_of(graph, recipe, seed=0)
    layout = layout_of(recipe)
    tables = new_tables(graph.num_nodes, layout, 0)
    backend = backend_of(recipe)
    engine = make_backend(backend, tables, layout, recipe, shift, threads, "cpu")
    drawing = stepping = 0.0
    drawn = steps = count = 0
    while steps == 0 or drawing + stepping < moment:
        begun = time.monotonic()
        several = list(islice(batches(feed, 0), DRAWN_AT_ONCE))
        made = time.monotonic()
        some = [parts for parts in several[: max(1, count)] if parts]
        if some:
            engine.steps(engine.stacked(some), [0.01] * len(some), [0] * len(some))
        if count:  # a first step, which may compile, is apart
            drawing, drawn = drawing + made - begun, drawn + len(several)
            stepping += time.monotonic() - made
            steps += min(count, len(several))
        count = max(1, 2 * count)
    return (drawing / drawn + stepping / steps) * num_batches(feed)


def _hubs(size: Size) -> Graph:
    """A random graph with some targets that many know, as most graphs have."""
    key = stream_key(0, "sample hubs")
    drawn = units(key, 0, size.edges) ** 3
    return _drawn(
        size, np.minimum((size.nodes - 1) * drawn, size.nodes - 2).astype(np.int64)
    )


def _sample(size: Size) -> Graph:
    """A random graph with as many edges a node, of at most so many nodes."""
    nodes = max(2, min(size.nodes, _SAMPLE_NODES))
    edges = max(1, round(size.edges * nodes / size.nodes))
    others = integers(stream_key(0, "sample target"), 0, edges, nodes - 1)
    return _drawn(replace(size, nodes=nodes, edges=edges), others)


def _drawn(size: Size, others: np.ndarray) -> Graph:
    """A graph with sources at random; (edges,) others: of the nodes without the source."""
    nodes, edges = size.nodes, size.edges
    sources = integers(stream_key(0, "sample source"), 0, edges, nodes)
    targets = others + (others >= sources)
    sign = None if not size.signed else np.where(np.arange(edges) % 5 == 0, -1, 1)
    return Graph.from_edges(
        sources, targets, sign=sign, num_nodes=nodes,
        weight=np.ones(edges) if size.weighted else None,
        directed=size.directed, duplicates="first",
    )  # fmt: skip
