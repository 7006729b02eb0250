"""Read a text file, packed or plain, as blocks of whole lines.

A block is some megabytes, so that a file larger than memory can be read piece by piece,
and it knows the number of its first line, so that every complaint can name a line. Packed
files are unpacked on the way, never as a whole: a small file that unpacks to any size takes
no more memory than a block, and a line without an end is refused.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nodeemb.errors import DataRefused
from nodeemb.io.opening import refuse_other, unpacked

LONGEST_LINE = 1 << 20
_SIZE = 1 << 22
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Whole lines of a file: UTF-8, ending in line feeds, the first line's number."""

    content: bytes
    first_line: int

    def lines(self) -> Iterator[tuple[int, str]]:
        """(number, text) of every line; slow, for complaints and small samples."""
        for number, line in enumerate(io.BytesIO(self.content), self.first_line):
            yield number, line.decode().removesuffix("\n")


def read_blocks(path: Path, size: int = _SIZE) -> Iterator[Block]:
    """The file's text, block by block.

    Args:
        path: a text file in UTF-8, plain or packed with gzip or zstd (told by content).
        size: bytes read at a time; a block is longer by at most two lines.

    Raises:
        DataRefused: a damaged file, another format, a line of more than 1 MiB, bytes
            that are not UTF-8.
    """
    first_line = 1
    for raw in _whole_lines(path, size):
        if first_line == 1:
            raw = raw.removeprefix(BYTE_ORDER_MARK)
        block = Block(_text(raw, first_line, path), first_line)
        yield block
        first_line += block.content.count(b"\n")


def _whole_lines(path: Path, size: int) -> Iterator[bytes]:
    """Pieces that end with a line; the last gets a line end if it has none.

    A piece waits for the next one, so that a last line without an end is not alone: the
    first piece of a small file is all of it, and the delimiter is found in it.
    """
    line = 1
    with unpacked(path) as file:
        ready = rest = b""
        while piece := file.read(size):
            if line == 1 and not rest:
                refuse_other(piece, path, packed=True)
            piece = rest + piece
            cut = piece.rfind(b"\n") + 1
            rest = piece[cut:]
            if cut:
                line += piece.count(b"\n", 0, cut)
                if ready:
                    yield ready
                ready = piece[:cut]
            if len(rest) > LONGEST_LINE:
                raise too_long(f"{path}, line {line}")
        if rest:
            ready += rest + b"\n"
        if ready:
            yield ready


def too_long(where: str) -> DataRefused:
    """The complaint about a line without an end in sight."""
    return DataRefused(
        "the line is longer than 1 MiB",
        where=where,
        allowed="One edge a line, each line at most 1 MiB",
        next_step="Check that this is an edge list, and that its lines end",
    )


def _text(raw: bytes, first_line: int, path: Path) -> bytes:
    """The same lines, checked to be UTF-8 and ended by line feeds alone."""
    if not raw.isascii():
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            raise DataRefused(
                f"bytes that are not UTF-8 ({raw[error.start : error.start + 1]!r})",
                where=_line(raw, error.start, first_line, path),
                allowed="Text in UTF-8",
                next_step="Save the file as UTF-8, as with: iconv -f latin1 -t utf-8",
            ) from None
    if b"\0" in raw:
        raise DataRefused(
            "a zero byte",
            where=_line(raw, raw.index(b"\0"), first_line, path),
            allowed="Text in UTF-8; this may be UTF-16 or no text at all",
        )
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n")
        if b"\r" in raw:
            raise DataRefused(
                "a carriage return inside the line",
                where=_line(raw, raw.index(b"\r"), first_line, path),
                next_step="Convert the line ends, as with: tr '\\r' '\\n'",
            )
    return raw


def _line(raw: bytes, position: int, first_line: int, path: Path) -> str:
    number = first_line + raw.count(b"\n", 0, position)
    return f"{path}, line {number}"
