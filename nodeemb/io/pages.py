"""Read a graph from HTML pages that hold a table as plain text between <PRE> and </PRE>.

The University of South Florida publishes its association norms so: a header line with the
names of the columns, then a row a line, fields cut by commas and padded with blanks, in
Latin-1. Each page repeats the header, and one of the cues is the word "cue" itself.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nodeemb.errors import DataRefused, WrongUse, did_you_mean

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph

Column = int | str


def read_pages(
    paths: Sequence[Path],
    source: Column,
    target: Column,
    weight: Column | None,
    delimiter: str,
) -> Graph:
    """A directed graph from the tables of all pages, in their order.

    Args:
        paths: the pages, plain or packed with gzip.
        source, target, weight: columns, by position from 0 or by the header's name.
        delimiter: what stands between fields.

    Raises:
        DataRefused: a page without such a table, a row with too few fields, a weight
            that is no number. WrongUse: a column that does not exist.
    """
    from nodeemb.graph.build import from_edges

    wanted = [source, target] if weight is None else [source, target, weight]
    rows = [row for path in paths for row in _rows(path, wanted, delimiter)]
    return from_edges(
        [row[0] for row in rows],
        [row[1] for row in rows],
        weight=None if weight is None else [float(row[2]) for row in rows],
    )


def _rows(path: Path, wanted: Sequence[Column], delimiter: str) -> list[list[str]]:
    """The wanted fields of each row of a page; the third is a number."""
    lines = _text(path).splitlines()
    marks = [number for number, line in enumerate(lines) if _is_mark(line)]
    if len(marks) != 2 or marks[0] + 1 == marks[1]:
        raise DataRefused(
            "there is no one table in it",
            where=str(path),
            allowed="Lines between <PRE> and </PRE>",
        )
    first, last = marks
    heads = [head.strip() for head in lines[first + 1].split(delimiter)]
    places = [_place(column, heads, path) for column in wanted]
    found = []
    for number in range(first + 2, last):
        fields = [field.strip() for field in lines[number].split(delimiter)]
        row = [fields[place] for place in places] if len(fields) > max(places) else []
        if not all(row) or not row or (len(row) == 3 and not _is_number(row[2])):
            raise DataRefused(
                f"the row has no {', '.join(map(str, wanted))}",
                where=f"{path}, line {number + 1}",
            )
        found.append(row)
    return found


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError) as error:
            raise DataRefused(
                f"the gzip is damaged: {error}", where=str(path)
            ) from None
    return content.decode("latin-1")


def _is_mark(line: str) -> bool:
    return line.strip().lower() in ("<pre>", "</pre>")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _place(column: Column, heads: Sequence[str], path: Path) -> int:
    if isinstance(column, int) and 0 <= column < len(heads):
        return column
    if column in heads:
        return heads.index(str(column))
    raise WrongUse(
        f"no column {column}. {did_you_mean(column, heads)}".strip(),
        where=str(path),
        allowed=f"Columns: {', '.join(heads)}",
    )
