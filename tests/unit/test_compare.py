"""Comparisons: equal width, seeds and links for every arm; the same numbers as by hand."""

import gc
import json
import weakref
from pathlib import Path

import pytest

import nodeemb as ne
from nodeemb import compare
from nodeemb.comparison import (
    Arm,
    Comparison,
    Hidden,
    arm_recipe,
    compare_presets,
    load_comparison,
    with_changes,
    with_roles,
)
from nodeemb.errors import Diverged, WrongUse
from nodeemb.evaluation.link_report import merge
from nodeemb.options import parse
from nodeemb.recipe import presets
from nodeemb.settings import Input

EDGES = [(i, (i + step) % 30) for i in range(30) for step in (1, 2, 7)]
QUICK = {"training.epochs": 2}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A small file in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("edges.tsv").write_text("".join(f"{u}\t{v}\n" for u, v in EDGES))
    return Input(name="edges.tsv")


def small(data, **fields):
    """Two arms of one method."""
    arms = [
        Arm(name="one", preset="line2", recipe={"roles": {"scheme": "single"}}),
        Arm(name="two", preset="line2", recipe={"roles": {"scheme": "source_target"}}),
    ]
    base = {"name": "small", "title": "Small", "width": 8, "arms": arms}
    return Comparison(
        **{**base, "input": data, "recipe": {"training": {"epochs": 2}}, **fields}
    )


# ---- the numbers ----------------------------------------------------------------------


def test_the_report_is_that_of_training_and_evaluating_by_hand(data):
    comparison = small(data, seeds=[3, 4], split=Hidden(test=0.4))
    done = compare.carry_out(compare.prepare(comparison), threads=1)
    reports = []
    for seed in (3, 4):
        split = ne.split_edges(data.read(), test=0.4, seed=seed)
        models = {
            name: ne.embed(
                split.train,
                "line2",
                width=8,
                seed=seed,
                options={"roles.scheme": scheme, **QUICK},
            )
            for name, scheme in (("one", "single"), ("two", "source_target"))
        }
        reports.append(ne.evaluate_links(models, split, seed=seed))
    by_hand = merge(reports)
    assert done.report.rows == by_hand.rows
    assert done.report.facts == by_hand.facts
    assert json.loads((done.folder / "report.json").read_text()) == json.loads(
        json.dumps(by_hand.as_dict())
    )


def test_one_embedding_is_in_memory_at_a_time(data, monkeypatch):
    alive = []
    real = compare.embed

    def watched(*args, **kwargs):
        gc.collect()
        assert [ref for ref in alive if ref() is not None] == []
        result = real(*args, **kwargs)
        alive.append(weakref.ref(result))
        return result

    monkeypatch.setattr(compare, "embed", watched)
    compare.carry_out(compare.prepare(small(data, seeds=[0, 1])))
    assert len(alive) == 4


def test_validation_links_choose_by_the_negatives_asked_for(data, monkeypatch):
    asked = []
    real = compare.embed

    def watched(graph, recipe, **choices):
        asked.append(
            (len(choices["validation"].validation), choices["validation_negatives"])
        )
        return real(graph, recipe, **choices)

    monkeypatch.setattr(compare, "embed", watched)
    split = Hidden(test=0.4, validation=0.1)
    comparison = small(data, split=split, negatives=["degree", "uniform"])
    done = compare.carry_out(compare.prepare(comparison))
    assert asked == [(9, ["degree", "uniform"])] * 2
    assert done.fits[0].training["epochs"][0]["validation"] is not None


# ---- the folder -----------------------------------------------------------------------


def test_the_config_is_the_whole_comparison(data):
    job = compare.prepare(small(data), {"noise.power": 0.5})
    done = compare.carry_out(job)
    again = compare.prepare(load_comparison(done.folder / "config.yaml"))
    bare = {"expected": []}  # what a preset promises is no choice
    assert [r.model_copy(update=bare) for r in job.recipes] == list(again.recipes)
    assert again.comparison == job.comparison
    assert again.comparison.input.name == str(Path("edges.tsv").resolve())
    assert all(arm.preset is None for arm in again.comparison.arms)
    assert {recipe.noise.power for recipe in again.recipes} == {0.5}


def test_metrics_and_manifest_know_every_fit(data):
    done = compare.carry_out(compare.prepare(small(data, seeds=[0, 5])))
    lines = [
        json.loads(x) for x in (done.folder / "metrics.jsonl").read_text().splitlines()
    ]
    fits = [(arm, seed) for seed in (0, 5) for arm in ("one", "two")]
    assert [(x["arm"], x["seed"]) for x in lines if x["number"] == 1] == fits
    manifest = json.loads((done.folder / "manifest.json").read_text())
    assert [(x["arm"], x["seed"]) for x in manifest["arms"]] == fits
    assert (manifest["kind"], manifest["state"]) == ("comparison", "done")
    assert manifest["graph_hash"] == data.read().digest()


def test_a_note_for_all_arms_stands_once(data):
    Path("edges.tsv").write_text("".join(f"{u}\t{v}\n" for u, v in EDGES) + "0\tend\n")
    arms = [Arm(name=name, preset="line2") for name in ("one", "two")]
    job = compare.prepare(small(data, notes=["Mind the gap."], arms=arms))
    page = (compare.carry_out(job).folder / "report.html").read_text()
    assert "Mind the gap." in page
    assert page.count("<li>All models: ") == 1
    assert "<li>one: " not in page
    # one table has no part that is never trained: its arm is not named in the note
    page = (
        compare.carry_out(compare.prepare(small(data))).folder / "report.html"
    ).read_text()
    assert "<li>two: " in page
    assert "<li>All models: " not in page


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize(
    "at", ["write_folder", "write_html", "write_json", "evaluate_links"]
)
def test_an_error_leaves_nothing(data, monkeypatch, error, at):
    job = compare.prepare(small(data), out="run")

    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(compare, at, fail)
    with pytest.raises(error):
        compare.carry_out(job)
    assert [path.name for path in Path().iterdir()] == ["edges.tsv"]


def test_a_diverging_arm_is_named(data):
    wild = {
        "objective": {"kind": "squared"},
        "noise": {"per_pair": 0},
        "training": {"optimizer": "sgd", "learning_rate": 100.0, "epochs": 200},
    }
    arms = [Arm(name="wild", preset="line2", recipe=wild)]
    job = compare.prepare(small(data, arms=arms, recipe={}))
    with pytest.raises(Diverged, match='arm "wild"'):
        compare.carry_out(job)


def test_progress_goes_from_start_to_end(data):
    seen = []
    compare.carry_out(compare.prepare(small(data, seeds=[0, 1])), progress=seen.append)
    shares = [now.share for now in seen]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.85 < shares[-1] <= 1
    assert {"seed 0: baselines", "seed 1: two, epoch 2/2"} <= {now.task for now in seen}


# ---- arms -----------------------------------------------------------------------------


def test_the_shipped_comparison_is_what_the_readme_promises():
    comparison = load_comparison()
    recipes = {arm.name: arm_recipe(comparison, arm) for arm in comparison.arms}
    schemes = [(r.scheme().name, r.roles.biases) for r in recipes.values()]
    assert schemes == [
        ("single", "tied"),
        ("single", "free"),
        ("signature", "tied"),
        ("signature", "free"),
        ("source_target", "free"),
        ("partial", "free"),
    ]
    for name, recipe in recipes.items():
        assert name == f"{recipe.scheme().name}, {recipe.roles.biases} biases"
        assert (recipe.sampler.kind, recipe.noise.power, recipe.width()) == (
            "edges",
            0,
            64,
        )
    others = [r.model_dump(exclude={"name", "roles"}) for r in recipes.values()]
    assert all(other == others[0] for other in others)
    assert (comparison.input, comparison.split.test) == (Input(), 0.5)


@pytest.mark.parametrize("preset", presets())
def test_presets_are_compared_at_one_width(preset):
    comparison = compare_presets([preset])
    recipe = arm_recipe(comparison, comparison.arms[0])
    assert (recipe.roles.width, recipe.roles.dim) == (128, None)
    assert recipe.name == preset


def test_schemes_and_biases_multiply_with_methods():
    comparison = with_roles(
        compare_presets(["line1", "nerd"]), ["single"], ["none", "free"]
    )
    recipes = [arm_recipe(comparison, arm) for arm in comparison.arms]
    assert [(r.name, r.sampler.kind, r.roles.biases) for r in recipes] == [
        ("line1, single, no biases", "edges", "none"),
        ("line1, single, free biases", "edges", "free"),
        ("nerd, single, no biases", "alternating", "none"),
        ("nerd, single, free biases", "alternating", "free"),
    ]


def test_arms_that_differ_in_roles_only_are_one_method():
    changed = with_roles(load_comparison(), ["sign_skew", "partial"], ["free"])
    assert [arm.name for arm in changed.arms] == [
        "sign_skew, free biases",
        "partial, free biases",
    ]
    assert with_roles(load_comparison(), [], []) == load_comparison()
    tied = with_roles(load_comparison(), [], ["tied"])
    assert len(tied.arms) == 4


def test_a_scheme_from_a_file_is_named_after_it(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: other\nroles: {a: 1, b: 1}\nchannels: {link: {terms: a.b}}\n"
    )
    changed = with_roles(compare_presets(["line2"]), [str(path)], [])
    assert [arm.name for arm in changed.arms] == ["line2, mine, no biases"]


def test_changes_may_be_given_in_part(data):
    base = small(data, split=Hidden(test=0.4, connected=True))
    changed = with_changes(
        base, {"split": {"validation": 0.1}, "input": {"weight": 2}, "seeds": None}
    )
    assert changed.split == Hidden(test=0.4, validation=0.1, connected=True)
    assert (changed.input.name, changed.input.weight) == ("edges.tsv", 2)
    again = with_changes(changed, {"input": {"name": "debian-depends"}})
    assert (again.input.name, again.input.weight) == ("debian-depends", None)


@pytest.mark.parametrize("name", ["roles.width", "roles.dim", "roles"])
def test_no_arm_may_have_another_width(data, name):
    with pytest.raises(WrongUse, match="all have the same width"):
        compare.prepare(small(data), {name: 3})


def test_an_arm_that_cannot_be_is_refused_before_the_graph_is_read(data):
    Path("edges.tsv").unlink()
    arms = [Arm(name="odd", preset="line2")]
    with pytest.raises(WrongUse, match='arm "odd": width 7'):
        compare.prepare(small(data, arms=arms, width=7))
    wrong = [Arm(name="typo", recipe={"training": {"epoch": 1}})]
    with pytest.raises(WrongUse, match=r'arm "typo".*Did you mean epochs'):
        compare.prepare(small(data, arms=wrong))


def test_signs_are_asked_for_before_any_training(data, monkeypatch):
    monkeypatch.setattr(compare, "embed", None)
    arms = [
        Arm(name="signs", preset="line2", recipe={"roles": {"scheme": "four_signed"}})
    ]
    with pytest.raises(WrongUse, match="needs signed edges"):
        compare.prepare(small(data, arms=arms))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seeds": [1, 1]}, "the seed 1 comes twice"),
        ({"negatives": ["uniform", "uniform"]}, "comes twice"),
        ({"arms": []}, "at least 1"),
        ({"seeds": []}, "at least 1"),
        ({"colour": 1}, "colour is not an option"),
        ({"split": {"tst": 0.5}}, "Did you mean test?"),
        ({"width": "8"}, "Remove the quotes"),
    ],
)
def test_a_comparison_is_read_strictly(data, change, told):
    with pytest.raises(WrongUse) as caught:
        parse(Comparison, {**small(data).model_dump(), **change}, "file")
    assert told in str(caught.value)
