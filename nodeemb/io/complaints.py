"""Find the line to name in a complaint about an edge list.

Reading is fast because it does not look at single lines; once something is wrong there
is time to. So a block is gone through again, slowly, until the line is found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nodeemb.errors import DataRefused
from nodeemb.io.blocks import Block, too_long
from nodeemb.io.delimiters import misfit
from nodeemb.io.layout import Layout
from nodeemb.io.lines import Line, cut, data_lines

_NUMBER = re.compile(
    r"\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class Place:
    """A block of a file, and what is needed to find a line in it.

    Attributes:
        block: the lines as they stand in the file.
        layout: how they are cut.
        header: True where the block's first line of data holds names.
        path: the file.
    """

    block: Block
    layout: Layout
    header: bool
    path: Path

    def rows(self) -> list[Line]:
        """(number, text) of the lines that hold an edge."""
        layout = self.layout
        kept = data_lines(self.block.lines(), layout.comment, layout.delimiter)
        return kept[1:] if self.header else kept

    def where(self, row: int) -> str:
        """The file and the line number of a row."""
        return f"{self.path}, line {self.rows()[row][0]}"

    def blame(self, message: str) -> DataRefused:
        """What is wrong with the first bad line; `message` where none can be found."""
        if "straddling" in message:  # pyarrow's word for a row beyond its block
            return self._too_long()
        rows, cuts = self.rows(), self.layout
        return (
            misfit(rows, cuts.delimiter, cuts.columns, cuts.comment, str(self.path))
            or self._no_number(rows)
            or DataRefused(message, where=str(self.path))
        )

    def _too_long(self) -> DataRefused:
        lines = self.block.content.split(b"\n")
        longest = max(range(len(lines)), key=lambda i: len(lines[i]))
        return too_long(f"{self.path}, line {self.block.first_line + longest}")

    def _no_number(self, rows: list[Line]) -> DataRefused | None:
        columns = [c for c in (self.layout.weight, self.layout.sign) if c is not None]
        for number, text in rows:
            fields = cut(text, self.layout.delimiter)
            for column in columns:
                if not _NUMBER.fullmatch(fields[column]):
                    return DataRefused(
                        f'"{fields[column]}" in column {column} is not a number',
                        where=f"{self.path}, line {number}",
                        allowed="Numbers with a decimal point, such as 0.5 or 1e-3",
                    )
        return None
