"""Compare role schemes on signed graphs: the same hidden links, seeds and width for all.

    for each graph and seed: split -> degrees; for each arm: train, ask of signs -> a cell

Every cell is a file that is kept when it is done, so that the same call goes on after an
interruption. What is hidden to fit readouts is no part of any model's training.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from nodeemb.choices import dump_yaml
from nodeemb.comparison import Arm, Comparison, arm_recipe
from nodeemb.errors import DataRefused, WrongUse, unknown_name
from nodeemb.evaluation.signs import DEGREES, METRICS, evaluate_signs
from nodeemb.evaluation.split import Split, split_edges
from nodeemb.io.atomic import write_json, write_text_atomically
from nodeemb.material import check_graph
from nodeemb.options import Options, parse, read_yaml
from nodeemb.recipe import Recipe
from nodeemb.resources import resource_path
from nodeemb.run import embed
from nodeemb.settings import Input

CONFIG, CELLS = "config.yaml", "cells"


class SignedComparison(Options):
    """Everything that decides the result of a comparison on signed graphs."""

    name: str = Field(description="short name, for the folder")
    title: str = Field(description="the table's heading")
    notes: list[str] = Field(default=[], description="what a reader must know")
    inputs: list[Input] = Field(min_length=1, description="the graphs")
    seeds: list[int] = Field(
        default=[0, 1, 2, 3, 4],
        min_length=1,
        description="everything is repeated for each",
    )
    test: float = Field(
        default=0.2, gt=0, lt=1, description="share of the links hidden for the test"
    )
    fit: float = Field(
        default=0.08,
        gt=0,
        lt=1,
        description="share of the links hidden to fit readouts on",
    )
    tasks: list[str] = Field(
        default=list(METRICS), min_length=1, description="sign, three_class, direction"
    )
    balanced: bool = Field(
        default=False,
        description="true: readouts weigh every class alike; false: every pair one",
    )
    width: int = Field(
        default=64, ge=1, le=65_536, description="floats a node, the same for every arm"
    )
    recipe: dict[str, Any] = Field(default={}, description="choices of all arms")
    arms: list[Arm] = Field(min_length=1, description="the models")
    control: str | None = Field(
        default=None, description="the arm that others are held against"
    )
    per_input: dict[str, dict[str, Any]] = Field(
        default={},
        description="input -> dotted names and values for all arms on that graph",
    )

    @model_validator(mode="after")
    def _check(self) -> SignedComparison:
        names = [arm.name for arm in self.arms]
        for what, values in (
            ("arm", names),
            ("seed", self.seeds),
            ("input", [given.name for given in self.inputs]),
        ):
            for value in values:
                if list(values).count(value) > 1:
                    raise WrongUse(f"the {what} {value} comes twice")
        if DEGREES in names:
            raise WrongUse(f'no arm may be called "{DEGREES}": that is the regression')
        if self.control is not None and self.control not in names:
            raise unknown_name("arm", self.control, names)
        for task in self.tasks:
            if task not in METRICS:
                raise unknown_name("task on signed graphs", task, METRICS)
        return self

    def recipes(self, given: str) -> list[Recipe]:
        """The recipes of all arms on an input, in their order."""
        base = Comparison(
            name=self.name,
            title=self.title,
            width=self.width,
            recipe=self.recipe,
            arms=self.arms,
        )
        extra = self.per_input.get(given)
        return [arm_recipe(base, arm, extra) for arm in self.arms]


def load_signed(path: str | Path | None = None) -> SignedComparison:
    """Reads a comparison on signed graphs; None: the one that comes with nodeemb.

    Raises:
        DataRefused: the file cannot be read. WrongUse: an unknown or wrong choice.
    """
    if path is None:
        path = resource_path("configs", "comparisons", "signed.yaml")
    return parse(SignedComparison, read_yaml(path), str(path))


def carry_out(
    asked: SignedComparison,
    folder: str | Path,
    threads: int | None = None,
    told: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Does the cells that are not there yet, and keeps each in the folder.

    Args:
        asked: the comparison.
        folder: to make, or to go on with.
        threads: at most so many; None: NODEEMB_THREADS, or all cores.
        told: called with a line for every model trained.

    Returns:
        The results of all cells, as `read_cells`.

    Raises:
        WrongUse: the folder holds another comparison.
        DataRefused: a graph without signs or directions.
    """
    folder = Path(folder)
    check_folder(asked, folder)
    for given in asked.inputs:
        paths = {seed: _path(folder, given.name, seed) for seed in asked.seeds}
        missing = [seed for seed, path in paths.items() if not path.exists()]
        if not missing:
            continue
        recipes, graph = asked.recipes(given.name), given.read()
        for recipe in recipes:
            check_graph(graph, recipe, recipe.scheme())
        for seed in missing:
            split = split_edges(graph, asked.test, asked.fit, seed)
            cell = _cell(asked, split, recipes, seed, threads, told)
            _keep(asked, folder, paths[seed], {"input": given.name, **cell})
            if told is not None:
                told(f"{given.name}: seed {seed} is done")
    return read_cells(folder)


def read_cells(folder: str | Path) -> list[dict[str, Any]]:
    """The results of a folder: input, seed, facts, CPU-seconds of each arm, rows.

    Raises:
        DataRefused: nothing is there, or a file that is damaged.
    """
    paths = sorted((Path(folder) / CELLS).glob("*.json"))
    if not paths:
        raise DataRefused(f"{folder} holds no results of signed graphs")
    try:
        return [json.loads(path.read_text("utf-8")) for path in paths]
    except ValueError as error:
        raise DataRefused(f"a file in {folder} is no JSON: {error}") from None


def check_folder(asked: SignedComparison, folder: Path) -> None:
    """Refuses a folder of anything else.

    Raises:
        WrongUse: it exists, and is no folder of this comparison.
    """
    path = folder / CONFIG
    if path.exists():
        if path.read_text("utf-8") != dump_yaml(asked.model_dump()):
            raise WrongUse(
                f"{folder} holds another comparison",
                next_step="Give another folder: --out",
            )
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUse(
            f"{folder} exists and is no comparison of signed graphs",
            next_step="Give another folder: --out",
        )


def _keep(
    asked: SignedComparison, folder: Path, path: Path, cell: dict[str, Any]
) -> None:
    """Writes a cell, and before the first of them the folder and what was asked."""
    (folder / CELLS).mkdir(parents=True, exist_ok=True)
    if not (folder / CONFIG).exists():
        write_text_atomically(folder / CONFIG, dump_yaml(asked.model_dump()))
    write_json(path, cell)


def _path(folder: Path, given: str, seed: int) -> Path:
    return folder / CELLS / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', given)}-{seed}.json"


def _cell(
    asked: SignedComparison,
    split: Split,
    recipes: list[Recipe],
    seed: int,
    threads: int | None,
    told: Callable[[str], None] | None,
) -> dict[str, Any]:
    """All arms on one split."""
    models, seconds = {}, {}
    for recipe in recipes:
        begun = time.process_time()
        models[recipe.name] = embed(split.train, recipe, seed=seed, threads=threads)
        seconds[recipe.name] = round(time.process_time() - begun, 2)
        if told is not None:
            told(f"seed {seed}: {recipe.name} trained")
    report = evaluate_signs(
        models, split, asked.tasks, seed=seed, balanced=asked.balanced
    )
    return {
        "seed": seed,
        "cpu_seconds": seconds,
        "facts": report.facts,
        "rows": [row._asdict() for row in report.rows],
    }
