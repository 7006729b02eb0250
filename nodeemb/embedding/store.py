"""An embedding as two files: tables in safetensors, everything else in JSON.

Ids that are whole numbers or text stand beside the tables as arrays; others (tuples,
mixed kinds) as JSON with their type. No pickle: reading runs no code.
"""

from __future__ import annotations

import json
import operator
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, NodeembError, WrongUse
from nodeemb.graph.ids import Ids
from nodeemb.io.atomic import new_file, write_json
from nodeemb.io.folders import new_folder
from nodeemb.io.tensors import write_tensors
from nodeemb.options import parse
from nodeemb.roles.layout import lay_out
from nodeemb.roles.scheme import RoleScheme

FORMAT = 1
TABLES, SHEET = "embedding.safetensors", "embedding.json"


def save(embedding: Embedding, path: str | Path) -> Path:
    """Makes a new folder with both files. See Embedding.save."""
    with new_folder(path) as folder:
        write_files(embedding, folder)
    return Path(path)


def write_files(embedding: Embedding, folder: Path) -> None:
    """Writes both files into an existing folder."""
    arrays = {
        f"role.{name}": embedding.table[:, a:b]
        for name, (a, b) in embedding.layout.roles.items()
    }
    ids, listed = _ids_out(embedding.ids)
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
    write_json(folder / SHEET, sheet)


def read(path: str | Path) -> Embedding:
    """Reads both files and checks that they belong together. See embedding.load."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    folder = Path(path)
    if not os.path.isdir(folder):  # noqa: PTH112 - False for a name no system takes
        raise DataRefused(
            f"{folder} is not a folder", allowed=f"A folder with {TABLES} and {SHEET}"
        )
    sheet = _read_sheet(folder / SHEET)
    where = str(folder / TABLES)
    try:
        _check_numbers(folder / TABLES, sheet)
        arrays = load_file(folder / TABLES)
    except OSError as error:
        raise DataRefused(
            f"cannot read it: {error.strerror or error}", where=where
        ) from None
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataRefused(f"it is damaged: {error}", where=where) from None
    try:
        return _joined(sheet, arrays, where)
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


def _crc32(file: BinaryIO) -> int:
    total = 0
    while piece := file.read(2**20):
        total = zlib.crc32(piece, total)
    return total


def _check_numbers(path: Path, sheet: dict[str, Any]) -> None:
    """Refuses tables whose bits have changed; the first versions kept no checksum."""
    with path.open("rb") as file:
        if "crc32" in sheet and _crc32(file) != sheet["crc32"]:
            raise DataRefused(
                "it is damaged: its bytes are not those that were written",
                where=str(path),
                next_step="Copy it again, or make the run again by its config.yaml",
            )


def _joined(
    sheet: dict[str, Any], arrays: dict[str, np.ndarray], where: str
) -> Embedding:
    """Both files' contents as one; nothing is allocated before it is known to fit."""
    scheme = parse(RoleScheme, sheet["scheme"], "scheme")
    layout = lay_out(scheme, sheet["width"], sheet["biases"])
    nodes, dtype = sheet["nodes"], np.dtype(sheet["dtype"])
    for name, (a, b) in layout.roles.items():
        part = arrays.get(f"role.{name}")
        if part is None or part.shape != (nodes, b - a) or part.dtype != dtype:
            found = "missing" if part is None else f"{part.dtype} {part.shape}"
            raise DataRefused(
                f"role {name} is {found}, not {dtype} {(nodes, b - a)}", where=where
            )
    ids = _ids_in(sheet["ids"], arrays, nodes, where)
    table = np.empty((nodes, layout.columns), dtype)
    for name, (a, b) in layout.roles.items():
        table[:, a:b] = arrays[f"role.{name}"]
    return Embedding(
        ids, table, scheme, sheet["width"], sheet["biases"], sheet["manifest"]
    )


def _read_sheet(path: Path) -> dict[str, Any]:
    try:
        sheet = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataRefused(
            f"cannot read it: {error.strerror}", where=str(path)
        ) from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DataRefused(f"it is damaged: {error}", where=str(path)) from None
    if not isinstance(sheet, dict) or sheet.get("format") != FORMAT:
        version = sheet.get("format") if isinstance(sheet, dict) else None
        raise DataRefused(
            f"its format is {version!r}",
            where=str(path),
            allowed=f"Format {FORMAT}",
            next_step="Read it with the version of nodeemb that wrote it",
        )
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


def _ids_out(ids: Ids) -> tuple[dict[str, np.ndarray], Any]:
    """Arrays for the tables' file, and what the sheet says of the ids."""
    if ids.is_range:
        return {}, {"kind": "range"}
    if ids.are_integers:
        return {"ids": ids.to_numpy()}, {"kind": "integer"}
    if all(type(value) is str for value in ids):
        encoded = [value.encode("utf-8", "surrogatepass") for value in ids]
        ends = np.cumsum([len(e) for e in encoded], dtype=np.int64)
        text = np.frombuffer(b"".join(encoded), np.uint8)
        return {"ids.text": text, "ids.ends": ends}, {"kind": "text"}
    return {}, {"kind": "mixed", "values": [_tagged(value) for value in ids]}


def _ids_in(listed: Any, arrays: dict[str, np.ndarray], nodes: int, where: str) -> Ids:
    kind = listed["kind"]
    if kind == "range":
        return Ids(nodes)
    if kind == "integer":
        ids = Ids(_whole(arrays["ids"], np.int64))
    elif kind == "text":
        text = _whole(arrays["ids.text"], np.uint8).tobytes()
        ends = _whole(arrays["ids.ends"], np.int64).tolist()
        starts = [0, *ends[:-1]]
        if ends and (ends[-1] != len(text) or any(map(operator.gt, starts, ends))):
            raise DataRefused("the ids are damaged", where=where)
        ids = Ids(
            text[a:b].decode("utf-8", "surrogatepass")
            for a, b in zip(starts, ends, strict=True)
        )
    elif kind == "mixed":
        ids = Ids(_untagged(value) for value in listed["values"])
    else:
        raise ValueError(f"ids are of the unknown kind {kind!r}")
    if len(ids) != nodes:
        raise DataRefused(f"{len(ids):,} ids for {nodes:,} nodes", where=where)
    return ids


def _whole(array: np.ndarray, dtype: type) -> np.ndarray:
    if array.ndim != 1 or array.dtype != dtype:
        raise ValueError(f"ids are {array.dtype} {array.shape}")
    return array


def _tagged(value: Any) -> Any:
    """A JSON form of an id that keeps its type."""
    if value is None or type(value) is bool:
        return value
    if type(value) is str:  # half a surrogate pair is text to Python and none to UTF-8
        whole = not any("\ud800" <= c <= "\udfff" for c in value)
        return value if whole else {"code points": [ord(c) for c in value]}
    if type(value) is int:
        return {"int": str(value)}
    if type(value) is float:
        return {"float": value.hex()}
    if type(value) is tuple:
        return {"tuple": [_tagged(part) for part in value]}
    raise WrongUse(
        f"the id {value!r} is a {type(value).__name__}, which files cannot hold",
        allowed="Text, numbers, None and tuples of these",
        next_step="Give the graph such ids before embedding it",
    )


def _untagged(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    if tag == "int":
        return int(content)
    if tag == "float":
        return float.fromhex(content)
    if tag == "code points":
        return "".join(map(chr, content))
    if tag == "tuple":
        return tuple(_untagged(part) for part in content)
    raise ValueError(f"ids have the unknown form {tag!r}")
