"""Find the delimiter of an edge list, or say why none will do."""

from __future__ import annotations

from collections.abc import Sequence

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.io.lines import (
    QUOTING,
    Line,
    columns_word,
    comment_hint,
    cut,
    open_quote,
    quote_hint,
    shown,
)

DELIMITERS = {
    "\t": "tab",
    ",": "comma",
    ";": "semicolon",
    "|": "pipe",
    " ": "space",
}
_SPELLED = {"\\t": "\t", "tab": "\t", "space": " "}


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


def detect(lines: Sequence[Line], width: int) -> str | None:
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


def one_column(lines: Sequence[Line], delimiter: str, where: str) -> DataRefused:
    """The complaint about a delimiter that does not cut the first line."""
    number, text = lines[0]
    other = detect(lines, 2)
    hint = "Give the delimiter, and name the columns if there are more than two"
    if other is not None:
        hint = (
            f"The file looks {_name(other)}-separated; use delimiter={other!r} "
            f"(--delimiter {_typed(other)})"
        )
    return DataRefused(
        f"1 column, 2 needed: {shown(text)}",
        where=f"{where}, line {number}",
        next_step=hint,
    )


def no_delimiter(lines: Sequence[Line], comment: str | None, where: str) -> DataRefused:
    """What to say where no delimiter cuts all lines alike."""
    best, share = " ", 0
    for delimiter in DELIMITERS:
        counts = [len(cut(text, delimiter)) for _, text in lines]
        alike = counts.count(counts[0]) if counts[0] >= 2 else 0
        if alike > share:
            best, share = delimiter, alike
    if not share:
        return DataRefused(
            f"1 column, 2 needed: {shown(lines[0][1])}",
            where=f"{where}, line {lines[0][0]}",
            allowed=f"Columns cut by {', '.join(DELIMITERS.values())}",
            next_step="Give the delimiter if it is another one",
        )
    columns = len(cut(lines[0][1], best))
    refused = misfit(lines, best, columns, comment, where)
    assert refused is not None  # else this delimiter would have cut all lines alike
    return refused


def misfit(
    lines: Sequence[Line], delimiter: str, columns: int, comment: str | None, where: str
) -> DataRefused | None:
    """The complaint about the first line that is not cut into so many fields."""
    for number, text in lines:
        found = len(cut(text, delimiter))
        if delimiter in QUOTING and open_quote(text, delimiter):
            return DataRefused(
                f"a quote is opened and not closed: {shown(text)}",
                where=f"{where}, line {number}",
                allowed="Double quotes around a whole field, a quote inside as two",
                next_step="Close it, or give another delimiter: quotes count only "
                "where it is a comma or a semicolon",
            )
        if found != columns:
            return DataRefused(
                f"{columns_word(found)} where the lines before have {columns}: "
                f"{shown(text)}",
                where=f"{where}, line {number}",
                allowed=f"The same columns in every line, cut at each "
                f"{_name(delimiter)}",
                next_step=(comment_hint(text) if comment is None else "")
                or quote_hint(text, delimiter),
            )
    return None


def _name(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, f"{delimiter!r}")


def _typed(delimiter: str) -> str:
    """As one types it in a shell."""
    return "tab" if delimiter == "\t" else f'"{delimiter}"'
