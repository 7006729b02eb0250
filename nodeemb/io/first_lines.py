"""Look whether an edge list begins with comments or a header, and refuse to guess."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from nodeemb.errors import DataRefused
from nodeemb.io.delimiters import detect
from nodeemb.io.lines import COMMENT_MARKS, Line, cut, shown

_USUAL_NAMES = re.compile(
    r"#?\W*(source|target|from|to|src|dst|dest|destination|tail|head|start|end|u|v|i|j|"
    r"(source|target|from|to|src|dst|link|edge|left|right|citing|cited)[ _-]?"
    r"(node|id|source|target|paper|name|article)([ _-]?id)?|node[ _-]?(id)?[ _-]?[12ab]?|"
    r"follower|followee|citing|cited|weight|sign|rating|label|id[ _-]?[12ab]?)\W*",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def refuse_comments(lines: Sequence[Line], comment: str | None, where: str) -> None:
    """Leading lines of # or % that are not written like the lines after them."""
    number, text = lines[0]
    mark = text[0]
    if comment is not None or mark not in COMMENT_MARKS:
        return
    marked = text[1:2] in ("", " ", "\t", mark)
    data = [line for line in lines if not line[1].startswith(mark)]
    if marked or (data and detect(lines, 2) is None and detect(data, 2) is not None):
        top = list(itertools.takewhile(lambda line: line[1].startswith(mark), lines))
        more = f', and {len(top) - 1} more after it begin with "{mark}"'
        raise DataRefused(
            f"the line looks like a comment: {shown(text)}{more if top[1:] else ''}",
            where=f"{where}, line {number}",
            allowed="No line is taken for a comment unless you say so",
            next_step=f'Give comment="{mark}" (--comment "{mark}") if it is one',
        )


def refuse_header(
    lines: Sequence[Line], columns: Sequence[int], delimiter: str, where: str
) -> None:
    """A first line whose fields are names and not ids.

    Args:
        lines: (number, text) of the first lines.
        columns: positions of source and target, then of weight and sign if any.
        delimiter: how the lines are cut.
        where: the file's name.
    """
    rows = [cut(text, delimiter) for _, text in lines]
    first, rest = rows[0], rows[1:]
    used = [column for column in columns if column < len(first)]
    ends = [first[c].strip() for c in used[:2]]
    reason = ""
    if len(ends) == 2 and all(_USUAL_NAMES.fullmatch(name) for name in ends):
        reason = "these are usual names of columns"
    for place, column in enumerate(used):
        number = _WHOLE if place < 2 else _NUMBER
        values = [row[column] for row in rest if column < len(row)]
        if (
            values
            and not number.fullmatch(first[column])
            and all(number.fullmatch(value) for value in values)
        ):
            reason = f"every line after it has a number in column {column}"
    if reason:
        names = ", ".join(f'"{field}"' for field in first[:6])
        raise DataRefused(
            f"Line {lines[0][0]} ({names}) looks like a header: {reason}",
            where=where,
            next_step="Use header=True (--header) to take it as names of columns, or "
            "header=False (--no-header) to keep it as an edge",
        )
