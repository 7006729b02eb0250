"""Open a file and see by its content what it is: text, packed text, Parquet or Arrow."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from nodeemb.errors import DataRefused, did_you_mean

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_TABLES = {
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\xff\xff\xff\xff": "Arrow stream",
}
_OTHERS = {
    b"PARE": "an encrypted Parquet file: write it again without encryption",
    b"FEA1": "a Feather file of version 1: write it again as version 2",
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"BZh": "a bzip2 file: unpack it first",
    b"\xfd7zXZ": "an xz file: unpack it first",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "text in UTF-16: save it as UTF-8",
    b"\x93NUMPY": "a numpy array: load it and use Graph.from_edges",
    b"\x89HDF": "an HDF5 file: load its columns and use Graph.from_edges",
    b"SQLite format 3": "an SQLite database: export the table of edges as text",
    b"%%MatrixMarket": (
        "a Matrix Market file: read it with scipy.io.mmread and Graph.from_scipy"
    ),
}
GRAPH_MARK = b'{"__metadata__": {"kind": "nodeemb graph"'  # from byte 8 on
_LONGEST = 8 + len(GRAPH_MARK)


def kind_of(path: Path) -> str:
    """What stands in the file: "text" (plain or packed), "Parquet", "Arrow", "Arrow stream",
    or "graph", one that was saved.

    Raises:
        DataRefused: no such file, a folder, an empty file, a format that is not read.
    """
    with opened(path) as file:
        start = file.peek(_LONGEST)
    if not start:
        raise DataRefused(f"{path} is empty", allowed="At least one edge is needed")
    if start[8:].startswith(GRAPH_MARK):
        return "graph"
    for mark, kind in _TABLES.items():
        if start.startswith(mark):
            return kind
    refuse_other(start, path)
    return "text"


def refuse_other(
    start: bytes,
    path: Path | str,
    packed: bool = False,
    allowed: str = "Text in columns (plain, gzip or zstd), Parquet and Arrow",
) -> None:
    """Refuses what begins like a format that is not read (DataRefused).

    Args:
        start: the first bytes, unpacked.
        path: the file.
        packed: True where the bytes were packed; then no table is read either.
        allowed: what is read.
    """
    for mark, what in _OTHERS.items():
        if start.startswith(mark):
            raise DataRefused(f"{path} is {what}", allowed=allowed)
    inner = {**_TABLES, _GZIP: "gzip", _ZSTD: "zstd"} if packed else {}
    for mark, kind in inner.items():
        if start.startswith(mark):
            raise DataRefused(
                f"{path} holds {kind} data inside its packing",
                allowed="Text in columns, packed once",
                next_step="Unpack it once",
            )


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a text file, unpacked on the way where gzip or zstd packed them."""
    with opened(path) as file, unpacked_stream(file) as stream:
        yield stream


@contextmanager
def unpacked_stream(file: Any) -> Iterator[IO[bytes]]:
    """As `unpacked`, for an open file that can be peeked into."""
    start = file.peek(len(_ZSTD))
    if start.startswith(_GZIP):
        with gzip.GzipFile(fileobj=file) as packed:
            yield cast(IO[bytes], packed)
    elif start.startswith(_ZSTD):
        import pyarrow as pa

        with pa.CompressedInputStream(file, "zstd") as packed:
            yield packed
    else:
        yield file


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file, to read its bytes; faults on the way are told in words."""
    with _open(path) as file, told_in_words(path):
        yield file


@contextmanager
def told_in_words(path: Path | str) -> Iterator[None]:
    """What goes wrong while a file is read and unpacked becomes DataRefused."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _broken(path, "gzip", str(error)) from None
    except OSError as error:
        # pyarrow's own faults carry no number of the system's
        if error.errno is None:
            raise _broken(path, "zstd", str(error)) from None
        raise DataRefused(f"{path} cannot be read: {error.strerror}") from None


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
        raise DataRefused(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # a name that no system takes
        raise DataRefused(f"{str(path)!r} is no name of a file: {error}") from None


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


def _broken(path: Path | str, packing: str, problem: str) -> DataRefused:
    cut_short = "end-of-stream" in problem or "Truncated" in problem
    if cut_short:
        return DataRefused(
            f"{path} ends in the middle of its {packing} data",
            allowed="A whole file",
            next_step="Copy or download it again; it is not complete",
        )
    return DataRefused(
        f"{path} holds damaged {packing} data: {problem}",
        allowed="A whole file",
        next_step="Copy or download it again",
    )
