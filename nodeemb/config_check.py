"""Check a YAML file of choices before anything runs: every fault at once.

A file may be choices for `embed` (laid over a preset, or a preset of its own), a comparison
for `evaluate`, or a role scheme; which of them it is meant to be is told by its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nodeemb.choices import Config, check_layers, read_config
from nodeemb.comparison import Comparison, arm_recipe
from nodeemb.defaults import default_preset, only_training
from nodeemb.errors import NodeembError
from nodeemb.options import faults, parse, read_yaml
from nodeemb.recipe import Recipe, laid_over, load_recipe
from nodeemb.roles.scheme import RoleScheme
from nodeemb.settings import Settings


class Checked(NamedTuple):
    """What a file is, how it can be used (nothing where it is faulty), and its faults."""

    kind: str
    uses: list[str]
    faults: list[NodeembError]


def check_file(path: str | Path, preset: str | Path | None = None) -> Checked:
    """Looks at a file of choices as the commands would read it.

    Args:
        path: the YAML file.
        preset: what its choices are laid over; None: what `embed` takes by itself.

    Raises:
        DataRefused: the file cannot be read, or is no YAML. WrongUse: no such preset, or a
            preset where none can be given.
    """
    data = read_yaml(path)
    kind = _kind(data)
    if kind == "comparison":
        found = _comparison_faults(data, str(path))
        return Checked(kind, [] if found else [f"evaluate --config {path}"], found)
    if kind == "role scheme":
        found = faults(RoleScheme, data, str(path))
        return Checked(
            kind, [] if found else [f"embed --set roles.scheme={path}"], found
        )
    return _check_choices(read_config(path), preset)


def _kind(data: Mapping[str, Any]) -> str:
    """What the file is meant to be: whose keys it has most of."""
    known = {
        "choices": {*Recipe.model_fields, "run"},
        "comparison": set(Comparison.model_fields),
        "role scheme": set(RoleScheme.model_fields),
    }
    return max(known, key=lambda kind: len(known[kind] & set(data)))


def _check_choices(config: Config, preset: str | Path | None) -> Checked:
    """Lays the choices over what they may be laid over, and keeps what fits best."""
    check_layers(preset, config)
    defaults = _defaults(config)
    bases = [preset] if preset else list(defaults)
    results = {
        str(base): faults(
            Recipe, laid_over(load_recipe(base), config.choices), config.where
        )
        for base in bases
    }
    if not preset and not config.run:
        results[""] = faults(Recipe, config.choices, config.where)
    found = min(results.values(), key=len)
    found += faults(Settings, config.run, f"{config.where}, run")
    fits = [not results.get(base, [True]) for base in (*defaults, "")]
    uses = [] if found else _uses(config.where, preset, fits)
    return Checked("choices", uses, found)


def _defaults(config: Config) -> tuple[str, str]:
    """What these choices are laid over for a directed graph, and for another."""
    trains = only_training(config.choices)
    return default_preset(True, trains=trains), default_preset(False)


def _uses(where: str, preset: str | Path | None, fits: list[bool]) -> list[str]:
    """How choices can be used: whether with the two defaults, and with no preset."""
    if preset:
        return [f"embed --preset {preset} --config {where}"]
    directed, undirected, alone = fits
    uses = []
    if directed or undirected:
        only = "" if undirected else "    for directed graphs"
        only = only if directed else "    for undirected graphs"
        uses.append(f"embed --config {where}{only}")
    return [*uses, f"embed --preset {where}"] if alone else uses


def _comparison_faults(data: Mapping[str, Any], where: str) -> list[NodeembError]:
    """Faults of the file; where it has none, those of its arms."""
    found = faults(Comparison, data, where)
    if found:
        return found
    comparison = parse(Comparison, dict(data), where)
    for arm in comparison.arms:
        try:
            arm_recipe(comparison, arm)
        except NodeembError as error:
            found.append(error)
    return found
