"""Find out how an edge list is written: delimiter, header, columns, comments.

Nothing is guessed in silence. A first line that looks like a header, leading lines that
look like comments and lines that no delimiter cuts alike are refused, with what to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nodeemb.errors import WrongUse, unknown_name
from nodeemb.io.delimiters import detect, misfit, no_delimiter, one_column
from nodeemb.io.first_lines import refuse_comments, refuse_header
from nodeemb.io.lines import Line, columns_word, cut

Column = int | str


@dataclass(frozen=True)
class Wanted:
    """The columns to read, by position from 0 or by name; weight and sign if any.

    Attributes:
        default_ends: True where source and target were left to the reader.
    """

    source: Column = 0
    target: Column = 1
    weight: Column | None = None
    sign: Column | None = None
    default_ends: bool = False

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
        self.check_places({column: column for column in self.columns()})

    def check_places(self, place: Mapping[Column, Column]) -> None:
        """Refuses an end that stands in another's column (WrongUse).

        Args:
            place: where each column stands, however it was asked for.
        """
        source, target = place[self.source], place[self.target]
        if source == target:
            raise WrongUse(f"source and target are the same column, {self.source!r}")
        for name, extra in (("weight", self.weight), ("sign", self.sign)):
            if extra is not None and place[extra] in (source, target):
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
    refuse_comments(lines, comment, where)
    width = max([1, *(c for c in wanted.columns() if isinstance(c, int))]) + 1
    if delimiter is None:
        delimiter = detect(lines, max(width, len(set(wanted.columns()))))
    if delimiter is None:
        raise no_delimiter(lines, comment, where)
    first = cut(lines[0][1], delimiter)
    if len(first) < 2:
        raise one_column(lines, delimiter, where)
    # a header is not looked at again, so an open quote in it is found here
    refused = misfit(lines[:1], delimiter, len(first), comment, where)
    if refused is not None:
        raise refused
    if wanted.named():
        header = True
    elif header is None:
        columns = [c for c in wanted.columns() if isinstance(c, int)]
        refuse_header(lines, columns, delimiter, where)
    place = {column: position(column, first, where) for column in wanted.columns()}
    wanted.check_places(place)
    return Layout(
        delimiter=delimiter,
        columns=len(first),
        header=bool(header),
        source=place[wanted.source],
        target=place[wanted.target],
        weight=None if wanted.weight is None else place[wanted.weight],
        sign=None if wanted.sign is None else place[wanted.sign],
        comment=comment,
    )


def position(
    column: Column, names: Sequence[str], where: str, what: str = "the lines"
) -> int:
    """The place of a column, checked against the names (or the fields of the first line).

    Raises:
        WrongUse: there is no such column, or several of this name.
    """
    if isinstance(column, int):
        if column >= len(names):
            verb = "have" if what.endswith("s") else "has"
            raise WrongUse(
                f"there is no column {column}: {what} {verb} {columns_word(len(names))}",
                where=where,
                allowed=f"Positions 0 to {len(names) - 1}",
            )
        return column
    names = [name.strip() for name in names]
    if names.count(column) > 1:
        raise WrongUse(
            f'{names.count(column)} columns are named "{column}"',
            where=where,
            allowed=f"Positions 0 to {len(names) - 1} in its place",
        )
    if column not in names:
        error = unknown_name("column", column, names)
        raise WrongUse(error.what, where=where, allowed=error.allowed)
    return names.index(column)
