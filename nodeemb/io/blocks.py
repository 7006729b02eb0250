"""Read a text file, packed with gzip or plain, as blocks of whole lines.

A block is some megabytes, so that a file larger than memory can be read piece by piece,
and it knows the number of its first line, so that every complaint can name a line.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from nodeemb.errors import DataRefused, did_you_mean

_SIZE = 1 << 24
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_FORMATS = {
    b"PAR1": "a Parquet file: convert it to text first",
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd file: unpack it first",
    b"BZh": "a bzip2 file: unpack it first",
    b"\xfd7zXZ": "an xz file: unpack it first",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "text in UTF-16: save it as UTF-8",
    b"%%MatrixMarket": (
        "a Matrix Market file: read it with scipy.io.mmread and Graph.from_scipy"
    ),
}


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
        path: a text file in UTF-8, plain or packed with gzip (told by its content).
        size: bytes read at a time; a block is longer where a line is.

    Raises:
        DataRefused: no such file, a folder, an empty or damaged file, another format,
            bytes that are not UTF-8.
    """
    first_line = 1
    for raw in _whole_lines(path, size):
        if first_line == 1:
            _check_start(raw, path)
            raw = raw.removeprefix(_BYTE_ORDER_MARK)
        block = Block(_text(raw, first_line, path), first_line)
        yield block
        first_line += block.content.count(b"\n")


def _whole_lines(path: Path, size: int) -> Iterator[bytes]:
    """Pieces that end with a line; the last gets a line end if it has none."""
    with _unpacked(path) as file:
        rest: list[bytes] = []
        while piece := _read(file, size, path):
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield b"".join((*rest, piece[:cut]))
                rest = [piece[cut:]]
            else:
                rest.append(piece)
        last = b"".join(rest)
        if last:
            yield last + b"\n"


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    with _open(path) as file:
        start = file.peek(2)[:2]
        if not start:
            raise DataRefused(f"{path} is empty", allowed="At least one edge is needed")
        if start == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=file) as packed:
                yield cast(IO[bytes], packed)
        else:
            yield file


def _open(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise _missing(path) from None
    except IsADirectoryError:
        raise DataRefused(
            f"{path} is a folder", next_step="Name a file inside it"
        ) from None
    except OSError as error:
        raise DataRefused(f"{path} cannot be read: {error.strerror}") from error


def _missing(path: Path) -> DataRefused:
    folder = path.parent
    if not folder.is_dir():
        return DataRefused(
            f"there is no file {path}", next_step=f"There is no folder {folder} either"
        )
    names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    return DataRefused(
        f"there is no file {path}",
        next_step=did_you_mean(path.name, names) or "Check the path",
    )


def _read(file: IO[bytes], size: int, path: Path) -> bytes:
    try:
        return file.read(size)
    except EOFError:
        raise DataRefused(
            f"{path} ends in the middle of its gzip data",
            next_step="Copy or download it again; it is not complete",
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataRefused(
            f"{path} holds damaged gzip data: {error}",
            next_step="Copy or download it again",
        ) from None
    except OSError as error:
        raise DataRefused(f"{path} cannot be read: {error.strerror}") from error


def _check_start(raw: bytes, path: Path) -> None:
    for start, what in _OTHER_FORMATS.items():
        if raw.startswith(start):
            raise DataRefused(
                f"{path} is {what}", allowed="Text in columns, plain or gzip"
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
