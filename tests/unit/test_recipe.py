"""Recipes: what wins over what, what goes together, and the presets that ship."""

from __future__ import annotations

import re

import pytest
import yaml

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.options import Options
from nodeemb.recipe import Recipe, load_recipe, overridden, preset_path, presets
from nodeemb.roles.schemes import SCHEMES

PRESETS = (
    "app", "ase", "calibrated", "deepwalk", "directed_netmf", "glove", "hope", "left_right", "line1",
    "line2",
    "nerd", "nerd_closed", "netmf", "node2vec", "nrp", "ppmi_svd", "rose", "sgns", "slf", "strap",
    "verse",
)  # fmt: skip
every_preset = pytest.mark.parametrize("preset", presets())


def with_options(preset="deepwalk", **options) -> Recipe:
    """A preset with options, whose dots are written as __ here."""
    names = {name.replace("__", "."): value for name, value in options.items()}
    return load_recipe(preset, overrides=names)


def refused(preset="deepwalk", **options) -> str:
    with pytest.raises(WrongUse) as caught:
        with_options(preset, **options)
    assert caught.value.exit_code == 2
    return str(caught.value)


def yaml_file(tmp_path, text: str):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# ---- what wins --------------------------------------------------------------------------


def test_defaults_then_preset_then_file_then_overrides(tmp_path):
    path = yaml_file(tmp_path, "training: {epochs: 7, learning_rate: 0.2}\n")
    assert Recipe().training.epochs == load_recipe().training.epochs == 1
    assert load_recipe("nerd").training.epochs == 10
    both = load_recipe("nerd", file=path)
    assert (both.training.epochs, both.training.learning_rate) == (7, 0.2)
    assert both.training.optimizer == "adagrad" and both.sampler.kind == "alternating"
    all_ = load_recipe("nerd", file=path, overrides={"training.epochs": 3})
    assert (all_.training.epochs, all_.training.learning_rate) == (3, 0.2)


def test_a_file_may_be_the_preset(tmp_path):
    path = yaml_file(tmp_path, "name: mine\nroles: {scheme: single, width: 6}\n")
    recipe = load_recipe(path)
    assert (recipe.name, recipe.width(), recipe.roles.dim) == ("mine", 6, None)
    assert preset_path(path) == path


def test_whole_groups_may_be_given():
    noise = {"per_pair": 2.0}
    recipe = load_recipe("nerd", overrides={"noise": noise, "noise.power": 0.5})
    assert (recipe.noise.per_pair, recipe.noise.power) == (2, 0.5)
    assert recipe.noise.side == "both", "what is not named stays"
    assert noise == {"per_pair": 2.0}, "what the user holds stays as it was"


def test_width_and_dim_free_each_other(tmp_path):
    assert with_options(roles__width=64).roles.model_dump(include={"dim", "width"}) == {
        "dim": None,
        "width": 64,
    }
    wide = yaml_file(tmp_path, "roles: {width: 64}\n")
    assert load_recipe("deepwalk", file=wide).width() == 64
    back = load_recipe("deepwalk", file=wide, overrides={"roles.dim": 5})
    assert (back.roles.dim, back.roles.width, back.width()) == (5, None, 10)
    assert load_recipe(overrides={"roles.width": 8}).width() == 8
    assert overridden(back, {"roles.width": 12}).width() == 12
    assert (
        overridden(overridden(back, {"roles.width": 12}), {"roles.dim": 3}).width() == 6
    )


def test_both_dim_and_width_or_neither_are_refused():
    assert "either dim or width" in refused(roles__dim=5, roles__width=10)
    assert "either dim or width" in refused(roles__dim=None)
    assert with_options(roles__dim=None, roles__width=10).width() == 10


def test_another_kind_starts_its_group_anew():
    assert with_options(sampler__kind="walks").sampler.walk_length == 80
    fresh = with_options("app", sampler__kind="second_order")
    assert fresh.sampler.direction == "ignore", (
        "app's own `follow` is gone with its kind"
    )
    assert fresh.sampler.walk_length == 80
    same = with_options("app", sampler__kind="walks", sampler__walks_per_node=3)
    assert (same.sampler.direction, same.sampler.walks_per_node) == ("follow", 3)


@pytest.mark.parametrize("turn", [1, -1])
def test_overrides_count_in_any_order(turn):
    options = {
        "sampler.kind": "second_order",
        "sampler.walk_length": 11,
        "stencil.window": 4,
        "stencil.kind": "window",
        "sampler.p": 2.0,
    }
    ordered = dict(list(options.items())[::turn])
    for recipe in (
        load_recipe("deepwalk", overrides=ordered),
        overridden(load_recipe("line2"), ordered),
    ):
        assert (recipe.sampler.walk_length, recipe.sampler.p) == (11, 2)
        assert recipe.stencil.window == 4


def test_a_kind_may_follow_options_of_a_group_without_one(tmp_path):
    path = yaml_file(tmp_path, "sampler: {walk_length: 12}\nstencil: {window: 3}\n")
    kinds = {"sampler.kind": "walks", "stencil.kind": "window"}
    recipe = load_recipe(path, overrides=kinds)
    assert (recipe.sampler.walk_length, recipe.stencil.window) == (12, 3)


def test_one_scheme_replaces_another_whole(tmp_path):
    text = (
        "roles:\n  scheme:\n    name: mine\n    roles: {x: 1, y: 1}\n"
        "    channels: {link: {terms: x.y}}\n  dim: 4\n"
    )
    mine = load_recipe(yaml_file(tmp_path, text))
    assert list(mine.scheme().roles) == ["x", "y"] and mine.width() == 8
    for scheme in ("single", SCHEMES["single"], SCHEMES["single"].model_dump()):
        other = overridden(mine, {"roles.scheme": scheme})
        assert other.scheme() == SCHEMES["single"] and other.width() == 4


def test_one_option_twice_is_refused():
    with pytest.raises(WrongUse, match="noise is given twice"):
        load_recipe(overrides={"noise.power": 0.5, "noise": {"power": 0.75}})
    with pytest.raises(WrongUse, match="both given"):
        load_recipe(overrides={"noise": 3, "noise.power": 0.5})
    with pytest.raises(WrongUse, match="given twice"):
        load_recipe(overrides={"noise": {"power": 0.75}, "noise.power": 0.5})


def test_overrides_leave_the_recipe_they_came_from():
    recipe = load_recipe("nerd")
    before = recipe.model_dump()
    other = overridden(recipe, {"noise.power": 0.25, "roles.shares": {"source": 0.5}})
    assert other.noise.power == 0.25 and recipe.model_dump() == before
    assert overridden(recipe, {}) == recipe


# ---- what is told -----------------------------------------------------------------------


def test_unknown_names_are_told_with_the_closest():
    assert "Did you mean epochs?" in refused(training__epoch=3)
    assert "Did you mean training?" in refused(trainin__epochs=3)
    with pytest.raises(WrongUse, match="Did you mean deepwalk"):
        load_recipe("deepwlk")
    assert "Did you mean source_target?" in refused(roles__scheme="source_targt")
    assert "Did you mean second_order?" in refused(sampler__kind="secondorder")
    message = refused(training__epochs=0)
    assert "deepwalk with overrides: training.epochs" in message
    assert "passes over the samples" in message


def test_an_option_without_its_group_is_found():
    assert "Did you mean training.epochs?" in refused(epochs=3)
    assert "Did you mean roles.dim?" in refused(dim=3)
    assert "Did you mean sampler.walk_length?" in refused(walk_lengths=3)


def test_a_file_that_is_missing_or_no_recipe_is_refused(tmp_path):
    with pytest.raises(DataRefused, match="No such file"):
        load_recipe(tmp_path / "none.yaml")
    with pytest.raises(WrongUse, match=r"mine\.yaml: .*not an option"):
        load_recipe("nerd", file=yaml_file(tmp_path, "epochs: 3\n"))
    with pytest.raises(DataRefused, match=r"none\.yaml"):
        with_options(roles__scheme=str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("preset", "options", "said"),
    [
        ("line2", {"sampler__kind": "walks"}, 'stencil "pair" does not go with'),
        ("nerd", {"stencil__kind": "window"}, 'stencil "window" does not go with'),
        ("deepwalk", {"stencil__kind": "pair"}, 'stencil "pair" does not go with'),
        (
            "deepwalk",
            {"stencil__window": 80},
            "window 80 does not fit into walks of 80",
        ),
        ("nerd", {"sampler__walk_length": 5}, "even number"),
        ("deepwalk", {"objective__kind": "squared"}, "noise only beside counts"),
        (
            "deepwalk",
            {"objective__shift": "noise", "noise__per_pair": 0.0},
            "needs noise",
        ),
        ("verse", {"noise__side": "source"}, "noise on the target side"),
        ("deepwalk", {"roles__scheme": "four_signed"}, "the sign of their edges"),
        ("nerd", {"roles__scheme": "four_side"}, "tells left from right"),
        ("deepwalk", {"roles__shares": {"sauce": 0.5}}, "Did you mean source?"),
        ("deepwalk", {"noise__power": 2.5}, "less than or equal to 2"),
        ("node2vec", {"sampler__p": 0.0}, "0.001 to 1000"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(preset, options, said):
    assert said in refused(preset, **options)


def test_no_noise_at_all_is_a_choice():
    options = {"objective__kind": "squared", "noise__per_pair": 0.0}
    assert with_options(**options).objective.kind == "squared"


# ---- the presets ------------------------------------------------------------------------


def test_the_presets_are_these():
    assert tuple(presets()) == PRESETS


@every_preset
def test_a_preset_says_where_it_comes_from_and_what_is_different(preset):
    recipe = load_recipe(preset)
    assert recipe.name == preset
    assert recipe.title and re.search(r"(19|20)\d\d$", recipe.paper)
    assert recipe.deviations, "nobody follows a paper in everything"
    assert recipe.popularity.split(":")[0] in ("kept", "removed")
    kept = recipe.noise.power == 0 or recipe.objective.target == "log_weight"
    if recipe.factorise is not None:
        kept = not hasattr(recipe.factorise, "shift")
    assert recipe.popularity.startswith("kept") == kept


@every_preset
def test_a_preset_makes_all_five_choices_itself(preset):
    """A reader sees the method in the file, without knowing the defaults."""
    data = yaml.safe_load(preset_path(preset).read_text(encoding="utf-8"))
    if "factorise" in data:
        assert not {"sampler", "stencil", "objective", "noise", "training"} & set(data)
        assert data["factorise"]["kind"] == preset
        assert {"scheme", "biases"} <= set(data["roles"])
        return
    for group in ("sampler", "stencil", "roles", "objective", "noise", "training"):
        assert data[group]
    assert {"scheme", "biases"} <= set(data["roles"])
    assert {"per_pair", "power", "side"} <= set(data["noise"])
    assert {"optimizer", "learning_rate", "epochs"} <= set(data["training"])


@every_preset
def test_a_recipe_survives_its_own_record(preset):
    recipe = load_recipe(preset, overrides={"roles.width": 48})
    record = yaml.safe_load(yaml.safe_dump(recipe.model_dump()))
    assert Recipe.model_validate(record) == recipe


def test_every_option_has_a_description():
    seen: set[type] = set()

    def look(model: type[Options]) -> None:
        for name, field in model.model_fields.items():
            parts = [field.annotation, *getattr(field.annotation, "__args__", ())]
            for part in parts:
                if (
                    isinstance(part, type)
                    and issubclass(part, Options)
                    and part not in seen
                ):
                    seen.add(part)
                    look(part)
            if name != "kind" or model.__name__ == "ObjectiveOptions":
                assert field.description, f"{model.__name__}.{name}"

    look(Recipe)
    assert len(seen) >= 10
