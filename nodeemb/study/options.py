"""What a study holds: arms, graphs, kinds of split, columns, seeds; read from YAML, strict.

Every trained arm has the same width, the same hidden links, the same seeds and the same
budget of pairs. The recipe of an arm is filled in as

    its preset <- the choices of all arms <- those of the data set's group <- its own choices
    <- the width <- the budget
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from nodeemb.comparison import layered_recipe
from nodeemb.errors import unknown_name
from nodeemb.options import Options, parse, read_yaml
from nodeemb.recipe import Recipe
from nodeemb.resources import list_resources, resource_path
from nodeemb.study.checks import check_study
from nodeemb.study.datasets import Dataset, short_for
from nodeemb.study.parts import Contrast, Control, Group, StudyArm

BEST_WIDTH = ", any width"  # of a family: the best of its arms on the curve
Margin = (
    Annotated[float, Field(gt=0)] | Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?%$")]
)


class Study(Options):
    """Everything that decides a study's table."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.-]+$", description="short name, for the folder"
    )
    title: str = Field(description="the table's heading")
    notes: list[str] = Field(default=[], description="what a reader must know")
    datasets: list[Annotated[Dataset, short_for("input")]] = Field(
        min_length=1, description="names of data sets, files, texts, or doses"
    )
    groups: dict[str, Group] = Field(
        default={},
        description="kinds of data sets that are asked something of their own",
    )
    arms: list[Annotated[StudyArm, short_for("preset")]] = Field(
        min_length=1, description="the methods: names of presets, or arms"
    )
    splits: list[str] = Field(
        default=["half"], min_length=1, description="kinds of split"
    )
    columns: list[str] = Field(
        min_length=1, description="what is measured on what was hidden"
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
    resamples: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="how often nodes are drawn anew on the first split, for an interval over nodes",
    )
    contrasts: list[Contrast] = Field(
        default=[], description="arms to hold against each other, fixed beforehand"
    )
    chosen_by: str = Field(
        default="auc",
        description="column that chooses within a family, on validation links",
    )
    tune_on: int | None = Field(
        default=None,
        ge=1,
        description="on the splits of how many first seeds all arms of a family are run; "
        "on the others only the one that validation chooses there, and those that a "
        "contrast or a control names. None: all seeds",
    )
    controls: list[Control] = Field(
        default=[], description="what must come out in a known way; told first of all"
    )
    answer: list[str] = Field(
        default=[], description="what its authors conclude; stands first in the report"
    )
    dose: bool = Field(
        default=False,
        description="whether graphs are diagnosed, contrasts held against their skew, and "
        "winners against what diagnoses foretell",
    )
    margins: dict[str, Margin] = Field(
        default={},
        description="column -> the difference below which it does not matter, or a share "
        "(1 %) of what the second arm has; contrasts are told for these columns",
    )

    @model_validator(mode="after")
    def _check(self) -> Study:
        check_study(self)
        return self

    @cached_property
    def families(self) -> dict[str, list[str]]:
        """Family -> names of its arms, and each arm's name -> itself.

        Where arms are done at several widths, NAME, any width -> its arms at all of them.
        """
        found: dict[str, list[str]] = {}
        for arm in self.arms:
            if arm.family:
                found.setdefault(arm.family, []).append(arm.called)
        found = {arm.called: [arm.called] for arm in self.arms} | found
        widths = sorted({w for group in self.groups.values() for w in group.widths})
        if widths:
            found |= {
                name + BEST_WIDTH: [
                    a for n in names for a in (n, *(at_width(n, w) for w in widths))
                ]
                for name, names in found.items()
            }
        return found

    def _group(self, dataset: str) -> Group:
        return self._groups_of[dataset]

    def as_written(self) -> dict[str, Any]:
        """What was chosen, and no defaults: `like` asks what a group says itself."""
        return self.model_dump(mode="json", exclude_unset=True)

    @cached_property
    def _groups_of(self) -> dict[str, Group]:
        none = Group()
        return {
            one.called: self._resolved(one.group) if one.group else none
            for one in self.datasets
        }

    def _resolved(self, name: str) -> Group:
        """A group with what it takes from another."""
        group = self.groups[name]
        if group.like is None:
            return group
        own = group.model_dump(exclude_unset=True, exclude={"like", "recipe"})
        base = self.groups[group.like]
        recipe = _joined(base.recipe, group.recipe)
        alone = {"counted_with": None, **own}
        return base.model_copy(update={**alone, "recipe": recipe})

    @cached_property
    def origins(self) -> dict[str, str]:
        """Data set -> what it is read from or drawn as (nodeemb.study.datasets)."""
        return {one.called: one.origin for one in self.datasets}

    def group_of(self, dataset: str) -> str:
        """The name of a data set's group; "" for none."""
        return self._group_names[dataset]

    def counted_with(self, dataset: str) -> str:
        """The group over whose data sets one is counted; "" for none."""
        return self._group(dataset).counted_with or self.group_of(dataset)

    @cached_property
    def _group_names(self) -> dict[str, str]:
        return {one.called: one.group for one in self.datasets}

    def splits_of(self, dataset: str) -> list[str]:
        """Kinds of split of a data set."""
        return self._group(dataset).splits or self.splits

    def columns_of(self, dataset: str) -> list[str]:
        """What is measured on a data set."""
        return self._group(dataset).columns or self.columns

    def seeds_of(self, dataset: str) -> list[int]:
        """Seeds of a data set."""
        return self._group(dataset).seeds or self.seeds

    def width_of(self, dataset: str) -> int:
        """Floats a node on a data set, where an arm says nothing else."""
        return self._group(dataset).width or self.width

    def widths_of(self, dataset: str) -> list[int]:
        """All widths that trained arms are done at on a data set."""
        return sorted({self.width_of(dataset), *self._group(dataset).widths})

    def chosen_by_of(self, dataset: str) -> str:
        """The column that chooses within families on a data set."""
        return self._group(dataset).chosen_by or self.chosen_by

    def tune_on_of(self, dataset: str) -> int | None:
        """On how many first seeds of a data set families are tuned; None: on all."""
        own = self._group(dataset).tune_on
        return self.tune_on if own is None else own

    def arms_of(self, dataset: str) -> list[StudyArm]:
        """The arms that are done on a data set, at all their widths."""
        return self._arms[dataset]

    @cached_property
    def _arms(self) -> dict[str, list[StudyArm]]:
        return {one.called: self._arms_of(one.called) for one in self.datasets}

    def _arms_of(self, dataset: str) -> list[StudyArm]:
        group = self._group(dataset)
        names = [name for given in group.arms or [] for name in self.families[given]]
        places = {dataset, self.group_of(dataset)}
        arms = [
            arm
            for arm in self.arms
            if not places & set(arm.without) and (not names or arm.called in names)
        ]
        others = [w for w in group.widths if w != self.width_of(dataset)]
        return arms + [
            arm.model_copy(update={"name": at_width(arm.called, w), "width": w})
            for w in others
            for arm in arms
            if arm.baseline is None and arm.width is None
        ]

    def recipe_of(self, dataset: str) -> dict[str, Any]:
        """Choices of all trained arms on a data set."""
        return _joined(self.recipe, self._group(dataset).recipe)

    def all_arms(self) -> list[str]:
        """Names of the arms of all data sets, in order."""
        return self._all_arms

    @cached_property
    def _all_arms(self) -> list[str]:
        arms = (arm for own in self._arms.values() for arm in own)
        return list(dict.fromkeys(arm.called for arm in arms))

    def budget(self, dataset: str, nodes: int) -> float | None:
        """Pairs for each trained arm on a data set of so many nodes."""
        own = self._group(dataset).pairs_per_node
        if own is None and self.pairs is not None:
            return self.pairs
        each = self.pairs_per_node if own is None else own
        return None if each is None else each * nodes


def at_width(name: str, width: int) -> str:
    """What an arm is called at another width than the study's."""
    return f"{name}, width {width}"


def _joined(one: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Nested choices, the second over the first."""
    made = dict(one)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = _joined(made[key], value) if both else value
    return made


def load_study(path: str | Path) -> Study:
    """Reads a study: a file, or the name of one that comes with nodeemb.

    Raises:
        DataRefused: the file cannot be read.
        WrongUse: an unknown or wrong choice, in the study or in the recipe of an arm.
    """
    study = parse(Study, read_yaml(study_path(path)), str(path))
    for dataset in study.datasets:
        dataset.check()
        for arm in study.arms_of(dataset.called):
            arm_recipe(study, dataset.called, arm)
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


def arm_recipe(study: Study, dataset: str, arm: StudyArm) -> Recipe | None:
    """The recipe of one arm on a data set before its budget; None for a baseline.

    Raises:
        WrongUse: a choice that does not exist; the message names the arm.
    """
    if arm.baseline is not None:
        _check_baseline(arm.baseline)
        return None
    width = study.width_of(dataset) if arm.width is None else arm.width
    layers = (arm.recipe, {"name": arm.called, "roles.width": max(1, width)})
    return layered_recipe(
        arm.called, arm.preset, study.recipe_of(dataset), layers, width
    )


def _check_baseline(name: str) -> None:
    from nodeemb.evaluation.baselines import chosen_baselines

    chosen_baselines([name])
