"""Trained on exact weights, every method ends at the formula of its own theory."""

from __future__ import annotations

import numpy as np
import planted
import pytest
from optimum import LITERAL, converged, exact, gap

from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.rng import stream_key, units

# samplers as the presets have them, over horizons that suit graphs of a few nodes
OPTIONS = {
    "deepwalk": {"sampler.walk_length": 2000, "stencil.window": 3},
    "line2": {},
    "app": {
        "sampler.walk_length": 12,
        "stencil.window": 5,
        "stencil.stop_probability": 0.3,
    },
    "nerd": {"noise.power": 0.75},
}
GRAPHS = {
    "blocks": lambda: planted.block_model((6, 6, 6)),
    "no_sinks": planted.no_sinks,
    "no_sinks_weighted": lambda: planted.no_sinks(weighted=True),
    "small_digraph": planted.small_digraph,
    "isolated_and_dangling": planted.isolated_and_dangling,
    "hubs_to_authorities": planted.hubs_to_authorities,
}
every_method = pytest.mark.parametrize("method", LITERAL)
every_graph = pytest.mark.parametrize("name", GRAPHS)


def recipe_for(method: str, **more):
    return load_recipe(method, overrides=OPTIONS[method] | more)


def literal(method: str, graph, recipe) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(LITERAL[method](graph, recipe))


@every_method
@every_graph
def test_weights_and_literal_formula_say_the_same(method, name):
    """Two ways to one answer: sums over places of walks, and powers of matrices."""
    graph, recipe = GRAPHS[name](), recipe_for(method)
    weights = exact(graph, recipe)
    found, formula = weights.scores, literal(method, graph, recipe)
    on = weights.support
    assert on.sum() >= 4
    assert np.array_equal(on, np.isfinite(formula))
    # long walks forget their start, and lose their ends, but for a share of window / length
    tolerance = 0.01 if method == "deepwalk" else 1e-9
    assert np.abs(found[on] - formula[on]).max() < tolerance


@every_method
@every_graph
def test_training_on_exact_weights_ends_at_the_formula(method, name):
    graph, recipe = GRAPHS[name](), recipe_for(method)
    weights = exact(graph, recipe)
    found = gap(converged(weights), literal(method, graph, recipe), weights)
    assert found.error < 0.1
    assert found.correlation > 0.995
    assert found.above < 0


@pytest.mark.parametrize(
    ("method", "name"),
    [("line2", "no_sinks_weighted"), ("app", "small_digraph"), ("app", "blocks")],
)
def test_one_table_with_a_learned_core_ends_at_the_formula(method, name):
    """And without the core it cannot: the formula is asymmetric."""
    graph, recipe = GRAPHS[name](), recipe_for(method)
    weights, formula = exact(graph, recipe), literal(method, graph, recipe)
    found = gap(converged(weights, "learned_form"), formula, weights)
    assert found.error < 0.1
    assert found.correlation > 0.999
    assert found.above < 0
    alone = gap(converged(weights, "single"), formula, weights)
    assert alone.error > 0.3 and alone.correlation < 0.95


@pytest.mark.parametrize(
    ("method", "other"),
    [
        ("deepwalk", {"stencil.weights": "linear"}),
        ("deepwalk", {"noise.power": 0.5}),
        ("line2", {"noise.power": 0.0}),
        ("line2", {"noise.side": "source"}),
        ("line2", {"noise.per_pair": 4}),
        ("app", {"stencil.stop_probability": 0.4}),
        ("app", {"stencil.window": 4}),
        ("app", {"noise.power": 0.75}),
        ("nerd", {"sampler.walk_length": 4}),
        ("nerd", {"noise.side": "target"}),
        ("nerd", {"stencil.weights": "linear"}),
    ],
)
def test_other_weights_would_be_seen(method, other):
    """The same proof, with one thing other than the formula says, fails."""
    graph = planted.no_sinks(weighted=True)
    weights = exact(graph, recipe_for(method, **other))
    target = literal(method, graph, recipe_for(method))
    assert gap(converged(weights), target, weights).error > 0.1


# ---- the forms that the papers' readers know, where nothing stands in their way ----------


def sources_to_targets(seed: int = 0) -> tuple[Graph, np.ndarray]:
    """Eight nodes that only point and eight that are only pointed at; its A."""
    chance = 0.05 + 0.9 * units(stream_key(seed, "chance"), 0, 64).reshape(8, 8) ** 3
    drawn = units(stream_key(seed, "arcs"), 0, 64).reshape(8, 8) < chance
    drawn |= np.eye(8, dtype=bool)
    left, right = np.nonzero(drawn)
    matrix = np.zeros((16, 16))
    matrix[left, 8 + right] = 1
    return Graph.from_edges(left, 8 + right, num_nodes=16), matrix


def test_line2_with_noise_by_in_degree():
    graph, a = sources_to_targets()
    recipe = recipe_for("line2", **{"noise.power": 1.0})
    weights = exact(graph, recipe)
    out, into = np.maximum(a.sum(1), 1), np.maximum(a.sum(0), 1)
    formula = a.sum() * a / (5 * out[:, None] * into)
    on = weights.support
    assert np.exp(weights.scores[on]) == pytest.approx(formula[on])
    assert gap(converged(weights), weights.scores, weights).error < 0.1


def test_nerd_with_noise_by_degree():
    """log( m sum of [A (Din^-1 A' Dout^-1 A)^i](u, v) / (n k out(u) in(v)) )"""
    graph, a = sources_to_targets()
    recipe = recipe_for("nerd", **{"noise.power": 1.0})
    weights = exact(graph, recipe)
    out, into = np.maximum(a.sum(1), 1), np.maximum(a.sum(0), 1)
    turn = (a.T / into[:, None]) @ (a / out[:, None])
    together = a @ (np.eye(16) + turn + turn @ turn)
    formula = a.sum() * together / (3 * 5 * out[:, None] * into)
    on = weights.support
    assert np.exp(weights.scores[on]) == pytest.approx(formula[on])
    assert gap(converged(weights), weights.scores, weights).error < 0.1


def test_app_is_log_n_pi_over_k_where_no_walk_ends_or_returns():
    n, horizon, stop = 13, 5, 0.3
    i = np.arange(n)
    graph = Graph.from_edges(np.r_[i, i], np.r_[i + 1, i + 2] % n, num_nodes=n)
    step = (np.eye(n)[:, (i - 1) % n] + np.eye(n)[:, (i - 2) % n]) / 2
    pi = sum(
        stop * (1 - stop) ** (d - 1) * np.linalg.matrix_power(step, d)
        for d in range(1, horizon)
    )
    pi = pi + (1 - stop) ** (horizon - 1) * np.linalg.matrix_power(step, horizon)
    weights = exact(graph, recipe_for("app"))
    on = weights.support
    assert np.array_equal(on, pi > 0)
    assert np.exp(weights.scores[on]) == pytest.approx(n * pi[on] / 5)
    found = gap(converged(weights), np.log(np.maximum(n * pi / 5, 1e-300)), weights)
    assert found.error < 0.1 and found.above < 0
