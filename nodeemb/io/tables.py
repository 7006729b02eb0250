"""Read edges from tables with typed columns: Parquet, Arrow, and tables in memory.

A table in memory is anything with `__arrow_c_stream__` (pyarrow, polars, pandas and others);
none of these libraries is imported but pyarrow. Types are taken at their word: whole numbers
are whole numbers, text is text, and everything else is no id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nodeemb.arrow import numbers_of
from nodeemb.errors import DataRefused, OutOfResources, WrongUse
from nodeemb.io.checks import check_sign, check_texts, check_weight
from nodeemb.io.gather import Piece, as_text
from nodeemb.io.layout import Wanted, position

if TYPE_CHECKING:
    import pyarrow

IN_MEMORY = "the table"
_ROWS = 1 << 19  # at a time: text of a column stays below what 32-bit offsets can reach


@dataclass(frozen=True)
class Place:
    """Some rows of a table, for complaints.

    Attributes:
        name: the file, or "the table".
        first_row: number of the first row, from 1.
    """

    name: str
    first_row: int

    def where(self, row: int) -> str:
        """The table and the number of a row."""
        return f"{self.name}, row {self.first_row + row:,}"


@dataclass(frozen=True)
class Chosen:
    """The names of the columns to read, checked to be there once; weight and sign if any."""

    source: str
    target: str
    weight: str | None
    sign: str | None

    def columns(self) -> list[str]:
        """The distinct names."""
        names = (self.source, self.target, self.weight, self.sign)
        return list(dict.fromkeys(name for name in names if name is not None))


def is_table(value: object) -> bool:
    """True for a table in memory."""
    return hasattr(value, "__arrow_c_stream__") or _is_pandas(value)


def read_table(table: Any, wanted: Wanted) -> Iterator[Piece]:
    """The edges of a table in memory, some rows at a time.

    Raises:
        DataRefused: columns that cannot be taken.
        WrongUse: a column that is not there, or no table at all.
    """
    import pyarrow as pa

    name = IN_MEMORY
    if _is_pandas(table):
        names = [str(column) for column in table.columns]
        chosen = _named(names, wanted, name)
        # the others away: a column of mixed objects among them must not matter
        places = [names.index(column) for column in chosen.columns()]
        table = table.iloc[:, places].rename(columns=str)
    with _told(name):
        if not hasattr(table, "__arrow_c_stream__"):
            table = pa.Table.from_pandas(table, preserve_index=False)
        reader = pa.RecordBatchReader.from_stream(table)
        if _is_pandas(table):
            _check_types(reader.schema, chosen, name)
        else:
            chosen = choose(reader.schema, wanted, name)
    yield from _pieces(reader, chosen, name)


def read_parquet(path: Path, wanted: Wanted) -> tuple[int, Iterator[Piece]]:
    """The rows that a Parquet file says it has, and its edges, some rows at a time.

    Raises:
        DataRefused: a damaged file, columns that cannot be taken.
        WrongUse: a column that is not there.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with _told(str(path)):
        file = parquet.ParquetFile(pa.OSFile(str(path)), buffer_size=1 << 20)
        chosen = choose(file.schema_arrow, wanted, str(path))
        batches = file.iter_batches(_ROWS, columns=chosen.columns())
    return file.metadata.num_rows, _pieces(batches, chosen, str(path))


def read_arrow(path: Path, wanted: Wanted, stream: bool) -> Iterator[Piece]:
    """The edges of an Arrow file (Feather too) or stream, some rows at a time.

    Raises:
        DataRefused: a damaged file, columns that cannot be taken.
        WrongUse: a column that is not there.
    """
    import pyarrow as pa

    def opened(options: Any = None) -> Any:
        file = pa.OSFile(str(path))
        return (
            pa.ipc.open_stream(file, options=options)
            if stream
            else pa.ipc.open_file(file, options=options)
        )

    with _told(str(path)):
        schema = opened().schema
        chosen = choose(schema, wanted, str(path))
        fields = [schema.get_field_index(name) for name in chosen.columns()]
        reader = opened(pa.ipc.IpcReadOptions(included_fields=fields))
    batches: Iterable = reader
    if not stream:
        batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
    yield from _pieces(batches, chosen, str(path))


def choose(schema: pyarrow.Schema, wanted: Wanted, where: str) -> Chosen:
    """The names of the columns that are asked for, their types checked.

    Without a word on source and target these are the columns of that name, else the
    first two.

    Raises:
        DataRefused: a name that two columns have, a type that makes no ids or numbers.
        WrongUse: a column that is not there.
    """
    chosen = _named(schema.names, wanted, where)
    _check_types(schema, chosen, where)
    return chosen


def _named(names: list[str], wanted: Wanted, where: str) -> Chosen:
    """As `choose`, from the names alone."""
    if len(names) < 2:
        raise DataRefused(
            f"{len(names)} column{'' if len(names) == 1 else 's'}, 2 needed",
            where=where,
            allowed="A column of sources and a column of targets",
        )
    if wanted.default_ends and {"source", "target"} <= set(names):
        wanted = replace(wanted, source="source", target="target")
    place = {
        column: position(column, names, where, "the table")
        for column in wanted.columns()
    }
    wanted.check_places(place)
    for at in place.values():
        if names.count(names[at]) > 1:
            raise DataRefused(
                f'{names.count(names[at])} columns are named "{names[at]}"',
                where=where,
                next_step="Rename one of them",
            )
    return Chosen(
        names[place[wanted.source]],
        names[place[wanted.target]],
        None if wanted.weight is None else names[place[wanted.weight]],
        None if wanted.sign is None else names[place[wanted.sign]],
    )


def _pieces(batches: Iterable[Any], chosen: Chosen, name: str) -> Iterator[Piece]:
    """The checked columns of each batch, cut into at most `_ROWS` rows."""
    first, rest = 1, iter(batches)
    while True:
        with _told(name):
            batch = next(rest, None)
            if batch is None:
                return
            # what a file says of its own buffers is not to be trusted
            batch = batch.select(chosen.columns())
            batch.validate(full=True)
        for start in range(0, batch.num_rows, _ROWS):
            part = batch.slice(start, _ROWS)
            yield _piece(part, chosen, Place(name, first + start))
        first += batch.num_rows


def _piece(batch: pyarrow.RecordBatch, chosen: Chosen, place: Place) -> Piece:
    with _told(place.name):
        ends = [
            _end(batch.column(name), name, place)
            for name in (chosen.source, chosen.target)
        ]
        weight, sign = (
            None if name is None else _numbers(batch.column(name), name, place)
            for name in (chosen.weight, chosen.sign)
        )
    if not all(isinstance(end, np.ndarray) for end in ends):
        ends = [as_text(end) for end in ends]
        for end in ends:
            check_texts(end, place.where)
    check_sign(sign, place.where)
    if weight is not None and chosen.weight == chosen.sign:
        weight = np.abs(weight)
    check_weight(weight, place.where)
    return Piece(ends[0], ends[1], weight, sign)


def _end(column: pyarrow.Array, name: str, place: Place) -> Any:
    """(k,) int64 of whole numbers, else text."""
    import pyarrow as pa

    column = _present(column, name, place)
    if pa.types.is_integer(column.type):
        try:
            return numbers_of(column.cast(pa.int64()))
        except pa.ArrowInvalid:  # above int64, as in text files
            pass
    return pa.chunked_array([column.cast(pa.string())])


def _numbers(column: pyarrow.Array, name: str, place: Place) -> np.ndarray:
    """(k,) float64."""
    import pyarrow as pa

    column = _present(column, name, place).cast(pa.float64(), safe=False)
    return np.array(numbers_of(column))


def _present(column: pyarrow.Array, name: str, place: Place) -> pyarrow.Array:
    """The plain values of a column; refused where one is missing."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_dictionary(column.type):
        names = column.dictionary
        if _is_text(names.type):  # views cannot be taken from
            names = names.cast(pa.large_string())
        column = names.take(column.indices)
    if column.null_count:
        at = compute.index(column.is_null(), True).as_py()
        raise DataRefused(
            f'the column "{name}" has no value (null)',
            where=place.where(at),
            allowed="A value in every row",
            next_step="Leave such rows out, or fill them in",
        )
    return column


def _check_types(schema: pyarrow.Schema, chosen: Chosen, where: str) -> None:
    """Refuse columns whose type is no id, weight or sign (DataRefused)."""
    import pyarrow as pa

    is_ = pa.types
    for name in chosen.columns():
        kind = schema.field(name).type
        plain = kind.value_type if is_.is_dictionary(kind) else kind
        end = name in (chosen.source, chosen.target)
        numeric = is_.is_integer(plain) or (
            not end and (is_.is_floating(plain) or is_.is_decimal(plain))
        )
        if numeric or (end and (_is_text(plain) or is_.is_null(plain))):
            continue
        role = "ids" if end else "weights or signs"
        hint = f"Name the columns that hold {role}; there are {_listed(schema.names)}"
        if end and is_.is_floating(plain):
            hint = (
                "Convert them to whole numbers first (tables turn whole numbers with "
                "gaps into decimal ones), or name other columns"
            )
        raise DataRefused(
            f'the column "{name}" holds {kind}, which makes no good {role}',
            where=where,
            allowed="Whole numbers or text" if end else "Numbers",
            next_step=hint,
        )


def _is_text(kind: pyarrow.DataType) -> bool:
    import pyarrow as pa

    views = [getattr(pa.types, f"is_{k}_view", None) for k in ("string", "binary")]
    return (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or any(is_view is not None and is_view(kind) for is_view in views)
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:10])
    return shown + (" and more" if len(names) > 10 else "")


def _is_pandas(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "pandas" and hasattr(
        value, "columns"
    )


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Faults of pyarrow's, told in words."""
    import pyarrow as pa

    try:
        yield
    except MemoryError as error:  # pyarrow's own is one
        raise OutOfResources(
            f"there is not enough memory to read it: {_first_line(error)}",
            where=name,
            next_step="Check that it is whole, or write it in smaller row groups",
        ) from None
    except (
        pa.ArrowException,
        OSError,
        UnicodeError,
        OverflowError,
        LookupError,
    ) as error:
        raise DataRefused(
            f"it is damaged or cannot be taken: {_first_line(error)}",
            where=name,
            allowed="Columns of whole numbers or text, each of one type"
            if name == IN_MEMORY
            else "A whole Parquet or Arrow file",
            next_step="Turn columns of mixed types into text, as with astype(str), or "
            "give the columns to Graph.from_edges"
            if name == IN_MEMORY
            else "Write, copy or download it again",
        ) from None
    except TypeError as error:
        raise WrongUse(
            f"it is no table: {_first_line(error)}",
            where=name,
            allowed="A path, or a table of pandas, polars or pyarrow",
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
