"""What is chosen for a run: files of choices, single choices by name, and how they are laid
over each other: defaults <- preset <- file <- what is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from nodeemb.errors import WrongUse, did_you_mean
from nodeemb.layers import given_by_name, leaf_names
from nodeemb.options import parse, read_yaml
from nodeemb.recipe import Recipe, load_recipe, overridden
from nodeemb.settings import Settings


class Config(NamedTuple):
    """A configuration file: choices for the recipe, and the block `run` if it has one."""

    where: str
    choices: dict[str, Any]
    run: dict[str, Any]


def read_config(path: str | Path) -> Config:
    """Reads a file of choices; a run's own config.yaml is one.

    Raises:
        DataRefused: the file cannot be read.
        WrongUse: the block `run` is no mapping.
    """
    choices = read_yaml(path)
    run = choices.pop("run", None) or {}
    if not isinstance(run, dict):
        raise WrongUse("run holds no keys and values", where=str(path))
    return Config(str(path), choices, run)


def recipe_of(
    default: str,
    preset: str | Path | None,
    *,
    config: Config | None,
    dim: int | None,
    width: int | None,
    options: Mapping[str, Any] | None,
) -> Recipe:
    """The recipe of a run; `default` where no preset is named. Args, Raises: as `prepare`."""
    check_names(options or {})
    check_layers(preset, config)
    recipe = load_recipe(default if preset is None else preset)
    if config is not None:
        recipe = with_config(recipe, config)
    overrides = given_by_name(dim, width, options)
    return overridden(recipe, overrides) if overrides else recipe


def check_layers(preset: str | Path | None, config: Config | None) -> None:
    """Refuses a preset under a config that leaves no choice open: a run's own."""
    whole = {"sampler", "stencil", "roles", "objective", "noise", "training"}
    if preset is not None and config is not None and whole <= set(config.choices):
        raise WrongUse(
            f"{config.where} holds every choice, so a preset would say nothing",
            next_step="Leave the preset out, or change single choices with --set",
        )


def check_names(options: Mapping[str, Any]) -> None:
    """Refuses dotted names whose group does not exist, naming the full one.

    Raises:
        WrongUse: such as "epochs" where "training.epochs" is meant.
    """
    for name in options:
        if name.split(".")[0] not in Recipe.model_fields:
            known = {n.split(".")[-1]: n for n in leaf_names(Recipe().model_dump())}
            close = did_you_mean(name.split(".")[-1], known)
            for last, full in known.items():
                close = close.replace(f" {last}?", f" {full}?")
            raise WrongUse(
                f'no option "{name}". {close}'.strip(),
                allowed=f"Groups: {', '.join(Recipe.model_fields)}",
                next_step="See: nodeemb presets NAME",
            )


def full_choices(recipe: Recipe) -> dict[str, Any]:
    """Every choice of a recipe written out, expected results apart."""
    choices = recipe.model_dump(exclude={"expected"})
    # a path to a scheme would name another scheme once that file changes
    if str(recipe.roles.scheme).endswith((".yaml", ".yml")):
        choices["roles"].update(scheme=recipe.scheme().model_dump(), shares={})
    return choices


def config_text(recipe: Recipe, settings: Settings) -> str:
    """config.yaml: the recipe with every choice written out, and the block `run`."""
    head = "# Every choice of this run. Again: nodeemb embed --config THIS_FILE\n"
    return head + dump_yaml({**full_choices(recipe), "run": settings.model_dump()})


def dump_yaml(data: Mapping[str, Any]) -> str:
    """Plain YAML, keys in the order given."""
    return yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=88)


def read_settings(
    config: Config | None, graph: Mapping[str, Any], given: Mapping[str, Any]
) -> Settings:
    """The block `run` of a config, and over it what was given.

    Args:
        config: None for the defaults.
        graph: fields of Input; another name begins anew, without the old reading options.
        given: other fields of Settings; None leaves a field alone.

    Raises:
        WrongUse: an unknown key or a value out of range.
    """
    block = {} if config is None else dict(config.run)
    where = "options" if config is None else f"{config.where}, run"
    old = block.get("input", {})
    if graph and isinstance(old, dict):
        block["input"] = dict(graph) if "name" in graph else {**old, **graph}
    chosen = {name: value for name, value in given.items() if value is not None}
    return parse(Settings, {**block, **chosen}, where)


def with_config(recipe: Recipe, config: Config) -> Recipe:
    """The choices of a config laid over a recipe. Errors as `load_recipe`."""
    try:
        return overridden(recipe, config.choices)
    except WrongUse as error:
        raise WrongUse(
            error.what,
            where=config.where,
            allowed=error.allowed,
            next_step=error.next_step,
        ) from None
