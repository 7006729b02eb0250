"""One table and a learned core: trained by torch, kept and asked like any other scheme."""

from __future__ import annotations

import logging

import numpy as np
import planted
import pytest

import nodeemb as ne
from nodeemb.errors import Diverged, WrongUse
from nodeemb.options import parse
from nodeemb.recipe import load_recipe
from nodeemb.study import work
from nodeemb.study.options import Study
from nodeemb.study.results import load_results

GRAPH = planted.block_model()
CHOICES = {"roles.scheme": "learned_form", "roles.biases": "free", "roles.width": 6}
SHORT = {**CHOICES, "training.epochs": 3}


def trained(graph=GRAPH, preset="line2", **more):
    options = {**SHORT, **{n.replace("__", "."): v for n, v in more.items()}}
    return ne.embed(graph, preset, threads=1, options=options)


def all_scores(model):
    n = len(model)
    return model.score_rows(*np.divmod(np.arange(n * n), n)).reshape(n, n)


def core_of(model):
    """F, from the vectors and their images."""
    found, left, rank, _ = np.linalg.lstsq(
        model.vectors("node").astype(float), model.vectors("F.node"), rcond=None
    )
    assert rank == model.width and (left < 1e-8).all()
    return found.T


def test_who_names_no_backend_gets_torch_and_is_told(caplog):
    with caplog.at_level(logging.WARNING, "nodeemb"):
        model = trained()
    assert model.manifest["backend"] == "torch on cpu"
    note = next(n for n in model.manifest["notes"] if "core" in n)
    assert "36 numbers" in note and "beside 6 floats a node" in note
    assert "torch and reference" in note and note in caplog.text
    assert "width 6, trained with a core of 36 numbers, biases free" in repr(model)
    plain = ne.embed(GRAPH, "line2", options={**SHORT, "roles.scheme": "single"})
    assert plain.manifest["backend"] == "cpu" and "core" not in repr(plain)


def test_the_cpu_backend_is_refused_before_any_step():
    with pytest.raises(WrongUse, match="The backend torch"):
        ne.embed(GRAPH, "line2", options=SHORT, backend="cpu")


@pytest.mark.parametrize("preset", ["line2", "deepwalk", "app", "nerd", "sgns"])
def test_both_backends_agree_whatever_the_pairs(preset):
    graph = planted.suited(GRAPH, preset)
    few = {"training.epochs": 1}
    if preset in ("deepwalk", "app"):
        few |= {"sampler.walks_per_node": 1, "sampler.walk_length": 20}
    tables = [
        ne.embed(
            graph,
            preset,
            options=SHORT | few,
            backend=backend,
            dtype="float64",
            threads=1,
        ).table
        for backend in ("torch", "reference")
    ]
    np.testing.assert_allclose(tables[0], tables[1], atol=1e-9, rtol=0)
    assert np.abs(tables[0][:, :6]).max() > 0.1


def test_images_follow_from_one_core_and_scores_from_both():
    model = trained()
    core, x = core_of(model), model.vectors("node").astype(float)
    biases = [model.vectors(f"{side}_bias") for side in ("source", "target")]
    wanted = x @ core @ x.T + biases[0] + biases[1].T
    np.testing.assert_allclose(all_scores(model), wanted, atol=1e-4)
    assert np.abs(core - np.eye(6)).max() > 0.3, "it has learned"
    assert np.abs(core - core.T).max() > 0.1
    assert model.vectors().shape == (len(GRAPH.ids), 6)
    assert model.dim == model.width == 6
    assert model.table.base is None and model.table.shape == (len(GRAPH.ids), 14)
    np.testing.assert_array_equal(model.vectors("out"), model.vectors("F.node"))
    np.testing.assert_array_equal(model.vectors("in"), model.vectors("node"))


def test_the_same_seed_gives_the_same_result_on_any_number_of_threads():
    options = SHORT | {"roles.width": 64, "training.block_pairs": 512}
    one, two, other = (
        ne.embed(GRAPH, "nerd", options=options, seed=seed, threads=threads).table
        for seed, threads in ((1, 1), (1, 2), (2, 1))
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_what_is_saved_scores_and_finds_the_same(tmp_path):
    model = trained()
    again = ne.load(model.save(tmp_path / "run"))
    np.testing.assert_array_equal(all_scores(again), all_scores(model))
    node = model.ids[3]
    for role in ("source", "target"):
        assert again.most_similar(node, role) == model.most_similar(node, role)
    assert again.roles == model.roles and "F.node" in again.roles
    again.export(tmp_path / "images.npz", "npz", role="F.node")
    with np.load(tmp_path / "images.npz") as kept:
        np.testing.assert_array_equal(kept["vectors"], model.vectors("F.node"))


def test_vectors_may_be_kept_from_falling_below_zero_and_the_core_is_free():
    model = trained(roles__nonnegative=True, training__epochs=100)
    assert (model.vectors("node") >= 0).all() and (model.vectors("node") == 0).any()
    assert core_of(model).min() < -0.1


def test_a_run_that_diverges_gives_the_last_good_tables():
    wild = {"training.optimizer": "sgd", "training.learning_rate": 100.0}
    with pytest.raises(Diverged) as caught:
        trained(
            training__epochs=30, **{n.replace(".", "__"): v for n, v in wild.items()}
        )
    kept = caught.value.embedding
    assert np.isfinite(kept.table).all()
    assert kept.table.shape == (len(GRAPH.ids), 6 + 2 + 6)


def test_a_factorisation_cannot_fill_it():
    for wrong in ({"training.init": "hope"}, {"training.init": "netmf"}):
        with pytest.raises(WrongUse, match="cannot fill the tables of scheme learned"):
            load_recipe("line2", overrides={**CHOICES, **wrong})
    with pytest.raises(WrongUse, match="cannot fill the tables of scheme learned"):
        load_recipe("netmf", overrides={"roles.scheme": "learned_form"})


def test_it_is_an_arm_of_a_study(tmp_path, monkeypatch):
    """Its cells run without a backend being named, are forecast, and say what trained them."""
    monkeypatch.chdir(tmp_path)
    edges = zip(GRAPH.sources.tolist(), GRAPH.targets.tolist(), strict=True)
    (tmp_path / "graph.tsv").write_text("".join(f"{u}\t{v}\n" for u, v in edges))
    study = {
        "name": "small",
        "title": "Small",
        "datasets": ["graph.tsv"],
        "columns": ["auc"],
        "width": 8,
        "pairs_per_node": 30,
        "arms": [
            {"name": name, "recipe": {"roles": {"scheme": name, "biases": "free"}}}
            for name in ("source_target", "learned_form")
        ],
    }
    job = work.prepare(parse(Study, study, "study.yaml"), "out")
    told = work.forecast(job, 1)
    assert all(cell.training > 0 for cell in told.cells.values())
    work.carry_out(job, told, 1)
    cells = {cell["arm"]: cell for cell in load_results("out").cells.values()}
    assert [c["state"] for c in cells.values()] == ["done", "done"]
    pairs = {cell["training"]["pairs"] for cell in cells.values()}
    assert len(pairs) == 1 and pairs.pop() > 1000
    notes = cells["learned_form"]["training"]["notes"]
    assert any("learned core" in note for note in notes)
    assert 0.5 < cells["learned_form"]["test"]["auc"] <= 1
