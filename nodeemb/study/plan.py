"""The cells of a study: arm x graph x split x seed, each with a digest that names its file.

    key = sha256 of recipe with its budget, graph, split, seed, columns, nodeemb version

Seeds come outermost, so that a study stopped half way has whole columns for its first
seeds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nodeemb import __version__
from nodeemb.errors import NodeembError
from nodeemb.evaluation.split import Split
from nodeemb.graph.graph import Graph
from nodeemb.recipe import Recipe
from nodeemb.study.budget import with_budget
from nodeemb.study.options import Study, StudyArm, arm_recipe
from nodeemb.study.splits import hide

_ABOUT = {"name", "title", "paper", "deviations", "popularity", "expected"}


@dataclass(frozen=True)
class Cell:
    """One arm on one split of one graph with one seed.

    Attributes:
        dataset, split, arm: names in the study.
        seed: of split, training and negatives.
        recipe: with its budget; None for a baseline.
        baseline: its name, or None.
        pairs: that it will train, about.
        key: digest of everything that decides its numbers.
    """

    dataset: str
    split: str
    seed: int
    arm: str
    recipe: Recipe | None
    baseline: str | None
    pairs: float
    key: str

    @property
    def place(self) -> tuple[str, str, str, int]:
        """Where it stands in the study."""
        return self.dataset, self.split, self.arm, self.seed


class Graphs:
    """The graphs of a study by name; the last one read and split stay in memory."""

    def __init__(self, study: Study) -> None:
        self.inputs = {graph.called: graph.input for graph in study.datasets}
        self._graph: tuple[str, Graph] | None = None
        self._split: tuple[tuple[str, str, int], Split] | None = None

    def read(self, name: str) -> Graph:
        """The whole graph."""
        if self._graph is None or self._graph[0] != name:
            self._graph = self._split = None
            self._graph = name, self.inputs[name].read()
        return self._graph[1]

    def split(self, name: str, kind: str, seed: int) -> Split:
        """The graph with links hidden."""
        asked = name, kind, seed
        if self._split is None or self._split[0] != asked:
            graph = self.read(name)
            self._split = None
            self._split = asked, hide(graph, kind, seed)
        return self._split[1]


def make_cells(study: Study, graphs: Graphs) -> list[Cell]:
    """Every cell of a study, in the order they are done.

    Raises:
        WrongUse: a choice that does not exist.
        DataRefused: a graph that cannot be read or split.
    """
    arms = [(arm, arm_recipe(study, arm)) for arm in study.arms]
    cells = [
        cell
        for dataset in graphs.inputs
        for split, seed in _splits(study)
        for cell in _cells_of(study, graphs, dataset, split, seed, arms)
    ]
    return sorted(cells, key=lambda cell: study.seeds.index(cell.seed))


def _splits(study: Study) -> Iterator[tuple[str, int]]:
    return ((split, seed) for split in study.splits for seed in study.seeds)


def _cells_of(
    study: Study,
    graphs: Graphs,
    dataset: str,
    kind: str,
    seed: int,
    arms: list[tuple[StudyArm, Recipe | None]],
) -> Iterator[Cell]:
    try:
        split = graphs.split(dataset, kind, seed)
    except NodeembError as error:
        error.args = (f"{dataset}, {kind}: {error}",)
        raise
    budget = study.budget(split.train.num_nodes)
    for arm, recipe in arms:
        if dataset in arm.without:
            continue
        pairs = 0.0
        if recipe is not None:
            recipe, pairs = with_budget(recipe, split.train, budget, seed)
        key = _key(recipe, arm.baseline, split, seed, study.columns)
        yield Cell(dataset, kind, seed, arm.called, recipe, arm.baseline, pairs, key)


def _key(
    recipe: Recipe | None,
    baseline: str | None,
    split: Split,
    seed: int,
    columns: list[str],
) -> str:
    decides: dict[str, Any] = {
        "nodeemb": __version__,
        "baseline": baseline,
        "graph": split.manifest["graph_hash"],
        "split": split.manifest["hash"],
        "seed": seed,
        "columns": sorted(columns),
    }
    if recipe is not None:
        decides["recipe"] = recipe.model_dump(mode="json", exclude=_ABOUT)
        decides["scheme"] = recipe.scheme().model_dump(mode="json")
    text = json.dumps(decides, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
