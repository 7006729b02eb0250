"""Training on the transposed graph with roles swapped gives the same scores in distribution."""

from __future__ import annotations

import numpy as np
import pytest

from nodeemb.graph.graph import Graph
from nodeemb.rng import integers, stream_key, units
from nodeemb.run import embed

SEEDS, SHORT = 10, {"training.epochs": 3}


def ranked(nodes=90):
    """Links from the later half of a group to a few of its first nodes, and some others."""
    u = integers(stream_key(0, "u"), 0, 900, nodes)
    v = (units(stream_key(0, "v"), 0, 900) ** 3 * nodes).astype(int)
    keep = (u % 3 == v % 3) & (u > v)
    pairs = np.unique(np.stack([u, v], 1)[keep], axis=0)
    return Graph.from_edges(pairs[:, 0], pairs[:, 1], num_nodes=nodes)


GRAPH = ranked()
BACK = Graph.from_edges(GRAPH.targets, GRAPH.sources, num_nodes=GRAPH.num_nodes)
OTHERS = integers(stream_key(1, "others"), 0, 2000, GRAPH.num_nodes).reshape(2, -1)


def told(graph, preset, swapped):
    """(seeds, 3): mean scores of links, of their reverses and of random pairs."""
    links = GRAPH.sources, GRAPH.targets
    out = []
    for seed in range(SEEDS):
        result = embed(graph, preset, dim=8, seed=seed, threads=1, options=SHORT)
        means = [
            result.score_rows(*(pairs[::-1] if swapped else pairs)).mean()
            for pairs in (links, links[::-1], OTHERS)
        ]
        out.append(means)
    return np.array(out)


def apart(one, two):
    """Largest difference of means, in standard errors."""
    error = np.sqrt((one.var(0, ddof=1) + two.var(0, ddof=1)) / SEEDS)
    return (np.abs(one.mean(0) - two.mean(0)) / error).max()


def test_nerd_treats_both_sides_alike():
    ahead = told(GRAPH, "nerd", swapped=False)
    assert apart(ahead, told(BACK, "nerd", swapped=True)) < 4
    assert apart(ahead, told(BACK, "nerd", swapped=False)) > 8


def test_forward_walks_see_which_way_time_runs():
    ahead = told(GRAPH, "app", swapped=False)
    assert apart(ahead, told(BACK, "app", swapped=True)) > 8


@pytest.mark.parametrize("preset", ["deepwalk", "node2vec"])
def test_methods_that_ignore_directions(preset):
    """The reversed graph is the same to them, and roles stay."""
    one, two = (
        embed(g, preset, dim=8, threads=1, options=SHORT) for g in (GRAPH, BACK)
    )
    np.testing.assert_array_equal(one.table, two.table)
