"""Find out how an edge list is written: delimiter, header, columns, comments.

Nothing is guessed in silence. A first line that looks like a header, leading lines that
look like comments and lines that no delimiter cuts alike are refused, with what to say.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nodeemb.errors import DataRefused, WrongUse, unknown_name

Line = tuple[int, str]
Column = int | str

DELIMITERS = {
    "\t": "tab",
    ",": "comma",
    ";": "semicolon",
    "|": "pipe",
    " ": "space",
}
_SPELLED = {"\\t": "\t", "tab": "\t", "space": " "}
_COMMENT_MARKS = ("#", "%")
_USUAL_NAMES = re.compile(
    r"#?\W*(source|target|from|to|src|dst|dest|destination|tail|head|start|end|u|v|i|j|"
    r"(source|target|from|to|src|dst|link|edge|left|right|citing|cited)[ _-]?"
    r"(node|id|source|target|paper|name|article)([ _-]?id)?|node[ _-]?(id)?[ _-]?[12ab]?|"
    r"follower|followee|citing|cited|weight|sign|rating|label|id[ _-]?[12ab]?)\W*",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


@dataclass(frozen=True)
class Wanted:
    """The columns to read, by position from 0 or by name; weight and sign if any."""

    source: Column = 0
    target: Column = 1
    weight: Column | None = None
    sign: Column | None = None

    def columns(self) -> list[Column]:
        """All columns asked for, in the order source, target, weight, sign."""
        all_four = (self.source, self.target, self.weight, self.sign)
        return [column for column in all_four if column is not None]

    def named(self) -> bool:
        """True where a column is asked for by name, so that there must be a header."""
        return any(isinstance(column, str) for column in self.columns())

    def check(self) -> None:
        """Refuses columns that cannot be meant (WrongUse)."""
        for column in self.columns():
            if isinstance(column, bool) or not isinstance(column, (int, str)):
                raise WrongUse(
                    f"{column!r} is no column", allowed="A position from 0, or a name"
                )
            if isinstance(column, int) and column < 0:
                raise WrongUse(
                    f"there is no column {column}", allowed="Positions from 0"
                )
        if self.source == self.target:
            raise WrongUse(f"source and target are the same column, {self.source!r}")
        for name, extra in (("weight", self.weight), ("sign", self.sign)):
            if extra is not None and extra in (self.source, self.target):
                raise WrongUse(
                    f"the {name} column {extra!r} is also an end of the edge"
                )


@dataclass(frozen=True)
class Layout:
    """How each line is cut, and where the columns stand.

    Attributes:
        delimiter: one character; a space stands for a run of spaces and tabs.
        columns: fields of every line.
        header: True where the first line holds names.
        source, target, weight, sign: positions.
        comment: lines that begin with it are no data; None: there are none such.
    """

    delimiter: str
    columns: int
    header: bool
    source: int
    target: int
    weight: int | None
    sign: int | None
    comment: str | None


def data_lines(
    lines: Iterable[Line],
    comment: str | None,
    delimiter: str,
    most: int | None = None,
) -> list[Line]:
    """The lines that are neither empty nor comments, or the first `most` of them.

    Where the delimiter is a space, a line of white space is empty.
    """
    blank = " \t" if delimiter == " " else ""
    data = (
        (number, text)
        for number, text in lines
        if text.strip(blank) and not (comment and text.startswith(comment))
    )
    return list(itertools.islice(data, most))


def cut(text: str, delimiter: str) -> list[str]:
    """The fields of one line; slow, for samples and complaints."""
    if delimiter == " ":
        return re.split("[ \t]+", text.strip(" \t"))
    if delimiter == ",":
        try:
            return next(csv.reader([text]), [""])
        except csv.Error:  # a field beyond that module's limit
            return [text]
    return text.split(delimiter)


def delimiter_of(text: str | None) -> str | None:
    """The character meant by the user's word for a delimiter (None stays None)."""
    if text is None:
        return None
    text = _SPELLED.get(text, text)
    if len(text) != 1 or text in '\r\n"' or not text.isascii():
        raise WrongUse(
            f"the delimiter is {text!r}",
            allowed="One character; a space stands for any run of spaces and tabs",
        )
    return text


def find_layout(
    lines: Sequence[Line],
    wanted: Wanted,
    *,
    delimiter: str | None,
    header: bool | None,
    comment: str | None,
    where: str,
) -> Layout:
    """How the file is written, from its first lines.

    Args:
        lines: (number, text) of the first lines that are neither empty nor comments.
        wanted: the columns the user asked for.
        delimiter: the user's, or None: the one that cuts all lines alike.
        header: the user's word, or None: look.
        comment: the user's mark for comment lines, if any.
        where: the file's name, for complaints.

    Raises:
        DataRefused: comments, a header or a delimiter that the user must decide on.
        WrongUse: a column that is not there.
    """
    _refuse_comments(lines, comment, where)
    width = max([1, *(c for c in wanted.columns() if isinstance(c, int))]) + 1
    if delimiter is None:
        delimiter = _detect(lines, max(width, len(set(wanted.columns()))))
    if delimiter is None:
        raise _no_delimiter(lines, comment, where)
    first = cut(lines[0][1], delimiter)
    if len(first) < 2:
        raise _one_column(lines, delimiter, where)
    if wanted.named():
        header = True
    elif header is None:
        _refuse_header(lines, wanted, delimiter, where)
    source, target, *_ = (_position(c, first, where) for c in wanted.columns())
    return Layout(
        delimiter=delimiter,
        columns=len(first),
        header=bool(header),
        source=source,
        target=target,
        weight=None
        if wanted.weight is None
        else _position(wanted.weight, first, where),
        sign=None if wanted.sign is None else _position(wanted.sign, first, where),
        comment=comment,
    )


def misfit(lines: Sequence[Line], layout: Layout, where: str) -> DataRefused | None:
    """The complaint about the first line that is cut into another number of fields."""
    for number, text in lines:
        found = len(cut(text, layout.delimiter))
        if layout.delimiter == "," and _open_quote(text):
            return DataRefused(
                f"a quote is opened and not closed: {_shown(text)}",
                where=f"{where}, line {number}",
                allowed='Fields with commas in double quotes, a quote itself as ""',
            )
        if found != layout.columns:
            return DataRefused(
                f"{_count(found)} where the lines before have {layout.columns}: "
                f"{_shown(text)}",
                where=f"{where}, line {number}",
                allowed=f"The same columns in every line, cut at each "
                f"{_name(layout.delimiter)}",
                next_step=_comment_hint(text) if layout.comment is None else "",
            )
    return None


# ---- delimiter ----------------------------------------------------------------------


def _detect(lines: Sequence[Line], width: int) -> str | None:
    """The delimiter that cuts all lines into equally many fields, two or more.

    Where several do, the one that gives just the columns asked for; then by rank.
    """
    fits = {}
    for delimiter in DELIMITERS:
        counts = {len(cut(text, delimiter)) for _, text in lines}
        if len(counts) == 1 and max(counts) >= 2:
            fits[delimiter] = max(counts)
    exact = [delimiter for delimiter, count in fits.items() if count == width]
    return next(iter([*exact, *fits]), None)


def _one_column(lines: Sequence[Line], delimiter: str, where: str) -> DataRefused:
    number, text = lines[0]
    other = _detect(lines, 2)
    hint = "Give the delimiter, and name the columns if there are more than two"
    if other is not None:
        hint = (
            f"The file looks {_name(other)}-separated; use delimiter={other!r} "
            f"(--delimiter {_typed(other)})"
        )
    return DataRefused(
        f"1 column, 2 needed: {_shown(text)}",
        where=f"{where}, line {number}",
        next_step=hint,
    )


def _no_delimiter(
    lines: Sequence[Line], comment: str | None, where: str
) -> DataRefused:
    """What to say where no delimiter cuts all lines alike."""
    best, share = " ", 0
    for delimiter in DELIMITERS:
        counts = [len(cut(text, delimiter)) for _, text in lines]
        alike = counts.count(counts[0]) if counts[0] >= 2 else 0
        if alike > share:
            best, share = delimiter, alike
    if not share:
        return DataRefused(
            f"1 column, 2 needed: {_shown(lines[0][1])}",
            where=f"{where}, line {lines[0][0]}",
            allowed=f"Columns cut by {', '.join(DELIMITERS.values())}",
            next_step="Give the delimiter if it is another one",
        )
    columns = len(cut(lines[0][1], best))
    layout = Layout(best, columns, False, 0, 1, None, None, comment)
    refused = misfit(lines, layout, where)
    assert refused is not None  # else this delimiter would have cut all lines alike
    return refused


# ---- comments and header ------------------------------------------------------------


def _refuse_comments(lines: Sequence[Line], comment: str | None, where: str) -> None:
    """Leading lines of # or % that are not written like the lines after them."""
    number, text = lines[0]
    mark = text[0]
    if comment is not None or mark not in _COMMENT_MARKS:
        return
    marked = text[1:2] in ("", " ", "\t", mark)
    data = [line for line in lines if not line[1].startswith(mark)]
    if marked or (data and _detect(lines, 2) is None and _detect(data, 2) is not None):
        raise DataRefused(
            f"the line looks like a comment: {_shown(text)}",
            where=f"{where}, line {number}",
            allowed="No line is taken for a comment unless you say so",
            next_step=f'Give comment="{mark}" (--comment "{mark}") if it is one',
        )


def _refuse_header(
    lines: Sequence[Line], wanted: Wanted, delimiter: str, where: str
) -> None:
    """A first line whose fields are names and not ids, unless the user decided."""
    rows = [cut(text, delimiter) for _, text in lines]
    first, rest = rows[0], rows[1:]
    used = [c for c in wanted.columns() if isinstance(c, int) and c < len(first)]
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


def _position(column: Column, first: Sequence[str], where: str) -> int:
    """The place of a column, checked against the first line."""
    if isinstance(column, int):
        if column >= len(first):
            raise WrongUse(
                f"there is no column {column}: the lines have {_count(len(first))}",
                where=where,
                allowed=f"Positions 0 to {len(first) - 1}",
            )
        return column
    names = [name.strip() for name in first]
    if names.count(column) > 1:
        raise WrongUse(
            f'{names.count(column)} columns are named "{column}"',
            where=where,
            allowed=f"Positions 0 to {len(first) - 1} in its place",
        )
    if column not in names:
        error = unknown_name("column", column, names)
        raise WrongUse(error.what, where=where, allowed=error.allowed)
    return names.index(column)


def _open_quote(text: str) -> bool:
    try:
        list(csv.reader([text], strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


# ---- words --------------------------------------------------------------------------


def _comment_hint(text: str) -> str:
    mark = text[:1]
    if mark not in _COMMENT_MARKS:
        return ""
    return f'If such lines are comments, give comment="{mark}" (--comment "{mark}")'


def _name(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, f"{delimiter!r}")


def _typed(delimiter: str) -> str:
    """As one types it in a shell."""
    return "tab" if delimiter == "\t" else f'"{delimiter}"'


def _count(columns: int) -> str:
    return f"{columns} column{'' if columns == 1 else 's'}"


def _shown(text: str) -> str:
    text = text if len(text) <= 60 else text[:57] + "..."
    return f'"{text}"'
