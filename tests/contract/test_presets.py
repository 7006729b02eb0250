"""Every preset is a tested document: it loads, says where it is from, and does what it says."""

import numpy as np
import pytest

import nodeemb as ne
from nodeemb.corpus.word_graph import word_graph
from nodeemb.errors import DataRefused
from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.evaluation.words import evaluate_words
from nodeemb.expected import ExpectedLinks, ExpectedWords
from nodeemb.io.cards import read_dataset
from nodeemb.io.word_cards import read_word_set
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
WORDS = [
    preset
    for preset in presets()
    if any(isinstance(e, ExpectedWords) for e in load_recipe(preset).expected)
]


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


def on_links(preset):
    """The promises of a preset on links."""
    return [e for e in load_recipe(preset).expected if isinstance(e, ExpectedLinks)]


def material(promise):
    """What a promise on words is trained on, or a skip that names it."""
    try:
        corpus = ne.read_corpus([promise.corpus], tokens="words", lower=True)
        read_word_set(promise.words)
    except DataRefused as error:
        pytest.skip(f"{promise.corpus} or {promise.words} is not here: {error}")
    if promise.window is None:
        return corpus
    return word_graph(corpus, window=promise.window, weights="inverse")


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
        counts = recipe.objective.target == "log_weight"
        assert kept == (counts or recipe.noise.power == 0)
    else:  # a ratio to chance is without the popularity that is in the chance
        assert kept == (not hasattr(recipe.factorise, "shift"))
    assert recipe.expected, "results that can be checked"
    assert all(promise.text for promise in recipe.expected)


@pytest.mark.parametrize("preset", presets())
def test_a_preset_reaches_what_it_promises(preset):
    """The first of the three seeds that the promise is a mean of."""
    for name in {e.dataset for e in on_links(preset)}:
        promises = [e for e in on_links(preset) if e.dataset == name]
        got = results(name, preset, [e.negatives for e in promises], seed=0)
        for promise, value in zip(promises, got, strict=True):
            assert abs(value - promise.auc) <= promise.within, promise.negatives


@pytest.mark.slow
@pytest.mark.parametrize("preset", presets())
def test_the_promise_is_the_mean_of_three_seeds(preset):
    for name in {e.dataset for e in on_links(preset)}:
        promises = [e for e in on_links(preset) if e.dataset == name]
        kinds = [e.negatives for e in promises]
        got = np.mean([results(name, preset, kinds, seed) for seed in range(3)], axis=0)
        wanted = [promise.auc for promise in promises]
        np.testing.assert_allclose(got, wanted, atol=0.003)


@pytest.mark.slow
@pytest.mark.parametrize("preset", WORDS)
def test_words_are_put_in_order_as_promised(preset):
    """Each of three seeds, and their mean; a minute and a half a seed at most."""
    promises = load_recipe(preset).expected
    known = material(promises[0])
    assert {(e.corpus, e.window) for e in promises} == {
        (promises[0].corpus, promises[0].window)
    }
    got = []
    for seed in range(3):
        result = embed(known, preset, seed=seed)
        asked = [
            evaluate_words(result, [e.words], readout=e.readout, replicates=0)
            for e in promises
        ]
        got.append([report.rows[0].value for report in asked])
    wanted = np.array([e.spearman for e in promises])
    within = np.array([e.within for e in promises])
    assert (np.abs(np.array(got) - wanted) <= within).all()
    np.testing.assert_allclose(np.mean(got, axis=0), wanted, atol=0.006)
