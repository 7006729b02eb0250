"""What a study will take: seconds and memory of each cell, measured on its own graphs.

Each arm trains for a moment on the training graph of each split, and is asked for a few of
its test links; both are scaled to the whole. Seeds take the same time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nodeemb.evaluation.columns import measure_columns
from nodeemb.evaluation.split import Split
from nodeemb.forecast import (
    PROGRAM,
    forecast_memory,
    forecast_seconds,
    graph_size,
    seconds_of_epoch,
)
from nodeemb.graph.graph import Graph
from nodeemb.progress import Progress, ProgressFn
from nodeemb.recipe import Recipe
from nodeemb.study.plan import Cell, Graphs
from nodeemb.study.tasks import LinkTask, Model, Task

if TYPE_CHECKING:
    from nodeemb.evaluation.scorer import ScoreRows

_MOMENT = 0.25  # seconds of training to measure
_FEW, _MORE = 500, 2500  # test links asked for, to see what each costs


@dataclass(frozen=True)
class CellForecast:
    """What a cell takes.

    Attributes:
        training, measuring: seconds.
        memory: bytes at most at once, the program included; 0 for a baseline.
    """

    training: float
    measuring: float
    memory: int

    @property
    def seconds(self) -> float:
        """In all."""
        return self.training + self.measuring


def forecast_cells(
    cells: Sequence[Cell],
    graphs: Graphs,
    threads: int,
    progress: ProgressFn | None = None,
) -> dict[str, CellForecast]:
    """Cell's key -> what it takes.

    Args:
        cells: those that are to be done.
        graphs: of the study.
        threads: that train.
        progress: called before each measurement.
    """
    alike: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        alike.setdefault(cell.place[:3], []).append(cell)
    # a graph after the other, so that each is read once
    order = sorted(alike, key=lambda place: list(graphs.inputs).index(place[0]))
    found: dict[str, CellForecast] = {}
    asking: dict[Any, float] = {}
    began = time.monotonic()
    for number, place in enumerate(order):
        if progress is not None:
            label = f"forecast: {', '.join(place)}"
            share, seconds = number / len(order), time.monotonic() - began
            progress(Progress(label, share, 0.0, "", None, seconds))
        first = alike[place][0]
        task = graphs.task(first.dataset, first.split, first.seed)
        kind = (*place[:2], first.baseline)
        if kind not in asking:
            asking[kind] = _measuring_seconds(first, task)
        told = _cell(first, task, threads, asking[kind])
        found.update(dict.fromkeys((cell.key for cell in alike[place]), told))
    return found


def _cell(cell: Cell, task: Task, threads: int, measuring: float) -> CellForecast:
    if cell.recipe is None:
        return CellForecast(0.0, measuring, 0)
    memory = forecast_memory(graph_size(task.train), cell.recipe)
    training = _training_seconds(task.train, cell.recipe, threads)
    return CellForecast(training, measuring, memory.peak + PROGRAM)


def _training_seconds(graph: Graph, recipe: Recipe, threads: int) -> float:
    if recipe.factorise is not None:
        return forecast_seconds(graph_size(graph), recipe, threads)
    return recipe.training.epochs * seconds_of_epoch(graph, recipe, threads, _MOMENT)


def _measuring_seconds(cell: Cell, task: Task) -> float:
    """Seconds of all columns: what a few links and some more take, and on in a line.

    Other tasks than hidden links are asked once, as far as they can be without a model.
    """
    score, columns = _scorer(cell, task.train), list(cell.columns)
    if not isinstance(task, LinkTask):
        began = time.monotonic()
        task.measure(Model(score, None, cell.recipe), columns, 0)
        return time.monotonic() - began
    split = task.split
    links = len(split.test)
    few, more = min(_FEW, links), min(_MORE, links)
    low = _timed(split, score, columns, few)
    total = low
    if more > few:
        high = _timed(split, score, columns, more)
        total = high + max(0.0, high - low) / (more - few) * (links - more)
    return total * (1 + len(split.validation) / links)


def _timed(split: Split, score: ScoreRows, columns: list[str], links: int) -> float:
    every = np.linspace(0, len(split.test) - 1, links).astype(np.int64)
    part = replace(split, test=split.test[every])
    taken = []
    for _ in range(
        2
    ):  # what else the machine does makes one time longer, never shorter
        began = time.monotonic()
        measure_columns(part, score, columns, 0)
        taken.append(time.monotonic() - began)
    return min(taken)


def _scorer(cell: Cell, train: Graph) -> Callable[..., Any]:
    """The baseline itself, or vectors of the cell's size that mean nothing."""
    if cell.recipe is None:
        from nodeemb.evaluation.baselines import BASELINES

        assert cell.baseline is not None
        return BASELINES[cell.baseline](train).score_rows
    shape = train.num_nodes, cell.recipe.width()
    table = np.linspace(-1, 1, shape[0] * shape[1], dtype=np.float32).reshape(shape)

    def score(sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return np.einsum("ij,ij->i", table[sources], table[targets])

    return score
