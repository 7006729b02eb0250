"""Which preset is taken where none is named: the same by every door."""

import pytest

from nodeemb.choices import Config
from nodeemb.defaults import MOST_LINKS, default_preset, only_training
from nodeemb.graph.graph import Graph
from nodeemb.provenance import explain
from nodeemb.run import choose_recipe, embed
from nodeemb.runs import prepare
from nodeemb.settings import Input, Settings

ITS_OWN = {
    "nothing": {},
    "the width": {"roles.width": 16},
    "the width, in a group": {"roles": {"width": 16}},
    "the length": {"roles.dim": 16},
    "an option of its own": {"factorise.delta": 1e-4},
    "a title": {"title": "mine"},
}
TRAINED = {
    "epochs": {"training.epochs": 2},
    "epochs, in a group": {"training": {"epochs": 2}},
    "noise": {"noise.uniform": 0.5},
    "roles": {"roles.scheme": "partial"},
    "biases": {"roles": {"biases": "free", "width": 16}},
    "another matrix": {"factorise.kind": "strap", "roles.width": 16},
}


@pytest.mark.parametrize("layer", ITS_OWN.values(), ids=list(ITS_OWN))
def test_choices_that_calibrated_has(layer):
    assert not only_training({}, layer)


@pytest.mark.parametrize("layer", TRAINED.values(), ids=list(TRAINED))
def test_choices_that_it_has_not(layer):
    assert only_training({}, layer)


def test_by_direction_and_size():
    assert default_preset(False) == default_preset(False, 10**9, True) == "deepwalk"
    assert default_preset(True) == default_preset(True, MOST_LINKS) == "calibrated"
    assert default_preset(True, MOST_LINKS + 1) == "nerd"
    assert default_preset(True, 5, trains=True) == "nerd"


@pytest.mark.parametrize("layer", [*ITS_OWN.values(), *list(TRAINED.values())[:-1]])
def test_every_door_takes_the_same(tmp_path, layer):
    (tmp_path / "e.tsv").write_text("a b\nb c\nc d\nd a\na c\n")
    read = {"name": str(tmp_path / "e.tsv")}
    config = Config("mine.yaml", layer, {})
    settings = Settings(input=Input(**read))
    job = prepare(settings, config=config, out=tmp_path / "never")
    flat = all(not isinstance(value, dict) for value in layer.values())
    expected = "nerd" if only_training(layer) else "calibrated"
    assert job.recipe.name == expected
    assert explain(read, {}, config=config).recipe == job.recipe
    if flat:
        by_name = prepare(settings, options=layer, out=tmp_path / "never").recipe
        assert by_name == choose_recipe(job.graph, None, options=layer) == job.recipe


def test_validation_a_backend_and_a_checkpoint_are_for_training(tmp_path):
    (tmp_path / "e.tsv").write_text("a b\nb c\nc d\nd a\na c\n")
    read = {"name": str(tmp_path / "e.tsv")}
    for given in ({"validation": 0.2}, {"backend": "torch"}):
        job = prepare(Settings(input=Input(**read), **given), out=tmp_path / "never")
        assert job.recipe.name == "nerd"
        assert explain(read, given).recipe == job.recipe
    graph = Graph.from_edges(*zip(*[(0, 1), (1, 2), (2, 0), (2, 3)], strict=True))
    kept = embed(graph, checkpoint=tmp_path / "state", width=4)
    assert kept.manifest["recipe"]["name"] == "nerd"
    assert embed(graph, width=4).manifest["recipe"]["name"] == "calibrated"
