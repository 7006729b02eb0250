"""Every preset is a tested document: it loads, says where it is from, and does what it says."""

import numpy as np
import pytest

from nodeemb.errors import DataRefused
from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.io.cards import read_dataset
from nodeemb.recipe import load_recipe, presets
from nodeemb.run import embed

TRAINED = {
    "deepwalk",
    "node2vec",
    "line1",
    "line2",
    "app",
    "verse",
    "nerd",
    "slf",
    "rose",
    "glove",
    "sgns",
    "left_right",
}
FACTORISED = {
    "calibrated", "hope", "netmf", "directed_netmf", "nerd_closed", "ase", "strap", "nrp",
    "ppmi_svd",
}  # fmt: skip


def dataset(name):
    """The graph of a card, or a skip that names it."""
    try:
        return read_dataset(name)
    except DataRefused as error:
        pytest.skip(f"data set {name} is not here: {error}")


def results(name, preset, kinds, seed):
    """AUC by kind of negatives, half of the links hidden."""
    graph = dataset(name)
    split = split_edges(graph, test=0.5, seed=seed)
    result = embed(split.train, preset, seed=seed)
    positive = result.score_rows(*split.test.T)
    _, sign = split.values(split.test)
    return [
        auc(positive[sign > 0], positive[sign < 0])
        if kind == "sign"
        else auc(
            positive,
            result.score_rows(*draw_negatives(kind, graph, split.test, seed).pairs.T),
        )
        for kind in kinds
    ]


def test_the_presets_are_those_of_the_documentation():
    assert set(presets()) == TRAINED | FACTORISED
    made = {name for name in presets() if load_recipe(name).factorise is not None}
    assert made == FACTORISED


@pytest.mark.parametrize("preset", presets())
def test_a_preset_says_what_it_is(preset):
    recipe = load_recipe(preset)
    assert recipe.name == preset
    assert recipe.title
    assert any(char.isdigit() for char in recipe.paper), "the paper's year"
    assert recipe.deviations
    assert recipe.popularity.startswith(("kept", "removed"))
    kept = recipe.popularity.startswith("kept")
    if recipe.factorise is None:
        assert kept == (recipe.noise.power == 0)
    else:  # a ratio to chance is without the popularity that is in the chance
        assert kept == (not hasattr(recipe.factorise, "shift"))
    words = preset in ("sgns", "left_right", "glove")
    assert recipe.expected or words, "results that can be checked"


@pytest.mark.parametrize("preset", presets())
def test_a_preset_reaches_what_it_promises(preset):
    """The first of the three seeds that the promise is a mean of."""
    for name in {e.dataset for e in load_recipe(preset).expected}:
        promises = [e for e in load_recipe(preset).expected if e.dataset == name]
        got = results(name, preset, [e.negatives for e in promises], seed=0)
        for promise, value in zip(promises, got, strict=True):
            assert abs(value - promise.auc) <= promise.within, promise.negatives


@pytest.mark.slow
@pytest.mark.parametrize("preset", presets())
def test_the_promise_is_the_mean_of_three_seeds(preset):
    for name in {e.dataset for e in load_recipe(preset).expected}:
        promises = [e for e in load_recipe(preset).expected if e.dataset == name]
        kinds = [e.negatives for e in promises]
        got = np.mean([results(name, preset, kinds, seed) for seed in range(3)], axis=0)
        wanted = [promise.auc for promise in promises]
        np.testing.assert_allclose(got, wanted, atol=0.003)
