"""Read a graph from a list of edges: a text file, Parquet, Arrow, or a table in memory.

Any delimiter, chosen columns, packed with gzip or zstd or plain. No character starts a comment
unless the user says so, since "#" and "%" occur in ids.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodeemb.errors import DataRefused, WrongUse, unknown_name
from nodeemb.graph.build import from_rows
from nodeemb.graph.repeats import DUPLICATE_RULES
from nodeemb.io.blocks import read_blocks
from nodeemb.io.columns import clean, read_piece
from nodeemb.io.complaints import Place
from nodeemb.io.delimiters import delimiter_of
from nodeemb.io.gather import Gathered, Piece
from nodeemb.io.graph_files import load_graph
from nodeemb.io.layout import Column, Layout, Wanted, find_layout
from nodeemb.io.lines import data_lines
from nodeemb.io.opening import kind_of
from nodeemb.io.tables import IN_MEMORY, is_table, read_arrow, read_parquet, read_table

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph

_SAMPLE = 1000


@dataclass(frozen=True)
class Reading:
    """What a user says of how a text file is written; None: look."""

    delimiter: str | None
    comment: str | None
    header: bool | None

    def check(self, wanted: Wanted) -> None:
        """Refuses what cannot be meant (WrongUse)."""
        if self.header is False and wanted.named():
            raise WrongUse("columns given by name need a header, and header is False")
        if self.comment == "":
            raise WrongUse("comment is empty", allowed="A mark such as #, or None")

    def refuse(self, what: str, where: str = "") -> None:
        """Refuses options of text for a table (WrongUse)."""
        given = [name for name, value in vars(self).items() if value is not None]
        if given:
            raise WrongUse(
                f"{what} has columns of its own, and {' and '.join(given)} cannot be given",
                where=where,
                next_step="Leave such options away; source, target, weight and sign name "
                "columns",
            )


def read_edges(
    path: str | os.PathLike[str] | Any,
    source: Column | None = None,
    target: Column | None = None,
    weight: Column | None = None,
    sign: Column | None = None,
    delimiter: str | None = None,
    comment: str | None = None,
    directed: bool = True,
    *,
    header: bool | None = None,
    duplicates: str = "error",
) -> Graph:
    """A graph from a file or table with one edge a line or row.

    Ids of a text file are whole numbers (int) where both columns hold nothing else, printed
    without sign or leading zeros and within int64; otherwise they are text, exactly as it
    stands in the file. Tables have types, and their ids are whole numbers where both columns
    are; text stays text.

    Args:
        path: a file, known by its content: text in UTF-8, plain or packed with gzip or
            zstd; Parquet; Arrow (file, Feather or stream); a graph of `save_graph`. Or a
            table in memory: of pandas, polars, pyarrow, or anything else with
            `__arrow_c_stream__`.
        source, target: columns, by position from 0 or by name (a text file's header);
            the first two columns by default, of tables those named source and target.
        weight: the column of the weights, finite numbers above 0. Larger: more likely.
        sign: the column of the signs, numbers above or below 0. It may be the weight's
            column too: the weight is then the absolute value.
        delimiter: one character; " " is any run of spaces and tabs. None: the one among
            tab, comma, semicolon, pipe and space that cuts the first lines alike.
            Double quotes hold a field together where it is a comma or a semicolon.
        comment: lines that begin with it are skipped; by default none are.
        directed: False: each pair is one edge, whichever way it is given.
        header: True: the first line holds names; False: it is an edge; None: it is an
            edge unless columns are given by name, and refused if it looks like names.
        duplicates: "error", "sum", "max" or "first" where an edge comes more than once.

    Returns:
        The graph; its `report` tells what was found.

    Raises:
        DataRefused: the data cannot be taken as it is; the message names the line or row.
        OutOfResources: the graph would not fit into memory.
        WrongUse: a column, delimiter or rule that does not exist; delimiter, comment or
            header for a table.
    """
    wanted = Wanted(
        0 if source is None else source,
        1 if target is None else target,
        weight,
        sign,
        default_ends=source is None and target is None,
    )
    wanted.check()
    reading = Reading(delimiter_of(delimiter), comment, header)
    reading.check(wanted)
    if duplicates not in DUPLICATE_RULES:
        raise unknown_name("rule for duplicates", duplicates, DUPLICATE_RULES)
    if not is_table(path) and not isinstance(path, (str, os.PathLike)):
        raise WrongUse(
            f"edges cannot be read from {type(path).__name__}",
            allowed="A path, or a table of pandas, polars or pyarrow",
            next_step="Graph.from_edges takes two columns, networkx graphs have "
            "Graph.from_networkx",
        )
    if not is_table(path) and kind_of(Path(path)) == "graph":
        return _saved(Path(path), wanted, reading, duplicates, directed)
    name = IN_MEMORY if is_table(path) else str(path)
    gathered = Gathered(name)
    for piece in _pieces(path, wanted, reading, gathered):
        gathered.add(piece)
    if not gathered.edges:
        raise DataRefused(
            f"{name} holds no edge", allowed="At least one line or row with two ids"
        )
    ids, sources, targets = gathered.finish()
    weights, signs = gathered.values()
    try:
        return from_rows(
            sources,
            targets,
            ids=ids,
            weight=weights,
            sign=signs,
            directed=directed,
            duplicates=duplicates,
        )
    except DataRefused as error:
        raise DataRefused(
            error.what,
            where=name,
            allowed=error.allowed,
            next_step=error.next_step,
        ) from None


def _saved(
    path: Path, wanted: Wanted, reading: Reading, duplicates: str, directed: bool
) -> Graph:
    """A graph that was saved, every byte of it checked; it says itself how it was read."""
    reading.refuse("a saved graph", str(path))
    if wanted.named() or wanted != Wanted(0, 1, None, None, default_ends=True):
        raise WrongUse(
            "a saved graph has no columns to choose from",
            where=str(path),
            next_step="Leave source, target, weight and sign away: what was read is there",
        )
    if duplicates != "error":
        raise WrongUse(
            "a saved graph has no edge twice",
            where=str(path),
            next_step="Leave duplicates away: they were joined when it was saved",
        )
    graph = load_graph(path, whole=True)
    if graph.directed and not directed:
        raise WrongUse(
            "this graph was saved as a directed one",
            where=str(path),
            next_step="Save it again, read as an undirected one",
        )
    return graph


def _pieces(
    data: Any, wanted: Wanted, reading: Reading, gathered: Gathered
) -> Iterator[Piece]:
    """The columns of a table or a file, block by block."""
    if is_table(data):
        reading.refuse("a table")
        yield from read_table(data, wanted)
        return
    path = Path(data)
    kind = kind_of(path)
    if kind == "text":
        yield from _text_pieces(path, wanted, reading, gathered)
        return
    reading.refuse(f"{kind} data", str(path))
    if kind == "Parquet":
        rows, pieces = read_parquet(path, wanted)
        gathered.expect(rows)
        yield from pieces
    else:
        yield from read_arrow(path, wanted, stream=kind == "Arrow stream")


def _text_pieces(
    path: Path, wanted: Wanted, reading: Reading, gathered: Gathered
) -> Iterator[Piece]:
    """The columns of each block of text; the first lines decide how all are cut."""
    layout: Layout | None = None
    comment = reading.comment
    for block in read_blocks(path):
        ahead = False
        if layout is None:
            # soon done where comments and empty lines go on for ever
            if not clean(block.content, comment, " "):
                continue
            layout = find_layout(
                data_lines(block.lines(), comment, " ", _SAMPLE),
                wanted,
                delimiter=reading.delimiter,
                header=reading.header,
                comment=comment,
                where=str(path),
            )
            ahead = layout.header
        piece = read_piece(Place(block, layout, ahead, path), gathered.whole)
        if piece is not None:
            yield piece
