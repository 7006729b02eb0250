"""Do a study, cell by cell, into a folder that can be gone on with after any interruption.

| file | holds |
|---|---|
| study.json | the study, and which cell stands where |
| cells/KEY.json | a cell's numbers or its error, cost, versions |
| diagnoses.json | what nodeemb diagnose says of the graphs, where the study asks |
| table.md, table.csv, report.html | what all cells together say |
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nodeemb.engine import count_threads
from nodeemb.errors import OutOfResources, WrongUse
from nodeemb.io.atomic import write_json
from nodeemb.progress import Progress, ProgressFn, clock
from nodeemb.study.cells import CELLS, FORMAT, do_cell, keep, read_result
from nodeemb.study.forecast import CellForecast, forecast_cells
from nodeemb.study.options import Study
from nodeemb.study.plan import Cell, Graphs, make_cells
from nodeemb.study.tuning import Plan, plan_of, ready

INDEX = "study.json"
CellDone = Callable[[int, int, Cell, dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Job:
    """A study that is ready to be begun or gone on with; nothing has been written yet.

    Attributes:
        study: what to do.
        folder: where the cells are, or will be.
        graphs: of the study.
        candidates: every arm on every split.
        plan: which of them are run, as far as that is known.
        todo: cells of the plan that no file holds the result of.
    """

    study: Study
    folder: Path
    graphs: Graphs
    candidates: tuple[Cell, ...]
    plan: Plan
    todo: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All that are known to be run."""
        return self.plan.cells

    @property
    def left(self) -> int:
        """How many are to be done, those whose arm is still to be chosen included."""
        return len(self.todo) + len(self.plan.waiting)


@dataclass(frozen=True)
class Forecast:
    """What is still to be done takes: by cell, and in all."""

    cells: dict[str, CellForecast]
    seconds: float
    memory: int


def default_folder(study: Study) -> Path:
    """runs/study-NAME: the same each time, so that a study is gone on with."""
    return Path("runs") / f"study-{study.name}"


def prepare(
    study: Study,
    out: str | Path | None = None,
    retry_failed: bool = False,
    only: Sequence[str] = (),
    alike: bool = False,
) -> Job:
    """Reads and splits every graph, and sees which cells are still to be done.

    Args:
        study: what to do.
        out: the folder to make or to go on with; by default `default_folder`.
        retry_failed: whether cells that failed are to be done again.
        only: groups and data sets that are wanted; none: all.
        alike: for a forecast alone: where nothing is done yet, the splits of all seeds are
            taken for the first one's, and only these are made.

    Raises:
        WrongUse: a choice that does not exist, or a folder that is something else.
        DataRefused: a graph that cannot be read or split.
    """
    folder = default_folder(study) if out is None else Path(out)
    check_folder(folder, study)
    graphs = Graphs(study)
    alike = alike and not any((folder / CELLS).glob("*.json"))
    cells = tuple(make_cells(study, graphs, only, alike))
    return _job(study, folder, graphs, cells, retry_failed)


def _job(
    study: Study,
    folder: Path,
    graphs: Graphs,
    cells: tuple[Cell, ...],
    retry_failed: bool = False,
) -> Job:
    """What is to be done as things stand in the folder."""
    done = {}
    for cell in cells:
        result = read_result(folder, cell.key)
        if result is not None and not (retry_failed and result["state"] == "failed"):
            done[cell.place] = result
    plan = plan_of(study, cells, done)
    todo: dict[str, Cell] = {}
    for cell in plan.cells:
        if cell.place not in done:
            todo.setdefault(cell.key, cell)
    return Job(study, folder, graphs, cells, plan, tuple(todo.values()))


def looked_again(job: Job, retry_failed: bool = False) -> Job:
    """The same as things stand in the folder by now; no graph is read again."""
    return _job(job.study, job.folder, job.graphs, job.candidates, retry_failed)


def rounds(job: Job) -> Iterator[tuple[Cell, ...]]:
    """Cells to do one round after the other; the first may choose who is in the second.

    The folder says before each which cell stands where.
    """
    while True:
        begin(job)
        yield tuple(ready(job.plan, job.todo))
        if not job.plan.waiting:
            return
        job = looked_again(job)


def check_folder(folder: Path, study: Study) -> None:
    """Refuses a folder that holds something else than this study.

    Raises:
        WrongUse: with what is there.
    """
    if not folder.exists():
        return
    try:
        found = json.loads((folder / INDEX).read_text("utf-8"))["study"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        if folder.is_dir() and not any(folder.iterdir()):
            return
        raise WrongUse(
            f"{folder} exists and holds no study",
            next_step="Choose another folder: --out",
        ) from None
    if found != study.name:
        raise WrongUse(
            f'{folder} holds the study "{found}"', next_step="Choose another: --out"
        )


def forecast(
    job: Job, threads: int | None = None, progress: ProgressFn | None = None
) -> Forecast:
    """Measures what the cells still to be done will take.

    Where an arm is still to be chosen, it takes the mean of those that it may be.
    """
    count = count_threads(threads)
    known = {cell.key for cell in job.cells}
    rows = [[c for c in row if c.key not in known] for row in job.plan.waiting]
    maybe = {cell.key: cell for row in rows for cell in row}
    found = forecast_cells([*job.todo, *maybe.values()], job.graphs, count, progress)
    seconds = sum(found[cell.key].seconds for cell in job.todo)
    for row, whole in zip(rows, job.plan.waiting, strict=True):
        seconds += sum(found[cell.key].seconds for cell in row) / len(whole)
    memory = max((told.memory for told in found.values()), default=0)
    return Forecast(found, seconds, memory)


def check_hours(job: Job, told: Forecast, jobs: int = 1) -> None:
    """Refuses a study whose forecast is above its limit.

    Args:
        job, told: what is to be done and what it takes, one cell after another.
        jobs: how many cells are done at once.

    Raises:
        OutOfResources: with both.
    """
    limit = job.study.hours
    seconds = told.seconds / jobs
    if limit is not None and seconds > 3600 * limit:
        raise OutOfResources(
            f"{job.left:,} cells would take about {clock(seconds)} and the "
            f"study's limit is {limit:g} hours",
            next_step="Lower pairs or pairs_per_node, leave something out, raise hours, "
            "or go on all the same with --over-limit",
        )


def carry_out(
    job: Job,
    told: Forecast,
    threads: int | None = None,
    progress: ProgressFn | None = None,
    cell_done: CellDone | None = None,
) -> None:
    """Does every cell that is not done, one after another.

    Args:
        job: what to do.
        told: its forecast, which says how much of the whole each cell is.
        threads: as in `embed`.
        progress: called all the time.
        cell_done: called after each cell: number, of how many, cell, result.

    Raises:
        KeyboardInterrupt: with what was kept. A cell that fails is recorded and no more.
    """
    count = count_threads(threads)
    shown = _Clock(job, told, progress)
    cells = (cell for part in rounds(job) for cell in part)
    for number, cell in enumerate(cells, 1):
        shown.next(number, cell)
        try:
            task = job.graphs.task(cell.dataset, cell.split, cell.seed)
            result = do_cell(cell, task, count, shown.inner)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Interrupted: {number - 1} of {job.left} cells were done and are "
                f"kept in {job.folder}. The same command goes on."
            ) from None
        keep(job.folder, result)
        if cell_done is not None:
            cell_done(number, job.left, cell, result)


def begin(job: Job) -> None:
    """Makes the folder, and says in it which cell stands where."""
    (job.folder / CELLS).mkdir(parents=True, exist_ok=True)
    write_json(job.folder / INDEX, _index(job), overwrite=True)


def _index(job: Job) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "study": job.study.as_written(),
        "cells": [
            {
                "dataset": cell.dataset,
                "split": cell.split,
                "arm": cell.arm,
                "seed": cell.seed,
                "key": cell.key,
            }
            for cell in job.cells
        ],
        "waiting": len(job.plan.waiting),
    }


def share_done(behind: float, told: Forecast, whole: bool) -> float:
    """The share of a study that is behind, from the seconds forecast of what is done.

    An arm that was still to be chosen was forecast as the mean of those that it might be, so
    the sum may be passed before all cells are done.
    """
    return min(behind / max(told.seconds, 1e-9), 1.0 if whole else 0.99)


class _Clock:
    """Progress over all cells, each as long as its forecast says."""

    def __init__(self, job: Job, told: Forecast, progress: ProgressFn | None) -> None:
        self.count, self.told, self.progress = job.left, told, progress
        self.before, self.own, self.task = 0.0, 0.0, ""
        self.number = 0
        self.began = time.monotonic()

    def next(self, number: int, cell: Cell) -> None:
        """Begins another cell."""
        self.number = number
        self.before += self.own
        self.own = self.told.cells[cell.key].seconds
        where = f"{cell.dataset}, {cell.split}, seed {cell.seed}, {cell.arm}"
        self.task = f"cell {number} of {self.count}: {where}"
        self.inner(Progress("", 0.0, 0.0, "pairs", None, 0.0))

    def inner(self, inner: Progress) -> None:
        """Passes on the progress of a cell."""
        if self.progress is not None:
            task = f"{self.task}, {inner.task}" if inner.task else self.task
            whole = self.number == self.count and inner.share >= 1
            share = share_done(self.before + inner.share * self.own, self.told, whole)
            seconds = time.monotonic() - self.began
            self.progress(replace(inner, task=task, share=share, seconds=seconds))
