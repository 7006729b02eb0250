"""What reading a file must come to: the twin's graph, or a refusal in words."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
from naive import Arcs, Refused, arcs_of, read_text

from nodeemb.errors import DataRefused, NodeembError, WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.io.edges import read_edges

# What the reader refuses out of caution, where the twin takes the text at its word.
CAUTIOUS = re.compile(
    "looks like a (comment|header)|is (text in|a|an) |data inside its pa"
)


def arcs_in(graph: Graph) -> Arcs:
    """(source id, target id) -> (weight, sign)."""
    count = graph.num_arcs
    weight = [None] * count if graph.weight is None else graph.weight.tolist()
    sign = [None] * count if graph.sign is None else graph.sign.tolist()
    rows = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
    ends = [(graph.ids[s], graph.ids[t]) for s, t in rows]
    return dict(zip(ends, zip(weight, sign, strict=True), strict=True))


def zstd(content: bytes) -> bytes:
    """The content as one frame of zstd."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


PACKINGS = {"plain": bytes, "gzip": lambda c: gzip.compress(c, 1), "zstd": zstd}


def check_text(
    content: bytes, options: dict[str, Any], path: Path, packing: str
) -> str:
    """Reads text and its twin; "read", "refused" or "cautious".

    Raises:
        AssertionError: another graph than the twin's, or read where the twin refuses.
        Exception: anything but a NodeembError.
    """
    path.write_bytes(PACKINGS[packing](content))
    try:
        expected: Arcs | None = read_text(content, **options)
    except Refused:
        expected = None
    try:
        graph = read_edges(path, **options)
    except (DataRefused, WrongUse) as error:
        said = str(error)
        assert len(said) > 10
        if expected is None:
            return "refused"
        assert CAUTIOUS.search(said), (said, expected)
        return "cautious"
    assert expected is not None, "read, where the twin refuses"
    assert arcs_in(graph) == expected
    return "read"


def check_table(path: Path, columns: list[list[Any]], rule: str) -> str:
    """Reads a file of two or three columns and its twin, from their values.

    Raises:
        AssertionError: another graph than the twin's.
        Exception: anything but a NodeembError.
    """
    options = {"duplicates": rule, "weight": 2 if len(columns) > 2 else None}
    try:
        graph = read_edges(path, 0, 1, **options)
    except NodeembError as error:
        return str(error)
    rows = [
        (str(s), str(t), None if not w else repr(w[0]), None)
        for s, t, *w in zip(*columns, strict=True)
    ]
    expected = arcs_of(rows, same_value=False, directed=True, rule=rule)
    if not graph.ids.are_integers:
        expected = {(str(s), str(t)): v for (s, t), v in expected.items()}
    assert arcs_in(graph) == expected
    return "read"
