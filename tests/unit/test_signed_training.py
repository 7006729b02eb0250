"""Training on signed graphs: nonnegative tables, pairs without a link, p0, signs on walks."""

from __future__ import annotations

from itertools import product

import naive
import numpy as np
import pytest

from nodeemb.cli.show import method_lines
from nodeemb.engine import feed_of, layout_of, make_backend
from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.rng import integers, stream_key, units
from nodeemb.roles.schemes import SCHEMES
from nodeemb.run import embed
from nodeemb.sampling.registry import plan
from nodeemb.sampling.signs import path_signs
from nodeemb.training.batches import batches
from nodeemb.training.tables import Tables, new_tables

SMALL = {"roles.dim": 3, "training.epochs": 1, "training.block_pairs": 16}


def signed_graph(nodes: int = 30, edges: int = 150) -> Graph:
    sources = integers(stream_key(0, "signed source"), 0, edges, nodes)
    others = integers(stream_key(0, "signed target"), 0, edges, nodes - 1)
    targets = others + (others >= sources)
    sign = np.where((sources + 2 * targets) % 3 == 0, -1, 1)
    return Graph.from_edges(
        sources, targets, sign=sign, num_nodes=nodes, duplicates="first"
    )


GRAPH = signed_graph()
SIGN = dict(
    zip(
        zip(GRAPH.sources.tolist(), GRAPH.targets.tolist(), strict=True),
        GRAPH.sign.tolist(),
        strict=True,
    )
)


def recipe_of(preset="slf", **options):
    chosen = {k.replace("__", "."): v for k, v in options.items()}
    return load_recipe(preset, overrides={**SMALL, **chosen})


def parts_of(recipe, seed=0):
    feed, _ = feed_of(GRAPH, recipe, seed)
    return [part for parts in batches(feed, 0) for part in parts]


# ---- nonnegative ----------------------------------------------------------------------


def stepped(backend: str, recipe, dtype="float64", threads=1):
    """The table after three large steps that would take much below 0."""
    layout = layout_of(recipe)
    tables = new_tables(GRAPH.num_nodes, layout, 0, dtype)
    size = tables.table.shape
    tables.table[:] = units(stream_key(0, "t"), 0, size[0] * size[1]).reshape(size) / 5
    feed, shift = feed_of(GRAPH, recipe, 0)
    own = Tables(tables.table.copy(), tables.squares.copy())
    engine = make_backend(backend, own, layout, recipe, shift, threads, "cpu")
    for parts in list(batches(feed, 0))[:3]:
        engine.step(parts, 0.2)
    return engine.tables.table, layout.width


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", ["adagrad", "sgd"])
@pytest.mark.parametrize("biases", ["none", "free"])
def test_projection_is_the_same_in_every_backend(biases, optimizer, dtype):
    recipe = recipe_of(
        roles__biases=biases, training__optimizer=optimizer, objective__shift=0.0
    )
    want, width = stepped("reference", recipe, dtype)
    assert (want[:, :width] == 0).mean() > 0.02, "nothing was put back to 0"
    assert (want[:, :width] >= 0).all()
    for backend, threads in (("cpu", 1), ("cpu", 2), ("torch", 1)):
        got, _ = stepped(backend, recipe, dtype, threads)
        tolerance = 1e-10 if dtype == "float64" else 1e-4
        np.testing.assert_allclose(got, want, atol=tolerance)


def test_only_roles_are_kept_from_falling_below_zero():
    free, width = stepped("cpu", recipe_of(roles__biases="free", objective__shift=0.0))
    assert (free[:, width:] < 0).any()
    assert (free[:, :width] >= 0).all()
    unbound, _ = stepped(
        "cpu", recipe_of(roles__nonnegative=False, objective__shift=0.0)
    )
    assert (unbound < 0).any()


def test_a_nonnegative_embedding_starts_and_ends_so():
    layout = layout_of(recipe_of())
    start = new_tables(50, layout, 0, nonnegative=True).table
    assert start.min() >= 0 and start.max() <= 1 / 3 and start.std() > 0.05
    assert embed(GRAPH, recipe_of()).table.min() >= 0
    assert embed(GRAPH, recipe_of(roles__nonnegative=False)).table.min() < 0


# ---- pairs without a link ---------------------------------------------------------------


@pytest.mark.parametrize("side", ["target", "source", "both"])
@pytest.mark.parametrize("power", [0.0, 0.75])
def test_pairs_without_a_link_are_those_of_the_twin(side, power):
    recipe = recipe_of(noise__side=side, noise__power=power, noise__unlinked=3)
    feed, _ = feed_of(GRAPH, recipe, 5)
    laws = [
        (law.prob.tolist(), law.jump.tolist())
        for law in (feed.unlinked.left, feed.unlinked.right)
    ]
    for number, parts in enumerate(batches(feed, 0)):
        first = number * feed.per_batch
        count = min(feed.per_batch, feed.plan.count - first)
        drawn = naive.as_pairs(feed.plan.draw(0, first, count))
        stream = naive.key(5, "unlinked", 0, number)
        want = naive.unlinked_pairs(GRAPH, drawn, 3, side, *laws, stream)
        for channel in (0, 1):
            own = [p for p in parts if p.channel == channel]
            got = [
                pair
                for part in own
                for pair in naive.as_pairs(part.pairs)
                if pair[:2] not in SIGN or pair[2] == 0
            ]
            assert got == want
            assert all(p.pairs.label[0] == 0 for p in own[2:])


def test_a_pair_without_a_link_is_never_an_edge():
    """So every edge comes once for each channel, and nothing else is one."""
    found = [
        pair
        for part in parts_of(recipe_of(noise__unlinked=8, noise__power=1.0))
        for pair in naive.as_pairs(part.pairs)
    ]
    assert len(found) == 2 * 9 * GRAPH.num_arcs
    edges = [(u, v) for u, v, weight in found if (u, v) in SIGN and weight]
    assert sorted(edges) == sorted([*SIGN, *SIGN])
    assert all(u != v for u, v, weight in found if weight)


def test_what_is_said_of_a_method_tells_its_pairs_without_a_link():
    said = method_lines(recipe_of(), {})[1]
    assert "5 pairs without a link a pair (side both)" in said
    assert "no noise" in method_lines(recipe_of(noise__unlinked=0), {})[1]


def test_where_every_pair_is_a_link_none_is_made_up():
    full = [(u, v) for u, v in product(range(4), repeat=2) if u != v]
    graph = Graph.from_edges(
        [u for u, _ in full],
        [v for _, v in full],
        sign=[1 if u < v else -1 for u, v in full],
    )
    feed, _ = feed_of(graph, recipe_of(), 0)
    weights = [
        part.pairs.weight
        for parts in batches(feed, 0)
        for part in parts
        if len(part.pairs.weight) and part.pairs.label[0] == 0
    ]
    assert sum(w.sum() for w in weights) == len(full)  # the edges of the other sign


@pytest.mark.parametrize(
    ("preset", "options", "said"),
    [
        ("line2", {"noise__unlinked": 2}, "no channel"),
        ("slf", {"roles__scheme": "source_target_signed"}, "no channel"),
        ("deepwalk", {"roles__scheme": "four_signed"}, "the sign of their edges"),
    ],
)
def test_what_has_no_pairs_without_a_link_refuses_them(preset, options, said):
    with pytest.raises(WrongUse, match=said):
        recipe_of(preset, **options)


def test_p0_is_the_probability_of_a_pair_that_nothing_is_known_of():
    """The loss is -sum e log f + (1 - e) log(1 - f) with SLF's f and its targets."""
    recipe = recipe_of()
    p0 = 0.001
    assert recipe.objective.shift == pytest.approx(np.log(p0 / (1 - p0)), abs=1e-4)
    layout = layout_of(recipe)
    tables = new_tables(GRAPH.num_nodes, layout, 0, "float64", nonnegative=True)
    tables.table[:] *= 6
    feed, shift = feed_of(GRAPH, recipe, 0)
    engine = make_backend("cpu", tables, layout, recipe, shift, 1, "cpu")
    parts = next(batches(feed, 0))
    want = 0.0
    for part in parts:
        sign = "+-"[part.channel]
        giver, receiver = (
            tables.table[:, slice(*layout.roles[f"{role}{sign}"])]
            for role in ("giver", "receiver")
        )
        for u, v, weight in naive.as_pairs(part.pairs):
            x = np.exp(giver[u] @ receiver[v])
            f = p0 * x / (1 + p0 * (x - 1))
            e = SIGN.get((u, v), 0) == (1 if sign == "+" else -1)
            want -= weight * np.log(f if e else 1 - f)
    got = engine.step(parts, 0.0, loss_every=1)
    assert got.total == pytest.approx(want, rel=1e-4)


# ---- signs on walks -----------------------------------------------------------------------


def test_signs_on_walks_are_those_of_the_twin():
    made = plan(GRAPH, recipe_of("rose", sampler__walk_length=6).sampler, 3)
    drawn = made.draw(0, 0, 40)
    got = path_signs(drawn, GRAPH.out, GRAPH.sign)
    for walk, codes in zip(naive.as_walks(drawn), got.tolist(), strict=True):
        assert [1 - 2 * code for code in codes] == naive.path_signs(GRAPH, walk)
    assert 0.1 < got.mean() < 0.9


def test_pairs_of_rose_have_the_product_of_the_signs_between_them():
    recipe = recipe_of("rose", sampler__walk_length=6, noise__unlinked=1)
    feed, _ = feed_of(GRAPH, recipe, 0)
    for number, parts in enumerate(batches(feed, 0)):
        walks = naive.as_walks(
            feed.plan.draw(
                0,
                number * feed.per_batch,
                min(feed.per_batch, feed.plan.count - number * feed.per_batch),
            )
        )
        for part in parts:
            code = 1 if part.channel < 2 else -1
            if part.pairs.label[0] != 1:
                continue
            want = []
            for nodes, side in walks:
                signs = naive.path_signs(GRAPH, (nodes, side))
                ends = [(nodes[0], nodes[k]) for k in (1, 3, 5) if signs[k] == code]
                want += [pair if side == 0 else pair[::-1] for pair in ends]
            assert [pair[:2] for pair in naive.as_pairs(part.pairs)] == want


def test_the_double_cover_is_the_union_of_links_and_signs():
    """Its spectrum is that of |A| and of signed A, so a linear rose is their two models."""
    a = GRAPH.to_scipy().toarray()
    positive, negative = np.maximum(a, 0), np.maximum(-a, 0)
    cover = np.block([[positive, negative], [negative, positive]])
    both = np.concatenate([np.linalg.svd(m)[1] for m in (np.abs(a), a)])
    np.testing.assert_allclose(np.linalg.svd(cover)[1], np.sort(both)[::-1], atol=1e-9)


def test_the_exact_control_has_the_columns_of_four_roles():
    for name in ("four_signed", "double_cover", "link_and_sign"):
        assert set(SCHEMES[name].columns(64).values()) == {16}
    assert SCHEMES["link_and_sign"].channels["sign"].labels == {"+": 1, "-": 0}
    assert SCHEMES["link_and_sign"].channels["link"].labels["none"] == 0
