"""An embedding as two files: tables in safetensors, everything else in JSON.

Ids that are whole numbers or text stand beside the tables as arrays; others (tuples,
mixed kinds) as JSON with their type. No pickle: reading runs no code. The JSON names the
version of the format; older ones are brought up to date, step by step, as they are read.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, NodeembError, OutOfResources, WrongUse
from nodeemb.io.atomic import new_file, write_json
from nodeemb.io.folders import new_folder
from nodeemb.io.stored_ids import ids_in, ids_out
from nodeemb.io.tensors import write_tensors
from nodeemb.options import parse
from nodeemb.roles.layout import lay_out
from nodeemb.roles.scheme import RoleScheme

FORMAT = 1
TABLES, SHEET = "embedding.safetensors", "embedding.json"

# version -> the sheet of that version as the next version has it
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

_BLOCK = 2**20  # numbers at a time
_HEADER = 2**20  # bytes of a header of ours, at most; it has some hundred
_SHEET = 2**24  # bytes of a sheet that are read without a look at the free memory
_GROWTH = 32  # what JSON grows by in memory, at most


def save(embedding: Embedding, path: str | Path) -> Path:
    """Makes a new folder with both files. See Embedding.save."""
    for name, (a, b) in embedding.layout.roles.items():
        if (row := _not_finite(embedding.table[:, a:b])) is not None:
            raise WrongUse(
                f"role {name} of {embedding.ids[row]!r} holds what is no finite number",
                allowed="Finite numbers, which scores and search need",
            )
    with new_folder(path) as folder:
        write_files(embedding, folder)
    return Path(path)


def write_files(embedding: Embedding, folder: Path) -> None:
    """Writes both files into an existing folder."""
    arrays = {
        f"role.{name}": embedding.table[:, a:b]
        for name, (a, b) in embedding.layout.roles.items()
    }
    ids, listed = ids_out(embedding.ids)
    sheet: dict[str, Any] = {
        "format": FORMAT,
        "nodes": len(embedding),
        "width": embedding.width,
        "biases": embedding.biases,
        "dtype": str(embedding.table.dtype),
        "scheme": embedding.scheme.model_dump(),
        "ids": listed,
        "manifest": embedding.manifest,
    }
    with new_file(folder / TABLES) as file:
        write_tensors(file, arrays | ids)
    with (folder / TABLES).open("rb") as file:
        sheet["crc32"] = _crc32(file)
    try:
        write_json(folder / SHEET, sheet)
    except (NodeembError, OSError):
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise WrongUse(
            f"the manifest holds what a file cannot: {error}",
            allowed="What JSON can say: text, finite numbers, lists, keys and values",
        ) from None


def read(path: str | Path) -> Embedding:
    """Reads both files and checks that they belong together. See embedding.load."""
    folder = Path(path)
    if not os.path.isdir(folder):  # noqa: PTH112 - False for a name no system takes
        raise DataRefused(
            f"{folder} is not a folder", allowed=f"A folder with {TABLES} and {SHEET}"
        )
    sheet = _read_sheet(folder / SHEET)
    try:
        with _opened(folder / TABLES, sheet) as tables:
            return _joined(sheet, tables, str(folder / TABLES))
    except NodeembError as error:
        if isinstance(error, DataRefused) and error.where:
            raise
        raise DataRefused(
            f"it is damaged: {error}", where=str(folder / SHEET)
        ) from None
    except (KeyError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise DataRefused(
            f"it is damaged: {error!r}", where=str(folder / SHEET)
        ) from None


@contextmanager
def _opened(path: Path, sheet: dict[str, Any]) -> Iterator[Any]:
    """The tables' file, checked, and open for reading parts of it."""
    from safetensors import SafetensorError, safe_open

    _check_plain(path)
    try:
        _check_bytes(path, sheet)
        with safe_open(path, "np") as tables:
            yield tables
    except OSError as error:
        reason = error.strerror or error
        raise DataRefused(f"cannot read it: {reason}", where=str(path)) from None
    except (SafetensorError, AttributeError) as error:
        raise DataRefused(f"it is damaged: {error}", where=str(path)) from None


def _check_plain(path: Path) -> None:
    """Refuses what would make a reader wait for ever, such as a named pipe."""
    if path.exists() and not path.is_file():
        raise DataRefused("cannot read it: it is no file", where=str(path))


def _crc32(file: BinaryIO) -> int:
    total = 0
    while piece := file.read(2**20):
        total = zlib.crc32(piece, total)
    return total


def _check_bytes(path: Path, sheet: dict[str, Any]) -> None:
    """Refuses a header without end, and bits that have changed since they were written;
    the first files of this format kept no checksum."""
    with path.open("rb") as file:
        if int.from_bytes(file.read(8), "little") > _HEADER:
            raise DataRefused(
                f"it is damaged: its header would be longer than {_HEADER:,} bytes",
                where=str(path),
            )
        file.seek(0)
        if "crc32" in sheet and _crc32(file) != sheet["crc32"]:
            raise DataRefused(
                "it is damaged: its bytes are not those that were written",
                where=str(path),
                next_step="Copy it again, or make the run again by its config.yaml",
            )


def _joined(sheet: dict[str, Any], tables: Any, where: str) -> Embedding:
    """Both files' contents as one; nothing is allocated before it is known to fit, and
    the tables are copied in blocks, so that memory holds them once."""
    scheme = parse(RoleScheme, sheet["scheme"], "scheme")
    layout = lay_out(scheme, sheet["width"], sheet["biases"])
    nodes, dtype = sheet["nodes"], np.dtype(sheet["dtype"])
    kind, there = {"float32": "F32", "float64": "F64"}[dtype.name], set(tables.keys())
    for name, (a, b) in layout.roles.items():
        if f"role.{name}" not in there:
            raise DataRefused(f"role {name} is missing", where=where)
        part = tables.get_slice(f"role.{name}")
        found, expected = (part.get_dtype(), part.get_shape()), (kind, [nodes, b - a])
        if found != expected:
            raise DataRefused(f"role {name} is {found}, not {expected}", where=where)
    ids = ids_in(sheet["ids"], tables, nodes, where)
    table = np.empty((nodes, layout.columns), dtype)
    for name, (a, b) in layout.roles.items():
        part = tables.get_slice(f"role.{name}")
        for rows in _blocks(nodes, b - a):
            table[rows, a:b] = part[rows]
        if (row := _not_finite(table[:, a:b])) is not None:
            raise DataRefused(
                f"role {name} of {ids[row]!r} holds what is no finite number",
                where=where,
                next_step="Train again; any safetensors library reads the numbers",
            )
    return Embedding(
        ids, table, scheme, sheet["width"], sheet["biases"], sheet["manifest"]
    )


def _blocks(nodes: int, columns: int) -> Iterator[slice]:
    """All rows of a part that has columns, some megabytes at a time."""
    rows = max(1, _BLOCK // max(1, columns))
    for first in range(0, nodes if columns else 0, rows):
        yield slice(first, min(first + rows, nodes))


def _not_finite(part: np.ndarray) -> int | None:
    """The first row with NaN or an infinity, if any."""
    for rows in _blocks(*part.shape):
        finite = np.isfinite(part[rows]).all(axis=1)
        if not finite.all():
            return rows.start + int(finite.argmin())
    return None


def _read_sheet(path: Path) -> dict[str, Any]:
    _check_plain(path)
    try:
        _check_memory(path)
        sheet = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except OSError as error:
        raise DataRefused(
            f"cannot read it: {error.strerror}", where=str(path)
        ) from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DataRefused(f"it is damaged: {error}", where=str(path)) from None
    if not isinstance(sheet, dict):
        raise DataRefused("it is damaged: no keys and values", where=str(path))
    sheet = _up_to_date(sheet, str(path))
    if (
        type(sheet.get("width")) is not int
        or type(sheet.get("nodes")) is not int
        or sheet.get("biases") not in ("none", "tied", "free")
        or sheet.get("dtype") not in ("float32", "float64")
        or not isinstance(sheet.get("manifest"), dict)
    ):
        raise DataRefused(
            "width, nodes, biases, dtype or manifest is damaged", where=str(path)
        )
    return sheet


def _check_memory(path: Path) -> None:
    """Refuses a sheet that could not be held, before the system kills something."""
    size = path.stat().st_size
    if size <= _SHEET:
        return
    from nodeemb.io.gather import free_bytes

    free = free_bytes()
    if free is not None and _GROWTH * size > free:
        raise OutOfResources(
            f"its {size / 1e6:,.0f} MB may take {_GROWTH * size / 1e9:,.1f} GB of memory, "
            f"and {free / 1e9:,.1f} GB are free",
            where=str(path),
            next_step="Read it on a larger machine",
        )


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _up_to_date(sheet: dict[str, Any], where: str) -> dict[str, Any]:
    """A sheet of any version as the present version has it."""
    version = sheet.get("format")
    if type(version) is not int or version < 1:
        raise DataRefused(
            f"its format is {version!r}, which is none",
            where=where,
            allowed="1 or more",
        )
    if version > FORMAT:
        raise DataRefused(
            f"its format is {version}, which is newer than this program",
            where=where,
            allowed=f"Up to format {FORMAT}",
            next_step="Read it with the version of nodeemb that wrote it, or a newer one",
        )
    try:
        for step in range(version, FORMAT):
            sheet = UPGRADES[step](sheet)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataRefused(f"it is damaged: {error!r}", where=where) from None
    return sheet
