"""Noise as a mixture: what each share is, for a recipe and for a channel; what is refused."""

from __future__ import annotations

from collections import Counter

import naive
import numpy as np
import planted
import pytest

from nodeemb.cli.show import method_lines, mixture
from nodeemb.engine import feed_of
from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.roles.scheme import RoleScheme
from nodeemb.run import embed
from nodeemb.sampling.options import NoiseOptions
from nodeemb.training.batch import Aligned, Band, Part
from nodeemb.training.batches import batches

GRAPH = planted.small_digraph()
SMALL = {"roles.dim": 2, "training.epochs": 1}
TWO = {  # a scheme whose channels have each their own noise
    "name": "two",
    "roles": {"node": 2.0, "a": 1.0, "b": 1.0},
    "channels": {
        "near": {
            "terms": "node.node",
            "biases": "tied",
            "noise": {"uniform": 1.0, "per_pair": 2.0},
        },
        "way": {"terms": "a.b - b.a", "noise": {"reversed": 1.0, "per_pair": 1.0}},
        "link": {"terms": "a.b"},
    },
    "join": "probability",
}


def recipe_of(preset, **options):
    return load_recipe(
        preset, overrides={k.replace("__", "."): v for k, v in options.items()}
    )


def parts_of(graph, recipe) -> list[Part]:
    feed, _ = feed_of(graph, recipe, 0)
    return [part for parts in batches(feed, 0) for part in parts]


def listed(pairs: Band | Aligned) -> list[naive.Pair]:
    """Every (left, right, weight) of a part, place by place."""
    if isinstance(pairs, Aligned):
        columns = pairs.left.tolist(), pairs.right.tolist(), pairs.weight.tolist()
        return list(zip(*columns, strict=True))
    found, gaps = [], set(map(tuple, pairs.left_out.T.tolist()))
    for i, row in enumerate(pairs.rows):
        if i - pairs.start[i] >= pairs.limit:
            continue
        for j in range(pairs.start[i], pairs.stop[i]):
            if 0 < abs(j - i) <= len(pairs.after) and (i, j) not in gaps:
                law = pairs.after if j > i else pairs.before
                found.append((int(row), int(pairs.rows[j]), law[abs(j - i) - 1]))
    return found


def summed(pairs: list[naive.Pair]) -> dict[tuple[int, int], float]:
    """(left, right) -> weight, nodes with themselves left out."""
    total: Counter = Counter()
    for u, v, weight in pairs:
        if u != v:
            total[u, v] += weight
    return {ends: w for ends, w in total.items() if w}


# ---- reversed pairs -----------------------------------------------------------------

METHODS = {
    "edges": ("line2", {}),
    "weighted walks": ("app", {"sampler__walk_length": 8, "stencil__window": 3}),
    "whole horizon": (
        "app",
        {
            "sampler__walk_length": 8,
            "stencil__window": 3,
            "stencil__centres": "whole_horizon",
            "stencil__weights": "linear",
        },
    ),
    "contexts before": (
        "app",
        {
            "sampler__walk_length": 8,
            "stencil__window": 2,
            "stencil__sides": "before",
            "stencil__centres": "all",
        },
    ),
    "first of walks": (
        "app",
        {"sampler__walk_length": 5, "stencil": {"kind": "first", "weights": "inverse"}},
    ),
    "alternating": ("nerd", {}),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("share", [0.4, 1.0])
def test_every_pair_comes_the_other_way_round_but_for_true_edges(method, share):
    preset, options = METHODS[method]
    recipe = recipe_of(preset, noise__reversed=share, noise__per_pair=3.0, **options)
    parts = parts_of(GRAPH, recipe)
    forward = [p for part in parts if not part.reversed for p in listed(part.pairs)]
    back = [
        (v, u, weight)
        for part in parts
        if part.reversed
        for u, v, weight in listed(part.pairs)
    ]
    want = summed(naive.reversed_pairs(GRAPH, forward, 3.0 * share))
    assert summed(back) == pytest.approx(want, rel=1e-5)
    assert want, "no pair would be a poor test"
    edges = {(u, v) for u, v, _ in naive.arcs(GRAPH)}
    assert not edges & set(want)
    for part in parts:
        if part.reversed:
            assert part.noise_right.shape[1] == part.noise_left.shape[1] == 0
            label = part.pairs.label
            assert not (label if isinstance(part.pairs, Band) else label.any())
        else:
            drawn = part.noise_right.shape[1] + part.noise_left.shape[1]
            assert part.noise_weight * drawn == pytest.approx(3.0 * (1 - share))


def test_blocks_of_reversed_noise_are_the_blocks_of_their_pairs():
    """The loss is watched on every so many blocks: of both, the same ones."""
    recipe = recipe_of(
        "app",
        noise__reversed=0.5,
        sampler__walk_length=8,
        stencil__window=3,
        training__block_rows=20,
    )
    blocks = gaps = 0
    parts = parts_of(GRAPH, recipe)
    for part, back in zip(parts[::2], parts[1::2], strict=True):
        assert (part.reversed, back.reversed) == (False, True)
        assert np.array_equal(part.pairs.blocks, back.pairs.blocks)
        blocks += len(part.pairs.blocks) - 1
        gaps += back.pairs.left_out.shape[1]
        assert (np.diff(back.pairs.left_out[0]) >= 0).all()
    assert blocks > 10 and gaps > 10


def test_only_pairs_of_label_1_have_a_reverse():
    graph = planted.signed_digraph()
    recipe = recipe_of("line2", roles__scheme="four_signed", noise__reversed=0.5)
    parts = parts_of(graph, recipe)
    negative = {(1, 2), (3, 0)}
    for part in parts:
        if part.reversed:
            ends = {(u, v) for u, v, _ in listed(part.pairs)}
            assert (ends <= negative) if part.channel else not ends & negative
    assert {part.channel for part in parts if part.reversed} == {0, 1}


# ---- one mixture for each channel ---------------------------------------------------


def test_a_channel_has_its_own_noise_and_biases():
    recipe = recipe_of("line2", roles__scheme=TWO, roles__dim=4, roles__biases="free")
    near, way, link = recipe.noises()
    assert (near.per_pair, near.uniform, near.power) == (2, 1, 0.75)
    assert (way.node_pairs, way.reversed_pairs) == (0, 1)
    assert link == recipe.noise
    parts = parts_of(GRAPH, recipe)
    drawn = {0: set(), 1: set(), 2: set()}
    for part in parts:
        if part.reversed:
            assert part.channel == 1
            continue
        drawn[part.channel] |= set(part.noise_right.ravel().tolist())
        size = part.noise_right.shape[1]
        assert size == (0 if part.channel == 1 else recipe.noise.shared)
        expected = {0: 2.0, 1: 0.0, 2: 5.0}[part.channel]
        assert part.noise_weight * size == pytest.approx(expected)
    nodes = set(range(GRAPH.num_nodes))
    targets = {v for _, v, _ in naive.arcs(GRAPH)}
    assert drawn == {0: nodes, 1: set(), 2: targets}
    embedding = embed(GRAPH, recipe, options={"training.epochs": 1})
    biases = [r for r in embedding.layout.roles if "bias" in r]
    assert biases == [
        "bias:near",
        "source_bias:way",
        "target_bias:way",
        "source_bias:link",
        "target_bias:link",
    ]
    assert embedding.layout.symmetric == {"near"}


def test_channels_alike_share_their_laws():
    scheme = {**TWO, "channels": {**TWO["channels"], "more": {"terms": "b.a"}}}
    recipe = recipe_of(
        "line2", roles__scheme=scheme, roles__dim=4, roles__biases="free"
    )
    feed, _ = feed_of(GRAPH, recipe, 0)
    laws = {route.channel: dict(route.noise) for route in feed.routes if route.label}
    near, way, link, more = (laws[channel] for channel in range(4))
    assert link["right"] is more["right"] and near["right"] is not link["right"]
    assert way == {}


def test_a_shift_by_noise_knows_the_mixture():
    recipe = recipe_of("verse", noise__uniform=0.25, noise__power=1.0)
    _, shift = feed_of(GRAPH, recipe, 0)
    into = np.zeros(7)
    for _, v, w in naive.arcs(GRAPH):
        into[v] += w
    q = 0.75 * into / into.sum() + 0.25 / 7
    assert shift == pytest.approx(np.log(3 * q))


def test_words_for_a_mixture():
    assert mixture(NoiseOptions()) == "power 0.75"
    assert mixture(NoiseOptions(uniform=1.0)) == "uniform"
    some = NoiseOptions(uniform=0.125, reversed=0.5, power=1.0)
    assert mixture(some) == "37.5 % power 1, 12.5 % uniform, 50 % reversed"
    recipe = recipe_of("line2", roles__scheme=TWO, roles__dim=4, roles__biases="free")
    told = method_lines(recipe, {})[1]
    assert "5 noise a pair (side target, power 0.75)" in told
    assert "channel near: 2 noise a pair (uniform)" in told
    assert "channel way: 1 noise a pair (reversed)" in told and "link" not in told


# ---- what does not go ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "options", "message"),
    [
        ("line2", {"noise__uniform": 0.7, "noise__reversed": 0.4}, "1.1 of the noise"),
        ("line2", {"noise__reversed": 1.5}, "less than or equal to 1"),
        ("deepwalk", {"noise__reversed": 0.5}, "window on both sides"),
        (
            "app",
            {"noise__reversed": 0.5, "sampler__direction": "ignore"},
            "ignore directions",
        ),
        ("line1", {"noise__reversed": 0.5}, "the same score"),
        ("line1", {"noise__reversed": 0.5, "roles__biases": "tied"}, "the same score"),
        (
            "line2",
            {"noise__reversed": 0.5, "roles__scheme": "four_side"},
            "left contexts from right",
        ),
        (
            "app",
            {"noise__reversed": 0.5, "objective__shift": "noise"},
            "a pair and its reverse",
        ),
        (
            "app",
            {"noise__reversed": 1.0, "objective__shift": "noise"},
            "noise on the target side",
        ),
        (
            "line2",
            {
                "roles__scheme": TWO,
                "roles__biases": "free",
                "objective__shift": "noise",
            },
            "another noise for each channel",
        ),
        (
            "line2",
            {
                "roles__scheme": TWO,
                "objective__kind": "squared",
                "noise__per_pair": 0.0,
            },
            "noise only beside counts",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(preset, options, message):
    with pytest.raises(WrongUse, match=message):
        recipe_of(preset, **options)


def test_one_table_with_free_biases_may_have_reversed_noise():
    recipe = recipe_of("line1", noise__reversed=0.5, roles__biases="free")
    assert any(part.reversed for part in parts_of(GRAPH, recipe))


def test_a_graph_without_one_way_edges_is_refused():
    both = [(0, 1), (1, 0), (1, 2), (2, 1)]
    mutual = Graph.from_edges(*np.array(both).T, num_nodes=3)
    undirected = planted.small_undirected()
    for graph in (mutual, undirected):
        with pytest.raises(WrongUse, match="every edge of this graph has its reverse"):
            embed(graph, "line2", options={"noise.reversed": 0.5, **SMALL})
        embed(graph, "line2", options=SMALL)


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ({"noise": {"reverse": 1.0}}, "reverse is not an option"),
        ({"noise": {"uniform": -0.5}}, "greater than or equal to 0"),
        ({"noise": {"uniform": 0.6, "reversed": 0.6}}, "1.2 of the noise"),
        ({"noise": {}, "labels": {"pair": 0}}, "no pair trains it with label 1"),
        ({"biases": "some"}, "'none', 'tied' or 'free'"),
    ],
)
def test_a_faulty_channel_is_refused(channel, message):
    with pytest.raises(WrongUse, match=message):
        RoleScheme(
            name="mine", roles={"node": 1.0}, channels={"a": {"terms": "node.node", **channel}}
        )  # fmt: skip
