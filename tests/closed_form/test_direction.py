"""What happens to direction: kept, lost in one table, lost in a window, turned round."""

from __future__ import annotations

import naive
import numpy as np
import planted
import pytest
from optimum import Exact, adjacency, converged, exact, gap

from nodeemb.engine import _noises, _shift
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.sampling.registry import plan

BOTH = {
    "stencil.window": 2,
    "stencil.weights": "flat",
    "stencil.sides": "both",
    "stencil.centres": "all",
    "sampler.walk_length": 6,
}
AFTER = BOTH | {"stencil.sides": "after"}
GRAPHS = {
    "no_sinks": planted.no_sinks,
    "no_sinks_weighted": lambda: planted.no_sinks(weighted=True),
    "small_digraph": planted.small_digraph,
}
every_graph = pytest.mark.parametrize("name", GRAPHS)


def both_ways(weights: Exact) -> Exact:
    """What one table sees: a pair and its reverse are one."""
    return Exact(
        weights.positive + weights.positive.T, weights.negative + weights.negative.T
    )


def asymmetry(scores: np.ndarray) -> np.ndarray:
    """(n, n): s(u, v) - s(v, u)."""
    return scores - scores.T


def cycles(scores: np.ndarray) -> np.ndarray:
    """(n, n, n): the asymmetry around u -> v -> w -> u, which no potential explains."""
    a = asymmetry(scores)
    return a[:, :, None] + a[None, :, :] + a.T[:, None, :]


def reverse(graph: Graph) -> Graph:
    sources, targets, weight = zip(*naive.arcs(graph), strict=True)
    return Graph.from_edges(
        targets, sources, weight=np.array(weight), num_nodes=graph.num_nodes
    )


# ---- one table --------------------------------------------------------------------------


@every_graph
def test_line1_ends_at_its_symmetric_form(name):
    """log( (A(u,v) + A(v,u)) / (k [out(u) q(v) + out(v) q(u)]) )"""
    graph = GRAPHS[name]()
    recipe = load_recipe("line1")
    weights = exact(graph, recipe)
    a = adjacency(graph) * (1 - np.eye(graph.num_nodes))
    q = adjacency(graph).sum(0) ** 0.75
    noise = a.sum(1)[:, None] * (q / q.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        formula = np.log((a + a.T) / (5 * (noise + noise.T)))
    seen = both_ways(weights)
    found = gap(converged(weights, "single"), formula, seen)
    assert found.error < 0.1
    assert found.above < 0
    two_tables = gap(converged(weights), formula, seen)
    assert two_tables.error > 0.1, "two tables know the direction"


def cyclic(n: int = 9) -> Graph:
    """Each node beside the next, and the third: undirected, all nodes alike."""
    i = np.arange(n)
    ends = np.r_[i, i], np.r_[i + 1, i + 3] % n
    return Graph.from_edges(*ends, num_nodes=n, directed=False)


def test_verse_ends_at_log_pi_up_to_a_constant():
    """With shift log(k/n) the optimum is log pi - 2 log(k/n), less what walks return."""
    graph = cyclic()
    n = graph.num_nodes
    small = {"stencil.window": 4, "stencil.stop_probability": 0.3}
    recipe = load_recipe("verse", overrides=small)
    step = adjacency(graph) / 4
    pi = 0.7**3 * np.linalg.matrix_power(step, 4)
    for d in (1, 2, 3):
        pi += 0.3 * 0.7 ** (d - 1) * np.linalg.matrix_power(step, d)
    weights = exact(graph, recipe)
    made = plan(graph, recipe.sampler, 0)
    shift = _shift(recipe, _noises(made, recipe), n)
    per_pair = recipe.noise.per_pair
    assert shift == pytest.approx(np.full(n, np.log(per_pair / n)))
    scores = converged(weights, "single", shift=shift)
    formula = np.log(pi) - np.log(1 - pi[0, 0]) - 2 * np.log(per_pair / n)
    assert gap(scores, formula, weights).error < 0.1
    assert gap(scores, formula, weights).correlation > 0.995
    unshifted = converged(weights, "single")
    assert gap(unshifted, formula, weights).error > 1


def test_one_table_of_a_directed_similarity_keeps_the_symmetric_part():
    graph = planted.no_sinks()
    small = {"stencil.window": 3, "sampler.walk_length": 12}
    weights = exact(graph, load_recipe("app", overrides=small))
    scores = converged(weights, "single")
    seen = both_ways(weights)
    assert gap(scores, seen.scores, seen).error < 0.1
    assert gap(scores, weights.scores, weights).error > 0.1


# ---- the trap: a symmetric window over directed walks -------------------------------------


@every_graph
def test_a_symmetric_window_keeps_no_more_direction_than_one_number_a_node(name):
    """Two tables, walks that follow the edges, and yet: s(u,v) - s(v,u) = f(u) - f(v)."""
    graph = GRAPHS[name]()
    kept, lost = (
        exact(graph, load_recipe("app", overrides=window | {"noise.power": 0.75}))
        for window in (AFTER, BOTH)
    )
    assert lost.positive == pytest.approx(lost.positive.T)
    scores = converged(lost)
    assert gap(scores, lost.scores, lost).error < 0.1
    nodes = np.flatnonzero(lost.positive.any(1))  # an isolated node has no pairs at all
    mutual = (lost.support & lost.support.T)[np.ix_(nodes, nodes)]
    paths = mutual[:, :, None] & mutual[None, :, :] & mutual.T[:, None, :]
    around = cycles(scores[np.ix_(nodes, nodes)])[paths]
    assert np.abs(around).max() < 0.1
    ahead = cycles(converged(kept)[np.ix_(nodes, nodes)])[paths]
    assert np.abs(ahead).max() > 1, "a window ahead keeps direction"


def test_a_symmetric_window_with_noise_by_count_is_symmetric():
    graph = planted.no_sinks(weighted=True)
    recipe = load_recipe("app", overrides=BOTH)
    positive = exact(graph, recipe).positive
    counts = positive.sum(1)
    negative = 5 * np.outer(counts, counts) / counts.sum()
    np.fill_diagonal(negative, 0)
    scores = converged(Exact(positive, negative))
    assert np.abs(asymmetry(scores) * (1 - np.eye(6))).max() < 0.05
    ahead = exact(graph, load_recipe("app", overrides=AFTER))
    assert np.abs(asymmetry(converged(ahead)) * (1 - np.eye(6))).max() > 1


# ---- the graph turned round ---------------------------------------------------------------


@every_graph
@pytest.mark.parametrize("method", ["line2", "nerd"])
def test_the_reversed_graph_gives_the_transposed_scores(method, name):
    graph = GRAPHS[name]()
    ahead = {"line2": {"noise.side": "target"}, "nerd": {}}[method]
    back = {"line2": {"noise.side": "source"}, "nerd": {}}[method]
    weights = exact(graph, load_recipe(method, overrides=ahead))
    turned = exact(reverse(graph), load_recipe(method, overrides=back))
    assert turned.positive == pytest.approx(weights.positive.T)
    assert turned.negative == pytest.approx(weights.negative.T)
    scores = converged(turned)
    assert gap(scores.T, weights.scores, weights).error < 0.1
    assert gap(scores, weights.scores, weights).error > 0.1
