"""Vectors for other programs: word2vec text and binary, npz, Parquet, projector TSV.

| format | holds | read by |
|---|---|---|
| word2vec | text: a line "count length", then "id number number ..." a node | gensim, most others |
| word2vec-binary | the same with float32 bytes after "id " | gensim (`binary=True`) |
| npz | arrays `ids` and `vectors`, no pickled objects | numpy |
| parquet | a column `id` and a column `vector` of fixed-size lists | pandas, polars, pyarrow |
| projector | vectors.tsv, metadata.tsv, projector_config.pbtxt in a folder | TensorBoard's projector |

All ids are looked at before anything is written. What is written goes out in pieces, so
that memory does not double; whole or not at all, and never over another file.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.embedding.export_ids import Written, written_ids
from nodeemb.errors import DataRefused, WrongUse, unknown_name
from nodeemb.graph.ids import Ids
from nodeemb.io.atomic import new_file
from nodeemb.io.folders import new_folder
from nodeemb.progress import Progress, ProgressFn

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph

FORMATS = ("word2vec", "word2vec-binary", "npz", "parquet", "projector")

_NUMBERS = 2**20  # at a time
# places are from the folder of this file
_PROJECTED = b"""embeddings {
  tensor_name: "vectors"
  tensor_path: "vectors.tsv"
  metadata_path: "metadata.tsv"
}
"""


class Piece(NamedTuple):
    """Some rows: their ids as the format has them, and their (k, length) vectors."""

    ids: list[Any]
    vectors: np.ndarray
    rows: slice


class Source(NamedTuple):
    """What is written: the vectors of a role, (nodes, length), and how ids are written."""

    embedding: Embedding
    role: str | None
    nodes: int
    length: int
    ids: Written
    progress: ProgressFn | None

    def blocks(self) -> Iterator[slice]:
        """All rows in order, some megabytes of vectors at a time."""
        step = max(1, _NUMBERS // self.length)
        for first in range(0, self.nodes, step):
            yield slice(first, min(first + step, self.nodes))

    def texts(self, rows: slice) -> list[Any]:
        """Some ids as they are written."""
        return [self.ids.text(node) for node in self.embedding.ids[rows]]

    def pieces(self) -> Iterator[Piece]:
        """All that is written. A role that is put together of others is so in pieces too."""
        begun = time.monotonic()
        for rows in self.blocks():
            vectors = vectors_of(self.embedding, self.role, rows)
            yield Piece(self.texts(rows), vectors, rows)
            if self.progress is not None:
                seconds, share = time.monotonic() - begun, rows.stop / self.nodes
                rate = rows.stop / max(seconds, 1e-9)
                self.progress(Progress("writing", share, rate, "nodes", None, seconds))


def export(
    embedding: Embedding,
    path: str | Path,
    format: str,
    *,
    role: str | None = None,
    escape: bool = False,
    graph: Graph | None = None,
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
        graph: for "projector": the graph of the embedding, for columns of degrees.
        progress: called after every piece.

    Returns:
        the path.

    Raises:
        WrongUse: an unknown format or role, or the path exists.
        DataRefused: an id that the format cannot hold, nothing to write, or another graph.
        OutOfResources, RunFailed: it cannot be written; nothing is left.
    """
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    path, length = Path(path), vectors_of(embedding, role, slice(0)).shape[1]
    if not len(embedding) or not length:
        empty = "the embedding has no node" if length else f"role {role} has no numbers"
        raise DataRefused(f"{empty}: there is nothing to write")
    columns = _columns(embedding, graph, format)
    ids = written_ids(embedding.ids, format, escape)
    source = Source(embedding, role, len(embedding), length, ids, progress)
    if format == "projector":
        with new_folder(path) as folder:
            _projector(folder, source, columns)
        return path
    with new_file(path) as file:
        _WRITERS[format](file, source)
    return path


def vectors_of(embedding: Embedding, role: str | None, rows: slice) -> np.ndarray:
    """(k, length): the vectors of some rows."""
    table = embedding.table[rows]
    part = replace(embedding, ids=Ids(len(table)), table=table)
    return np.ascontiguousarray(part.vectors(role))


def _columns(
    embedding: Embedding, graph: Graph | None, format: str
) -> dict[str, np.ndarray]:
    """What the projector may show beside ids, by name."""
    if graph is None:
        return {}
    if format != "projector":
        raise WrongUse(
            f"{format} has no place for degrees",
            allowed="Degrees are columns of the projector's metadata",
        )
    if graph.ids != embedding.ids:
        raise DataRefused(
            "the graph has other nodes than the embedding",
            next_step="Give the graph that it was trained on, or leave degrees out",
        )
    return {"out_degree": graph.out_degree, "in_degree": graph.in_degree}


# ---- formats ----------------------------------------------------------------------------


def _word2vec(file: BinaryIO, source: Source) -> None:
    file.write(f"{source.nodes} {source.length}\n".encode())
    for ids, vectors, _ in source.pieces():
        lines = zip(ids, _lines(vectors, " "), strict=True)
        file.writelines(b"%b %b\n" % (text.encode(), line) for text, line in lines)


def _word2vec_binary(file: BinaryIO, source: Source) -> None:
    file.write(f"{source.nodes} {source.length}\n".encode())
    for ids, vectors, _ in source.pieces():
        narrow = zip(ids, vectors.astype("<f4"), strict=True)
        file.writelines(
            b"%b %b\n" % (text.encode(), row.tobytes()) for text, row in narrow
        )


def _npz(file: BinaryIO, source: Source) -> None:
    longest = max(1, source.ids.longest)
    kind = np.dtype("<i8") if source.ids.are_integers else np.dtype(f"<U{longest}")
    with zipfile.ZipFile(file, "w") as archive:
        with _member(archive, "ids", kind, (source.nodes,)) as out:
            for rows in source.blocks():
                out.write(np.array(source.texts(rows), kind).tobytes())
        number = source.embedding.table.dtype.newbyteorder("<")
        shape = (source.nodes, source.length)
        with _member(archive, "vectors", number, shape) as out:
            for _, vectors, _ in source.pieces():
                out.write(vectors.astype(number, copy=False).tobytes())


def _member(archive: Any, name: str, kind: np.dtype, shape: tuple[int, ...]) -> Any:
    """An array's place in an npz, with its header; without a date, so that equal vectors
    make equal files."""
    out = archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True)
    described = {
        "descr": np.lib.format.dtype_to_descr(kind),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(out, described)
    return out


def _parquet(file: BinaryIO, source: Source) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    number = pa.int64() if source.ids.are_integers else pa.string()
    kind = pa.from_numpy_dtype(source.embedding.table.dtype)
    schema = pa.schema([("id", number), ("vector", pa.list_(kind, source.length))])
    with parquet.ParquetWriter(file, schema) as writer:
        for ids, vectors, _ in source.pieces():
            flat = pa.array(vectors.ravel())
            lists = pa.FixedSizeListArray.from_arrays(flat, source.length)
            columns = [pa.array(ids, number), lists]
            writer.write_table(pa.table(columns, schema=schema))


def _projector(folder: Path, source: Source, columns: dict[str, np.ndarray]) -> None:
    with (
        new_file(folder / "vectors.tsv") as numbers,
        new_file(folder / "metadata.tsv") as metadata,
    ):
        if columns:  # a single column has no head, more columns must have one
            metadata.write(("\t".join(["id", *columns]) + "\n").encode())
        for ids, vectors, rows in source.pieces():
            numbers.writelines(line + b"\n" for line in _lines(vectors, "\t"))
            told = zip(ids, *(c[rows].tolist() for c in columns.values()), strict=True)
            metadata.writelines(
                ("\t".join(map(str, line)) + "\n").encode() for line in told
            )
    with new_file(folder / "projector_config.pbtxt") as config:
        config.write(_PROJECTED)


_WRITERS = {
    "word2vec": _word2vec,
    "word2vec-binary": _word2vec_binary,
    "npz": _npz,
    "parquet": _parquet,
}


def _lines(vectors: np.ndarray, between: str) -> list[bytes]:
    """A line of numbers each, as text that reads back to the same bits."""
    import pyarrow as pa
    from pyarrow import csv

    columns = [pa.array(np.ascontiguousarray(column)) for column in vectors.T]
    names = [str(place) for place in range(len(columns))]
    text = io.BytesIO()
    options = csv.WriteOptions(include_header=False, delimiter=between)
    csv.write_csv(pa.table(columns, names=names), text, options)
    return text.getvalue().splitlines()
