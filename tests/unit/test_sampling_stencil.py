"""Stencils: weights by distance, bands, first nodes; each against literals and the twin."""

from __future__ import annotations

import naive
import numpy as np
import planted
import pytest
from pydantic import TypeAdapter, ValidationError

from nodeemb.errors import WrongUse
from nodeemb.sampling.options import (
    AlternatingOptions,
    FirstStencil,
    Sampler,
    SecondOrderOptions,
    Stencil,
    WalkOptions,
    WindowStencil,
)
from nodeemb.sampling.registry import SAMPLERS, plan
from nodeemb.sampling.stencil import distance_weights, first_pairs, make_window

KINDS = ("flat", "linear", "inverse", "geometric")


def test_weights_by_distance():
    assert distance_weights("flat", 4, 0.5).tolist() == [1, 1, 1, 1]
    assert distance_weights("linear", 4, 0.5).tolist() == [1, 0.75, 0.5, 0.25]
    assert distance_weights("inverse", 4, 0.5).tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert distance_weights("geometric", 4, 0.5).tolist() == [0.5, 0.25, 0.125, 0.125]


@pytest.mark.parametrize("stop", [0.01, 0.15, 0.99])
@pytest.mark.parametrize("window", [1, 2, 10, 100])
def test_geometric_weights_are_a_law(window, stop):
    assert distance_weights("geometric", window, stop).sum() == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window", [1, 2, 7])
def test_weights_equal_their_twin(kind, window):
    options = WindowStencil(weights=kind, window=window, stop_probability=0.3)
    twin = [naive.distance_weight(options, d, window) for d in range(1, window + 1)]
    assert distance_weights(kind, window, 0.3) == pytest.approx(twin)


@pytest.mark.parametrize("sides", ["both", "after", "before"])
def test_a_window_has_weights_on_its_sides_only(sides):
    window = make_window(
        WindowStencil(window=3, weights="linear", sides=sides), longest=9
    )
    weights, none = [1, 2 / 3, 1 / 3], [0, 0, 0]
    assert window.after == pytest.approx(none if sides == "before" else weights)
    assert window.before == pytest.approx(none if sides == "after" else weights)
    assert window.limit == 9


def test_a_whole_horizon_leaves_out_the_last_centres():
    options = WindowStencil(window=3, sides="after", centres="whole_horizon")
    window = make_window(options, longest=9)
    assert window.limit == 6
    whole = [(tuple(range(9)), 0)]
    pairs = naive.pairs_of(whole, options, longest=9)
    assert [u for u, _, _ in pairs] == [u for u in range(6) for _ in range(3)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("graph", ["small_digraph", "chain", "isolated_and_dangling"])
def test_first_nodes_of_walks_meet_every_later_node(graph, kind):
    stencil = FirstStencil(weights=kind, stop_probability=0.3)
    plan_ = plan(planted.PLANTED[graph](), WalkOptions(walk_length=6), seed=0)
    drawn = plan_.draw(0, 0, plan_.count)
    pairs = first_pairs(drawn, stencil, plan_.alternating)
    twin = naive.pairs_of(naive.as_walks(drawn), stencil, plan_.longest)
    assert naive.as_pairs(pairs) == [(u, v, pytest.approx(w)) for u, v, w in twin]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [2, 4, 8])
def test_first_nodes_of_alternating_walks_meet_the_other_side(kind, length):
    stencil = FirstStencil(weights=kind, stop_probability=0.3)
    graph = planted.source_target_bipartite(3, 4)
    plan_ = plan(graph, AlternatingOptions(walk_length=length), seed=0)
    drawn = plan_.draw(0, 0, plan_.count)
    pairs = first_pairs(drawn, stencil, plan_.alternating)
    twin = naive.pairs_of(
        naive.as_walks(drawn), stencil, plan_.longest, alternating=True
    )
    assert naive.as_pairs(pairs) == [(u, v, pytest.approx(w)) for u, v, w in twin]
    assert len(pairs.left) == plan_.count * length // 2
    assert (pairs.left < 3).all() and (pairs.right >= 3).all()
    assert [column.dtype for column in pairs] == ["i4", "i4", "f4", "i1"]


def test_no_sequences_give_no_pairs():
    plan_ = plan(planted.chain(4), WalkOptions(walk_length=3), seed=0)
    assert len(first_pairs(plan_.draw(0, 0, 0), FirstStencil(), False).left) == 0


def test_all_weights_of_an_edge_stencil_are_one():
    stencil = TypeAdapter(Stencil).validate_python({"kind": "pair"})
    assert naive.pairs_of([((4, 2), 0)], stencil, 2) == [(4, 2, 1.0)]


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_has_options_of_its_name(name):
    options = TypeAdapter(Sampler).validate_python({"kind": name})
    assert options.kind == name
    with pytest.raises(ValidationError):
        TypeAdapter(Sampler).validate_python({"kind": name, "workers": 2})


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (WindowStencil, {"window": 0}),
        (WindowStencil, {"window": 1001}),
        (WindowStencil, {"weights": "cubic"}),
        (WindowStencil, {"sides": "left"}),
        (WindowStencil, {"stop_probability": 0.0}),
        (WindowStencil, {"stop_probability": 1.0}),
        (FirstStencil, {"window": 3}),
        (WalkOptions, {"walk_length": 1}),
        (WalkOptions, {"walk_length": "80"}),
        (WalkOptions, {"walks_per_node": 0}),
        (WalkOptions, {"p": 1.0}),
        (SecondOrderOptions, {"p": 0.0}),
        (SecondOrderOptions, {"p": 1001.0}),
        (SecondOrderOptions, {"q": 0.0009}),
    ],
)
def test_options_out_of_range_are_refused(model, values):
    with pytest.raises(WrongUse, match=model.__name__):
        model(**values)


def test_weights_are_float64_however_long_the_window():
    weights = distance_weights("geometric", 1000, 0.15)
    assert weights.dtype == np.float64
    assert np.isfinite(weights).all() and (weights > 0).all()
