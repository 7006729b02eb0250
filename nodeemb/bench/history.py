"""The figures of earlier times: a JSON line each, in a file that only grows.

A figure is worse than before where it is more than a fifth worse than the last line of
the same name and machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nodeemb.bench.figures import Figure
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.io.atomic import write_text_atomically

WORSE = 0.2  # as a share of the earlier value

History = list[dict[str, Any]]


def read_history(path: Path) -> History:
    """The lines of a history, oldest first; none where there is no such file.

    Raises:
        DataRefused: a line is none of a history; WrongUse: the file cannot be read.
    """
    return [_line(path, n, text) for n, text in _lines(path) if text.strip()]


def last_value(history: History, name: str, machine: str) -> float | None:
    """What a figure was the last time on this machine."""
    for line in reversed(history):
        if line["name"] == name and line["machine"] == machine:
            return float(line["value"])
    return None


def is_worse(figure: Figure, before: float | None) -> bool:
    """Is a figure more than a fifth worse than it was."""
    if before is None:
        return False
    if figure.better == "higher":
        return figure.value < (1 - WORSE) * before
    return figure.value > (1 + WORSE) * before


def append(path: Path, figures: Sequence[Figure], made_with: dict[str, Any]) -> None:
    """Adds a line for each figure: all of them, or none.

    Args:
        made_with: what else a line tells; `machine` among it.

    Raises:
        NodeembError: the file cannot be written.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = [figure._asdict() | made_with | {"date": now} for figure in figures]
    old = "".join(f"{text}\n" for _, text in _lines(path))
    new = "".join(json.dumps(line, allow_nan=False) + "\n" for line in told)
    write_text_atomically(path, old + new, overwrite=True)


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        return list(enumerate(path.read_text().splitlines(), 1))
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise _refused(path, 1) from None
    except OSError as error:
        raise WrongUse(
            f"{path} cannot be read: {error.strerror}",
            next_step="Name another file: --history FILE",
        ) from error


def _line(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
        told = isinstance(line["name"], str) and isinstance(line["machine"], str)
        if told and math.isfinite(float(line["value"])):
            return line
    except (ValueError, KeyError, TypeError):
        pass
    raise _refused(path, number)


def _refused(path: Path, number: int) -> DataRefused:
    return DataRefused(
        "this is no line of a history of figures",
        where=f"{path}, line {number}",
        allowed="A JSON object with name, value and machine in each line",
        next_step="Mend or remove the line, or name another file: --history FILE",
    )
