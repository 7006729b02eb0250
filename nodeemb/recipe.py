"""A recipe: the five choices that make an embedding method, and how they are filled in.

    sequences (sampler) x stencil x roles x objective x noise,  and how long to train

A preset is a YAML file of such choices with its paper, its deviations and its expected
results. Values come from the defaults, then the preset, then a file, then overrides; the
last one wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from nodeemb.errors import WrongUse, unknown_name
from nodeemb.expected import Expected
from nodeemb.factorise.forms import check_scheme
from nodeemb.factorise.options import Factorise, options_of
from nodeemb.layers import lay_over, nested
from nodeemb.options import Options, parse, read_yaml
from nodeemb.resources import list_resources, resource_path
from nodeemb.roles.layout import lay_out
from nodeemb.roles.scheme import RoleScheme
from nodeemb.roles.schemes import find_scheme
from nodeemb.sampling.options import (
    EdgeOptions,
    NoiseOptions,
    PairStencil,
    Sampler,
    Stencil,
    check_stencil,
)
from nodeemb.training.options import ObjectiveOptions, RoleOptions, TrainingOptions

# the groups that decide how pairs are trained
TRAINER = ("sampler", "stencil", "objective", "noise", "training")


class Recipe(Options):
    """Everything that decides an embedding, the graph and the seed apart."""

    name: str = Field(default="custom", description="short name")
    title: str = Field(default="", description="what it is, in a line")
    paper: str = Field(default="", description="authors, title, place, year")
    deviations: list[str] = Field(
        default=[],
        description="where this differs from the paper or its published code",
    )
    popularity: str = Field(
        default="", description="whether scores keep how popular nodes are, and why"
    )
    sampler: Sampler = Field(
        default=EdgeOptions(), description="where sequences come from"
    )
    stencil: Stencil = Field(
        default=PairStencil(), description="which pairs of a sequence train"
    )
    roles: RoleOptions = Field(
        default=RoleOptions(), description="tables and their size"
    )
    objective: ObjectiveOptions = Field(
        default=ObjectiveOptions(), description="the loss"
    )
    noise: NoiseOptions = Field(
        default=NoiseOptions(),
        description="random nodes and reversed pairs to tell apart",
    )
    training: TrainingOptions = Field(
        default=TrainingOptions(), description="how long, how fast"
    )
    factorise: Factorise | None = Field(
        default=None,
        description="a matrix of the graph to factorise in place of training; sampler, "
        "stencil, objective, noise and training then have no meaning",
    )
    expected: list[Expected] = Field(
        default=[], description="results that a test checks"
    )

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        check_stencil(self.sampler.kind, self.stencil, _longest(self.sampler))
        if self.sampler.kind == "alternating" and self.sampler.walk_length % 2:
            raise WrongUse(
                f"alternating walks of {self.sampler.walk_length} nodes",
                allowed="An even number",
            )
        if (self.roles.dim is None) == (self.roles.width is None):
            raise WrongUse("roles need either dim or width, and one of them null")
        scheme = self.scheme()
        if not scheme.roles:
            self._check_biases(scheme)
        self._check_factorise(scheme)
        self._check_noise()
        self._check_reversed(scheme)
        if scheme.kind_of == "sign" and self.sampler.kind not in (
            "edges",
            "alternating",
        ):
            raise WrongUse(
                f"scheme {scheme.name} tells pairs apart by the sign of their edges",
                allowed="The samplers edges, and alternating (the product of the signs on "
                "the way)",
            )
        if self.sampler.kind == "corpus":
            self._check_corpus()
        if self.training.bfloat16:
            self._check_products(scheme)
        labelled = any("none" in c.labels for c in scheme.channels.values())
        if self.noise.unlinked and not labelled:
            raise WrongUse(
                f"no channel of scheme {scheme.name} has a label for pairs without a link",
                next_step="Set noise.unlinked=0, or choose a scheme of signs such as "
                "four_signed",
            )
        if scheme.kind_of == "side" and self.stencil.kind == "first":
            raise WrongUse(
                f"scheme {scheme.name} tells left from right",
                allowed="A window or pair stencil",
            )
        if (
            scheme.kind_of == "side"
            and getattr(self.stencil, "sides", "both") != "both"
        ):
            raise WrongUse(
                f"scheme {scheme.name} needs contexts on the left and on the right",
                next_step="Set stencil.sides=both",
            )
        return self

    def _check_biases(self, scheme: RoleScheme) -> None:
        """Refuses a model of biases alone that has none, or is not trained."""
        if self.factorise is not None:
            raise WrongUse(
                f"scheme {scheme.name} has no vectors, and a factorisation gives nothing else"
            )
        kinds = [
            channel.biases or self.roles.biases for channel in scheme.channels.values()
        ]
        if "none" in kinds or self.training.init != "random":
            raise WrongUse(
                f"scheme {scheme.name} has biases alone",
                allowed="roles.biases free or tied, and training.init random",
                next_step="Set roles.biases=free",
            )

    def _check_products(self, scheme: RoleScheme) -> None:
        """Refuses to round biases and shifts, whose last digits count."""
        shifted = self.objective.shift != 0
        layout = lay_out(scheme, self.width(), self.roles.biases, shifted=shifted)
        if layout.lengths != layout.dims:
            raise WrongUse(
                "products of bfloat16 would round biases and shifts, as they round vectors",
                allowed="roles.biases=none, channels without biases of their own, and "
                "objective.shift=0",
                next_step="Set training.bfloat16=false, or leave out biases and shift",
            )

    def _check_corpus(self) -> None:
        """Refuses what needs the links of a graph."""
        needs = {
            "noise.unlinked": self.noise.unlinked > 0,
            "noise.reversed": any(noise.reversed_pairs for noise in self.noises()),
            "training.init": self.training.init != "random",
        }
        for name, asked in needs.items():
            if asked:
                default = "random" if name == "training.init" else "0"
                raise WrongUse(
                    f"{name} needs the links of a graph, and the sampler corpus has none",
                    next_step=f"Set {name}={default}",
                )

    def _check_factorise(self, scheme: RoleScheme) -> None:
        """Refuses what a factorisation cannot make, and what only training has."""
        if self.roles.nonnegative and (
            self.factorise is not None or self.training.init != "random"
        ):
            raise WrongUse(
                "a factorisation has negative numbers",
                next_step="Set roles.nonnegative=false",
            )
        if self.training.init != "random":
            check_scheme(options_of(self.training.init), scheme)
        if self.factorise is None:
            return
        check_scheme(self.factorise, scheme)
        if self.roles.biases != "none":
            raise WrongUse(
                f"the factorisation {self.factorise.kind} makes no biases",
                next_step="Set roles.biases=none",
            )
        for group in TRAINER:
            if getattr(self, group) != type(self).model_fields[group].default:
                raise WrongUse(
                    f"{group} is for training, and {self.factorise.kind} is a "
                    "factorisation",
                    next_step=f"Leave {group} out, or set factorise=null to train",
                )

    def _check_noise(self) -> None:
        """Refuses noise that does not go with the objective."""
        noises, scheme = self.noises(), self.scheme()
        labels = self.objective.target == "label"
        noisy = any(n.per_pair > 0 for n in noises)
        if self.objective.kind == "squared" and labels and noisy:
            raise WrongUse(
                "the squared objective has noise only beside counts",
                allowed="noise.per_pair=0, or objective.target=log_weight",
                next_step="Set noise.per_pair=0",
            )
        self._check_target()
        if self.objective.shift != "noise":
            return
        if noises[0].node_pairs == 0 or noises[0].side == "source":
            raise WrongUse(
                "objective.shift=noise needs noise on the target side",
                next_step="Set noise.per_pair and noise.side",
            )
        two = any(noise != noises[0] for noise in noises)
        if scheme.kind_of == "side" or two or noises[0].reversed:
            kinds = "each of its two kinds of pairs" if not two else "each channel"
            kinds = "a pair and its reverse" if noises[0].reversed else kinds
            raise WrongUse(
                f"scheme {scheme.name} has another noise for {kinds}, and "
                "objective.shift=noise is one number a node",
                next_step="Set objective.shift to a number",
            )

    def _check_target(self) -> None:
        """Refuses counts as targets where no count is known, or none is asked for."""
        objective, default = self.objective, ObjectiveOptions()
        if objective.target == "label":
            counts = ("x_max", "x_power", "absent")
            if any(getattr(objective, n) != getattr(default, n) for n in counts):
                raise WrongUse(
                    "objective.x_max, x_power and absent are for target log_weight",
                    next_step="Set objective.target=log_weight",
                )
            return
        kept = self.sampler.kind == "edges" and self.sampler.weights == "keep"
        if objective.kind != "squared" or not kept:
            raise WrongUse(
                "objective.target=log_weight fits scores to the weights of edges",
                allowed="objective.kind=squared with the sampler edges and "
                "sampler.weights=keep",
            )
        if self.scheme().kind_of == "sign":
            raise WrongUse(
                "objective.target=log_weight has no place for signs",
                next_step="Choose a scheme of one kind of pair, such as source_target",
            )

    def _check_reversed(self, scheme: RoleScheme) -> None:
        """Refuses reversed noise where a pair and its reverse are not two things."""
        channels = scheme.channels.items()
        for noise, (name, channel) in zip(self.noises(), channels, strict=True):
            if not noise.reversed_pairs:
                continue
            if self.stencil.kind == "window" and self.stencil.sides == "both":
                raise WrongUse(
                    "a window on both sides counts every pair both ways, so no pair has a "
                    "reverse to be told apart from",
                    allowed="noise.reversed with stencil.sides after or before, with the "
                    "stencil first, or with the sampler edges",
                )
            if getattr(self.sampler, "direction", "follow") == "ignore":
                raise WrongUse(
                    "walks that ignore directions have no reversed pairs",
                    allowed="noise.reversed with sampler.direction=follow, or with the "
                    "samplers edges and alternating",
                )
            if scheme.kind_of == "side":
                raise WrongUse(
                    f"scheme {scheme.name} tells left contexts from right ones, and the "
                    "reverse of a pair is of the other kind",
                    allowed="noise.reversed with schemes of one kind of pair, or of signs",
                )
            if channel.is_symmetric(self.roles.biases):
                raise WrongUse(
                    f"channel {name} of scheme {scheme.name} gives a pair and its reverse "
                    "the same score, so reversed noise cannot tell them apart",
                    allowed="noise.reversed with a scheme that knows direction, or with "
                    "free biases",
                )

    def noises(self) -> list[NoiseOptions]:
        """The noise of each channel, in the order of the scheme."""
        channels = self.scheme().channels.values()
        return [self.noise.of(channel.noise) for channel in channels]

    def scheme(self) -> RoleScheme:
        """The role scheme, with its shares."""
        scheme = self.roles.scheme
        found = find_scheme(scheme) if isinstance(scheme, str) else scheme
        return found.with_shares(self.roles.shares)

    def width(self) -> int:
        """D, floats a node over its roles; 0 where there are biases alone."""
        if not self.scheme().roles:
            return 0
        if self.roles.width is not None:
            return self.roles.width
        assert self.roles.dim is not None
        return self.scheme().width_for(self.roles.dim)


def _longest(sampler: Sampler) -> int | None:
    """Nodes of the longest sequence, None where it is an edge."""
    if sampler.kind == "edges":
        return None
    return sampler.piece_length if sampler.kind == "corpus" else sampler.walk_length


def presets() -> list[str]:
    """The names of all presets."""
    return list_resources("presets")


def load_recipe(
    preset: str | Path | None = None,
    *,
    file: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Recipe:
    """Fills in a recipe: defaults, then the preset, then a file, then overrides.

    Args:
        preset: a preset's name, or a path to a YAML file.
        file: a YAML file with further choices.
        overrides: dotted names to values, such as {"training.epochs": 5}. Setting
            "roles.width" frees "roles.dim" and the other way round.

    Raises:
        WrongUse: no such preset, an unknown option, a wrong type, choices that do not go
            together. DataRefused: a file that cannot be read.
    """
    data: dict[str, Any] = {}
    where = "defaults"
    if preset is not None:
        where = str(preset)
        lay_over(data, read_yaml(preset_path(preset)))
    if file is not None:
        where = str(file)
        lay_over(data, read_yaml(file))
    if overrides:
        where = (
            "overrides"
            if preset is None and file is None
            else f"{where} with overrides"
        )
        lay_over(data, nested(overrides))
    return parse(Recipe, data, where)


def overridden(recipe: Recipe, overrides: Mapping[str, Any]) -> Recipe:
    """A recipe with other values for some dotted names. Errors as `load_recipe`."""
    return parse(Recipe, laid_over(recipe, overrides), "overrides")


def laid_over(recipe: Recipe, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The choices of a recipe with others laid over them; nothing is checked yet."""
    data = recipe.model_dump()
    lay_over(data, nested(overrides))
    return data


def preset_path(preset: str | Path) -> Path:
    """The file of a preset, or of a path that ends in .yaml.

    Raises:
        WrongUse: no such preset; the closest name is told.
    """
    name = str(preset)
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    if name not in presets():
        raise unknown_name("preset", name, presets())
    return resource_path("configs", "presets", f"{name}.yaml")
