"""Ids in files, each with its type and without pickle: arrays for numbers and text, JSON else."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.graph.ids import Ids


def ids_out(ids: Ids) -> tuple[dict[str, np.ndarray], Any]:
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
    return {}, {"kind": "mixed", "values": [tagged(value) for value in ids]}


def texts_of(text: np.ndarray, ends: np.ndarray, where: str) -> tuple[str, ...]:
    """The texts that stand one behind another in (bytes,) uint8, by where each ends.

    Raises:
        DataRefused: an end is out of order, or a text is no UTF-8.
    """
    whole, stops = text.tobytes(), ends.tolist()
    starts = [0, *stops[:-1]]
    if (stops[-1] if stops else 0) != len(whole) or any(
        map(operator.gt, starts, stops)
    ):
        raise DataRefused("the ids are damaged", where=where)
    try:
        return tuple(
            whole[a:b].decode("utf-8", "surrogatepass")
            for a, b in zip(starts, stops, strict=True)
        )
    except UnicodeDecodeError as error:
        raise DataRefused(f"the ids are damaged: {error}", where=where) from None


def ids_in(listed: Any, tables: Any, nodes: int, where: str) -> Ids:
    """The ids that `ids_out` wrote; `tables` is an open safetensors file.

    Raises:
        DataRefused, ValueError, KeyError: they are damaged.
    """
    kind = listed["kind"]
    if kind == "range":
        return Ids(nodes)
    if kind == "integer":
        ids = Ids(_whole(tables, "ids", np.int64))
    elif kind == "text":
        text = _whole(tables, "ids.text", np.uint8)
        ids = Ids(texts_of(text, _whole(tables, "ids.ends", np.int64), where))
    elif kind == "mixed":
        ids = Ids(untagged(value) for value in listed["values"])
    else:
        raise ValueError(f"ids are of the unknown kind {kind!r}")
    if len(ids) != nodes:
        raise DataRefused(f"{len(ids):,} ids for {nodes:,} nodes", where=where)
    return ids


def _whole(tables: Any, name: str, dtype: type) -> np.ndarray:
    if name not in set(tables.keys()):
        raise ValueError(f"{name} is missing")
    array = tables.get_tensor(name)
    if array.ndim != 1 or array.dtype != dtype:
        raise ValueError(f"{name} is {array.dtype} {array.shape}")
    return array


def tagged(value: Any) -> Any:
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
        return {"tuple": [tagged(part) for part in value]}
    raise WrongUse(
        f"the id {value!r} is a {type(value).__name__}, which files cannot hold",
        allowed="Text, numbers, None and tuples of these",
        next_step="Give the graph such ids before embedding it",
    )


def untagged(value: Any) -> Any:
    """The value that `tagged` wrote; ValueError where it wrote no such thing."""
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
        return tuple(untagged(part) for part in content)
    raise ValueError(f"ids have the unknown form {tag!r}")
