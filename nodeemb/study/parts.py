"""What a study is made of: arms, questions fixed beforehand, controls, groups of data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from nodeemb.errors import WrongUse
from nodeemb.options import Options


class StudyArm(Options):
    """A method of a study, or one of the baselines that nothing is trained for."""

    name: str = Field(
        default="", description="what it is called; by default its preset or baseline"
    )
    preset: str | None = Field(
        default=None, description="the method it starts from; none: the defaults"
    )
    recipe: dict[str, Any] = Field(
        default={}, description="choices of this arm, laid over those of all arms"
    )
    width: int | None = Field(
        default=None,
        ge=0,
        le=65_536,
        description="floats a node, where they are to be others than the study's; 0 for a "
        "scheme without vectors",
    )
    family: str = Field(
        default="",
        description="arms of one family stand for one method: contrasts take the one "
        "that is best on the validation links of a split; by default its name",
    )
    baseline: str | None = Field(
        default=None, description="one of nodeemb.evaluation.baselines, untrained"
    )

    without: list[str] = Field(
        default=[],
        description="data sets or groups of the study that it is left out on",
    )

    @model_validator(mode="after")
    def _check(self) -> StudyArm:
        if self.baseline is not None and (self.preset is not None or self.recipe):
            raise WrongUse(
                "an arm is a method or a baseline",
                allowed="preset and recipe, or baseline",
            )
        if not self.called:
            raise WrongUse("an arm without a preset needs a name")
        return self

    @property
    def called(self) -> str:
        """Its name, given or not."""
        return self.name or Path(self.preset or self.baseline or "").stem


class Contrast(Options):
    """A question that is fixed before the study is run: is this better than that?"""

    this: str = Field(description="an arm, or a family of arms")
    over: str = Field(
        description="an arm, or a family of arms, that it is held against"
    )

    @property
    def called(self) -> str:
        """Both names."""
        return f"{self.this} - {self.over}"


class Control(Options):
    """What must come out in a known way, or the study itself is not to be trusted.

    Either an arm's mean lies between two numbers, or a contrast has one of some verdicts, or
    no contrast has another sign than on other data.
    """

    dataset: str = Field(description="a data set, or a group: each of its data sets")
    column: str = Field(description="what is measured")
    arm: str | None = Field(default=None, description="an arm, or a family of arms")
    low: float = Field(default=-1e9, description="its mean is this at least")
    high: float = Field(default=1e9, description="and this at most")
    contrast: str | None = Field(
        default=None, description="THIS - OVER, as contrasts are called"
    )
    verdicts: list[Literal["better", "worse", "equivalent", "undecided"]] = Field(
        default=[], description="that the contrast may have"
    )
    same_sign_as: str | None = Field(
        default=None,
        description="a data set, or a group with the same data: no contrast is better here "
        "and worse there, or the other way round",
    )
    why: str = Field(description="what it shows, in a few words")

    @model_validator(mode="after")
    def _check(self) -> Control:
        ways = self.arm, self.contrast, self.same_sign_as
        if sum(way is not None for way in ways) != 1 or bool(self.verdicts) != (
            self.contrast is not None
        ):
            raise WrongUse(
                f"the control on {self.dataset} says not what must come out",
                allowed="arm with low or high, contrast with verdicts, or same_sign_as",
            )
        return self


class Group(Options):
    """Data sets of one kind: what is asked of them, and by which arms, if not as of others."""

    like: str | None = Field(
        default=None,
        description="another group, whose choices hold where this one says nothing",
    )
    counted_with: str | None = Field(
        default=None,
        description="a group whose data sets and these are one where they are counted",
    )
    splits: list[str] | None = Field(
        default=None, min_length=1, description="kinds of split; none: as the study's"
    )
    columns: list[str] | None = Field(
        default=None, min_length=1, description="what is measured; none: as the study's"
    )
    seeds: list[int] | None = Field(
        default=None, min_length=1, description="none: as the study's"
    )
    arms: list[str] | None = Field(
        default=None,
        min_length=1,
        description="names of arms or families that are done; none: all",
    )
    recipe: dict[str, Any] = Field(
        default={}, description="choices of all trained arms here"
    )
    pairs_per_node: float | None = Field(
        default=None, gt=0, description="none: as the study's budget"
    )
    width: int | None = Field(
        default=None, ge=1, le=65_536, description="none: as the study's"
    )
    widths: list[Annotated[int, Field(ge=1, le=65_536)]] = Field(
        default=[],
        description="other widths that every trained arm is done at too: its curve",
    )
    chosen_by: str | None = Field(
        default=None,
        description="column that chooses within a family; none: as the study's",
    )
    tune_on: int | None = Field(default=None, ge=1, description="none: as the study's")
