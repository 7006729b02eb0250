"""Vectors for other programs: word2vec text and binary, npz, Parquet, projector TSV.

| format | holds | read by |
|---|---|---|
| word2vec | text: a line "count length", then "id number number ..." a node | gensim, most others |
| word2vec-binary | the same with float32 bytes after "id " | gensim (`binary=True`) |
| npz | arrays `ids` and `vectors`, no pickled objects | numpy |
| parquet | a column `id` and a column `vector` of fixed-size lists | pandas, polars, pyarrow |
| projector | vectors.tsv and metadata.tsv in a folder | the TensorFlow embedding projector |

Written in pieces, whole or not at all, and never over another file.
"""

from __future__ import annotations

import io
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, unknown_name
from nodeemb.io.atomic import new_file
from nodeemb.io.folders import new_folder
from nodeemb.progress import Progress, ProgressFn

_ROWS = 4096  # at a time

FORMATS = ("word2vec", "word2vec-binary", "npz", "parquet", "projector")

_TYPED = ("npz", "parquet")

Rows = Iterator[tuple[slice, np.ndarray]]


def export(
    embedding: Embedding,
    path: str | Path,
    format: str,
    *,
    role: str | None = None,
    escape: bool = False,
    progress: ProgressFn | None = None,
) -> Path:
    """Writes the vectors of a role for another program.

    Args:
        embedding: whose.
        path: the file to make; for "projector" the folder.
        format: one of `FORMATS`.
        role: a role or view, as `Embedding.vectors` has it; all roles side by side if None.
        escape: percent-encode what the format cannot hold in an id (and "%" itself);
            `urllib.parse.unquote` gives the id back. Otherwise such an id is refused.
        progress: called after every piece.

    Returns:
        the path.

    Raises:
        WrongUse: an unknown format or role, or the path exists.
        DataRefused: an id that the format cannot hold.
        OutOfResources, RunFailed: it cannot be written; nothing is left.
    """
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    vectors, path = embedding.vectors(role), Path(path)
    ids = _values(embedding) if format in _TYPED else _texts(embedding, format, escape)
    rows = _pieces(vectors, path.name, progress)
    if format == "projector":
        with new_folder(path) as folder:
            with new_file(folder / "metadata.tsv") as file:
                file.write(("\n".join(ids) + "\n").encode())
            with new_file(folder / "vectors.tsv") as file:
                for _, piece in rows:
                    file.writelines(line + b"\n" for line in _lines(piece, "\t"))
        return path
    with new_file(path) as file:
        if format == "npz":
            np.savez(file, ids=np.array(ids), vectors=vectors)
        elif format == "parquet":
            _parquet(file, ids, vectors, rows)
        elif format == "word2vec":
            _word2vec(file, ids, vectors.shape, rows)
        else:
            _word2vec_binary(file, ids, vectors.shape, rows)
    return path


def _pieces(vectors: np.ndarray, name: str, progress: ProgressFn | None) -> Rows:
    begun = time.monotonic()
    for first in range(0, len(vectors), _ROWS):
        rows = slice(first, min(first + _ROWS, len(vectors)))
        yield rows, np.ascontiguousarray(vectors[rows])
        if progress is not None:
            seconds = time.monotonic() - begun
            rate, share = rows.stop / max(seconds, 1e-9), rows.stop / len(vectors)
            progress(Progress(f"writing {name}", share, rate, "nodes", None, seconds))


def _breaks(format: str, char: str) -> bool:
    """Whether a reader of the format would take a character for the end of an id."""
    if format == "word2vec":  # many readers split at any white space
        return char.isspace()
    return char in {"word2vec-binary": " \n", "projector": "\t\n\r"}[format]


def _texts(embedding: Embedding, format: str, escape: bool) -> list[str]:
    """The ids as text that the format can hold, all different."""
    texts: list[str] = []
    for node in embedding.ids:
        text = str(node)
        if escape:
            text = "".join(
                urllib.parse.quote(c) if c == "%" or _breaks(format, c) else c
                for c in text
            )
        if not text or any(_breaks(format, c) for c in text):
            what = "holds white space" if text else "is empty"
            raise DataRefused(
                f"the id {node!r} {what}, which {format} cannot hold",
                allowed="npz and parquet hold every text",
                next_step="Choose one of them" + (", or escape" if text else ""),
            )
        texts.append(_storable(text))
    if len(set(texts)) != len(texts):
        seen: set[str] = set()
        twice = next(t for t in texts if t in seen or seen.add(t))  # type: ignore[func-returns-value]
        raise DataRefused(
            f"two ids are both written {twice!r}",
            allowed="Ids that differ as text",
            next_step="Rename one of them",
        )
    return texts


def _values(embedding: Embedding) -> list[Any]:
    """The ids, all whole numbers of 64 bits or all text."""
    ids = list(embedding.ids)
    kinds = {type(node) for node in ids}
    fits = kinds == {int} and min(ids) >= -(2**63) and max(ids) < 2**63
    if kinds != {str} and not fits:
        odd = next((n for n in ids if type(n) not in (int, str)), ids[0])
        raise DataRefused(
            f"ids such as {odd!r} have no column type",
            allowed="All ids text, or all whole numbers of 64 bits",
            next_step="Save it instead: the folder of `save` holds every id",
        )
    return [_storable(node) if fits is False else node for node in ids]


def _storable(text: str) -> str:
    """Refuses half a surrogate pair, which Python calls text and UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataRefused(
            f"the id {text!r} is no text that UTF-8 can hold",
            next_step="Rename it, or save the embedding: `save` holds every id",
        ) from None
    return text


def _lines(piece: np.ndarray, between: str) -> list[bytes]:
    """A line of numbers each, as text that reads back to the same bits."""
    import pyarrow as pa
    from pyarrow import csv

    columns = [pa.array(np.ascontiguousarray(column)) for column in piece.T]
    names = [str(place) for place in range(len(columns))]
    text = io.BytesIO()
    options = csv.WriteOptions(include_header=False, delimiter=between)
    csv.write_csv(pa.table(columns, names=names), text, options)
    return text.getvalue().splitlines()


def _word2vec(
    file: BinaryIO, ids: list[str], shape: tuple[int, ...], rows: Rows
) -> None:
    file.write(f"{shape[0]} {shape[1]}\n".encode())
    for place, piece in rows:
        lines = zip(ids[place], _lines(piece, " "), strict=True)
        file.writelines(b"%b %b\n" % (text.encode(), line) for text, line in lines)


def _word2vec_binary(
    file: BinaryIO, ids: list[str], shape: tuple[int, ...], rows: Rows
) -> None:
    file.write(f"{shape[0]} {shape[1]}\n".encode())
    for place, piece in rows:
        narrow = zip(ids[place], piece.astype("<f4"), strict=True)
        file.writelines(
            b"%b %b\n" % (text.encode(), row.tobytes()) for text, row in narrow
        )


def _parquet(file: BinaryIO, ids: list[Any], vectors: np.ndarray, rows: Rows) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    number = pa.int64() if isinstance(ids[0], int) else pa.string()
    kind = pa.list_(pa.from_numpy_dtype(vectors.dtype), vectors.shape[1])
    schema = pa.schema([("id", number), ("vector", kind)])
    with parquet.ParquetWriter(file, schema) as writer:
        for place, piece in rows:
            flat = pa.array(piece.ravel())
            lists = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
            columns = [pa.array(ids[place], number), lists]
            writer.write_table(pa.table(columns, schema=schema))
