"""Classes of nodes from a file: a node and its class on each line, or a class on each line.

| layout | a line holds |
|---|---|
| node and class | the node's id, its class, and whatever; a node may come again |
| members | the ids of all nodes of one class; the line's number is the class |

Columns stand apart by a tab, else a comma, else white space; gzip and zstd are unpacked.
Nodes that the graph does not hold (a header is one) are left out and counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.io.cards import load_card
from nodeemb.io.opening import unpacked


@dataclass(frozen=True, eq=False)
class Labels:
    """Classes of some nodes of a graph.

    Attributes:
        rows: (k,) int64, a node's row for each of its classes.
        classes: (k,) int64, which class; a place in `names`.
        names: the classes.
        left_out: labels of nodes that are not in the graph.
    """

    rows: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...]
    left_out: int = 0

    @property
    def several(self) -> bool:
        """Whether some node has more than one class."""
        return len(np.unique(self.rows)) < len(self.rows)


def make_labels(graph: Graph, given: Mapping[Hashable, Any]) -> Labels:
    """Labels from id -> class, or id -> list or set of classes.

    Raises:
        DataRefused: no labelled node is in the graph, or there are fewer than two classes.
    """
    pairs = [
        (node, str(name))
        for node, names in given.items()
        for name in (names if isinstance(names, (set, list, tuple)) else [names])
    ]
    return _coded(graph, pairs, "the labels")


def read_labels(path: str | Path, graph: Graph, members: bool = False) -> Labels:
    """The classes of a graph's nodes.

    Args:
        path: the file.
        graph: whose nodes are meant.
        members: True: each line is one class and holds its nodes.

    Raises:
        DataRefused: the file cannot be read, a line holds one column only, no labelled node
            is in the graph, or there are fewer than two classes.
    """
    path = Path(path)
    lines = [
        (number, _columns(line))
        for number, line in enumerate(_lines(path), 1)
        if line.strip()
    ]
    if members:
        found = [(node, f"class {number}") for number, nodes in lines for node in nodes]
    else:
        found = [_pair(path, number, fields) for number, fields in lines]
    if not graph.ids.are_integers:
        return _coded(graph, found, str(path))
    return _coded(graph, [(_whole(node), name) for node, name in found], str(path))


def dataset_labels(name: str, graph: Graph) -> Labels:
    """The classes of a data set's nodes, as its card says.

    Raises:
        WrongUse: there is no such data set, or its card knows of no labels.
        DataRefused: the file is not there or is another one.
    """
    path = labels_path(name)
    card = load_card(name)
    return read_labels(path, graph, card.labels is not None and card.labels.members)


def labels_path(name: str) -> Path:
    """The file of labels of a data set, which is the one that its card knows.

    Raises: as `dataset_labels`.
    """
    from nodeemb.io.cards import check_sha256, data_folder, where_to_put

    card = load_card(name)
    if card.labels is None:
        raise WrongUse(
            f"the data set {name} has no labels",
            next_step="Give a file of labels, or take another data set, such as cora_ml",
        )
    folder = data_folder()
    if folder is None or not folder.joinpath(*card.labels.file.split("/")).is_file():
        raise DataRefused(
            f'the labels of data set "{name}" are not there',
            allowed=f"They come from {card.address or card.origin}",
            next_step=where_to_put(card, card.labels.file),
        )
    path = folder.joinpath(*card.labels.file.split("/"))
    check_sha256(path, card.labels.sha256, name)
    return path


def _lines(path: Path) -> Iterable[str]:
    with unpacked(path) as stream:
        content = stream.read()
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataRefused(
            f"the labels are no UTF-8 text: {error}", where=str(path)
        ) from None


def _columns(line: str) -> list[str]:
    for mark in ("\t", ","):
        if mark in line:
            return [field.strip() for field in line.split(mark)]
    return line.split()


def _pair(path: Path, number: int, fields: list[str]) -> tuple[str, str]:
    if len(fields) < 2 or not fields[1]:
        raise DataRefused(
            "a line without a class",
            where=f"{path}, line {number}",
            allowed="A node and its class, a tab, a comma or white space between them",
        )
    return fields[0], fields[1]


def _whole(node: str) -> Hashable:
    try:
        return int(node)
    except ValueError:
        return node


def _coded(graph: Graph, pairs: list[tuple[Any, str]], where: str) -> Labels:
    inside = [(node, name) for node, name in dict.fromkeys(pairs) if node in graph.ids]
    names = sorted({name for _, name in inside})
    if len(names) < 2:
        raise DataRefused(
            f"of {len(pairs):,} labels {len(inside):,} belong to nodes of the graph, and "
            f"there are {len(names)} classes",
            where=where,
            allowed="Two classes or more",
            next_step="The first column must hold ids as the graph has them",
        )
    code = {name: place for place, name in enumerate(names)}
    return Labels(
        graph.ids.rows(node for node, _ in inside),
        np.array([code[name] for _, name in inside], np.int64),
        tuple(names),
        len(dict.fromkeys(pairs)) - len(inside),
    )
