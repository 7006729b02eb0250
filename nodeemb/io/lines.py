"""Single lines of an edge list: which hold data, how one is cut, how one is shown.

Everything here is slow and plain; it serves the first lines, and complaints.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable

Line = tuple[int, str]
COMMENT_MARKS = ("#", "%")
QUOTING = (
    ",",
    ";",
)  # the delimiters of spreadsheets, whose quotes hold a field together


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
    if delimiter in QUOTING:
        try:
            return next(csv.reader([text], delimiter=delimiter), [""])
        except csv.Error:  # a field beyond that module's limit
            return [text]
    return text.split(delimiter)


def open_quote(text: str, delimiter: str) -> bool:
    """True where a double quote is opened and not closed: it takes in the next line."""
    try:
        return len(list(csv.reader([f"{text}\n", "next"], delimiter=delimiter))) == 1
    except csv.Error:  # a field beyond that module's limit
        return False


def shown(text: str) -> str:
    """The line in quotes, cut where it is long."""
    return f'"{text if len(text) <= 60 else text[:57] + "..."}"'


def columns_word(count: int) -> str:
    """ "1 column", "2 columns"."""
    return f"{count} column{'' if count == 1 else 's'}"


def comment_hint(text: str) -> str:
    """What to do if the line is a comment; nothing where it does not look like one."""
    mark = text[:1]
    if mark in COMMENT_MARKS:
        return f'If such lines are comments, give comment="{mark}" (--comment "{mark}")'
    if any(f" {mark}" in text for mark in COMMENT_MARKS):
        return "Only whole lines can be comments: remove what follows the edge"
    return ""


def quote_hint(text: str, delimiter: str) -> str:
    """What to know where quotes do not hold a field together; else nothing."""
    if delimiter in QUOTING or text.count('"') < 2:
        return ""
    return (
        "Double quotes hold a field together only where the delimiter is a comma or a "
        "semicolon; write the file with one of them"
    )
