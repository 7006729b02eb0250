"""Do one cell of a study, and keep its result in a file written whole or not at all."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from nodeemb.errors import NodeembError
from nodeemb.io.atomic import write_json
from nodeemb.manifest import environment
from nodeemb.progress import ProgressFn
from nodeemb.study.plan import Cell
from nodeemb.study.tasks import Model, Task

FORMAT = 1
CELLS = "cells"
# What a cell may fail of without ending the study: refusals, a lack of memory, and numbers
# that no step of the arithmetic can take.
_FAILS = (NodeembError, MemoryError, ArithmeticError, ValueError)


def cell_path(folder: Path, key: str) -> Path:
    """The file of a cell."""
    return folder / CELLS / f"{key}.json"


def read_result(folder: Path, key: str) -> dict[str, Any] | None:
    """What a cell gave; None where there is no whole file of it."""
    try:
        result = json.loads(cell_path(folder, key).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(result, dict) and result.get("format") == FORMAT
    return result if whole and result.get("key") == key else None


def do_cell(
    cell: Cell,
    task: Task,
    threads: int,
    progress: ProgressFn | None = None,
) -> dict[str, Any]:
    """Trains, measures and forgets; what goes wrong is part of the result.

    Returns:
        state "done" or "failed", error, test and validation columns, costs, versions.
    """
    began = time.monotonic()
    result: dict[str, Any] = {
        "format": FORMAT,
        "key": cell.key,
        "dataset": cell.dataset,
        "split": cell.split,
        "seed": cell.seed,
        "arm": cell.arm,
        "graph_hash": task.graph_hash,
        "split_hash": task.hash,
        "state": "done",
        "error": "",
        "training": {},
        "test": {},
        "validation": {},
        "unasked": {},
    }
    try:
        model, result["training"] = _trained(cell, task, threads, progress)
        asked = time.process_time()
        found = task.measure(model, list(cell.columns), cell.seed, cell.resamples)
        result |= found._asdict()
        result["measuring_cpu_seconds"] = round(time.process_time() - asked, 3)
    except _FAILS as error:
        result.update(state="failed", test={}, validation={})
        result["error"] = f"{type(error).__name__}: {error}".strip(": ")
    result["seconds"] = round(time.monotonic() - began, 3)
    result["threads"] = threads
    result["environment"] = environment()
    return result


def keep(folder: Path, result: dict[str, Any]) -> None:
    """Writes a cell's result; one of the same key is replaced."""
    write_json(cell_path(folder, result["key"]), result, overwrite=True)


def _trained(
    cell: Cell, task: Task, threads: int, progress: ProgressFn | None
) -> tuple[Model, dict[str, Any]]:
    """The model, and what it took."""
    began = time.process_time()
    if cell.recipe is None:
        from nodeemb.evaluation.baselines import BASELINES

        assert cell.baseline is not None
        score = BASELINES[cell.baseline](task.train).score_rows
        return Model(score), {
            "pairs": 0,
            "cpu_seconds": round(time.process_time() - began, 3),
        }
    from nodeemb.run import embed

    embedding = embed(
        task.train, cell.recipe, seed=cell.seed, threads=threads, progress=progress
    )
    cost = round(time.process_time() - began, 3)
    told = embedding.manifest["training"]
    training = {
        "pairs": told.get("pairs", 0),
        "epochs": 0 if cell.recipe.factorise else cell.recipe.training.epochs,
        "cpu_seconds": cost,
        "notes": embedding.manifest["notes"],
    }
    walks = getattr(cell.recipe.sampler, "walks_per_node", None)
    if walks is not None:
        training["walks_per_node"] = walks
    return Model(embedding.score_rows, embedding, cell.recipe), training
