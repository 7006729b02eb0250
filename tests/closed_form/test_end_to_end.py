"""From a graph through `embed` with a preset's own choices to its closed form.

Everything is drawn here: walks, order, noise. What is left of that after the learning rate
has fallen is small, so scores and closed form go along one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import planted
import pytest
from optimum import Exact, Gap, adjacency, exact, exact_noise, gap

from nodeemb import engine, run
from nodeemb.recipe import load_recipe
from nodeemb.sampling import stencil as stencils
from nodeemb.training import batches

# how a preset learns from a graph of a few nodes: horizons that suit them, small batches,
# many epochs; its sampler, stencil, roles, objective and noise law stay as they are
SMALL = {"training.batch_blocks": 1, "training.learning_rate": 0.3}
WALKS = {
    "sampler.walk_length": 20,
    "training.epochs": 60,
    "training.block_rows": 40,
}
EDGES = {"training.epochs": 3000, "training.block_pairs": 32}
STOPPING = {"stencil.window": 5, "stencil.stop_probability": 0.3}
OPTIONS = {
    "deepwalk": WALKS | {"stencil.window": 2},
    "line1": EDGES,
    "line2": EDGES,
    "app": WALKS | STOPPING,
    "verse": WALKS | STOPPING,
    "nerd": {"training.epochs": 500, "training.block_pairs": 128},
    "node2vec": WALKS
    | {
        "sampler.walk_length": 6,
        "sampler.q": 4.0,
        "stencil.window": 2,
        "training.epochs": 400,
    },
}
BLOCKS = planted.block_model((6, 6, 6))
GRAPHS = {
    "node2vec": planted.no_sinks(),  # its law lists every walk
    "verse": planted.no_sinks(weighted=True),
}


def learned(preset: str, **more) -> tuple[np.ndarray, Exact]:
    """(n, n) scores of a trained embedding, and the exact weights of its recipe."""
    graph, options = GRAPHS.get(preset, BLOCKS), SMALL | OPTIONS[preset] | more
    nodes = graph.num_nodes
    embedding = run.embed(graph, preset, dim=nodes, seed=0, threads=1, options=options)
    u, v = np.divmod(np.arange(nodes**2), nodes)
    scores = embedding.score_rows(u, v).reshape(nodes, nodes).astype(np.float64)
    return scores, exact(graph, load_recipe(preset, overrides=options))


def distance(preset: str, **more) -> Gap:
    scores, weights = learned(preset, **more)
    return gap(scores, weights.scores, weights)


@pytest.mark.parametrize("preset", ["deepwalk", "node2vec", "line2", "app", "nerd"])
def test_embed_arrives_at_the_closed_form(preset):
    found = distance(preset)
    assert found.correlation > 0.99
    assert found.above < 0


@pytest.mark.parametrize("preset", ["line1", "verse"])
def test_one_table_arrives_at_the_symmetric_form(preset):
    scores, weights = learned(preset)
    seen = Exact(*(matrix + matrix.T for matrix in weights))
    found = gap(scores, seen.scores, seen)
    assert found.correlation > 0.99
    assert found.above < 0
    assert np.array_equal(scores, scores.T)
    if preset == "verse":  # the shift is learned into the scores
        on = seen.support
        moved = np.mean(scores[on] - seen.scores[on])
        assert moved == pytest.approx(-np.log(3 / 6), abs=0.1)


def test_each_side_of_four_side_arrives_at_the_closed_form_of_its_window():
    """Left and right contexts, each with tables of their own, beside each other."""
    graph, nodes = BLOCKS, BLOCKS.num_nodes
    options = SMALL | OPTIONS["app"] | {"stencil.sides": "both"}
    embedding = run.embed(
        graph,
        "app",
        dim=nodes,
        threads=1,
        options=options | {"roles.scheme": "four_side"},
    )
    pairs = np.column_stack(np.divmod(np.arange(nodes**2), nodes))
    for channel, sides in (("right", "after"), ("left", "before")):
        recipe = load_recipe("app", overrides=options | {"stencil.sides": sides})
        weights = exact(graph, recipe)
        scores = embedding.score(pairs, channel=channel).reshape(nodes, nodes)
        found = gap(scores.astype(np.float64), weights.scores, weights)
        assert found.correlation > 0.99
        assert gap(scores.T, weights.scores, weights).correlation < 0.9
    joint = embedding.score(pairs)
    assert np.array_equal(joint, embedding.score(pairs, channel="right"))


# ---- noise as a mixture -------------------------------------------------------------------

MIXTURES = {
    "uniform": {"noise.uniform": 0.4, "noise.power": 1.0},
    "reversed": {"noise.reversed": 0.5},
    "all three": {
        "noise.uniform": 0.2,
        "noise.reversed": 0.4,
        "noise.power": 1.0,
        "noise.side": "both",
    },
}


FEWER = {
    "line2": {"training.epochs": 1500},
    "app": {"training.epochs": 40},
    "nerd": {"training.epochs": 300},
}


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize("preset", ["line2", "app", "nerd"])
def test_a_mixture_of_noise_arrives_at_its_own_closed_form(preset, mixture):
    scores, weights = learned(preset, **MIXTURES[mixture] | FEWER[preset])
    found = gap(scores, weights.scores, weights)
    assert found.correlation > 0.99
    assert found.above < 0


@pytest.mark.parametrize("preset", ["app", "nerd"])
def test_a_pair_against_an_edge_scores_by_how_often_each_way_occurs(preset):
    """x(v, u) = log( w+(v, u) / (K/2 nodes + K/2 w+(u, v)) ) where only u -> v is an edge."""
    scores, weights = learned(preset, **MIXTURES["reversed"])
    edges = adjacency(BLOCKS) > 0
    against = edges.T & ~edges & weights.support
    assert against.sum() > 20
    recipe = load_recipe(preset, overrides=OPTIONS[preset] | MIXTURES["reversed"])
    nodes = exact_noise(
        BLOCKS,
        recipe,
        weights.positive,
        recipe.noise.model_copy(update={"per_pair": 2.5, "reversed": 0.0}),
    )
    turned = 2.5 * weights.positive.T
    formula = np.log(weights.positive[against] / (nodes + turned)[against])
    assert np.corrcoef(scores[against], formula)[0, 1] > 0.98
    assert np.abs(scores[against] - formula).mean() < 0.15
    without = np.log(weights.positive[against] / (2 * nodes)[against])
    assert np.abs(scores[against] - without).mean() > 0.3


# ---- and would a fault be seen? -----------------------------------------------------------


def _flat_noise(degree, power, uniform, whole=engine.noise_law):
    return whole(degree, 0.0)


def _noise_by_degree(degree, power, uniform, whole=engine.noise_law):
    return whole(np.arange(1.0, len(degree) + 1), 1.0)


def _no_direction(graph, options, seed, whole=engine.plan):
    return whole(graph, options.model_copy(update={"direction": "ignore"}), seed)


def _direction(graph, options, seed, whole=engine.plan):
    return whole(graph, options.model_copy(update={"direction": "follow"}), seed)


def _both_sides(options, longest, whole=stencils.make_window):
    return whole(options.model_copy(update={"sides": "both"}), longest)


def _one_place_less(options, longest, whole=stencils.make_window):
    return whole(options.model_copy(update={"window": options.window - 1}), longest)


def _sides_forgotten(rows, lengths, sides, *rest, whole=stencils._first_pairs):
    return whole(rows, lengths, 0 * sides, *rest)


def _longer_walks(graph, options, seed, whole=engine.plan):
    return whole(graph, options.model_copy(update={"walk_length": 20}), seed)


def _other_edge(graph, options, seed, whole=engine.plan):
    """The arcs of one node lead one node too far."""
    made = whole(graph, options, seed)

    def draw(epoch, first, count):
        pairs = made.draw(epoch, first, count)
        right = np.where(pairs.left == 5, (pairs.right + 1) % 18, pairs.right)
        return pairs._replace(right=right.astype(np.int32))

    return replace(made, draw=draw)


FAULTS: dict[str, tuple[str, object, str, Callable]] = {
    "deepwalk: noise": ("deepwalk", engine, "noise_law", _noise_by_degree),
    "deepwalk: direction": ("deepwalk", engine, "plan", _direction),
    "deepwalk: window": ("deepwalk", batches, "make_window", _one_place_less),
    "line2: noise": ("line2", engine, "noise_law", _flat_noise),
    "line2: edges": ("line2", engine, "plan", _other_edge),
    "app: noise": ("app", engine, "noise_law", _noise_by_degree),
    "app: direction": ("app", engine, "plan", _no_direction),
    "app: sides": ("app", batches, "make_window", _both_sides),
    "nerd: sides": ("nerd", stencils, "_first_pairs", _sides_forgotten),
    "nerd: longer walks": ("nerd", engine, "plan", _longer_walks),
}


def _no_reverse(channel, pairs, per_pair, out, whole=batches.reversed_part):
    return whole(channel, pairs, 1e-9 * per_pair, out)


def _true_edges_too(channel, pairs, per_pair, out, whole=batches.reversed_part):
    nothing = out._replace(pointers=np.zeros_like(out.pointers))
    return whole(channel, pairs, per_pair, nothing)


def _by_degree_only(degree, power, uniform, whole=engine.noise_law):
    return whole(degree, power, 0.0)


@pytest.mark.parametrize(
    ("preset", "name", "broken"),
    [
        # not line2: there the reverse of a pair never occurs, so it is minus infinity
        ("app", "reversed_part", _no_reverse),
        ("nerd", "reversed_part", _no_reverse),
        *((p, "reversed_part", _true_edges_too) for p in ("line2", "app", "nerd")),
        *((p, "noise_law", _by_degree_only) for p in ("line2", "app", "nerd")),
    ],
)
def test_a_fault_of_the_mixture_would_be_seen(preset, name, broken, monkeypatch):
    module = engine if name == "noise_law" else batches
    monkeypatch.setattr(module, name, broken)
    mixture = {"noise.uniform": 0.7 * (name == "noise_law"), "noise.power": 1.0}
    mixture["noise.reversed"] = 0.8 * (name != "noise_law")
    found = distance(preset, **mixture | FEWER[preset])
    assert found.correlation < 0.99 or found.above > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_would_be_seen(fault, monkeypatch):
    preset, module, name, broken = FAULTS[fault]
    monkeypatch.setattr(module, name, broken)
    short = {"training.epochs": OPTIONS[preset]["training.epochs"] // 2}
    found = distance(preset, **short)
    assert found.correlation < 0.99 or found.above > 0
