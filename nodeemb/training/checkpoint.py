"""A checkpoint: the tables and the place of a training that has not ended, in one file.

The file is replaced whole, so the last good one always stays. It is a safetensors file:

| part | holds |
|---|---|
| `__metadata__` | format, CRC-32 of all numbers, `run` (what decides the result), `state`, `about` |
| table, squares | the tables, as they were between two steps; missing before the first step |
| good, best | the table after the last and after the best epoch, where they differ from these |

Draws are functions of (seed, epoch, number), so that tables and place are all there is to
know: a run taken up again ends with the same bits as one that was never interrupted.
"""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from nodeemb.errors import DataRefused, NodeembError, WrongUse
from nodeemb.io.atomic import new_file
from nodeemb.io.tensors import TYPES, checksum_of, write_tensors
from nodeemb.training.state import State
from nodeemb.training.tables import Tables, whole_lines
from nodeemb.training.trainer import AfterSteps, Backend

FORMAT = 1
_LOG = logging.getLogger("nodeemb")
_MOST_HEADER = 100_000_000
_PIECE = 2**24


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often the state of training is kept.

    Attributes:
        path: the file; one that is there already is gone on from.
        minutes: between two checkpoints, above 0.
        about: anything that JSON can hold, kept for whoever takes the run up again.
    """

    path: Path
    minutes: float = 10.0
    about: Mapping[str, Any] = field(default_factory=dict)


class Header(NamedTuple):
    """What a checkpoint says of itself; arrays: name -> (dtype, shape, first, end byte)."""

    run: dict[str, Any]
    state: State
    about: dict[str, Any]
    checksum: int
    arrays: dict[str, tuple[np.dtype, tuple[int, ...], int, int]]
    begin: int


def write_checkpoint(
    path: Path,
    run: Mapping[str, Any],
    about: Mapping[str, Any],
    state: State,
    tables: Tables | None,
) -> None:
    """Writes, or replaces, a checkpoint.

    Args:
        path: the file.
        run: what decides the result, as JSON can hold it.
        about: as in `Checkpoints`.
        state: where training stands.
        tables: as they are now; None before the first step.

    Raises:
        OutOfResources, RunFailed, WrongUse: as `new_file`; the file that was there stays.
    """
    arrays = {} if tables is None else dict(tables._asdict())
    if tables is not None:
        # between two epochs the last good table is the table itself
        if state.step and state.epoch:
            arrays["good"] = state.good
        if state.best is not None:
            arrays["best"] = state.best
    told = {
        "kind": "nodeemb checkpoint",
        "format": str(FORMAT),
        "checksum": str(checksum_of(arrays, zlib.crc32)),
        "run": json.dumps(run),
        "state": json.dumps(state.as_dict()),
        "about": json.dumps(about),
    }
    with new_file(path, overwrite=True) as file:
        write_tensors(file, arrays, told)


def read_header(path: str | Path) -> Header:
    """What a checkpoint says of itself, its numbers apart.

    Raises:
        DataRefused: it cannot be read, is no checkpoint, or is damaged.
    """
    try:
        with Path(path).open("rb") as file:
            return _header(file, str(path))
    except OSError as error:
        raise DataRefused(
            f"cannot read it: {error.strerror}", where=str(path)
        ) from None


def read_checkpoint(
    path: str | Path, run: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> tuple[State, Tables | None]:
    """The state and the tables of a checkpoint of a known run.

    Args:
        path: the file.
        run: what decides the result; that of the checkpoint must be equal.
        shapes: of table and squares.

    Returns:
        (state, tables), tables None where no step was done.

    Raises:
        DataRefused: it cannot be read, is no checkpoint, or is damaged.
        WrongUse: it is of another run.
    """
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            header = _header(file, where)
            _check_run(header.run, run, where)
            arrays = _arrays(file, header, run, shapes, where)
    except OSError as error:
        raise DataRefused(f"cannot read it: {error.strerror}", where=where) from None
    if not arrays:
        return State(resumed=header.state.resumed), None
    header.state.good, header.state.best = arrays.get("good"), arrays.get("best")
    return header.state, Tables(arrays["table"], arrays["squares"])


def keeper(
    checkpoints: Checkpoints, run: Mapping[str, Any], stop: Callable[[], bool]
) -> AfterSteps:
    """What keeps checkpoints while training goes on.

    Args:
        checkpoints: where and how often.
        run: what decides the result.
        stop: whether training should stop; asked after every few steps.

    Returns:
        for `train`; it raises KeyboardInterrupt, with what to do next, after a checkpoint.
        A checkpoint that cannot be written is told of, and training goes on; the last
        good one stays.
    """
    path, last = checkpoints.path, time.monotonic()

    def after_steps(state: State, backend: Backend) -> None:
        nonlocal last
        stopping = stop()
        if not stopping and time.monotonic() - last < 60 * checkpoints.minutes:
            return
        kept = f"Interrupted. The state of the run is kept: {path}"
        try:
            write_checkpoint(path, run, checkpoints.about, state, backend.tables)
        except NodeembError as error:
            _LOG.warning("no checkpoint: %s", error)
            kept = f"Interrupted. An older state of the run is kept: {path}\n{error}"
        last = time.monotonic()
        if stopping:
            raise KeyboardInterrupt(kept)

    return after_steps


def _header(file: BinaryIO, where: str) -> Header:
    """Reads the header, believing nothing."""
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _MOST_HEADER):
        raise _damaged(where, "it ends before its header does")
    try:
        header = json.loads(file.read(length))
        told = header.pop("__metadata__")
        if told["kind"] != "nodeemb checkpoint":
            raise KeyError("kind")
        if told["format"] != str(FORMAT):
            raise DataRefused(
                f"its format is {told['format']}",
                where=where,
                allowed=f"Format {FORMAT}",
                next_step="Go on with the version of nodeemb that wrote it",
            )
        arrays, at = {}, 0
        for name, spec in header.items():
            dtype, shape = np.dtype(TYPES[spec["dtype"]]), tuple(spec["shape"])
            first, end = spec["data_offsets"]
            cells = 1
            for side in shape:
                cells *= side
            if first != at or end - first != cells * dtype.itemsize or cells < 0:
                raise ValueError(f"{name} lies where it cannot")
            arrays[name], at = (dtype, shape, first, end), end
        if 8 + length + at != size:
            raise ValueError(f"it has {size} bytes and says {8 + length + at}")
        run, about = json.loads(told["run"]), json.loads(told["about"])
        state = State.from_dict(json.loads(told["state"]))
        return Header(run, state, about, int(told["checksum"]), arrays, 8 + length)
    except KeyError:
        raise DataRefused("it is no checkpoint of nodeemb", where=where) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(where, error) from None


def _check_run(found: dict[str, Any], run: Mapping[str, Any], where: str) -> None:
    wanted = json.loads(json.dumps(run))
    if found != wanted:
        other = [k for k in {**wanted, **found} if found.get(k) != wanted.get(k)]
        raise WrongUse(
            f"it is of another run: {', '.join(other)} {'is' if len(other) == 1 else 'are'} "
            "not the same",
            where=where,
            next_step="Take it up with what it was begun with, or give another file",
        )


def _arrays(
    file: BinaryIO,
    header: Header,
    run: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    where: str,
) -> dict[str, np.ndarray]:
    """The tables; nothing is allocated before it is known to be what the run needs."""
    arrays, checksum = {}, 0
    shapes = {**shapes, "good": shapes["table"], "best": shapes["table"]}
    if header.arrays and not {"table", "squares"} <= set(header.arrays):
        raise _damaged(where, "a table is missing")
    for name, (dtype, shape, _, _) in header.arrays.items():
        if shape != shapes.get(name) or dtype != np.dtype(run["dtype"]):
            raise _damaged(where, f"{name} is {dtype} {shape}")
    file.seek(header.begin)
    for name, (dtype, shape, _, _) in header.arrays.items():
        arrays[name] = whole_lines(shape, dtype)
        view = memoryview(arrays[name].data).cast("B")
        for at in range(0, len(view), _PIECE):
            piece = view[at : at + _PIECE]
            if file.readinto(piece) != len(piece):  # type: ignore[attr-defined]
                raise _damaged(where, "it ends too soon")
            checksum = zlib.crc32(piece, checksum)
    if checksum != header.checksum:
        raise _damaged(where, "its numbers are not those that were written")
    return arrays


def _damaged(where: str, why: object) -> DataRefused:
    return DataRefused(
        f"it is damaged: {why}",
        where=where,
        next_step="Remove it and begin the run again",
    )
