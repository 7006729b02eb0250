"""What a study holds: arms, graphs, kinds of split, columns, seeds; read from YAML, strict.

Every trained arm has the same width, the same hidden links, the same seeds and the same
budget of pairs. The recipe of an arm is filled in as

    its preset <- the choices of all arms <- its own choices <- the width <- the budget
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from nodeemb.comparison import layered_recipe
from nodeemb.errors import WrongUse, unknown_name
from nodeemb.evaluation.columns import check_columns
from nodeemb.options import Options, parse, read_yaml
from nodeemb.recipe import Recipe
from nodeemb.resources import list_resources, resource_path
from nodeemb.settings import Input
from nodeemb.study.splits import check_split


def _short_for(key: str) -> Callable[[Any], Any]:
    """A plain word in place of a group with one key."""
    return lambda given: {key: given} if isinstance(given, str) else given


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
        ge=1,
        le=65_536,
        description="floats a node, where they are to be others than the study's",
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
        default=[], description="graphs of the study that it is left out on"
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


class Graph(Options):
    """A graph of a study: a data set or a file, as `nodeemb embed` reads it."""

    input: Annotated[Input, BeforeValidator(_short_for("name"))] = Field(
        description="a data set's name, or a file and how to read it"
    )
    name: str = Field(default="", description="what it is called in the table")

    @property
    def called(self) -> str:
        """Its name, given or not."""
        return self.name or Path(self.input.name).stem


class Study(Options):
    """Everything that decides a study's table."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.-]+$", description="short name, for the folder"
    )
    title: str = Field(description="the table's heading")
    notes: list[str] = Field(default=[], description="what a reader must know")
    datasets: list[Annotated[Graph, BeforeValidator(_short_for("input"))]] = Field(
        min_length=1, description="the graphs: names of data sets, or files"
    )
    arms: list[Annotated[StudyArm, BeforeValidator(_short_for("preset"))]] = Field(
        min_length=1, description="the methods: names of presets, or arms"
    )
    splits: list[str] = Field(
        default=["half"], min_length=1, description="kinds of split"
    )
    columns: list[str] = Field(
        min_length=1, description="what is measured on the hidden links"
    )
    seeds: list[int] = Field(
        default=[0], min_length=1, description="everything is repeated for each"
    )
    width: int = Field(
        ge=1, le=65_536, description="floats a node, the same for every arm"
    )
    recipe: dict[str, Any] = Field(
        default={}, description="choices of all trained arms"
    )
    pairs: float | None = Field(
        default=None,
        gt=0,
        description="pairs that each arm trains on a graph; none: as its preset says",
    )
    pairs_per_node: float | None = Field(
        default=None,
        gt=0,
        description="the same for each node of the graph, in place of pairs",
    )
    hours: float | None = Field(
        default=None, gt=0, description="what the forecast must not exceed"
    )
    contrasts: list[Contrast] = Field(
        default=[], description="arms to hold against each other, fixed beforehand"
    )
    chosen_by: str = Field(
        default="auc",
        description="column that chooses within a family, on validation links",
    )
    dose: bool = Field(
        default=False,
        description="whether graphs are diagnosed, and contrasts held against their skew",
    )
    margins: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default={},
        description="column -> the difference below which it does not matter; contrasts "
        "are told for these columns",
    )

    @model_validator(mode="after")
    def _check(self) -> Study:
        for what, values in (
            ("arm", [arm.called for arm in self.arms]),
            ("data set", [graph.called for graph in self.datasets]),
            ("split", self.splits),
            ("column", self.columns),
            ("seed", self.seeds),
        ):
            for value, times in Counter(values).items():
                if times > 1:
                    raise WrongUse(f"the {what} {value} comes twice")
        check_columns(self.columns)
        self._check_contrasts()
        for split in self.splits:
            check_split(split)
        graphs = [graph.called for graph in self.datasets]
        for name in [name for arm in self.arms for name in arm.without]:
            if name not in graphs:
                raise unknown_name("data set in this study", name, graphs)
        if self.pairs is not None and self.pairs_per_node is not None:
            raise WrongUse("pairs and pairs_per_node are both given", allowed="One")
        return self

    def _check_contrasts(self) -> None:
        families = self.families
        both = {arm.family for arm in self.arms} & {arm.called for arm in self.arms}
        if both:
            name = min(both)
            raise WrongUse(
                f"{name} is an arm and a family of arms",
                next_step="Name one of them anew",
            )
        for name in [n for c in self.contrasts for n in (c.this, c.over)]:
            if name not in families:
                raise unknown_name("arm or family in this study", name, families)
        wanted = [*self.margins, *([self.chosen_by] if self.contrasts else [])]
        for column in wanted:
            if column not in self.columns:
                raise unknown_name("column in this study", column, self.columns)
        if self.contrasts and not self.margins:
            raise WrongUse(
                "contrasts have no margins",
                next_step="Say from which difference on a column matters: margins: {auc: 0.005}",
            )

    @property
    def families(self) -> dict[str, list[str]]:
        """Family -> names of its arms, and each arm's name -> itself."""
        found: dict[str, list[str]] = {}
        for arm in self.arms:
            if arm.family:
                found.setdefault(arm.family, []).append(arm.called)
        return {arm.called: [arm.called] for arm in self.arms} | found

    def budget(self, nodes: int) -> float | None:
        """Pairs for each trained arm on a graph of so many nodes."""
        if self.pairs_per_node is not None:
            return self.pairs_per_node * nodes
        return self.pairs


def load_study(path: str | Path) -> Study:
    """Reads a study: a file, or the name of one that comes with nodeemb.

    Raises:
        DataRefused: the file cannot be read.
        WrongUse: an unknown or wrong choice, in the study or in the recipe of an arm.
    """
    study = parse(Study, read_yaml(study_path(path)), str(path))
    for arm in study.arms:
        arm_recipe(study, arm)
    for graph in study.datasets:
        _ = graph.input.card  # a name that is nothing is refused before any work
    return study


def study_path(path: str | Path) -> Path:
    """The file of a study that is there, or that comes with nodeemb by this name.

    Raises:
        WrongUse: no such study.
    """
    given = Path(path)
    if given.suffix in (".yaml", ".yml"):
        return given
    known = list_resources("studies")
    if str(given) not in known:
        raise unknown_name("study", given, known)
    return resource_path("configs", "studies", f"{given}.yaml")


def arm_recipe(study: Study, arm: StudyArm) -> Recipe | None:
    """The recipe of one arm before its budget; None for a baseline.

    Raises:
        WrongUse: a choice that does not exist; the message names the arm.
    """
    if arm.baseline is not None:
        _check_baseline(arm.baseline)
        return None
    width = study.width if arm.width is None else arm.width
    layers = (arm.recipe, {"name": arm.called, "roles.width": width})
    return layered_recipe(arm.called, arm.preset, study.recipe, layers, width)


def _check_baseline(name: str) -> None:
    from nodeemb.evaluation.baselines import chosen_baselines

    chosen_baselines([name])
