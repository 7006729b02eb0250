"""A graph of senses as a graph of words: a word points at another where a sense of it does.

Which words a sense has stands in the file of labels of the data set's card, in a column of
words with | between them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nodeemb.errors import DataRefused
from nodeemb.graph.graph import Graph
from nodeemb.io.opening import unpacked

_BETWEEN = "|"


def graph_of_words(graph: Graph, words: Mapping[str, Sequence[str]]) -> Graph:
    """Words for senses; each pair once, none with itself.

    Args:
        graph: of senses, by their ids.
        words: of each sense; those of the graph that are not there have none.

    Raises:
        DataRefused: no link has words at both ends.
    """
    of = [words.get(str(name), ()) for name in graph.ids]
    pairs = {
        (left, right)
        for u, v in zip(graph.sources, graph.targets, strict=True)
        for left in of[u]
        for right in of[v]
        if left != right
    }
    if not pairs:
        raise DataRefused("no link of the graph has words at both of its ends")
    names = sorted({word for pair in pairs for word in pair})
    place = {word: number for number, word in enumerate(names)}
    rows = np.array([(place[u], place[v]) for u, v in sorted(pairs)])
    return Graph.from_edges(rows[:, 0], rows[:, 1], ids=names, num_nodes=len(names))


def read_words(path: Path, column: str) -> dict[str, list[str]]:
    """The words of each sense, in small letters; the first column holds the senses.

    Args:
        path: a table with tabs and headings, packed or not.
        column: its heading.

    Raises:
        DataRefused: the file is no such table, or has no such column.
    """
    with unpacked(path) as file:
        try:
            text = file.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataRefused(
                f"the words are no UTF-8 text: {error}", where=str(path)
            ) from None
    table = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    heads = table.fieldnames or []
    if column not in heads[1:]:
        raise DataRefused(
            f"there is no column {column} of words",
            where=f"{path}, line 1",
            allowed=", ".join(heads[1:]),
        )
    return {
        row[heads[0]]: [
            word.strip().lower() for word in (row[column] or "").split(_BETWEEN) if word
        ]
        for row in table
    }
