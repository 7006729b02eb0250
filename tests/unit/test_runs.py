"""Run folders: complete, repeatable, never half written, never overwritten."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

import nodeemb as ne
from nodeemb import choices, runs
from nodeemb.errors import Diverged, WrongUse
from nodeemb.options import parse_yaml
from nodeemb.recipe import Recipe, load_recipe, presets
from nodeemb.role_table import role_rows
from nodeemb.roles.schemes import SCHEMES
from nodeemb.settings import Input, Settings

EDGES = [(i, (i + step) % 20) for i in range(20) for step in (1, 2, 5)]
QUICK = {"training.epochs": 2}


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Settings for a small file in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("edges.tsv").write_text("".join(f"{u}\t{v}\n" for u, v in EDGES))
    return Settings(input=Input(name="edges.tsv"))


def job_of(settings, preset="line2", **choices):
    options = {**QUICK, **choices.pop("options", {})}
    return runs.prepare(settings, preset, width=4, options=options, **choices)


def manifest_of(folder):
    return json.loads(Path(folder, "manifest.json").read_text())


# ---- what is in a folder ------------------------------------------------------------


def test_the_manifest_says_what_was_done(settings):
    job = job_of(settings)
    done = runs.carry_out(job, threads=1)
    manifest = manifest_of(done.folder)
    config = (done.folder / "config.yaml").read_bytes()
    assert manifest["state"] == "done"
    assert manifest["message"] == ""
    assert manifest["config_hash"] == hashlib.sha256(config).hexdigest()[:16]
    assert manifest["graph_hash"] == manifest["trained_on_hash"] == job.graph.digest()
    assert (manifest["preset"], manifest["seed"], manifest["threads"]) == (
        "line2",
        0,
        1,
    )
    assert manifest["training"]["pairs"] == 2 * len(EDGES)
    assert manifest["environment"]["nodeemb"] == ne.__version__
    assert manifest["peak_memory_mb"] > 10
    assert set(manifest["seconds"]) == {"reading", "training"}


def test_metrics_are_a_line_an_epoch(settings):
    done = runs.carry_out(job_of(settings))
    lines = [
        json.loads(x) for x in (done.folder / "metrics.jsonl").read_text().splitlines()
    ]
    assert [line["number"] for line in lines] == [1, 2]
    assert set(lines[0]) == {"number", "pairs", "loss", "seconds", "validation"}
    assert lines == done.embedding.manifest["training"]["epochs"]


def test_the_graph_report_is_the_graph_s(settings):
    job = job_of(settings)
    done = runs.carry_out(job)
    found = json.loads((done.folder / "graph-report.json").read_text())
    assert found == job.graph.report.as_dict()


@pytest.mark.parametrize("preset", presets())
def test_a_config_holds_every_choice_and_repeats_the_recipe(settings, preset):
    recipe = load_recipe(preset)
    text = choices.config_text(recipe, settings)
    written = parse_yaml(text, "config")
    assert set(written) == (set(Recipe.model_fields) - {"expected"}) | {"run"}
    Path("config.yaml").write_text(text)
    config = choices.read_config("config.yaml")
    again = runs.prepare(settings, config=config).recipe
    assert again.model_copy(update={"expected": []}) == recipe.model_copy(
        update={"expected": []}
    )
    with pytest.raises(WrongUse, match="Leave the preset out"):
        runs.prepare(settings, preset, config=config)
    assert choices.read_settings(config, {}, {}) == settings


def test_a_scheme_of_one_s_own_is_written_into_the_config(settings):
    Path("mine.yaml").write_text(
        "name: mine\nroles: {a: 1, b: 1}\nchannels: {link: {terms: a.b}}\n"
    )
    options = {"roles.scheme": "mine.yaml", "roles.shares": {"a": 0.5}}
    first = runs.carry_out(job_of(settings, options=options))
    Path("mine.yaml").unlink()
    config = choices.read_config(first.folder / "config.yaml")
    again = runs.carry_out(runs.prepare(settings, config=config))
    assert again.embedding.scheme == first.embedding.scheme
    assert np.array_equal(again.embedding.table, first.embedding.table)


# ---- folders ------------------------------------------------------------------------


def test_the_default_name_says_when_what_and_which(settings):
    first = runs.carry_out(job_of(settings)).folder
    assert re.fullmatch(r"runs/\d{4}-\d\d-\d\d-line2-[0-9a-f]{4}", str(first))
    assert runs.carry_out(job_of(settings)).folder == Path(f"{first}-2")
    other = job_of(settings.model_copy(update={"seed": 1})).folder
    assert other.name[:-4] == first.name[:-4]
    assert other != first


def test_a_name_that_is_no_file_name_is_made_one(settings):
    folder = runs.default_folder("../my method/1", "", settings.input.read())
    assert folder.parent == Path("runs")
    assert re.fullmatch(r"[\d-]{10}-my-method-1-[0-9a-f]{4}", folder.name)


def test_an_existing_folder_is_refused_before_the_graph_is_read(settings):
    Path("run").mkdir()
    Path("edges.tsv").unlink()
    with pytest.raises(WrongUse, match="run exists"):
        job_of(settings, out="run")


def test_a_folder_that_appears_meanwhile_is_not_touched(settings):
    job = job_of(settings, out="run")
    Path("run").mkdir()
    Path("run/mine").write_text("precious")
    with pytest.raises(WrongUse, match="run exists"):
        runs.carry_out(job)
    assert [path.name for path in Path("run").iterdir()] == ["mine"]
    left = ["edges.tsv", "run", "run.checkpoint"]
    assert sorted(path.name for path in Path().iterdir()) == left


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
@pytest.mark.parametrize("at", ["write_files", "write_folder", "write_json"])
def test_an_error_while_writing_leaves_the_checkpoint(settings, monkeypatch, error, at):
    job = job_of(settings, out="run")

    def fail(*_args, **_kwargs):
        raise error

    with monkeypatch.context() as patch, pytest.raises(error):
        patch.setattr(runs, at, fail)
        runs.carry_out(job)
    left = ["edges.tsv", "run.checkpoint"]
    assert sorted(path.name for path in Path().iterdir()) == left
    runs.carry_out(runs.resume("run.checkpoint"))
    assert sorted(path.name for path in Path().iterdir()) == ["edges.tsv", "run"]


def test_a_diverged_run_keeps_the_last_good_vectors(settings):
    wild = {
        "objective.kind": "squared",
        "noise.per_pair": 0,
        "training.optimizer": "sgd",
        "training.learning_rate": 100.0,
        "training.epochs": 200,
    }
    job = job_of(settings, options=wild, out="run")
    with pytest.raises(Diverged, match="They are saved in run"):
        runs.carry_out(job)
    manifest = manifest_of("run")
    assert manifest["state"] == "failed"
    assert "non-finite" in manifest["message"]
    loaded = ne.load("run")
    assert np.isfinite(loaded.table).all()
    assert list(loaded.ids) == list(job.graph.ids)


# ---- settings and choices -------------------------------------------------------------


def test_what_is_given_wins_over_the_config(settings):
    run = {"seed": 5, "backend": "reference", "input": {"name": "a", "weight": 2}}
    config = choices.Config("x.yaml", {}, run)
    plain = choices.read_settings(config, {}, {"seed": None})
    assert (plain.seed, plain.backend, plain.input.weight) == (5, "reference", 2)
    seeded = choices.read_settings(config, {"undirected": True}, {"seed": 6})
    assert (seeded.seed, seeded.input.name, seeded.input.weight) == (6, "a", 2)
    assert seeded.input.undirected
    other = choices.read_settings(config, {"name": "b"}, {})
    assert (other.input.name, other.input.weight) == ("b", None)


def test_choices_come_in_order_preset_config_options(settings):
    config = choices.Config(
        "x.yaml",
        {"training": {"epochs": 7, "learning_rate": 0.5}, "noise": {"power": 1.0}},
        {},
    )
    recipe = runs.prepare(
        settings, "line2", config=config, dim=3, options={"training.epochs": 9}
    ).recipe
    assert (recipe.training.epochs, recipe.training.learning_rate) == (9, 0.5)
    assert (recipe.noise.power, recipe.noise.side) == (1.0, "target")
    assert (recipe.roles.dim, recipe.roles.width) == (3, None)


def test_without_a_preset_it_is_what_embed_takes(settings):
    assert runs.prepare(settings).recipe.name == "calibrated"
    undirected = Settings(input=settings.input.model_copy(update={"undirected": True}))
    assert runs.prepare(undirected).recipe.name == "deepwalk"


def test_a_wrong_choice_names_its_file(settings):
    config = choices.Config("mine.yaml", {"training": {"epoch": 1}}, {})
    with pytest.raises(
        WrongUse, match=r"mine.yaml: epoch is not .* Did you mean epochs"
    ):
        runs.prepare(settings, "line2", config=config)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("epochs", "training.epochs"), ("walk_lenght", ""), ("powr", "noise.power")],
)
def test_a_name_without_its_group_is_told_the_whole(name, meant):
    with pytest.raises(WrongUse, match=f'no option "{name}"') as caught:
        choices.check_names({name: 1})
    assert (f"Did you mean {meant}?" in str(caught.value)) == bool(meant)


def test_a_data_set_and_a_file(settings):
    assert settings.input.card is None
    assert settings.input.absolute().name == str(Path("edges.tsv").resolve())
    known = Input()
    assert known.card.name == known.absolute().name == "debian-depends"
    with pytest.raises(WrongUse, match="source, header cannot be given"):
        _ = Input(source=0, header=True).card
    with pytest.raises(WrongUse, match='no column "from"'):
        Input(name="edges.tsv", source="from").read()


# ---- validation -----------------------------------------------------------------------


def test_validation_links_are_hidden_and_told(settings):
    checked = settings.model_copy(update={"validation": 0.2})
    job = job_of(checked, options={"training.epochs": 6}, out="run")
    done = runs.carry_out(job)
    hidden = {tuple(pair) for pair in job.split.validation.tolist()}
    assert len(hidden) == 12
    assert job.training_graph.num_edges == len(EDGES) - 12
    assert not job.training_graph.has_edges(*job.split.validation.T).any()
    manifest = manifest_of("run")
    assert manifest["trained_on_hash"] == job.training_graph.digest()
    assert manifest["graph_hash"] == job.graph.digest()
    assert "12 of 60 links were hidden" in manifest["notes"][-1]
    assert manifest["notes"] == done.notes
    lines = [json.loads(x) for x in Path("run/metrics.jsonl").read_text().splitlines()]
    scores = [line["validation"] for line in lines]
    assert manifest["training"]["best_epoch"] == 1 + int(np.argmax(scores))


# ---- the table of roles ---------------------------------------------------------------


def brute_force(scheme, pairs):
    """Role -> nodes that had it, from (left, right, kind) pairs one by one."""
    had = {role: set() for role in scheme.roles}
    for left, right, kind in pairs:
        for channel in scheme.channels.values():
            if kind in channel.labels:
                for term in channel.parsed():
                    had[term.left].add(left)
                    had[term.right.removeprefix("F.")].add(right)
    return {role: len(nodes) for role, nodes in had.items()}


def pairs_of(scheme, edges, signs):
    for (u, v), sign in zip(edges, signs, strict=True):
        if scheme.kind_of == "sign":
            yield u, v, "+" if sign > 0 else "-"
        elif scheme.kind_of == "side":
            yield u, v, "right"
            yield v, u, "left"
        else:
            yield u, v, "pair"


@pytest.mark.parametrize("name", SCHEMES)
def test_roles_count_the_nodes_that_had_them(name):
    edges = [(0, 1), (0, 2), (0, 5), (3, 1), (4, 4), (6, 0)]  # 4 sources, 5 targets
    signs = [1, -1, -1, 1, 1, 1]
    graph = ne.Graph.from_edges(*zip(*edges, strict=True), sign=signs, num_nodes=9)
    choices = {"roles.scheme": name, "roles.width": 8, **QUICK}
    if not SCHEMES[name].roles:
        choices["roles.biases"] = "free"
    embedding = ne.embed(graph, "line2", options=choices)
    expected = brute_force(SCHEMES[name], pairs_of(SCHEMES[name], edges, signs))
    rows = role_rows(embedding, graph)
    assert {row.role: row.trained for row in rows} == expected
    for row in rows:
        vectors = embedding.vectors(row.role)
        assert row.columns == vectors.shape[1]
        assert row.norm == pytest.approx(np.mean([np.linalg.norm(v) for v in vectors]))


def test_walks_that_ignore_direction_train_both_roles_everywhere():
    graph = ne.Graph.from_edges([0, 0], [1, 2], num_nodes=4)
    choices = {
        "sampler.walks_per_node": 1,
        "sampler.walk_length": 11,
        "roles.dim": 2,
        **QUICK,
    }
    embedding = ne.embed(graph, "deepwalk", options=choices)
    assert [row.trained for row in role_rows(embedding, graph)] == [3, 3]
