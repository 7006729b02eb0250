"""What a study will take: seconds and memory of each cell, from measurements on a few graphs.

    factorising   a recipe's pace on a small graph, and how that grows (nodeemb.pace.GROWTH)
    training      seconds a pair, of each recipe and width, on one of the study's graphs of each
                  size (4 times the floats), times the pairs that the cell trains
    measuring     seconds of the columns, on the smallest of the study's graphs of each size
                  (twice the links, up to LARGE), in proportion to the links

Seeds take the same time. So a forecast costs little beside what it forecasts: kinds of split,
and graphs of about one size, share what is measured.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nodeemb.evaluation.columns import measure_columns
from nodeemb.evaluation.split import Split
from nodeemb.forecast import forecast_memory, program_memory
from nodeemb.graph.graph import Graph
from nodeemb.pace import factorised_pace, scaled_pace, seconds_of_epoch
from nodeemb.progress import Progress, ProgressFn
from nodeemb.recipe import Recipe
from nodeemb.study.plan import ABOUT, Cell, Graphs
from nodeemb.study.tasks import LinkTask, Model, Task

if TYPE_CHECKING:
    from nodeemb.evaluation.scorer import ScoreRows

_MOMENT = 0.05  # seconds of training to measure
_FEW, _MORE = 500, 2500  # test links asked for, to see what each costs
LARGE = 50_000  # links, from which on what is asked of a graph takes time in proportion


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
    # a graph after the other, so that each is read once, if at all
    order = sorted(alike, key=lambda place: list(graphs.inputs).index(place[0]))
    found: dict[str, CellForecast] = {}
    paces = _Paces(cells, graphs, threads)
    began = time.monotonic()
    for number, place in enumerate(order):
        if progress is not None:
            label = f"forecast: {', '.join(place)}"
            share, seconds = number / len(order), time.monotonic() - began
            progress(Progress(label, share, 0.0, "", None, seconds))
        told = paces.cell(alike[place][0])
        found.update(dict.fromkeys((cell.key for cell in alike[place]), told))
    return found


class _Paces:
    """What was measured so far, by all that decides it."""

    def __init__(self, cells: Sequence[Cell], graphs: Graphs, threads: int) -> None:
        self.graphs, self.threads = graphs, threads
        self._known: dict[Hashable, float] = {}
        self._smallest: dict[Hashable, Cell] = {}
        for cell in sorted(cells, key=lambda cell: cell.size.arcs):
            self._smallest.setdefault(_columns_asked(cell), cell)

    def cell(self, cell: Cell) -> CellForecast:
        """What a cell takes."""
        measuring = self._measuring(cell)
        if cell.recipe is None:
            return CellForecast(0.0, measuring, 0)
        memory = forecast_memory(cell.size, cell.recipe, threads=self.threads)
        training = self._training(cell, cell.recipe)
        return CellForecast(
            training, measuring, memory.peak + program_memory(cell.recipe)
        )

    def _training(self, cell: Cell, recipe: Recipe) -> float:
        size, kind = cell.size, _digest(recipe)
        if recipe.factorise is not None:
            asked = kind, size.directed, size.weighted, size.signed
            pace = self._once(
                asked, lambda: factorised_pace(size, recipe, self.threads)
            )
            return scaled_pace(pace, size, recipe)

        def seconds_of_pair() -> float:
            graph = self._task(cell).train
            epoch = seconds_of_epoch(graph, recipe, self.threads, _MOMENT)
            return epoch * recipe.training.epochs / cell.pairs

        floats = max(1, size.nodes * recipe.width())
        return cell.pairs * self._once((kind, _step(floats, 4)), seconds_of_pair)

    def _measuring(self, cell: Cell) -> float:
        asked = _columns_asked(cell)
        one = self._smallest[asked]

        def seconds_of_link() -> float:
            return _measuring_seconds(one, self._task(one)) / max(1, one.size.arcs)

        return cell.size.arcs * self._once(asked, seconds_of_link)

    def _task(self, cell: Cell) -> Task:
        return self.graphs.task(cell.dataset, cell.split, cell.seed)

    def _once(self, asked: Hashable, measure: Callable[[], float]) -> float:
        if asked not in self._known:
            self._known[asked] = measure()
        return self._known[asked]


def _columns_asked(cell: Cell) -> Hashable:
    """What decides the seconds a link of a cell's columns."""
    step = min(_step(cell.size.arcs, 2), _step(LARGE, 2))
    return cell.split, cell.baseline, cell.columns, step


def _step(size: float, factor: float) -> int:
    """Which of the steps of a factor a size is next to."""
    return round(math.log(max(1, size), factor))


def _digest(recipe: Recipe) -> str:
    """What decides the seconds of a pair, or of a factorisation."""
    told = recipe.model_dump(mode="json", exclude=ABOUT)
    del told["training"]["epochs"], told["training"]["learning_rate"]
    told["sampler"].pop("walks_per_node", None)
    told["scheme"] = recipe.scheme().model_dump(mode="json")
    return json.dumps(told, sort_keys=True)


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
    _timed(split, score, columns, 1)  # the first time may compile
    low = _timed(split, score, columns, few)
    total = low
    if more > few:
        high = _timed(split, score, columns, more)
        total = high + max(0.0, high - low) / (more - few) * (links - more)
    return total * (1 + len(split.validation) / links)


def _timed(split: Split, score: ScoreRows, columns: list[str], links: int) -> float:
    every = np.linspace(0, len(split.test) - 1, links).astype(np.int64)
    part = replace(split, test=split.test[every])
    began = time.monotonic()
    measure_columns(part, score, columns, 0)
    return time.monotonic() - began


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
