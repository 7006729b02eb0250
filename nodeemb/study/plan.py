"""The cells of a study: arm x graph x split x seed, each with a digest that names its file.

    key = sha256 of recipe with its budget, graph, split, seed, columns, nodeemb version

A choice that is off because nobody made it (None, 0, False, empty, and so by default) is not
part of a key: an option that is new and off leaves the cells of earlier days as they are.

Seeds come outermost, so that a study stopped half way has whole columns for its first
seeds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nodeemb import __version__
from nodeemb.corpus.corpus import Corpus
from nodeemb.errors import NodeembError
from nodeemb.forecast import Size, graph_size
from nodeemb.options import Options
from nodeemb.recipe import Recipe
from nodeemb.study.budget import with_budget
from nodeemb.study.datasets import Dataset, Material
from nodeemb.study.only import wanted
from nodeemb.study.options import Study, arm_recipe
from nodeemb.study.parts import StudyArm
from nodeemb.study.tasks import Task, make_task

ABOUT = {"name", "title", "paper", "deviations", "popularity", "expected"}


@dataclass(frozen=True)
class Cell:
    """One arm on one split of one graph with one seed.

    Attributes:
        dataset, split, arm: names in the study.
        seed: of split, training and negatives.
        recipe: with its budget; None for a baseline.
        baseline: its name, or None.
        pairs: that it will train, about.
        columns: that are measured.
        size: of the graph that it trains on.
        key: digest of everything that decides its numbers.
        resamples: how often its columns are measured with other nodes.
    """

    dataset: str
    split: str
    seed: int
    arm: str
    recipe: Recipe | None
    baseline: str | None
    pairs: float
    columns: tuple[str, ...]
    size: Size
    key: str
    resamples: int = 0

    @property
    def place(self) -> tuple[str, str, str, int]:
        """Where it stands in the study."""
        return self.dataset, self.split, self.arm, self.seed


class Graphs:
    """The data sets of a study by name; the last one read and split stay in memory."""

    def __init__(self, study: Study) -> None:
        self.inputs = {one.called: one for one in study.datasets}
        self._corpus: tuple[tuple[str, str], Corpus] | None = None
        self._read: tuple[str, Material] | None = None
        self._task: tuple[tuple[str, str, int], Task] | None = None

    def read(self, name: str) -> Material:
        """All of it: a graph, or evidence."""
        if self._read is None or self._read[0] != name:
            self._read = self._task = None
            self._read = name, self._material(self.inputs[name])
        return self._read[1]

    def _material(self, dataset: Dataset) -> Material:
        """A text stays in memory as well: many data sets are of the same."""
        text = dataset.text
        if text is None:
            return dataset.read()
        asked = text.corpus, text.tokens
        if self._corpus is None or self._corpus[0] != asked:
            self._corpus = None
            self._corpus = asked, text.words_read()
        return text.of(self._corpus[1])

    def task(self, name: str, kind: str, seed: int) -> Task:
        """What is asked of it, with something hidden."""
        asked = name, kind, seed
        if self._task is None or self._task[0] != asked:
            material = self.read(name)
            self._task = None
            self._task = asked, make_task(material, kind, seed)
        return self._task[1]


def make_cells(
    study: Study, graphs: Graphs, only: Sequence[str] = (), alike: bool = False
) -> list[Cell]:
    """The cells of a study, in the order they are done.

    Args:
        study, graphs: what it is.
        only: names of groups and of data sets that are wanted; none: all.
        alike: whether the cells of all seeds are to be taken for those of the first, with
            keys that name no file: for a forecast, which needs no other split.

    Raises:
        WrongUse: a choice, a group or a data set that does not exist.
        DataRefused: a graph that cannot be read or split.
    """
    cells = [
        cell
        for dataset in wanted(study, only)
        for arms in [
            [(arm, arm_recipe(study, dataset, arm)) for arm in study.arms_of(dataset)]
        ]
        for kind in study.splits_of(dataset)
        for cells in [_seeds_of(study, graphs, dataset, kind, arms, alike)]
        for cell in cells
    ]
    return sorted(cells, key=lambda cell: _place(study, cell))


def _seeds_of(
    study: Study,
    graphs: Graphs,
    dataset: str,
    kind: str,
    arms: list[tuple[StudyArm, Recipe | None]],
    alike: bool,
) -> Iterator[Cell]:
    """All cells of a kind of split."""
    first, *rest = study.seeds_of(dataset)
    found = list(_cells_of(study, graphs, dataset, kind, first, arms))
    yield from found
    for seed in rest:
        if alike:
            for cell in found:
                yield replace(cell, seed=seed, key=f"{cell.key}, seed {seed}")
        else:
            yield from _cells_of(study, graphs, dataset, kind, seed, arms)


def _place(study: Study, cell: Cell) -> int:
    return study.seeds_of(cell.dataset).index(cell.seed)


def _cells_of(
    study: Study,
    graphs: Graphs,
    dataset: str,
    kind: str,
    seed: int,
    arms: list[tuple[StudyArm, Recipe | None]],
) -> Iterator[Cell]:
    try:
        task = graphs.task(dataset, kind, seed)
    except NodeembError as error:
        error.args = (f"{dataset}, {kind}: {error}",)
        raise
    budget = study.budget(dataset, task.train.num_nodes)
    columns = tuple(study.columns_of(dataset))
    size = graph_size(task.train)
    counted: dict[str, float] = {}
    resamples = study.resamples if seed == study.seeds_of(dataset)[0] else 0
    for arm, recipe in arms:
        pairs = 0.0
        if recipe is not None:
            recipe, pairs = with_budget(recipe, task.train, budget, seed, counted)
        key = _key(recipe, arm.baseline, task, seed, columns, resamples)
        yield Cell(
            dataset, kind, seed, arm.called, recipe, arm.baseline, pairs, columns, size,
            key, resamples,
        )  # fmt: skip


def _key(
    recipe: Recipe | None,
    baseline: str | None,
    task: Task,
    seed: int,
    columns: tuple[str, ...],
    resamples: int,
) -> str:
    decides: dict[str, Any] = {
        "nodeemb": __version__,
        "baseline": baseline,
        "graph": task.graph_hash,
        "split": task.hash,
        "seed": seed,
        "columns": sorted(columns),
    }
    if resamples:
        decides["resamples"] = resamples
    if recipe is not None:
        decides["recipe"] = choices_on(recipe, ABOUT)
        decides["scheme"] = choices_on(recipe.scheme())
    text = json.dumps(decides, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def choices_on(options: Options, but: Collection[str] = ()) -> dict[str, Any]:
    """All choices as plain data, without those that are off by default.

    Args:
        options: a group of them.
        but: names that are left out.
    """
    everything = options.model_dump(mode="json", exclude=set(but))
    made = options.model_dump(mode="json", exclude=set(but), exclude_defaults=True)
    return _on(everything, made)


def _on(everything: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in everything.items():
        if isinstance(value, dict):
            own = made.get(name)
            value = _on(value, own if isinstance(own, dict) else {})
        if value or name in made:
            found[name] = value
    return found
