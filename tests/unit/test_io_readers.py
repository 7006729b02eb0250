"""Every reader gives the twin's graph or refuses in words, whatever stands in the file."""

from __future__ import annotations

import collections
import functools
import gzip
import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet
from reading import PACKINGS, arcs_in, check_table, check_text

from nodeemb.errors import DataRefused, NodeembError, OutOfResources, WrongUse
from nodeemb.io import edges as module
from nodeemb.io import gather
from nodeemb.io.blocks import read_blocks
from nodeemb.io.edges import read_edges

# ---- text ---------------------------------------------------------------------------

word = st.sampled_from(
    [
        "1",
        "2",
        "3",
        "-3",
        "0",
        "-0",
        "007",
        "+7",
        "9223372036854775807",
        "9223372036854775808",
        "a",
        "b",
        "é",
        "c#d",
        "#e",
        "%f",
        '"q"',
        '"x""y"',
        '"x,y"',
        '"x;y"',
        '"z',
        '"z"w',
        'd"',
        "nan",
        "inf",
        "-inf",
        "1e3",
        "0x7",
        ".5",
        "-.5",
        "2.",
        "1e-60",
        "source",
        "to",
        "weight",
    ]
) | st.sampled_from(["", " ", "  ", '"a b"', '"\t"', "a b", "\u2028", " "])
end = st.sampled_from(
    ["\n", "\n", "\n", "\r\n", "\n\n", "\r", "", "\0", "#\n", "# x\n"]
)


@st.composite
def texts(draw):
    """Lines that are mostly cut alike, so that many of them are edge lists."""
    delimiter = draw(st.sampled_from([",", "\t", " ", ";", "|"]))
    width = draw(st.integers(2, 4))
    mostly = draw(st.sampled_from([word, st.integers(-9, 9).map(str)]))
    value = st.sampled_from(["1", "2.5", "-3", "+.5", "1e2"]) | word
    cell = [mostly] * 2 + [value] * (width - 2)
    if draw(st.booleans()):
        cell = cell[::-1]
    rows = draw(st.lists(st.tuples(*cell), max_size=8))
    line_end = draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
    text = "".join(delimiter.join(row) + line_end for row in rows)
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(word | end) + text[at:]
    content = text.encode()
    if draw(st.integers(0, 9)) == 0:
        content = draw(st.sampled_from([b"\xef\xbb\xbf", b"\xff", b"# x\n"])) + content
    return content


column = st.sampled_from([0, 1, 0, 1, 2, 3, "source", "to", "a"])
chosen = st.fixed_dictionaries(
    {"duplicates": st.sampled_from(["first", "sum", "max", "error"])},
    optional={
        "source": column,
        "target": column,
        "weight": st.none() | column,
        "sign": st.none() | column,
        "delimiter": st.none() | st.sampled_from([" ", ",", "\t", ";", "|"]),
        "comment": st.sampled_from([None, "#", "%", "a"]),
        "header": st.sampled_from([None, True, False]),
        "directed": st.booleans(),
    },
)


def check(tmp_path_factory, content, options, packing, size):
    if options.get("header") is False:
        options = {
            k: v
            for k, v in options.items()
            if not isinstance(v, str) or k in ("duplicates", "delimiter", "comment")
        }
    path = tmp_path_factory.mktemp("e") / "e"
    if options.get("delimiter") is None:
        size = 1 << 20  # it is found from the first block
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "read_blocks", functools.partial(read_blocks, size=size))
        return check_text(content, options, path, packing)


reads = (texts(), chosen, st.sampled_from(list(PACKINGS)), st.sampled_from([1, 7, 99]))


@settings(max_examples=250)
@given(*reads)
def test_text_is_read_as_the_twin_reads_it(
    tmp_path_factory, content, options, packing, size
):
    check(tmp_path_factory, content, options, packing, size)


@pytest.mark.slow
@settings(max_examples=20_000)
@given(*reads)
def test_much_text_is_read_as_the_twin_reads_it(
    tmp_path_factory, content, options, packing, size
):
    check(tmp_path_factory, content, options, packing, size)


def test_what_is_tried_is_often_read(tmp_path_factory):
    outcomes = collections.Counter()

    @settings(max_examples=200)
    @given(*reads)
    def count(content, options, packing, size):
        outcomes[check(tmp_path_factory, content, options, packing, size)] += 1

    count()
    assert outcomes["read"] > 20
    assert outcomes["refused"] > 20


# ---- tables -------------------------------------------------------------------------


def write_parquet(table, path):
    parquet.write_table(table, path, row_group_size=2)


def write_arrow(table, path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table, max_chunksize=2)


def write_stream(table, path):
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as out,
    ):
        out.write_table(table, max_chunksize=2)


def write_feather(table, path):
    feather.write_feather(table, str(path), compression="zstd")


WRITERS = [write_parquet, write_arrow, write_stream, write_feather]


def pandas_frame(table):
    import pandas as pd

    return pd.DataFrame({name: table[name].to_pylist() for name in table.column_names})


def polars_frame(table):
    import polars as pl

    return pl.DataFrame({name: table[name].to_pylist() for name in table.column_names})


MEMORY = [
    pandas_frame,
    polars_frame,
    lambda table: table,
    lambda table: table.to_reader(max_chunksize=2),
    lambda table: table.combine_chunks().to_batches()[0],
]

EDGES = pa.table(
    {
        "score": [0.5, 2.0, 1.0, 4.0],
        "target": ["b", "c", "a", "a"],
        "source": ["a", "b", "c", "é #1"],
        "vote": [1, -1, 1, -3],
    }
)
EXPECTED = {
    ("a", "b"): (0.5, 1),
    ("b", "c"): (2.0, -1),
    ("c", "a"): (1.0, 1),
    ("é #1", "a"): (4.0, -1),
}
CHOICES = [
    {"weight": "score", "sign": "vote"},  # source and target are found by name
    {"source": 2, "target": 1, "weight": 0, "sign": 3},
    {"source": "source", "target": 1, "weight": "score", "sign": 3},
]


@pytest.mark.parametrize("options", CHOICES)
@pytest.mark.parametrize("write", WRITERS)
def test_files_with_typed_columns(tmp_path, write, options):
    write(EDGES, tmp_path / "edges")
    graph = read_edges(tmp_path / "edges", **options)
    assert arcs_in(graph) == EXPECTED
    assert list(graph.ids) == ["a", "b", "c", "é #1"]


@pytest.mark.parametrize("options", CHOICES)
@pytest.mark.parametrize("made", MEMORY)
def test_tables_in_memory(made, options):
    assert arcs_in(read_edges(made(EDGES), **options)) == EXPECTED


@pytest.mark.parametrize("made", MEMORY)
def test_whole_numbers_in_memory(made):
    table = pa.table({"a": [30, -5, 2**40], "b": [-5, 7, 30]})
    graph = read_edges(made(table))
    assert list(graph.ids) == [-5, 7, 30, 2**40]
    assert set(arcs_in(graph)) == {(30, -5), (-5, 7), (2**40, 30)}


def test_a_pandas_column_of_mixed_values_elsewhere_does_not_matter():
    import pandas as pd

    frame = pd.DataFrame(
        {"x": [1, "q"], "a": ["m", "n"], "b": ["n", "m"]}, index=[5, 9]
    )
    assert set(arcs_in(read_edges(frame, "a", "b"))) == {("m", "n"), ("n", "m")}
    assert set(arcs_in(read_edges(frame, 1, 2))) == {("m", "n"), ("n", "m")}


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), "words"]
)
def test_all_kinds_of_text(tmp_path, kind):
    column = pa.array(["x", "y", "x"])
    column = column.dictionary_encode() if kind == "words" else column.cast(kind)
    table = pa.table({"a": column, "b": ["y", "z", "z"]})
    assert set(arcs_in(read_edges(table))) == {("x", "y"), ("y", "z"), ("x", "z")}


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.int32(), pa.uint64()])
def test_all_kinds_of_whole_numbers(kind):
    table = pa.table({"a": pa.array([1, 2], kind), "b": pa.array([2, 3], kind)})
    assert list(read_edges(table).ids) == [1, 2, 3]


def test_numbers_beyond_int64_are_text_as_in_text_files():
    table = pa.table({"a": pa.array([1, 2**63], pa.uint64()), "b": [5, 6]})
    assert list(read_edges(table).ids) == ["1", "9223372036854775808", "5", "6"]


def test_one_text_column_makes_all_ids_text():
    table = pa.table({"a": [1, 2], "b": ["x", "1"]})
    assert set(arcs_in(read_edges(table))) == {("1", "x"), ("2", "1")}


small = st.integers(-3, 3) | st.sampled_from([2**31, -(2**31) - 1, 2**62, -(2**63)])
name = st.text(st.characters(codec="utf-8"), min_size=1, max_size=3)
name = name.filter(lambda text: text.strip() == text)
ends = st.lists(st.tuples(small, small), min_size=1, max_size=12) | st.lists(
    st.tuples(name, name), min_size=1, max_size=12
)


@settings(max_examples=150)
@given(ends, st.sampled_from(WRITERS), st.sampled_from(["first", "sum"]), st.data())
def test_typed_columns_are_read_as_the_twin_reads_them(
    tmp_path_factory, rows, write, rule, data
):
    columns = [list(column) for column in zip(*rows, strict=True)]
    if data.draw(st.booleans()):
        weight = st.sampled_from([0.1, 2.0, 1e-3])
        columns.append([data.draw(weight) for _ in rows])
    table = pa.table(columns, names=["a", "b", "w"][: len(columns)])
    path = tmp_path_factory.mktemp("t") / "t"
    write(table, path)
    said = check_table(path, columns, rule)
    assert said == "read" or "begins or ends with white space" in said, said


# ---- in pieces, and out of memory ---------------------------------------------------


def big(ids, count=3000):
    return [(ids(i % 97), ids((i * i) % 301)) for i in range(count)]


@pytest.mark.parametrize(
    "ids",
    [
        lambda i: i,
        lambda i: i + 2**40,
        lambda i: (i * 0x9E3779B97F4A7C15) % 2**63,  # far apart
        lambda i: f"n{i}",
        lambda i: i if i < 250 else f"n{i}",  # text from some block on
    ],
)
def test_pieces_come_to_the_whole(tmp_path, monkeypatch, ids):
    rows = list(dict.fromkeys(big(ids)))
    path = tmp_path / "e"
    path.write_text("".join(f"{a} {b}\n" for a, b in rows))
    whole = read_edges(path)
    monkeypatch.setattr(module, "read_blocks", functools.partial(read_blocks, size=500))
    pieces = read_edges(path)
    assert list(pieces.ids) == list(whole.ids)
    assert pieces.digest() == whole.digest()
    if all(isinstance(v, int) for row in rows for v in row):
        assert list(whole.ids) == sorted({v for row in rows for v in row})
        assert set(arcs_in(whole)) == set(rows)
    else:
        texts = [(str(a), str(b)) for a, b in rows]
        seen = itertools.chain((a for a, _ in texts), (b for _, b in texts))
        assert list(whole.ids) == list(dict.fromkeys(seen))
        assert set(arcs_in(whole)) == set(texts)


@pytest.mark.parametrize("word", ["1", "name-{}", "{}" * 40])
def test_more_than_the_memory_is_refused_before_it_is_full(tmp_path, monkeypatch, word):
    monkeypatch.setattr(gather, "free_bytes", lambda: 10_000_000)
    line = word.format(*range(100, 140))
    lines = (f"{line}{i % 700_000} x{word[0]}\n" for i in range(400_000))
    path = tmp_path / "e.gz"
    path.write_bytes(gzip.compress("".join(lines).encode(), 1))
    with pytest.raises(OutOfResources, match=r"e.gz.* edges and more need .*are free"):
        read_edges(path)


def test_a_parquet_file_that_says_too_many_rows_is_refused(tmp_path, monkeypatch):
    write_parquet(EDGES, tmp_path / "e.parquet")
    monkeypatch.setattr(gather, "free_bytes", lambda: 100)
    with pytest.raises(OutOfResources, match="4 edges and more"):
        read_edges(tmp_path / "e.parquet")


def test_the_forecast_covers_what_the_graph_takes():
    # what a graph of so many edges and text ids holds is less than the forecast
    gathered = gather.Gathered("x")
    names = pa.chunked_array([[f"name {i}" for i in range(1000)]])
    gathered.add(gather.Piece(names, names, None, None))
    ids, sources, targets = (*gathered.finish(),)
    held = sum(len(i) + 57 + 8 for i in ids) + 4 * (sources.size + targets.size) * 2
    gathered = gather.Gathered("x")
    gathered._free = held
    with pytest.raises(OutOfResources):
        gathered.add(gather.Piece(names, names, None, None))


# ---- what is no table ---------------------------------------------------------------

ODD = {
    "decimal ids": ({"a": [1.5], "b": [2.0]}, {}, DataRefused, '"a" holds double'),
    "nested": ({"a": [[1]], "b": [2]}, {}, DataRefused, r'"a" holds list'),
    "truth": ({"a": [True], "b": [2]}, {}, DataRefused, '"a" holds bool'),
    "null id": ({"a": ["x", None], "b": ["y", "z"]}, {}, DataRefused, 'row 2: .*"a"'),
    "only nulls": ({"a": [None], "b": [2]}, {}, DataRefused, 'row 1: .*"a"'),
    "null weight": (
        {"a": [1, 2], "b": [2, 1], "w": [1.0, None]},
        {"weight": "w"},
        DataRefused,
        'row 2: the column "w" has no value',
    ),
    "nan": (
        {"a": [1, 2], "b": [2, 1], "w": [1.0, np.nan]},
        {"weight": 2},
        DataRefused,
        "row 2: the weight is nan",
    ),
    "text weight": (
        {"a": [1], "b": [2], "w": ["1"]},
        {"weight": 2},
        DataRefused,
        '"w" holds string, which makes no good weights',
    ),
    "empty id": ({"a": ["x"], "b": [""]}, {}, DataRefused, "row 1: an id is empty"),
    "padded id": ({"a": ["x"], "b": ["y "]}, {}, DataRefused, "begins or ends"),
    "no rows": ({"a": [], "b": []}, {}, DataRefused, "no value|holds no edge"),
    "one column": ({"a": [1]}, {}, DataRefused, "1 column, 2 needed"),
    "no such": ({"a": [1], "bee": [2]}, {"source": "be"}, WrongUse, "Did you mean bee"),
    "far": (
        {"a": [1], "b": [2]},
        {"weight": 2},
        WrongUse,
        "no column 2: the table has",
    ),
    "the same": ({"a": [1], "b": [2]}, {"target": "a"}, WrongUse, "same column"),
    "delimiter": (
        {"a": [1], "b": [2]},
        {"delimiter": ","},
        WrongUse,
        "delimiter cannot",
    ),
}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("write", [None, write_parquet, write_stream])
def test_tables_that_are_refused(tmp_path, case, write):
    columns, options, kind, said = ODD[case]
    table = pa.table(columns)
    if write is not None:
        write(table, tmp_path / "edges")
        table = tmp_path / "edges"
    with pytest.raises(kind, match=said) as info:
        read_edges(table, **options)
    if kind is DataRefused:
        assert ("edges" if write else "table") in str(info.value)


@pytest.mark.parametrize("value", [3, None, [(1, 2)], b"edges.txt", np.eye(2)])
def test_what_is_neither_a_path_nor_a_table(value):
    with pytest.raises(WrongUse, match=r"cannot be read from .*A path, or a table"):
        read_edges(value)


def test_a_column_alone_is_no_table():
    with pytest.raises(DataRefused, match="the table"):
        read_edges(pa.chunked_array([[1, 2]]))


def test_columns_that_share_a_name():
    table = pa.table([[1], [2], [3]], names=["a", "a", "b"])
    with pytest.raises(DataRefused, match='2 columns are named "a"'):
        read_edges(table)
    with pytest.raises(WrongUse, match='2 columns are named "a"'):
        read_edges(table, "a", "b")


@functools.cache
def whole_file(kind, tmp):
    WRITERS[kind](
        pa.table({"a": list(range(50)), "b": [f"n{i}" for i in range(50)]}), tmp
    )
    return tmp.read_bytes()


@settings(max_examples=150)
@given(
    st.integers(0, len(WRITERS) - 1),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 255),
    st.booleans(),
)
def test_damaged_files_are_read_or_refused_in_words(
    tmp_path_factory, kind, where, value, cut
):
    content = whole_file(kind, tmp_path_factory.mktemp("w") / "w")
    at = int(where * len(content))
    broken = content[:at] + (b"" if cut else bytes([value]) + content[at + 1 :])
    path = tmp_path_factory.mktemp("t") / "t"
    path.write_bytes(broken)
    try:
        graph = read_edges(path)
    except NodeembError as error:
        assert len(str(error)) > 10
    else:
        # a byte of a value, or of nothing that counts; an Arrow stream may end early
        assert 0 < graph.num_edges <= 50


def test_names_of_columns_that_are_no_text(tmp_path):
    # found by fuzzing: the name of a column can be any bytes
    write_arrow(pa.table({"@a@": [1], "b": [2]}), tmp_path / "t")
    content = (tmp_path / "t").read_bytes()
    (tmp_path / "t").write_bytes(content.replace(b"@a@", b"\xbca\xbc"))
    with pytest.raises(DataRefused, match="it is damaged"):
        read_edges(tmp_path / "t")
