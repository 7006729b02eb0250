"""A graph in a file that opens at once: its arrays, mapped into memory and read when used.

    8 bytes   length of the header
    header    JSON of safetensors; `__metadata__` holds "kind", "sheet" and "check"
    arrays    little-endian, those of the widest numbers first, so that each is aligned

The sheet says all that is not in the arrays: the version of the format, kinds of the graph
and its ids, its report, how long arrays are, a checksum of all bytes and one of some spots.
The header follows from the sheet, so that a changed byte in it is noticed, and `check` is
the sheet's own checksum.

An explicit file and no hidden cache: nothing is written that was not asked for, there is no
question whether the text has changed since, and the file can be handed on. Ids that are no
numbers are put together when the first of them is asked for.

Opening looks at the sheet, the length and the spots; `whole=True` reads all of it, and every
command does, since kernels trust the rows that they are given.
"""

from __future__ import annotations

import json
import mmap
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nodeemb.errors import DataRefused, NodeembError
from nodeemb.graph.graph import Adjacency, Graph
from nodeemb.graph.ids import Ids
from nodeemb.graph.report import GraphReport
from nodeemb.io.atomic import new_file
from nodeemb.io.opening import GRAPH_MARK
from nodeemb.io.stored_ids import ids_out, texts_of, untagged
from nodeemb.io.tensors import Spec, checksum_of, header_of, write_tensors

FORMAT = 1
KIND = "nodeemb graph"

_HEADER = 2**20  # bytes of a header, at most; ours have some hundred
_SPOTS, _SPOT = 16, 4096  # places looked at when opening, and bytes of each
_BLOCK = 2**22  # numbers at a time
_DTYPES = {
    "out.pointers": "int64", "into.pointers": "int64", "ids": "int64", "ids.ends": "int64",
    "out.neighbours": "int32", "into.neighbours": "int32", "weight": "float32",
    "sign": "int8", "ids.text": "uint8", "ids.json": "uint8",
}  # fmt: skip


def save_graph(graph: Graph, path: str | Path) -> Path:
    """Writes a graph to a new file, which `load_graph`, `read_edges` and every command read.

    Args:
        graph: with ids that are text, numbers, None or tuples of these.
        path: the file to make; its folder must exist.

    Returns:
        The path.

    Raises:
        WrongUse: the file exists, or an id is of another kind.
        OutOfResources, RunFailed: it cannot be written; nothing half is left.
    """
    arrays, kind = _arrays(graph)
    sheet = {
        "format": FORMAT,
        "directed": graph.directed,
        "ids": kind,
        "arrays": {name: [str(a.dtype), len(a)] for name, a in arrays.items()},
        "report": graph.report.as_dict(),
        "crc32": checksum_of(arrays, zlib.crc32),
        "spots": _spots(_parts(arrays)),
    }
    with new_file(path) as file:
        write_tensors(file, arrays, _metadata(json.dumps(sheet)))
    return Path(path)


def load_graph(path: str | Path, *, whole: bool = False) -> Graph:
    """Opens a graph that `save_graph` or `nodeemb graph` wrote, without reading it.

    The file must stay as it is while the graph is in use.

    Args:
        path: the file.
        whole: read all of it, and check every byte, row and id: a damaged file is refused
            for certain. Without it some spots are looked at.

    Returns:
        The graph, as it was saved.

    Raises:
        DataRefused: no such file, no saved graph, a damaged one, or one of a version that
            this program does not know.
    """
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            start = file.read(8 + len(GRAPH_MARK))
            if start[8:] != GRAPH_MARK:
                raise DataRefused(
                    "this is no saved graph",
                    where=where,
                    allowed="A file of nodeemb.save_graph or nodeemb graph",
                    next_step="Other files: nodeemb.read_edges",
                )
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataRefused(f"cannot read it: {reason}", where=where) from None
    try:
        return _opened(mapped, whole, where)
    except DataRefused as error:
        if error.where:
            raise
        raise _damaged(error.what, where) from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(repr(error), where) from None


def is_saved_graph(path: str | Path) -> bool:
    """Does the file begin as a saved graph does; False where there is no file."""
    try:
        with Path(path).open("rb") as file:
            return file.read(8 + len(GRAPH_MARK))[8:] == GRAPH_MARK
    except (OSError, ValueError):
        return False


def _opened(mapped: mmap.mmap, whole: bool, where: str) -> Graph:
    sheet, first = _sheet(mapped, where)
    arrays = _views(mapped, first, sheet)
    if _spots(_parts(arrays)) != sheet["spots"]:
        raise _damaged("its bytes are not those that were written", where)
    report = GraphReport(**sheet["report"])
    out, into = (_adjacency(arrays, side, report.nodes) for side in ("out", "into"))
    if whole:
        if checksum_of(arrays, zlib.crc32) != sheet["crc32"]:
            raise _damaged("its bytes are not those that were written", where)
        _check_arcs(out, into)
        _check_values(arrays)
    graph = Graph(
        _ids(arrays, sheet["ids"], report.nodes, where),
        sheet["directed"], out, into, arrays.get("weight"), arrays.get("sign"), report,
    )  # fmt: skip
    for name in ("weight", "sign"):
        if name in arrays and len(arrays[name]) != graph.num_arcs:
            raise ValueError(f"{name} is {len(arrays[name]):,} numbers long")
    if whole and not graph.ids.is_range:
        ids = graph.ids
        Ids(ids.to_numpy() if ids.are_integers else ids)  # refuses one that comes twice
    return graph


def _arrays(graph: Graph) -> tuple[dict[str, np.ndarray], str]:
    """The arrays of a file, widest numbers first, and the kind of the ids."""
    arrays, listed = ids_out(graph.ids)
    if listed["kind"] == "mixed":
        text = json.dumps(listed["values"]).encode()
        arrays = {"ids.json": np.frombuffer(text, np.uint8)}
    for side, adjacency in (("out", graph.out), ("into", graph.into)):
        for name, array in zip(Adjacency._fields, adjacency, strict=True):
            arrays[f"{side}.{name}"] = array
    for name, values in (("weight", graph.weight), ("sign", graph.sign)):
        if values is not None:
            arrays[name] = values
    widest = sorted(arrays, key=lambda name: -arrays[name].itemsize)
    return {name: arrays[name] for name in widest}, listed["kind"]


def _metadata(sheet: str) -> dict[str, str]:
    return {"kind": KIND, "sheet": sheet, "check": f"{zlib.crc32(sheet.encode()):08x}"}


def _sheet(mapped: mmap.mmap, where: str) -> tuple[dict[str, Any], int]:
    """What the file says of itself, and where its arrays begin."""
    length = int.from_bytes(mapped[:8], "little")
    if length > _HEADER:
        raise _damaged(f"its header would be {length:,} bytes long", where)
    metadata = json.loads(mapped[8 : 8 + length])["__metadata__"]
    text = metadata["sheet"]
    if metadata != _metadata(text):
        raise _damaged("its header is not what was written", where)
    sheet = json.loads(text)
    if sheet["format"] != FORMAT:
        raise DataRefused(
            f"its format is {sheet['format']!r}, which this program does not know",
            where=where,
            allowed=f"Format {FORMAT}",
            next_step="Make the file again, or read it with the nodeemb that wrote it",
        )
    return sheet, 8 + length


def _views(
    mapped: mmap.mmap, first: int, sheet: dict[str, Any]
) -> dict[str, np.ndarray]:
    """The arrays by name, mapped; ValueError where the file is not as the sheet says."""
    specs = {}
    for name, (dtype, count) in sheet["arrays"].items():
        arcs = name in ("out.arcs", "into.arcs") and dtype in ("int32", "int64")
        if (
            not (arcs or dtype == _DTYPES.get(name))
            or type(count) is not int
            or count < 0
        ):
            raise ValueError(f"{name} is {count} numbers of {dtype}")
        specs[name] = Spec(np.dtype(dtype), (count,))
    if mapped[:first] != header_of(specs, _metadata(json.dumps(sheet))):
        raise ValueError("the header is not what was written")
    if len(mapped) != first + sum(spec.nbytes for spec in specs.values()):
        raise ValueError(f"it is {len(mapped):,} bytes long")
    views = {}
    for name, (dtype, (count,)) in specs.items():
        # an empty array at the very end has no byte to begin at
        little = dtype.newbyteorder("<")
        view = (
            np.frombuffer(mapped, little, count, first) if count else np.empty(0, dtype)
        )
        views[name] = view.astype(dtype, copy=False)
        views[name].flags.writeable = False
        first += specs[name].nbytes
    return views


def _parts(arrays: dict[str, np.ndarray]) -> Iterator[np.ndarray]:
    """Some parts of each array, spread evenly, its beginning and end among them."""
    for array in arrays.values():
        size = max(1, _SPOT // array.itemsize)
        for place in np.linspace(0, max(0, len(array) - size), _SPOTS).astype(int):
            yield array[place : place + size]


def _spots(parts: Iterator[np.ndarray]) -> int:
    total = 0
    for part in parts:
        little = part.astype(part.dtype.newbyteorder("<"), copy=False)
        total = zlib.crc32(little.tobytes(), total)
    return total


def _adjacency(arrays: dict[str, np.ndarray], side: str, nodes: int) -> Adjacency:
    """One side; ValueError where its arrays do not belong together."""
    made = Adjacency(*(arrays[f"{side}.{name}"] for name in Adjacency._fields))
    count = len(made.neighbours)
    if (
        len(made.pointers) != nodes + 1
        or made.pointers[0] != 0
        or made.pointers[-1] != count
        or len(made.arcs) != count
        or count != len(arrays["out.neighbours"])
    ):
        raise ValueError(f"the arrays of {side} do not belong together")
    return made


def _ids(arrays: dict[str, np.ndarray], kind: str, nodes: int, where: str) -> Ids:
    if kind == "range":
        return Ids(nodes)
    if kind == "integer":
        if len(arrays["ids"]) != nodes:
            raise ValueError(f"{len(arrays['ids']):,} ids for {nodes:,} nodes")
        return Ids.known(nodes, arrays["ids"])
    if kind == "text":
        text, ends = arrays["ids.text"], arrays["ids.ends"]
        return Ids.known(nodes, lambda: texts_of(text, ends, where))
    if kind == "mixed":
        return Ids.known(nodes, lambda: _mixed(arrays["ids.json"], where))
    raise ValueError(f"ids are of the unknown kind {kind!r}")


def _mixed(text: np.ndarray, where: str) -> tuple[Any, ...]:
    try:
        return tuple(untagged(value) for value in json.loads(text.tobytes()))
    except (NodeembError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(f"its ids: {error!r}", where) from None


def _check_arcs(out: Adjacency, into: Adjacency) -> None:
    """Refuses what kernels could not walk on: rows that do not exist, arcs out of order or
    twice, and two directions that differ (ValueError)."""
    nodes, count = len(out.pointers) - 1, len(out.neighbours)
    for side in (out, into):
        if (np.diff(side.pointers) < 0).any():
            raise ValueError("pointers fall")
        for part in _blocks(count):
            rows, places = side.neighbours[part], side.arcs[part]
            if rows.min() < 0 or rows.max() >= nodes:
                raise ValueError("a neighbour is no node")
            if places.min() < 0 or places.max() >= count:
                raise ValueError("an arc has no place")
    sources = np.repeat(np.arange(nodes, dtype=np.int32), np.diff(out.pointers))
    targets = np.repeat(np.arange(nodes, dtype=np.int32), np.diff(into.pointers))
    for part in _blocks(count):
        places = into.arcs[part]
        more = slice(part.start, part.stop + 1)
        same = sources[more][1:] == sources[more][:-1]
        if (
            (np.diff(out.neighbours[more])[same] <= 0).any()
            or (out.arcs[part] != np.arange(part.start, part.stop)).any()
            or (sources[places] != into.neighbours[part]).any()
            or (out.neighbours[places] != targets[part]).any()
        ):
            raise ValueError("arcs are out of order")


def _check_values(arrays: dict[str, np.ndarray]) -> None:
    weight, sign = arrays.get("weight"), arrays.get("sign")
    if weight is not None and not (np.isfinite(weight) & (weight > 0)).all():
        raise ValueError("a weight is no finite number above 0")
    if sign is not None and (np.abs(sign) != 1).any():
        raise ValueError("a sign is neither 1 nor -1")


def _blocks(count: int) -> Iterator[slice]:
    for first in range(0, count, _BLOCK):
        yield slice(first, min(first + _BLOCK, count))


def _damaged(what: str, where: str) -> DataRefused:
    return DataRefused(
        f"it is damaged: {what}",
        where=where,
        next_step="Copy it again, or make it again by nodeemb graph",
    )
