"""`nodeemb presets`: the methods that come with nodeemb, and all choices of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nodeemb.cli import show

if TYPE_CHECKING:
    from nodeemb.recipe import Recipe


def presets(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A preset, or a YAML file of one."),
    ] = None,
) -> None:
    """List the presets, or show one with its paper and all its choices."""
    from nodeemb.recipe import load_recipe
    from nodeemb.recipe import presets as names

    if name is None:
        recipes = [load_recipe(each) for each in names()]
        show.table(
            ["preset", "pairs from", "roles", "noise", "what it is"],
            [[r.name, _pairs(r), r.scheme().name, _noise(r), r.title] for r in recipes],
        )
        show.say("\nMore of one: nodeemb presets NAME")
        return
    _show_one(load_recipe(name))


def _pairs(recipe: Recipe) -> str:
    return recipe.sampler.kind if recipe.factorise is None else "a matrix"


def _noise(recipe: Recipe) -> str:
    noise = recipe.noise
    if recipe.factorise is not None:
        return "none"
    if noise.unlinked and not noise.per_pair:
        return f"{noise.side}, no links"
    return f"{noise.side}, {show.mixture(noise)}"


def _show_one(recipe: Recipe) -> None:
    from nodeemb.choices import dump_yaml, full_choices

    choices = full_choices(recipe)
    about = {key: choices.pop(key) for key in ("name", "title", "paper", "popularity")}
    show.result(f"{about['name']}: {about['title']}\n\nPaper: {about['paper']}")
    show.result(f"\nPopularity: {about['popularity']}")
    deviations = choices.pop("deviations")
    example = "training.epochs=5"
    if recipe.factorise is not None:
        choices = {key: choices[key] for key in ("roles", "factorise")}
        example = "factorise.passes=500"
    if deviations:
        show.result("\nDeviations:")
        for told in deviations:
            show.result(f"- {told}")
    if recipe.expected:
        show.result("\nExpected, the mean over three seeds:")
    for found in recipe.expected:
        show.result(f"- {found.text}")
    show.result(
        f"\nChoices (--set NAME=VALUE, such as {example}):\n{dump_yaml(choices)}"
    )
