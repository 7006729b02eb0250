"""Cut blocks of text into columns with pyarrow, and check what stands in them.

Ids are whole numbers only where every one of them is written as a number is printed:
"007", "+7" and "7.0" are other ids than "7" and make all ids of the file text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nodeemb.errors import DataRefused
from nodeemb.io.complaints import Place
from nodeemb.io.layout import Layout

if TYPE_CHECKING:
    import pyarrow

_PARSE_SIZE = 1 << 20


class Piece(NamedTuple):
    """The checked columns of one block.

    sources, targets: (k,) both int64 where all ids are whole numbers, else both text,
        as chunked arrays of pyarrow.
    weight, sign: (k,) float64, or None where not asked for.
    """

    sources: Any
    targets: Any
    weight: np.ndarray | None
    sign: np.ndarray | None

    @property
    def whole(self) -> bool:
        """True where the ids are whole numbers."""
        return isinstance(self.sources, np.ndarray)


def read_piece(place: Place) -> Piece | None:
    """The columns of a block; None where it holds no edge.

    Raises:
        DataRefused: a line with another number of columns, an empty id, a weight or a
            sign that cannot be taken; the line is named.
    """
    text = clean(place.block.content, place.layout)
    if text and place.header:
        text = text[text.index(b"\n") + 1 :]
    if not text:
        return None
    table, layout = _table(text, place), place.layout
    ends = [table[str(layout.source)], table[str(layout.target)]]
    numbers = [whole_numbers(column) for column in ends]
    if any(column is None for column in numbers):
        for column in ends:
            _check_texts(column, place)
    else:
        ends = numbers
    weight = None if layout.weight is None else table[str(layout.weight)].to_numpy()
    sign = None if layout.sign is None else table[str(layout.sign)].to_numpy()
    _check_sign(sign, place)
    if weight is not None and layout.weight == layout.sign:
        weight = np.abs(weight)
    _check_weight(weight, place)
    return Piece(ends[0], ends[1], weight, sign)


def clean(content: bytes, layout: Layout) -> bytes:
    """The same lines without comments and empty lines, each ended by a line feed.

    Where the delimiter is a space, runs of spaces and tabs become one space and go away
    at both ends of a line.
    """
    mark = b"" if layout.comment is None else layout.comment.encode()
    if mark and mark in content:
        content = re.sub(rb"(?m)^" + re.escape(mark) + rb"[^\n]*\n", b"", content)
    if layout.delimiter == " ":
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
    return numbers.to_numpy() if numbers.cast(pa.string()).equals(column) else None


def _table(text: bytes, place: Place) -> pyarrow.Table:
    import pyarrow as pa
    from pyarrow import csv

    layout = place.layout
    types = {str(layout.source): pa.string(), str(layout.target): pa.string()}
    for column in (layout.weight, layout.sign):
        if column is not None:
            types[str(column)] = pa.float64()
    quoted = layout.delimiter == "," and b'"' in text
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
    # a stray quote swallows line ends without an error
    if quoted and table.num_rows != text.count(b"\n"):
        raise place.blame("a quoted field runs over a line end")
    return table


def _check_texts(column: pyarrow.ChunkedArray, place: Place) -> None:
    """Refuse empty ids, and padded ones: "a" and " a" would be two nodes."""
    from pyarrow import compute

    bad = compute.or_(
        compute.not_equal(compute.utf8_trim_whitespace(column), column),
        compute.equal(compute.binary_length(column), 0),
    )
    at = compute.index(bad, True).as_py()
    if at < 0:
        return
    if column[at].as_py() == "":
        raise DataRefused(
            "an id is empty", where=place.where(at), allowed="Two ids in every line"
        )
    raise DataRefused(
        f"the id {column[at].as_py()!r} begins or ends with white space",
        where=place.where(at),
        allowed="Ids without white space around them, so that none is two by mistake",
        next_step="Remove it, or choose the delimiter that takes it along",
    )


def _check_sign(sign: np.ndarray | None, place: Place) -> None:
    bad = None if sign is None else ~(np.isfinite(sign) & (sign != 0))
    if sign is not None and bad is not None and bad.any():
        at = int(bad.argmax())
        raise DataRefused(
            f"the sign is {sign[at]:g}",
            where=place.where(at),
            allowed="Numbers above or below 0",
            next_step="Leave neutral links out of the file",
        )


def _check_weight(weight: np.ndarray | None, place: Place) -> None:
    if weight is None:
        return
    with np.errstate(over="ignore", under="ignore"):
        kept = weight.astype(np.float32)
    bad = ~(np.isfinite(kept) & (kept > 0))
    if bad.any():
        at = int(bad.argmax())
        raise DataRefused(
            f"the weight is {weight[at]:g}",
            where=place.where(at),
            allowed="Finite weights above 0, within the range of float32",
            next_step="For links of two kinds give the column as the sign too; the "
            "weight is then its absolute value",
        )
