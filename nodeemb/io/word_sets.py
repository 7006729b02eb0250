"""Lists of words to ask vectors about: pairs with a number or a relation, and analogies.

| layout | a line holds |
|---|---|
| pairs | a word, a word, a number |
| relations | a word, a word, whether the relation holds, and whatever |
| analogies | four words, a is to b as c is to d; a line ": name" begins a section |

Columns stand apart by a tab, else a comma, else white space; gzip and zstd are unpacked;
empty lines and lines that begin with "#" are left out, and so is a first line whose number
is no number (names of columns).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from nodeemb.errors import DataRefused
from nodeemb.graph.graph import Graph
from nodeemb.io.lines import columns_word, shown
from nodeemb.io.opening import unpacked
from nodeemb.options import Options

Line = tuple[int, str]


@dataclass(frozen=True, eq=False)
class WordPairs:
    """Pairs of words, and what is known of each; None: nothing is.

    Attributes:
        name: of the set.
        first, second: (k,) the words, text.
        directed: whether (u, v) and (v, u) are different questions.
        values: (k,) float64, how strongly the pair holds.
        positive: (k,) bool, whether the relation holds.
        order: (k,) int8: 1: the relation runs from first to second; -1: from second to
            first; 0: not known, or both ways alike.
        graph: digest of the graph it is made of, if it is.
    """

    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    directed: bool = False
    values: np.ndarray | None = None
    positive: np.ndarray | None = None
    order: np.ndarray | None = None
    graph: str | None = None

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, eq=False)
class Analogies:
    """Questions a : b = c : d, in sections.

    Attributes:
        name: of the set.
        words: (k, 4) text, a, b, c, d of each question.
        sections: (k,) int64, a place in `names`.
        names: of the sections; those that begin with "gram" are syntactic.
    """

    name: str
    words: np.ndarray
    sections: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.words)


class PairColumns(Options):
    """Where a file of pairs has what; columns count from 0."""

    delimiter: str | None = Field(
        default=None,
        description="one character; none: found out; a space is any white space",
    )
    header: bool = Field(
        default=False, description="whether the first line holds names"
    )
    value: int | None = Field(
        default=2, ge=0, description="column of the number, if any"
    )
    positive: int | None = Field(
        default=None,
        ge=0,
        description="column of True or False: does the relation hold",
    )
    relation: int | None = Field(
        default=None, ge=0, description="column of the relation"
    )
    forward: str | None = Field(
        default=None, description="relations that begin so run from first to second"
    )
    backward: str | None = Field(
        default=None, description="relations that begin so run from second to first"
    )
    tagged: bool = Field(
        default=False,
        description="words end with a hyphen and a letter for the part of speech",
    )


def read_pairs(
    path: str | Path,
    name: str | None = None,
    *,
    directed: bool = False,
    columns: PairColumns | None = None,
) -> WordPairs:
    """Reads pairs of words, each with a number.

    Args:
        path: the file.
        name: of the set; the file's name if None.
        directed: whether the order of the words is part of the question.
        columns: where what stands; word, word, number if None.

    Raises:
        DataRefused: the file cannot be read, a line has too few columns or no number where
            one should be, or there is no pair.
    """
    path, columns = Path(path), columns or PairColumns()
    lines = list(_lines(path))[int(columns.header) :]
    split = _splitter(lines, columns.delimiter)
    least = 1 + max(1, columns.value or 0, columns.positive or 0, columns.relation or 0)
    rows = []
    for place, (number, text) in enumerate(lines):
        fields = split(text)
        if len(fields) < least:
            raise _short(path, number, text, len(fields), least)
        if place or columns.value is None or _is_number(fields[columns.value]):
            rows.append((number, fields))
    if not rows:
        raise DataRefused("there is no pair of words", where=str(path), allowed=_FORM)
    ends = [
        [_word(fields[end], columns.tagged) for _, fields in rows] for end in (0, 1)
    ]
    return WordPairs(
        name or path.name,
        tuple(ends[0]),
        tuple(ends[1]),
        directed,
        values=_values(path, rows, columns.value),
        positive=_positive(path, rows, columns.positive),
        order=_order(rows, columns),
    )


def read_analogies(path: str | Path, name: str | None = None) -> Analogies:
    """Reads questions of four words.

    Raises:
        DataRefused: the file cannot be read, a line has not four words, or there is none.
    """
    path = Path(path)
    words: list[list[str]] = []
    sections: list[int] = []
    names: dict[str, int] = {}
    section = -1
    for number, text in _lines(path):
        if text.startswith(":"):
            section = names.setdefault(text[1:].strip(), len(names))
            continue
        fields = text.split()
        if len(fields) != 4:
            raise DataRefused(
                f"{shown(text)} has {len(fields)} words",
                where=f"{path}, line {number}",
                allowed='Four words a line, or ": name" for a section',
            )
        if section < 0:
            section = names.setdefault("all", len(names))
        words.append(fields)
        sections.append(section)
    if not words:
        raise DataRefused("there is no question", where=str(path), allowed="Four words")
    return Analogies(
        name or path.name, np.array(words), np.array(sections), tuple(names)
    )


def pairs_of_graph(graph: Graph, name: str) -> WordPairs:
    """A weighted directed graph of words as questions: how strong, and which way stronger.

    An arc that is not there counts 0 where its source has arcs at all: such a word was
    asked, and this was not its answer. Where the source has none, nothing is known. Arcs
    from a word to itself are left out.

    Raises:
        DataRefused: the graph has no directions, no arc, or ids that are no text.
    """
    if not graph.directed or graph.ids.are_integers:
        raise DataRefused(
            f"{name} is no directed graph of words",
            allowed="Directed edges between text ids",
        )
    u, v = graph.sources.astype(np.int64), graph.targets.astype(np.int64)
    weight = np.ones(len(u)) if graph.weight is None else graph.weight
    keep = u != v
    u, v, weight = u[keep], v[keep], np.asarray(weight, np.float64)[keep]
    if not len(u):
        raise DataRefused(f"{name} has no edge between two words")
    back = _weights_of(u * graph.num_nodes + v, weight, v * graph.num_nodes + u)
    asked = np.bincount(u, minlength=graph.num_nodes) > 0
    words = [str(word) for word in graph.ids]
    return WordPairs(
        name,
        tuple(words[row] for row in u),
        tuple(words[row] for row in v),
        directed=True,
        values=weight,
        order=((weight > back) & asked[v]).astype(np.int8),
        graph=graph.digest(),
    )


def _weights_of(keys: np.ndarray, weight: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(k,) the weights of some keys; 0 where a key is not there."""
    order = np.argsort(keys)
    place = np.minimum(np.searchsorted(keys, asked, sorter=order), len(keys) - 1)
    found = order[place]
    return np.where(keys[found] == asked, weight[found], 0.0)


def read_counts(path: str | Path) -> dict[str, float]:
    """How often each word came: a word and a number on each line.

    Raises:
        DataRefused: the file cannot be read, a line has no count, or there is no line.
    """
    path = Path(path)
    lines = list(_lines(path))
    split, found = _splitter(lines, None), dict[str, float]()
    for place, (number, text) in enumerate(lines):
        fields = split(text)
        if len(fields) >= 2 and _is_number(fields[1]) and float(fields[1]) >= 0:
            found[fields[0]] = found.get(fields[0], 0.0) + float(fields[1])
        elif place:
            raise DataRefused(
                f"{shown(text)} is no word with a count",
                where=f"{path}, line {number}",
                allowed="A word and a number of at least 0 on each line",
            )
    if not found:
        raise DataRefused("there is no word with a count", where=str(path))
    return found


# ---- lines -------------------------------------------------------------------------

_FORM = "A word, a word and a number on each line"
_Row = tuple[int, list[str]]


def _lines(path: Path) -> Iterator[Line]:
    with unpacked(path) as stream:
        content = stream.read()
    if b"\0" in content:
        raise DataRefused("this is no text", where=str(path), allowed="UTF-8 text")
    try:
        texts = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataRefused(
            f"the words are no UTF-8 text: {error}", where=str(path)
        ) from None
    for number, text in enumerate(texts, 1):
        if text.strip() and not text.startswith("#"):
            yield number, text


def _splitter(lines: list[Line], given: str | None) -> Callable[[str], list[str]]:
    first = lines[0][1] if lines else ""
    mark = given or next((m for m in ("\t", ",") if m in first), " ")
    if mark == " ":
        return str.split
    return lambda text: [field.strip() for field in text.split(mark)]


def _short(path: Path, number: int, text: str, count: int, least: int) -> DataRefused:
    return DataRefused(
        f"{shown(text)} has {columns_word(count)}",
        where=f"{path}, line {number}",
        allowed=f"At least {least}. {_FORM}",
        next_step="Columns stand apart by a tab, else a comma, else white space",
    )


def _word(text: str, tagged: bool) -> str:
    return text.rpartition("-")[0] or text if tagged else text


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text)).item()
    except ValueError:
        return False


def _values(path: Path, rows: list[_Row], column: int | None) -> np.ndarray | None:
    if column is None:
        return None
    for number, fields in rows:
        if not _is_number(fields[column]):
            raise DataRefused(
                f'"{fields[column]}" is no number',
                where=f"{path}, line {number}",
                allowed=_FORM,
            )
    return np.array([float(fields[column]) for _, fields in rows])


def _positive(path: Path, rows: list[_Row], column: int | None) -> np.ndarray | None:
    if column is None:
        return None
    for number, fields in rows:
        if fields[column] not in ("True", "False"):
            raise DataRefused(
                f'"{fields[column]}" does not say whether the relation holds',
                where=f"{path}, line {number}",
                allowed="True or False",
            )
    return np.array([fields[column] == "True" for _, fields in rows])


def _order(rows: list[_Row], columns: PairColumns) -> np.ndarray | None:
    if columns.relation is None or columns.forward is None:
        return None
    column, order = columns.relation, np.zeros(len(rows), np.int8)
    for place, (_, fields) in enumerate(rows):
        if fields[column].startswith(columns.forward):
            order[place] = 1
        elif columns.backward and fields[column].startswith(columns.backward):
            order[place] = -1
    return order
