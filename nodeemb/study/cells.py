"""Do one cell of a study, and keep its result in a file written whole or not at all."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodeemb.errors import NodeembError
from nodeemb.evaluation.columns import measured
from nodeemb.evaluation.questions import Questions
from nodeemb.evaluation.split import Split
from nodeemb.io.atomic import write_json
from nodeemb.manifest import environment
from nodeemb.progress import ProgressFn
from nodeemb.study.plan import Cell
from nodeemb.study.splits import validation_test

if TYPE_CHECKING:
    from nodeemb.evaluation.scorer import ScoreRows

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
    split: Split,
    columns: list[str],
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
        "graph_hash": split.manifest["graph_hash"],
        "split_hash": split.manifest["hash"],
        "state": "done",
        "error": "",
        "training": {},
        "test": {},
        "validation": {},
        "unasked": {},
    }
    try:
        score, result["training"] = _trained(cell, split, threads, progress)
        asked = time.process_time()
        result["test"], result["unasked"] = _measured(split, score, columns, cell.seed)
        inner = validation_test(split)
        if inner is not None:
            result["validation"], _ = _measured(inner, score, columns, cell.seed)
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
    cell: Cell, split: Split, threads: int, progress: ProgressFn | None
) -> tuple[ScoreRows, dict[str, Any]]:
    """The scoring function, and what it took."""
    began = time.process_time()
    if cell.recipe is None:
        from nodeemb.evaluation.baselines import BASELINES

        assert cell.baseline is not None
        score = BASELINES[cell.baseline](split.train).score_rows
        return score, {"pairs": 0, "cpu_seconds": round(time.process_time() - began, 3)}
    from nodeemb.run import embed

    embedding = embed(
        split.train, cell.recipe, seed=cell.seed, threads=threads, progress=progress
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
    return embedding.score_rows, training


def _measured(
    split: Split,
    score: Callable[..., Any],
    columns: list[str],
    seed: int,
) -> tuple[dict[str, float], dict[str, str]]:
    """(the columns that are numbers here, why the others are none)."""
    found = measured(Questions(split, seed), score, columns)
    numbers = {k: float(v) for k, v in found.values.items() if math.isfinite(v)}
    return numbers, found.reasons
