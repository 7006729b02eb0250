"""Read a graph from an edge list: a text file with one edge a line.

Any delimiter, chosen columns, packed with gzip or plain. No character starts a comment
unless the user says so, since "#" and "%" occur in ids.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nodeemb.errors import DataRefused, WrongUse, unknown_name
from nodeemb.graph.build import from_rows
from nodeemb.graph.columns import code_ids
from nodeemb.graph.ids import Ids
from nodeemb.graph.repeats import DUPLICATE_RULES
from nodeemb.io.blocks import read_blocks
from nodeemb.io.columns import Piece, read_piece
from nodeemb.io.complaints import Place
from nodeemb.io.delimiters import delimiter_of
from nodeemb.io.layout import Column, Layout, Wanted, find_layout
from nodeemb.io.lines import data_lines

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph

_SAMPLE = 1000


def read_edges(
    path: str | os.PathLike[str],
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
    """A graph from a text file with one edge a line.

    Ids are whole numbers (int) where both columns hold nothing else, printed without
    sign or leading zeros; otherwise they are text, exactly as it stands in the file.

    Args:
        path: the file, in UTF-8, plain or packed with gzip.
        source, target: columns, by position from 0 or by the header's name; the first
            two columns by default.
        weight: the column of the weights, finite numbers above 0. Larger: more likely.
        sign: the column of the signs, numbers above or below 0. It may be the weight's
            column too: the weight is then the absolute value.
        delimiter: one character; " " is any run of spaces and tabs. None: the one among
            tab, comma, semicolon, pipe and space that cuts the first lines alike.
            Double quotes hold a field together where the delimiter is a comma.
        comment: lines that begin with it are skipped; by default none are.
        directed: False: each pair is one edge, whichever way it is given.
        header: True: the first line holds names; False: it is an edge; None: it is an
            edge unless columns are given by name, and refused if it looks like names.
        duplicates: "error", "sum", "max" or "first" where an edge comes more than once.

    Returns:
        The graph; its `report` tells what was found.

    Raises:
        DataRefused: the file cannot be taken as it is; the message names the line.
        WrongUse: a column, delimiter or rule that does not exist.
    """
    wanted = Wanted(
        0 if source is None else source, 1 if target is None else target, weight, sign
    )
    wanted.check()
    if header is False and wanted.named():
        raise WrongUse("columns given by name need a header, and header is False")
    if comment == "":
        raise WrongUse("comment is empty", allowed="A mark such as #, or None")
    if duplicates not in DUPLICATE_RULES:
        raise unknown_name("rule for duplicates", duplicates, DUPLICATE_RULES)
    pieces = list(_pieces(Path(path), wanted, delimiter_of(delimiter), comment, header))
    if not pieces:
        raise DataRefused(
            f"{path} holds no edge", allowed="At least one line with two ids"
        )
    ids, sources, targets = _rows(pieces)
    weights = _joined([piece.weight for piece in pieces])
    signs = _joined([piece.sign for piece in pieces])
    del pieces
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
            where=str(path),
            allowed=error.allowed,
            next_step=error.next_step,
        ) from None


def _pieces(
    path: Path,
    wanted: Wanted,
    delimiter: str | None,
    comment: str | None,
    header: bool | None,
) -> Iterator[Piece]:
    """The columns of each block; the first lines decide how all are cut."""
    layout: Layout | None = None
    for block in read_blocks(path):
        ahead = False
        if layout is None:
            sample = data_lines(block.lines(), comment, " ", _SAMPLE)
            if not sample:
                continue
            layout = find_layout(
                sample,
                wanted,
                delimiter=delimiter,
                header=header,
                comment=comment,
                where=str(path),
            )
            ahead = layout.header
        piece = read_piece(Place(block, layout, ahead, path))
        if piece is not None:
            yield piece


def _rows(pieces: Sequence[Piece]) -> tuple[Ids, np.ndarray, np.ndarray]:
    """Ids, and both columns as rows of them."""
    if all(piece.whole for piece in pieces):
        sources = np.concatenate([piece.sources for piece in pieces])
        targets = np.concatenate([piece.targets for piece in pieces])
        return code_ids(sources, targets)
    import pyarrow as pa

    # one table of all texts, sources first, so that the rows are in order of appearance
    texts = [_texts(piece.sources) for piece in pieces]
    texts += [_texts(piece.targets) for piece in pieces]
    coded = pa.chunked_array(chunk for text in texts for chunk in text.chunks)
    coded = coded.dictionary_encode()
    rows = np.concatenate([chunk.indices.to_numpy() for chunk in coded.chunks])
    half = len(rows) // 2
    return Ids(coded.chunk(0).dictionary.to_pylist()), rows[:half], rows[half:]


def _texts(column: Any) -> Any:
    """A column as text; whole numbers as they were written."""
    import pyarrow as pa

    if isinstance(column, np.ndarray):
        return pa.chunked_array([pa.array(column).cast(pa.string())])
    return column


def _joined(columns: Sequence[np.ndarray | None]) -> np.ndarray | None:
    present = [column for column in columns if column is not None]
    return np.concatenate(present) if present else None
