"""Cut blocks of text into columns with pyarrow, and check what stands in them.

Ids are whole numbers only where every one of them is written as a number is printed:
"007", "+7" and "7.0" are other ids than "7" and make all ids of the file text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from nodeemb.arrow import numbers_of
from nodeemb.io.blocks import BYTE_ORDER_MARK
from nodeemb.io.checks import check_sign, check_texts, check_weight
from nodeemb.io.complaints import Place
from nodeemb.io.gather import Piece, at_once
from nodeemb.io.lines import QUOTING, open_quote

if TYPE_CHECKING:
    import pyarrow

_PARSE_SIZE = 1 << 20


def read_piece(place: Place, whole: bool = True) -> Piece | None:
    """The columns of a block; None where it holds no edge.

    Args:
        place: the block and how it is cut.
        whole: False: the ids are taken for text without a look.

    Raises:
        DataRefused: a line with another number of columns, an empty id, a weight or a
            sign that cannot be taken; the line is named.
    """
    text = clean(place.block.content, place.layout.comment, place.layout.delimiter)
    if text and place.header:
        text = text[text.index(b"\n") + 1 :]
    if not text:
        return None
    table, layout = _table(text, place), place.layout
    ends = [table[str(layout.source)], table[str(layout.target)]]
    numbers = at_once(whole_numbers, ends) if whole else [None]
    if any(column is None for column in numbers):
        for column in ends:
            check_texts(column, place.where)
    else:
        ends = numbers
    weight = None if layout.weight is None else numbers_of(table[str(layout.weight)])
    sign = None if layout.sign is None else numbers_of(table[str(layout.sign)])
    check_sign(sign, place.where)
    if weight is not None and layout.weight == layout.sign:
        weight = np.abs(weight)
    check_weight(weight, place.where)
    return Piece(ends[0], ends[1], weight, sign)


def clean(content: bytes, comment: str | None, delimiter: str) -> bytes:
    """The same lines without comments and empty lines, each ended by a line feed.

    Where the delimiter is a space, runs of spaces and tabs become one space and go away
    at both ends of a line.
    """
    if not content.strip(b" \t\n" if delimiter == " " else b"\n"):
        return b""  # at once, however many empty lines there are
    mark = b"" if comment is None else comment.encode()
    if mark and mark in content:
        content = re.sub(rb"(?m)^" + re.escape(mark) + rb"[^\n]*\n", b"", content)
    if delimiter == " ":
        content = content.replace(b"\t", b" ")
        while b"  " in content:
            content = content.replace(b"  ", b" ")
        content = content.replace(b" \n", b"\n").replace(b"\n ", b"\n").lstrip(b" ")
    while b"\n\n" in content:
        content = content.replace(b"\n\n", b"\n")
    return content.lstrip(b"\n")


def whole_numbers(column: pyarrow.ChunkedArray) -> np.ndarray | None:
    """(k,) int64 where every text is a whole number as it is printed, else None."""
    import pyarrow as pa

    try:
        numbers = column.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    # the cast also takes "007" and "0x7"; printing it again shows whether it was meant
    return numbers_of(numbers) if numbers.cast(column.type).equals(column) else None


def _table(text: bytes, place: Place) -> pyarrow.Table:
    import pyarrow as pa
    from pyarrow import csv

    layout = place.layout
    types = {str(end): pa.large_string() for end in (layout.source, layout.target)}
    for column in (layout.weight, layout.sign):
        if column is not None:
            types[str(column)] = pa.float64()
    if text.startswith(BYTE_ORDER_MARK):  # here part of an id, which pyarrow would drop
        text = BYTE_ORDER_MARK + text
    quoted = layout.delimiter in QUOTING and b'"' in text
    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            read_options=csv.ReadOptions(
                column_names=[str(i) for i in range(layout.columns)],
                block_size=_PARSE_SIZE,
            ),
            parse_options=csv.ParseOptions(
                delimiter=layout.delimiter, quote_char='"' if quoted else False
            ),
            convert_options=csv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=[]
            ),
        )
    except pa.ArrowInvalid as error:
        raise place.blame(str(error)) from None
    if quoted and _swallows(text, table.num_rows, layout.delimiter):
        raise place.blame("a quoted field runs over a line end")
    return table


def _swallows(text: bytes, rows: int, delimiter: str) -> bool:
    """True where a stray quote took line ends into a field, which is no error to pyarrow."""
    last = text[text.rfind(b"\n", 0, -1) + 1 : -1]
    return rows != text.count(b"\n") or open_quote(last.decode(), delimiter)
