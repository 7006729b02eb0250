"""Where values come from: the same run as `prepare` makes, and the right origin for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodeemb.choices import config_text, read_config, read_settings
from nodeemb.config_check import check_file
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.options import faults
from nodeemb.provenance import explain
from nodeemb.recipe import Recipe, presets
from nodeemb.resources import resource_path
from nodeemb.runs import prepare

SHARED = """\
sampler: {kind: walks, walks_per_node: 3}
stencil: {kind: window, window: 2}
training: {epochs: 7}
run: {seed: 4, validation: 0.25, input: {name: e.tsv, header: false, undirected: true}}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a graph and a config in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NODEEMB_THREADS", raising=False)
    Path("e.tsv").write_text("".join(f"{i}\t{(i + 1) % 9}\n" for i in range(9)))
    Path("c.yaml").write_text(SHARED)


CASES = [
    ({}, {"name": "e.tsv"}, {}),
    ({}, {"name": "e.tsv", "undirected": True}, {"dim": 6}),
    ({"config": "c.yaml"}, {}, {"width": 10}),
    ({"config": "c.yaml", "preset": "line2"}, {"name": "e.tsv"}, {"dim": 3}),
    ({"config": "c.yaml"}, {"undirected": False}, {"options": {"roles.shares": {}}}),
    ({"preset": "app"}, {"name": "e.tsv"}, {"options": {"stencil.kind": "first"}}),
    (
        {"preset": "verse"},
        {"name": "e.tsv"},
        {"options": {"roles.width": 8, "roles.scheme": "sign_skew"}},
    ),
    (
        {"preset": "app"},
        {"name": "e.tsv"},
        {"options": {"roles.scheme": "learned_form"}},
    ),
]


@pytest.mark.parametrize(("files", "graph", "named"), CASES)
def test_it_is_the_run_that_embed_would_make(here, files, graph, named):
    config = read_config(files["config"]) if "config" in files else None
    preset = files.get("preset")
    given = {"seed": 11, "backend": None}
    explained = explain(graph, given, preset, config=config, **named)
    settings = read_settings(config, graph, given)
    job = prepare(settings, preset, config=config, out="never", **named)
    assert explained.recipe == job.recipe
    taken = job.settings.backend
    assert explained.settings == settings.model_copy(update={"backend": taken})
    shown = {value.name: value.value for value in explained.values}
    assert shown["training.epochs"] == job.recipe.training.epochs
    assert shown["run.seed"] == 11
    assert shown["roles.scheme"] == job.recipe.model_dump()["roles"]["scheme"]


def origins(*args, **more):
    """Dotted name -> origin."""
    found = explain(*args, **more).values
    assert len({value.name for value in found}) == len(found)
    return {value.name: value.origin for value in found}


def test_each_layer_by_hand(here):
    config = read_config("c.yaml")
    found = origins(
        {},
        {"seed": 1, "validation": None},
        "nerd",
        config=config,
        width=10,
        options={"noise.power": 0.5, "training.epochs": 2},
        threads=3,
    )
    named = {
        "name": "preset nerd",
        "sampler.kind": "file c.yaml",
        "sampler.walks_per_node": "file c.yaml",
        "sampler.walk_length": "default",  # nerd's belonged to another kind
        "stencil.window": "file c.yaml",
        "stencil.weights": "default",
        "roles.scheme": "preset nerd",
        "roles.width": "override --width",
        "roles.dim": "override --width",  # null, since one frees the other
        "noise.power": "override --set",
        "noise.per_pair": "preset nerd",
        "training.epochs": "override --set",
        "training.patience": "default",
        "run.seed": "override --seed",
        "run.validation": "file c.yaml",
        "run.input.name": "file c.yaml",
        "run.dtype": "default",
        "threads": "override --threads",
    }
    assert {name: found[name] for name in named} == named


def test_the_preset_that_nobody_named(here, monkeypatch):
    directed = origins({"name": "e.tsv"}, {})
    few = "preset calibrated, for directed graphs of at most 1,000,000 links"
    assert directed["factorise.kind"] == few
    assert directed["run.input.name"] == "override INPUT"
    assert directed["threads"] == "default"
    monkeypatch.setenv("NODEEMB_THREADS", "2")
    other = origins({"name": "ca-AstroPh"}, {})  # its card says what it is
    assert other["sampler.kind"] == "preset deepwalk, for undirected graphs"
    assert other["threads"] == "environment NODEEMB_THREADS"
    known = origins({"name": "cora_ml"}, {})
    assert known["factorise.kind"] == "preset calibrated, for directed graphs"
    many = origins({"name": "cit-Patents"}, {})
    assert many["sampler.kind"] == "preset nerd, for directed graphs"


def test_another_graph_begins_anew(here):
    Path("f.tsv").write_text("a,b\n")
    graph = {"name": "f.tsv", "delimiter": ","}
    found = origins(graph, {}, config=read_config("c.yaml"))
    assert found["run.input.header"] == found["run.input.undirected"] == "default"
    assert found["run.input.delimiter"] == "override --delimiter"
    kept = origins({"header": True}, {}, config=read_config("c.yaml"))
    assert kept["run.input.header"] == "override --header"
    assert kept["run.input.undirected"] == "file c.yaml"


def test_a_runs_own_config_says_everything(here):
    config = read_config("c.yaml")
    job = prepare(read_settings(config, {}, {}), config=config, out="never")
    Path("own.yaml").write_text(config_text(job.recipe, job.settings))
    found = origins({}, {}, config=read_config("own.yaml"))
    del found["threads"]
    assert set(found.values()) == {"file own.yaml"}
    with pytest.raises(WrongUse, match="holds every choice"):
        explain({}, {}, "nerd", config=read_config("own.yaml"))
    assert check_file("own.yaml").uses == ["embed --config own.yaml"]


def test_a_scheme_is_one_value(here):
    scheme = {"name": "mine", "roles": {"a": 1}, "channels": {"x": {"terms": "a.a"}}}
    found = explain({"name": "e.tsv"}, {}, options={"roles.scheme": scheme}).values
    (value,) = [v for v in found if v.name.startswith("roles.scheme")]
    assert value.origin == "override --set"
    assert value.value["name"] == "mine"


# ---- all faults at once -------------------------------------------------------------


def told(text, preset=None):
    Path("x.yaml").write_text(text)
    checked = check_file("x.yaml", preset)
    assert bool(checked.faults) != bool(checked.uses)
    return [str(fault) for fault in checked.faults]


def test_every_fault_is_told_at_once(here):
    found = told(
        "training: {epoch: 3, learning_rate: '1e-3'}\nnose: {}\nsampler: {kind: walk}\n"
        "roles: {dim: no}\nrun: {sed: 1, input: {header: maybe}}\n"
    )
    for part in (
        "epoch is not an option of training. Did you mean epochs?",
        "nose is not an option. Did you mean noise?",
        "training.learning_rate: ",
        'no kind "walk". Did you mean walks?',
        "roles.dim: ",
        "run: sed is not an option. Did you mean seed?",
        "run: input.header: ",
    ):
        assert sum(part in fault for fault in found) == 1, part
    assert len(found) == 7
    assert all(fault.startswith("x.yaml") for fault in found)


def test_a_rule_that_options_break_together_comes_once(here):
    (found,) = told("roles: {dim: 4, width: 8}\n")
    assert "either dim or width" in found


def test_a_fault_is_not_repeated_in_other_words(here):
    scheme = "{roles: {a: 1}, chanels: {}}"
    (found,) = told(f"roles: {{scheme: {scheme}}}\n")
    assert "chanels is not an option of roles.scheme. Did you mean channels?" in found


def test_what_fits_one_kind_of_graph_only(here):
    Path("w.yaml").write_text("stencil: {window: 3}\n")
    assert check_file("w.yaml").uses == [
        "embed --config w.yaml    for undirected graphs"
    ]
    assert check_file("w.yaml", "deepwalk").uses == [
        "embed --preset deepwalk --config w.yaml"
    ]
    assert told("stencil: {window: 3}\n", "nerd")


@pytest.mark.parametrize("name", presets())
def test_presets_are_valid(name):
    path = resource_path("configs", "presets", f"{name}.yaml")
    checked = check_file(path)
    assert checked.kind == "choices"
    assert f"embed --preset {path}" in checked.uses


def test_comparisons_and_schemes_are_known_by_their_keys(here):
    path = resource_path("configs", "comparisons", "roles.yaml")
    assert check_file(path) == ("comparison", [f"evaluate --config {path}"], [])
    scheme = "name: s\nroles: {a: 1}\nchannels: {x: {terms: a.a}}\n"
    Path("s.yaml").write_text(scheme)
    assert check_file("s.yaml").uses == ["embed --set roles.scheme=s.yaml"]
    assert "no role" in told(scheme.replace("a.a", "a.b"))[0]
    arms = "title: t\nname: n\nwidth: 8\narms:\n- {name: x, recipe: {nose: {}}}\n"
    found = told(arms + "- {name: y, recipe: {roles: {biases: many}}}\n")
    assert [fault[:8] for fault in found] == ['arm "x":', 'arm "y":']
    found = told(arms.replace("width: 8", "width: x") + "seeds: [a, 1, b]\n")
    parts = ("seeds.0: ", "seeds.2: ", "width: ")
    assert all(part in fault for part, fault in zip(parts, found, strict=True))


def test_a_file_that_is_no_yaml(here):
    with pytest.raises(DataRefused, match=r"x\.yaml: line"):
        told("a: [\n")
    with pytest.raises(DataRefused, match="cannot read"):
        check_file("gone.yaml")


def test_no_faults_where_nothing_is_wrong():
    assert faults(Recipe, {}, "x") == []
    data = {"training": {"epoch": 1}}
    assert len(faults(Recipe, data, "x")) == 1
    assert data == {"training": {"epoch": 1}}  # the data is left as it was
