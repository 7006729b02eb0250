"""All cells of a study in one file: to keep, to publish, to join what several machines did.

| name ends with | holds |
|---|---|
| .jsonl, .jsonl.gz | a line of JSON for each cell, as it is in the study's folder; reads back |
| .parquet | a row for each number: cell, column, test or validation, costs, versions, hashes |
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.io.atomic import new_file
from nodeemb.io.opening import unpacked
from nodeemb.study.cells import FORMAT, keep, read_result
from nodeemb.study.results import Results
from nodeemb.study.work import Job, begin

_TEXTS = ("key", "dataset", "split", "arm", "error", "graph_hash", "split_hash")
_GROUPS = ("training", "test", "validation", "environment")
_LINES, _PACKED, _TABLE = ".jsonl", ".jsonl.gz", ".parquet"


def check_record(path: str | Path) -> None:
    """Refuses a name that says no format.

    Raises:
        WrongUse: with those that are known.
    """
    if not str(path).endswith((_LINES, _PACKED, _TABLE)):
        raise WrongUse(
            f"{path}: its end says no format",
            allowed=f"{_LINES}, {_PACKED} or {_TABLE}",
        )


def write_record(results: Results, path: str | Path) -> Path:
    """Writes every cell that is there.

    Args:
        results: of a study.
        path: a new file; its end says the format.

    Raises:
        WrongUse: the end says none, or the file exists.
    """
    check_record(path)
    cells = list(results.cells.values())
    with new_file(path) as file:
        if str(path).endswith(_TABLE):
            _write_table(cells, file)
        else:
            lines = "".join(json.dumps(cell) + "\n" for cell in cells)
            text = lines.encode()
            # without a time, so that the same cells make the same file
            packed = str(path).endswith(_PACKED)
            file.write(gzip.compress(text, mtime=0) if packed else text)
    return Path(path)


def _write_table(cells: list[dict[str, Any]], file: Any) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    rows = [row for cell in cells for row in _rows(cell)]
    names = {name: None for row in rows for name in row}
    table = pa.table({name: [row.get(name) for row in rows] for name in names})
    parquet.write_table(table, file)


def _rows(cell: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each number; one without a number for a cell that failed."""
    made = cell["environment"]
    base = {
        name: cell[name]
        for name in (
            "dataset", "split", "seed", "arm", "key", "graph_hash", "split_hash",
            "state", "error", "seconds", "threads",
        )
    }  # fmt: skip
    base |= {
        name: cell["training"].get(name) for name in ("cpu_seconds", "pairs", "epochs")
    }
    base |= {"nodeemb": made["nodeemb"], "python": made["python"]}
    base |= {name: version for name, version in made["packages"].items() if version}
    numbers = [
        {"links": links, "column": column, "value": value}
        for links in ("test", "validation")
        for column, value in cell[links].items()
    ]
    for number in numbers or [{"links": None, "column": None, "value": None}]:
        yield base | number


def take_record(job: Job, path: str | Path) -> int:
    """Puts the cells of a record that belong to a study, and are not done, into its folder.

    Args:
        job: a study, whose cells are known by their keys: digests of all that decides them.
        path: a file that `write_record` made, not a table.

    Returns:
        how many cells were taken.

    Raises:
        DataRefused: the file cannot be read as such, or has no cell of this study; nothing
            is taken.
    """
    maybe = [cell for row in job.plan.waiting for cell in row]
    wanted = {cell.key: cell for cell in [*maybe, *job.todo]}
    recorded = list(_read(Path(path)))
    if not {cell.key for cell in job.candidates} & {cell["key"] for cell in recorded}:
        raise DataRefused(
            f"none of its {len(recorded):,} cells is of the study {job.study.name}",
            where=str(path),
            allowed="A record of this study as it is now: other settings, data or --only "
            "are other cells",
        )
    found = {cell["key"]: cell for cell in recorded if cell["key"] in wanted}
    begin(job)
    for key, cell in found.items():
        place = wanted[key].place
        if (cell["dataset"], cell["split"], cell["arm"], cell["seed"]) != place:
            cell |= dict(zip(("dataset", "split", "arm", "seed"), place, strict=True))
        if cell["state"] == "done" and read_result(job.folder, key) is None:
            keep(job.folder, cell)
    return sum(cell["state"] == "done" for cell in found.values())


def _read(path: Path) -> Iterator[dict[str, Any]]:
    cells = []
    with unpacked(path) as file:
        for number, line in enumerate(file, 1):
            try:
                cell = json.loads(line)
                whole = _is_cell(cell)
            except (ValueError, KeyError, TypeError, RecursionError):
                whole = False
            if not whole:
                raise DataRefused(
                    "this is no cell of a study",
                    where=f"{path}, line {number}",
                    allowed="A file that nodeemb study FILE --record CELLS.jsonl wrote",
                )
            cells.append(cell)
    return iter(cells)


def _is_cell(cell: Any) -> bool:
    """Does it hold what reports use; KeyError or TypeError where something is missing."""
    done = cell["state"] == "done"
    costs = [cell["training"][name] for name in ("cpu_seconds", "pairs") if done]
    made = cell["environment"]
    return (
        cell["format"] == FORMAT
        and cell["state"] in ("done", "failed")
        and all(isinstance(cell[name], str) for name in _TEXTS)
        and all(isinstance(cell[name], dict) for name in _GROUPS)
        and all(isinstance(made[name], str) for name in ("nodeemb", "python", "system"))
        and isinstance(made["packages"], dict)
        and type(cell["seed"]) is int
        and all(
            type(number) in (int, float) and math.isfinite(number)
            for number in (
                cell["seconds"], cell["threads"], *costs,
                *cell["test"].values(), *cell["validation"].values(),
            )
        )
    )  # fmt: skip
