"""What a comparison holds: the arms, the hidden links, the seeds; read from YAML, strict.

Every arm has the same width, the same hidden links and the same seeds, and its recipe is
filled in as

    its preset <- the choices of all arms <- its own choices <- the width
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from nodeemb.choices import check_names, full_choices
from nodeemb.errors import WrongUse
from nodeemb.evaluation.protocols import protocol
from nodeemb.options import Options, parse, read_yaml
from nodeemb.recipe import Recipe, load_recipe, overridden
from nodeemb.resources import resource_path
from nodeemb.roles.scheme import RoleScheme
from nodeemb.roles.schemes import find_scheme
from nodeemb.settings import Input

PRESET_WIDTH = 128
_NAMING = {
    "name": "Name the arms in a file: --config",
    "roles.scheme": "Compare other schemes: --scheme",
    "roles.biases": "Compare other biases: --biases",
}


class Arm(Options):
    """One model of a comparison."""

    name: str = Field(min_length=1, description="what it is called in the report")
    preset: str | None = Field(
        default=None, description="the method it starts from; none: the defaults"
    )
    recipe: dict[str, Any] = Field(
        default={}, description="choices of this arm, laid over those of all arms"
    )


class Hidden(Options):
    """Which links are hidden, as in `split_edges`."""

    test: float = Field(
        default=0.5, gt=0, lt=1, description="share of the links hidden for the test"
    )
    validation: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the links hidden to choose each arm's best epoch",
    )
    reciprocal: str = Field(default="separate", description="rule for mutual links")
    connected: bool = Field(
        default=False, description="true: no part of the graph may fall off"
    )


class Comparison(Options):
    """Everything that decides a comparison's result."""

    name: str = Field(description="short name, for the folder")
    title: str = Field(description="the report's heading")
    notes: list[str] = Field(default=[], description="what a reader must know")
    input: Input = Field(default=Input(), description="the graph")
    protocol: str | None = Field(
        default=None,
        description="a published test, which says itself what is hidden and asked; "
        "see nodeemb protocols",
    )
    labels: str | None = Field(
        default=None,
        description="file of the nodes' classes, for the protocol nodes; none: the data "
        "set's own",
    )
    role: str | None = Field(
        default=None,
        description="vectors of which role or view, for the protocol nodes; none: all "
        "side by side",
    )
    split: Hidden = Field(default=Hidden(), description="the hidden links")
    negatives: list[str] | None = Field(
        default=None, description="kinds of test negatives; none: those of the graph"
    )
    seeds: list[int] = Field(
        default=[0], min_length=1, description="everything is repeated for each"
    )
    width: int = Field(
        ge=1, le=65_536, description="floats a node, the same for every arm"
    )
    recipe: dict[str, Any] = Field(default={}, description="choices of all arms")
    arms: list[Arm] = Field(min_length=1, description="the models")

    @model_validator(mode="after")
    def _check(self) -> Comparison:
        for what, values in (
            ("arm", [arm.name for arm in self.arms]),
            ("seed", self.seeds),
            ("kind of negatives", self.negatives or []),
        ):
            for value in values:
                if list(values).count(value) > 1:
                    raise WrongUse(f"the {what} {value} comes twice")
        self._check_protocol()
        return self

    def _check_protocol(self) -> None:
        asked = None if self.protocol is None else protocol(self.protocol).asks
        if asked != "labels" and (self.labels is not None or self.role is not None):
            raise WrongUse(
                "labels and a role of vectors are for the protocol nodes",
                next_step="--protocol nodes, or leave them out",
            )
        if self.protocol is None:
            return
        if self.negatives is not None or self.split != Hidden():
            raise WrongUse(
                f"the protocol {self.protocol} says which links are hidden and which "
                "negatives are asked for",
                next_step="Leave out the protocol, or the shares and the negatives",
            )


def load_comparison(path: str | Path | None = None) -> Comparison:
    """Reads a comparison; None: the one that comes with nodeemb.

    Raises:
        DataRefused: the file cannot be read.
        WrongUse: an unknown or wrong choice.
    """
    if path is None:
        path = resource_path("configs", "comparisons", "roles.yaml")
    return parse(Comparison, read_yaml(path), str(path))


def compare_presets(presets: Sequence[str]) -> Comparison:
    """A comparison of methods, each as its preset says but for the width."""
    arms = [Arm(name=Path(preset).stem, preset=preset) for preset in presets]
    names = ", ".join(arm.name for arm in arms)
    return parse(
        Comparison,
        {
            "name": "-".join(arm.name for arm in arms),
            "title": f"Do vectors tell links? {names}",
            "width": PRESET_WIDTH,
            "arms": [arm.model_dump() for arm in arms],
        },
        "presets",
    )


def with_changes(comparison: Comparison, changes: Mapping[str, Any]) -> Comparison:
    """The comparison with other values for some fields.

    Args:
        comparison: what to start from.
        changes: field -> value; None leaves a field alone. `split` and `input` may be
            given in part, but an input with another name begins anew.

    Raises:
        WrongUse: a value that cannot be.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    old = comparison.model_dump()
    for name in ("split", "input"):
        if name in given and "name" not in given[name]:
            given[name] = {**old[name], **given[name]}
    return parse(Comparison, {**old, **given}, "options")


def with_roles(
    comparison: Comparison, schemes: Sequence[str], biases: Sequence[str]
) -> Comparison:
    """The comparison with an arm for each method, scheme and kind of biases.

    Args:
        comparison: arms that differ in roles only are one method.
        schemes: names or paths; empty: those of the arms.
        biases: "none", "tied" or "free"; empty: those of the arms.
    """
    if not schemes and not biases:
        return comparison
    arms: dict[str, Arm] = {}
    for arm in comparison.arms:
        roles = arm_recipe(comparison, arm).roles
        own: list[str | RoleScheme] = [roles.scheme]
        for scheme in schemes or own:
            for kind in biases or [roles.biases]:
                choices = {**arm.recipe, "roles": {"scheme": scheme, "biases": kind}}
                name = _role_name(scheme, kind)
                if arm.preset is not None:
                    name = f"{arm.name}, {name}"
                arms[name] = Arm(name=name, preset=arm.preset, recipe=choices)
    return comparison.model_copy(update={"arms": list(arms.values())})


def arm_recipe(
    comparison: Comparison, arm: Arm, options: Mapping[str, Any] | None = None
) -> Recipe:
    """The recipe of one arm.

    Args:
        comparison: with the choices of all arms, and the width.
        arm: with its own.
        options: dotted names to values, laid over these.

    Raises:
        WrongUse: a choice that does not exist; the message names the arm.
    """
    check_names(options or {})
    for name in options or {}:
        if name in ("roles", "roles.width", "roles.dim"):
            raise WrongUse(
                f"{name} is not for one arm to say: all have the same width",
                next_step="Set the width of the comparison: --width",
            )
        if name in _NAMING:
            raise WrongUse(
                f"{name} is what tells the arms apart, and their names say it",
                next_step=_NAMING[name],
            )
    fixed = {"name": arm.name, "roles.width": comparison.width}
    layers = (arm.recipe, options or {}, fixed)
    return layered_recipe(
        arm.name, arm.preset, comparison.recipe, layers, comparison.width
    )


def layered_recipe(
    name: str,
    preset: str | None,
    common: Mapping[str, Any],
    layers: Sequence[Mapping[str, Any]],
    width: int,
) -> Recipe:
    """The recipe of an arm: its preset <- what all arms share <- layers of its own.

    Raises:
        WrongUse: a choice that does not exist, or roles that do not share out the width;
            the message names the arm.
    """
    try:
        recipe = load_recipe(preset, overrides=common)
        for layer in layers:
            recipe = overridden(recipe, layer)
        recipe.scheme().columns(width)
    except WrongUse as error:
        raise WrongUse(
            error.what,
            where=f'arm "{name}"',
            allowed=error.allowed,
            next_step=error.next_step,
        ) from None
    return recipe


def written_out(comparison: Comparison, recipes: Sequence[Recipe]) -> Comparison:
    """The comparison with every choice of every arm in it, and no preset to look up."""
    arms = []
    for recipe in recipes:
        choices = full_choices(recipe)
        arms.append(Arm(name=choices.pop("name"), recipe=choices))
    return comparison.model_copy(
        update={
            "arms": arms,
            "recipe": {},
            "input": comparison.input.absolute(),
            "labels": comparison.labels and str(Path(comparison.labels).resolve()),
        }
    )


def _role_name(scheme: str | RoleScheme, biases: str) -> str:
    found = find_scheme(scheme) if isinstance(scheme, str) else scheme
    told = scheme if isinstance(scheme, str) else scheme.name
    if all(channel.biases for channel in found.channels.values()):
        return f"{Path(told).stem}, its own biases"
    return f"{Path(told).stem}, {biases} biases".replace("none biases", "no biases")
