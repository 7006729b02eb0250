"""Where each value of a run comes from: the defaults, the preset, a file, or its own flag.

    defaults <- preset <- file <- what is given by name

The last one that names a value decides it. A group that changes its kind begins anew, so
what an earlier layer said of its other options is gone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nodeemb.choices import (
    Config,
    check_layers,
    check_names,
    read_settings,
    with_config,
)
from nodeemb.corpus.folder import is_corpus
from nodeemb.defaults import CORPUS, DIRECTED, MOST_LINKS, default_preset, only_training
from nodeemb.engine import backend_of, count_threads
from nodeemb.layers import given_by_name
from nodeemb.options import read_yaml
from nodeemb.recipe import Recipe, load_recipe, overridden, preset_path
from nodeemb.settings import Settings

DEFAULT = "default"
_ABOUT = {"title", "paper", "deviations", "popularity", "expected"}
_SIZES = {"roles.dim": "--dim", "roles.width": "--width"}
_INPUT = {"name": "INPUT"}


class Value(NamedTuple):
    """A value by its dotted name, and where it comes from."""

    name: str
    value: Any
    origin: str


class Explained(NamedTuple):
    """What a run would do, and why."""

    recipe: Recipe
    settings: Settings
    values: list[Value]


def explain(
    graph: Mapping[str, Any],
    given: Mapping[str, Any],
    preset: str | Path | None = None,
    *,
    config: Config | None = None,
    dim: int | None = None,
    width: int | None = None,
    options: Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> Explained:
    """The recipe and the settings that `embed` would follow, without reading the graph.

    Args:
        graph, given: as in `read_settings`.
        preset, config, dim, width, options, threads: as in `prepare` and `embed`.

    Raises:
        WrongUse: what `prepare` would refuse, apart from what is in the graph's file.
    """
    settings = read_settings(config, graph, given)
    asks = settings.backend not in (None, "cpu") or bool(settings.validation)
    trains = asks or only_training(config.choices if config else {}, options or {})
    chosen = (preset, "") if preset else _default(settings, trains)
    recipe, origins = _recipe(*chosen, config, dim, width, options)
    backend = settings.backend or backend_of(recipe)
    settings = settings.model_copy(update={"backend": backend})
    values = [
        Value(name, value, origins.get(name, DEFAULT))
        for name, value in _flat(recipe.model_dump(exclude=_ABOUT))
    ]
    run = _run_origins(config, graph, given)
    values += [
        Value(f"run.{name}", value, run.get(name, DEFAULT))
        for name, value in _flat(settings.model_dump())
    ]
    return Explained(recipe, settings, [*values, _threads(threads)])


def _default(settings: Settings, trains: bool) -> tuple[str, str]:
    """The preset of a run that names none, and what it is the default of."""
    if is_corpus(settings.input.name):
        return CORPUS, ", for corpora"
    card = settings.input.card
    directed = not settings.input.undirected if card is None else card.reading.directed
    links = None if card is None else card.counts.edges
    preset = default_preset(directed, links, trains)
    kind = "directed graphs" if directed else "undirected graphs"
    if preset == DIRECTED and links is None:
        return preset, f", for {kind} of at most {MOST_LINKS:,} links"
    if directed and trains:
        return preset, f", for {kind} where something is chosen that only training has"
    return preset, f", for {kind}"


def _recipe(
    preset: str | Path,
    why: str,
    config: Config | None,
    dim: int | None,
    width: int | None,
    options: Mapping[str, Any] | None,
) -> tuple[Recipe, dict[str, str]]:
    """The recipe, and where each of its values comes from that is no default."""
    check_names(options or {})
    check_layers(None if why else preset, config)
    origins: dict[str, str] = {}
    recipe = load_recipe(preset)
    layer = read_yaml(preset_path(preset))
    _lay(origins, Recipe(), recipe, layer, f"preset {preset}{why}")
    if config is not None:
        before, recipe = recipe, with_config(recipe, config)
        _lay(origins, before, recipe, config.choices, f"file {config.where}")
    given = given_by_name(dim, width, options)
    flags = {n: f for n, f in _SIZES.items() if n in given and n not in (options or {})}
    before, recipe = recipe, overridden(recipe, given)
    _lay(origins, before, recipe, given, "override --set", flags)
    return recipe, origins


def _lay(
    origins: dict[str, str],
    before: Recipe,
    after: Recipe,
    layer: Mapping[str, Any],
    origin: str,
    flags: Mapping[str, str] | None = None,
) -> None:
    """Notes what a layer decided: what it names, and what it set free.

    Args:
        origins: dotted name -> origin; changed in place.
        before, after: the recipe without and with the layer.
        layer: the choices as they were given.
        origin: what to call it, but for the names in
        flags: dotted name -> the flag that gave it.
    """
    for group in ("sampler", "stencil", "objective", "factorise"):
        old, new = getattr(before, group), getattr(after, group)
        if getattr(old, "kind", None) != getattr(new, "kind", None):
            for name in [n for n in origins if n.startswith(f"{group}.")]:
                del origins[name]
    named = dict.fromkeys((name for name, _ in _flat(layer)), origin)
    for name, flag in (flags or {}).items():
        named[name] = f"override {flag}"
    origins.update(named)
    for name, other in (("dim", "width"), ("width", "dim")):
        # one of the two frees the other, which then is null by this layer
        freed = getattr(before.roles, other) != getattr(after.roles, other)
        if freed and f"roles.{name}" in named and f"roles.{other}" not in named:
            origins[f"roles.{other}"] = named[f"roles.{name}"]


def _run_origins(
    config: Config | None, graph: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, str]:
    """As `read_settings` lays them: where each setting comes from that is no default."""
    origins: dict[str, str] = {}
    if config is not None:
        block = {
            k: v for k, v in config.run.items() if k != "input" or "name" not in graph
        }
        origins = dict.fromkeys((n for n, _ in _flat(block)), f"file {config.where}")
    for name in graph:
        origins[f"input.{name}"] = f"override {_INPUT.get(name, f'--{name}')}"
    for name, value in given.items():
        if value is not None:
            origins[name] = f"override --{name}"
    return origins


def _threads(threads: int | None) -> Value:
    """How many threads; they change the time and not the result."""
    origin = DEFAULT
    if threads is not None:
        origin = "override --threads"
    elif "NODEEMB_THREADS" in os.environ:
        origin = "environment NODEEMB_THREADS"
    return Value("threads", count_threads(threads), origin)


def _flat(group: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """(dotted name, value) of every leaf; a scheme is one value."""
    leaves: list[tuple[str, Any]] = []
    for key, value in group.items():
        name = before + key
        if isinstance(value, Mapping) and value and name != "roles.scheme":
            leaves += _flat(value, f"{name}.")
        else:
            leaves.append((name, value))
    return leaves
