"""Every bad file has its message and its exit code, from Python and from `nodeemb inspect`.

A message says what is wrong, where, what is allowed and what to do next.
"""

from __future__ import annotations

import gzip
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from reading import zstd
from typer.testing import CliRunner

from nodeemb.cli.app import app
from nodeemb.errors import NodeembError
from nodeemb.io import gather
from nodeemb.io.edges import read_edges

TEXT = "".join(f"a{i}\tb{i}\n" for i in range(9999)).encode()
MEMBER = gzip.compress(bytes(1 << 24), 1)


def parquet_of(**columns):
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def arrow_of(**columns):
    sink, table = pa.BufferOutputStream(), pa.table(columns)
    with pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


def repeated(line, times):
    """A small file that unpacks to `times` MiB and more of one line."""
    return gzip.compress(line * ((1 << 20) // len(line) + 1), 9) * times


WEIGHT = {"weight": 2}
PARQUET = parquet_of(a=["x"] * 5000, b=["y"] * 5000)

# content, options, exit code, and words of the message: what and where, allowed, next step
BAD = {
    "wrong delimiter": (
        b"a,b\nc,d\n",
        {"delimiter": "\t"},
        3,
        ["file, line 1: 1 column, 2 needed", "comma-separated", '--delimiter ","'],
    ),
    "no delimiter": (
        b"a\nb\n",
        {},
        3,
        ["line 1: 1 column, 2 needed", "tab, comma, semicolon", "Give the delimiter"],
    ),
    "ragged lines": (
        b"a b\nc d e\n",
        {},
        3,
        [
            "line 2: 3 columns where the lines before have 2",
            "same columns in every line",
        ],
    ),
    "header by its names": (
        b"from,to\na,b\n",
        {},
        3,
        ['Line 1 ("from", "to") looks like a header', "--header", "--no-header"],
    ),
    "header by its kind": (
        b"x\ty\n1\t2\n2\t3\n",
        {},
        3,
        ["looks like a header: every line after it has a number", "--no-header"],
    ),
    "comments of SNAP": (
        b"# Directed graph\n# Nodes: 2\n# FromNodeId\tToNodeId\n1\t2\n",
        {},
        3,
        ["line 1: the line looks like a comment", "2 more", 'Give comment="#"'],
    ),
    "comment after edges": (
        b"1\t2\n" * 1500 + b"# the end\n",
        {},
        3,
        ["line 1501: 1 column where", 'give comment="#" (--comment "#")'],
    ),
    "not UTF-8": (
        b"a b\nc \xe9\n",
        {},
        3,
        ["file, line 2: bytes that are not UTF-8", "Text in UTF-8", "iconv"],
    ),
    "UTF-16": ("a b\n".encode("utf-16"), {}, 3, ["text in UTF-16", "save it as UTF-8"]),
    "zero bytes": (b"a b\n\0\0\n", {}, 3, ["line 2: a zero byte", "no text at all"]),
    "truncated gzip": (
        gzip.compress(TEXT)[:-30],
        {},
        3,
        ["file ends in the middle of its gzip data", "Copy or download it again"],
    ),
    "damaged gzip": (
        gzip.compress(TEXT)[:5000] + b"junk" * 200 + gzip.compress(TEXT)[5800:],
        {},
        3,
        ["file holds damaged gzip data", "Copy or download it again"],
    ),
    "truncated zstd": (
        zstd(TEXT)[:-30],
        {},
        3,
        ["file ends in the middle of its zstd data", "Copy or download it again"],
    ),
    "damaged zstd": (
        zstd(TEXT) + b"junk",
        {},
        3,
        ["file holds damaged zstd data", "Copy or download it again"],
    ),
    "gzip bomb without lines": (
        gzip.compress(b"x" * (1 << 24)) * 500,  # 8 GB
        {},
        3,
        ["line 1: the line is longer than 1 MiB", "each line at most 1 MiB"],
    ),
    "gzip bomb of zeros": (
        MEMBER * 500,
        {},
        3,
        ["line 1: the line is longer than 1 MiB"],
    ),
    "gzip bomb after an edge": (
        gzip.compress(b"a b\nc ") + gzip.compress(b"x" * (1 << 24)) * 500,
        {},
        3,
        ["line 2: the line is longer than 1 MiB"],
    ),
    "gzip in gzip": (
        gzip.compress(gzip.compress(TEXT)),
        {},
        3,
        ["gzip data inside its packing", "Unpack it once"],
    ),
    "one long line": (
        b"a b\n" + b"c" * (1 << 21) + b" d\n",
        {},
        3,
        ["line 2: the line is longer than 1 MiB"],
    ),
    "weight nan": (
        b"a b 1\na c nan\n",
        WEIGHT,
        3,
        ["line 2: the weight is nan", "Finite"],
    ),
    "weight inf": (
        b"a b 1\na c inf\n",
        WEIGHT,
        3,
        ["line 2: the weight is inf", "Finite"],
    ),
    "weight negative": (
        b"a b 1\na c -1\n",
        WEIGHT,
        3,
        ["line 2: the weight is -1", "above 0", "give the column as the sign too"],
    ),
    "weight beyond float32": (
        b"a b 1e39\n",
        WEIGHT,
        3,
        ["line 1: the weight is 1e+39", "within the range of float32"],
    ),
    "weight is a word": (
        b"a b 1\na c x\n",
        WEIGHT,
        3,
        ['line 2: "x" in column 2 is not a number', "such as 0.5"],
    ),
    "quoted tabs cut by tabs": (
        b'"a\tb"\tc\n"d"\te\n',
        {},
        3,
        ["line 2: 2 columns where", "hold a field together only where the delimiter"],
    ),
    "open quote": (
        b'a,b\nc,"d\ne,f\n',
        {},
        3,
        [
            "line 2: a quote is opened and not closed",
            "Double quotes around",
            "Close it",
        ],
    ),
    "quote over lines": (b'a,"b\nc",d\n', {}, 3, ["line 1: a quote is opened and not"]),
    "empty id": (b"a,b\na,\n", {}, 3, ["line 2: an id is empty", "Two ids"]),
    "repeats": (b"a b\na b\n", {}, 3, ["1 of 2 edges are repeated", "--duplicates"]),
    "empty": (b"", {}, 3, ["file is empty", "At least one edge"]),
    "only line ends": (b"\n\n \n", {}, 3, ["file holds no edge", "At least one line"]),
    "empty gzip": (gzip.compress(b""), {}, 3, ["file holds no edge"]),
    "only comments": (b"#a\n#b\n", {"comment": "#"}, 3, ["file holds no edge"]),
    "Parquet with nulls": (
        parquet_of(a=["x", None], b=["y", "z"]),
        {},
        3,
        [
            'file, row 2: the column "a" has no value',
            "A value in every row",
            "Leave such",
        ],
    ),
    "Parquet nested": (
        parquet_of(a=[["x"]], b=["y"]),
        {},
        3,
        [
            'file: the column "a" holds list',
            "Whole numbers or text",
            'there are "a", "b"',
        ],
    ),
    "Parquet decimals": (
        parquet_of(a=[1.0], b=[2.0]),
        {},
        3,
        ['the column "a" holds double', "Whole numbers or text", "whole numbers first"],
    ),
    "Parquet truncated": (
        PARQUET[:-40],
        {},
        3,
        ["file: it is damaged", "A whole Parquet or Arrow file", "download it again"],
    ),
    "Parquet torn inside": (
        PARQUET[:30] + bytes(40) + PARQUET[70:],
        {},
        3,
        ["file: it is damaged", "download it again"],
    ),
    "Parquet of one column": (parquet_of(a=[1]), {}, 3, ["file: 1 column, 2 needed"]),
    "Parquet with a delimiter": (
        PARQUET,
        {"delimiter": ","},
        2,
        [
            "Parquet data has columns of its own",
            "delimiter cannot",
            "Leave such options",
        ],
    ),
    "Parquet without the column": (
        parquet_of(source=[1], target=[2]),
        {"source": "sorce", "target": "target"},
        2,
        ['no column "sorce". Did you mean source?', "Known: source, target"],
    ),
    "Arrow truncated": (
        arrow_of(a=["x"] * 99, b=["y"] * 99)[:-40],
        {},
        3,
        ["file: it is damaged", "download it again"],
    ),
    "zip": (
        b"PK\x03\x04rest",
        {},
        3,
        ["zip archive: unpack it first", "Parquet and Ar"],
    ),
    "no such column": (
        b"a b\n",
        WEIGHT,
        2,
        ["there is no column 2", "Positions 0 to 1"],
    ),
}


def flags(options):
    """Options of `read_edges` as the command line has them."""
    return [part for k, v in options.items() for part in (f"--{k}", str(v))]


def inspect(*args):
    result = CliRunner().invoke(app, ["inspect", *map(str, args)])
    assert "Traceback" not in result.output
    return result.exit_code, " ".join(result.stderr.split())


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path("file")


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_in_python(file, case):
    content, options, code, words = BAD[case]
    file.write_bytes(content)
    with pytest.raises(NodeembError) as info:
        read_edges(file, **options)
    assert info.value.exit_code == code
    for word in words:
        assert word in str(info.value)


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_on_the_command_line(file, case):
    content, options, code, words = BAD[case]
    file.write_bytes(content)
    if case == "repeats":  # inspect counts them; to embed needs a rule
        options = {"duplicates": "error"}
    found, said = inspect(file, *flags(options))
    assert found == code, said
    for word in words:
        assert word in said


def test_folders_and_files_that_are_not_there(file):
    file.write_text("a b\n")
    for path, said in [
        ("fil", "there is no file fil. Did you mean file?"),
        ("no/file", "There is no folder no either"),
        (".", ". is a folder. Name a file inside it"),
        ("a\0b", "is no name of a file"),
        ("x" * 300, "too long"),
    ]:
        with pytest.raises(NodeembError) as info:
            read_edges(path)
        assert info.value.exit_code == 3
        assert said in str(info.value)
    assert inspect("fil") == (2, inspect("fil")[1])
    assert "Did you mean file?" in inspect("fil")[1]
    assert "folder" in inspect(".")[1]


# ---- odd, and taken -----------------------------------------------------------------

TAKEN = {
    "quoted fields": (
        b'"a b","#c"\n"x\ty","d,e"\n',
        {("a b", "#c"), ("x\ty", "d,e")},
        'with "#" where a comment could begin',
    ),
    "only self loops": (
        b"a a\nb b\n",
        {("a", "a"), ("b", "b")},
        "every edge is a self loop: there is nothing to learn from",
    ),
    "numbers beyond int64": (
        b"1 2\n3 9223372036854775808\n",
        {("1", "2"), ("3", "9223372036854775808")},
        'ids are text, though nearly all are digits, since "9223372036854775808" is bey',
    ),
    "one word among numbers": (
        b"".join(b"%d %d\n" % (i, i + 1) for i in range(30)) + b"7 x\n",
        {*((str(i), str(i + 1)) for i in range(30)), ("7", "x")},
        'since "x" is no whole number',
    ),
    "leading zeros": (
        b"1 2\n007 2\n",
        {("1", "2"), ("007", "2")},
        'since "007" is not written as a number is printed',
    ),
    "text of digits in Parquet": (
        parquet_of(a=["1"], b=["2"]),
        {("1", "2")},
        "since they come as text",
    ),
    "comments after edges": (
        b"1\t2\n2\t1 # note\n",
        {("1", "2"), ("2", "1 # note")},
        '1 id with "#" where a comment could begin, such as "1 # note"',
    ),
}


@pytest.mark.parametrize("case", TAKEN)
def test_odd_files_are_taken_and_told(file, case):
    content, expected, note = TAKEN[case]
    file.write_bytes(content)
    graph = read_edges(file)
    rows = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
    assert {(graph.ids[s], graph.ids[t]) for s, t in rows} == expected
    code, said = inspect(file)
    assert code == 0
    assert said.startswith("Note: ")
    assert note in said


def test_plain_files_have_no_note(file):
    file.write_text("1 2\n2 3\n")
    assert inspect(file) == (0, "")
    file.write_text("a b\nb c#\n")
    assert inspect(file) == (0, "")


# ---- bombs: bounded memory, or refused by a forecast ---------------------------------


@pytest.mark.parametrize("line", [b"1 2\n", b"name-a name-b\n"])
def test_rows_without_end_are_refused_by_a_forecast(file, monkeypatch, line):
    monkeypatch.setattr(gather, "free_bytes", lambda: 60_000_000)
    file.write_bytes(repeated(line, 2000))
    assert file.stat().st_size < 10_000_000
    with pytest.raises(NodeembError) as info:
        read_edges(file)
    assert info.value.exit_code == 4
    assert "edges and more need 0.1 GB of memory, and 0.1 GB are free" in str(
        info.value
    )
    assert "Take a part of the edges" in str(info.value)
    code, said = inspect(file)
    assert code == 4
    assert "file: " in said


def test_free_memory_is_known_here():
    free = gather.free_bytes()
    assert free is not None
    assert 10_000_000 < free < 2**46


CHILD = """
import resource, sys
import nodeemb as ne
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ne.read_edges("small")
before = peak()
try:
    ne.read_edges("file")
except ne.errors.NodeembError as error:
    print(error)
print((peak() - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (repeated(b"\n", 500), "holds no edge"),
        (repeated(b"  \n", 300), "holds no edge"),
        (MEMBER * 100, "longer than 1 MiB"),
        (repeated(b"1 2 3\n1 2\n", 1000), "line 2: 2 columns"),
        (repeated(b"x" * 1000, 1000), "longer than 1 MiB"),
        (zstd(b"\n" * (1 << 29)), "holds no edge"),
    ],
)
def test_bombs_take_no_more_than_a_few_blocks(file, content, said):
    Path("small").write_text("a b\n" * 1)
    file.write_bytes(content)
    assert len(content) < 8_000_000
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=True
    )
    told, taken = done.stdout.splitlines()[-2:]
    assert said in told
    assert int(taken) < 100  # MiB


def test_the_child_measures_kibibytes():
    # ru_maxrss is in KiB here; in bytes the bound above would mean nothing
    if sys.platform == "darwin":
        pytest.skip("macOS counts bytes")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 10_000
