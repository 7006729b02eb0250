"""Factorisations as recipes: the same result as training gives, and nothing that it lacks."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import planted
import pytest

from nodeemb import forecast, pace
from nodeemb.errors import OutOfResources, WrongUse
from nodeemb.evaluation.split import split_edges
from nodeemb.factorise.options import options_of
from nodeemb.factorise.registry import KINDS, factorise
from nodeemb.factorised import begun_table
from nodeemb.forecast import Size, forecast_memory, graph_size
from nodeemb.graph.graph import Graph
from nodeemb.pace import forecast_seconds
from nodeemb.recipe import Recipe, load_recipe, overridden, presets
from nodeemb.run import embed
from nodeemb.training.options import TrainingOptions

BLOCKS = planted.block_model()
MADE = [p for p in presets() if load_recipe(p).factorise is not None]
every_preset = pytest.mark.parametrize("preset", MADE)


def test_every_kind_has_a_preset_and_can_begin_training():
    assert sorted(MADE) == sorted((*KINDS, "calibrated"))
    inits = TrainingOptions.model_fields["init"].annotation.__args__
    assert sorted(inits) == sorted(("random", *KINDS))
    for kind in KINDS:
        assert options_of(kind).kind == kind


@every_preset
def test_a_preset_gives_the_tables_of_its_method_and_a_record(preset, tmp_path):
    told = []
    embedding = embed(BLOCKS, preset, dim=6, threads=1, progress=told.append)
    assert embedding.dim == 6
    options = load_recipe(preset).factorise
    if embedding.scheme.name == "source_target":
        source, target = factorise(BLOCKS, options, 6)
        np.testing.assert_array_equal(embedding.vectors("source"), np.float32(source))
        np.testing.assert_array_equal(embedding.vectors("target"), np.float32(target))
    record = json.loads(json.dumps(embedding.manifest))
    assert record == embedding.manifest
    recipe = Recipe.model_validate(record["recipe"])
    whole = load_recipe(preset, overrides={"roles.dim": 6})
    assert recipe == whole.model_copy(update={"expected": []})
    assert record["training"]["state"] == "done"
    assert embedding.graph_hash == BLOCKS.digest()
    shares = [each.share for each in told]
    assert shares == sorted(shares) and shares[-1] == 1
    again = embed(BLOCKS, preset, dim=6, threads=2)
    assert again.table.tobytes() == embedding.table.tobytes()
    assert embed(BLOCKS, preset, dim=6, dtype="float64").table.dtype == np.float64


@every_preset
def test_what_only_training_has_is_refused(preset, tmp_path):
    split = split_edges(BLOCKS, validation=0.1)
    for more, word in (
        ({"backend": "torch"}, "backend"),
        ({"validation": split}, "validation"),
        ({"checkpoint": tmp_path / "c"}, "no state to keep"),
    ):
        with pytest.raises(WrongUse, match=word):
            embed(BLOCKS, preset, dim=4, **more)
    for name, value in (
        ("training.epochs", 5),
        ("training.init", "strap"),
        ("noise.per_pair", 3.0),
        ("sampler.kind", "walks"),
        ("objective.kind", "squared"),
        ("roles.biases", "free"),
        ("roles.nonnegative", True),
        ("roles.scheme", "sign_skew"),
        ("roles.scheme", "four_side"),
    ):
        with pytest.raises(WrongUse):
            load_recipe(preset, overrides={name: value})


def test_one_table_is_for_symmetric_matrices_alone():
    for scheme in ("single", "signature", "source_target"):
        assert load_recipe("netmf", overrides={"roles.scheme": scheme})
    with pytest.raises(WrongUse, match="source_target"):
        load_recipe("strap", overrides={"roles.scheme": "single"})


def test_a_trained_recipe_becomes_a_factorisation_only_as_a_whole():
    with pytest.raises(WrongUse, match="sampler is for training"):
        load_recipe("nerd", overrides={"factorise.kind": "hope"})
    recipe = Recipe(factorise=options_of("hope"))
    assert (
        embed(BLOCKS, recipe, dim=4).manifest["recipe"]["factorise"]["kind"] == "hope"
    )
    other = overridden(recipe, {"factorise.kind": "strap", "factorise.delta": 1e-3})
    assert other.factorise.delta == 1e-3
    with pytest.raises(WrongUse, match="delta is not an option"):
        load_recipe("hope", overrides={"factorise.delta": 1e-3})


def test_notes_tell_of_zeros_and_of_what_is_ignored():
    graph = planted.isolated_and_dangling()
    notes = " ".join(embed(graph, "strap", dim=20).manifest["notes"])
    assert "source vector of zeros" in notes and "columns are zero" in notes
    netmf = embed(planted.directed_ring(9), "netmf", dim=2).manifest["notes"]
    assert any("directions are ignored" in note for note in netmf)


# ---- memory and time ------------------------------------------------------------------


def crowd(weighted, nodes=4000):
    rows = np.random.default_rng(0).integers(0, nodes, (2, 5 * nodes))
    weight = [1.0 + i % 3 for i in range(5 * nodes)] if weighted else None
    return Graph.from_edges(*rows, weight=weight, num_nodes=nodes, duplicates="first")


@pytest.mark.parametrize("weighted", [False, True])
@every_preset
def test_never_more_memory_than_forecast(preset, weighted):
    """numpy tells tracemalloc of its arrays; what is allocated before is added. The bound
    on entries is what is forecast, so that less may be taken."""
    graph = crowd(weighted, 1500 if preset == "calibrated" else 4000)  # it takes long
    bounded = hasattr(load_recipe(preset).factorise, "entries")
    few = {"factorise.entries": 50} if bounded else {}
    if preset == "netmf":
        few["factorise.window"] = 3
    more = {"roles.dim": 32, "factorise.passes": 3, **few}
    recipe = load_recipe(preset, overrides=more)
    embed(crowd(weighted, 500), recipe)  # compiled
    arrays = [*graph.out, *graph.into, graph.weight]
    held = sum(array.nbytes for array in arrays if array is not None)
    vars(graph).pop("sources", None)
    tracemalloc.start()
    embed(graph, recipe)
    peak = tracemalloc.get_traced_memory()[1] + held
    tracemalloc.stop()
    memory = forecast_memory(graph_size(graph), recipe)
    assert 0.5 * memory.peak < peak < memory.peak


def test_what_does_not_fit_is_refused_before_it_is_taken(monkeypatch):
    monkeypatch.setattr(forecast, "memory_bytes", lambda: 2**20)
    with pytest.raises(OutOfResources, match="GiB"):
        embed(crowd(False), "strap")


@every_preset
def test_seconds_grow_with_the_graph(monkeypatch, preset):
    tiny = {kind: one._replace(sample=300) for kind, one in pace.GROWTH.items()}
    monkeypatch.setattr(pace, "GROWTH", tiny)
    recipe = load_recipe(preset, overrides={"roles.dim": 4})
    small = forecast_seconds(Size(10_000, 50_000), recipe, 1)
    large = forecast_seconds(Size(1_000_000, 5_000_000), recipe, 1)
    assert large > 20 * small


def test_every_factorisation_has_a_growth():
    assert {name.partition(",")[0] for name in pace.GROWTH} == set(MADE)


# ---- what training begins with ----------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_training_begins_with_links_that_score_two(kind):
    recipe = load_recipe("line2", overrides={"training.init": kind, "roles.dim": 8})
    table = np.zeros((BLOCKS.num_nodes, 16))
    begun_table(BLOCKS, recipe, table, 0, 1, None)
    source, target = table[:, :8], table[:, 8:]
    scores = (source[BLOCKS.sources] * target[BLOCKS.targets]).sum(axis=1)
    assert scores.mean() == pytest.approx(2)
    made = np.concatenate(factorise(BLOCKS, options_of(kind), 8), axis=1)
    ratio = table[made != 0] / made[made != 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_a_start_by_factorisation_is_kept_by_slow_training_and_random_noise_is_added():
    slow = {"training.learning_rate": 1e-9, "roles.dim": 8}
    begun = embed(BLOCKS, "line2", options={**slow, "training.init": "strap"})
    plain = embed(BLOCKS, "line2", options=slow)
    added = np.zeros_like(begun.table)
    recipe = load_recipe("line2", overrides={"training.init": "strap", "roles.dim": 8})
    begun_table(BLOCKS, recipe, added, 0, 1, None)
    np.testing.assert_allclose(begun.table - plain.table, added, atol=1e-5)


def test_a_start_needs_a_scheme_that_it_can_fill():
    with pytest.raises(WrongUse, match="strap cannot fill"):
        load_recipe("line1", overrides={"training.init": "strap"})
    assert load_recipe("line1", overrides={"training.init": "netmf"})
    with pytest.raises(WrongUse, match="cannot fill"):
        options = {"training.init": "netmf", "roles.scheme": "partial"}
        load_recipe("line2", overrides=options)
