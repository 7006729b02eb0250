"""Edge lists are read as they stand, or refused with the line and the next step."""

from __future__ import annotations

import csv
import functools
import gzip
import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.io import edges as module
from nodeemb.io.blocks import read_blocks
from nodeemb.io.edges import read_edges


@pytest.fixture
def write(tmp_path):
    """Writes a file and gives its path."""

    def write(content: str | bytes, name: str = "edges.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def arcs(graph):
    """(source id, target id, weight, sign) of every arc, in order."""
    rows = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
    weight = [None] * graph.num_arcs if graph.weight is None else graph.weight.tolist()
    sign = [None] * graph.num_arcs if graph.sign is None else graph.sign.tolist()
    ends = [(graph.ids[s], graph.ids[t]) for s, t in rows]
    return [(*e, w, g) for e, w, g in zip(ends, weight, sign, strict=True)]


def ends(graph):
    return {(a, b) for a, b, *_ in arcs(graph)}


# ---- what is read -------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1\t2\n2\t3\n",
        "1,2\n2,3\n",
        "1;2\n2;3\n",
        "1|2\n2|3\n",
        "1 2\n2 3\n",
        "1   2\n 2\t 3  \n",
        "1 2 \n2 3 \n",
        "1\t2\r\n2\t3\r\n",
        "1\t2\n2\t3",
        "\t1 2\n2 3",
        "\n\n1\t2\n\n2\t3\n\n",
        "\ufeff1\t2\n2\t3\n",
        '"1","2"\n2,"3"\n',
        "  \n1 2\n   \n2 3\n",
        " 1 2\n2 3\n",
        '"1",2\n\n\n"2",3',
    ],
)
def test_delimiters_and_line_ends(write, text):
    graph = read_edges(write(text))
    assert list(graph.ids) == [1, 2, 3]
    assert ends(graph) == {(1, 2), (2, 3)}
    assert graph.directed


@pytest.mark.parametrize(
    ("delimiter", "text"),
    [
        ("\t", "a b\tc d\n"),
        ("\\t", "a b\tc d\n"),
        ("tab", "a b\tc d\n"),
        ("~", "a b~c d\n"),
    ],
)
def test_a_delimiter_that_is_given_is_the_only_one(write, delimiter, text):
    assert ends(read_edges(write(text), delimiter=delimiter)) == {("a b", "c d")}


def test_the_delimiter_that_gives_the_columns_asked_for(write):
    path = write("a,b c,d\ne,f g,h\n")
    assert ends(read_edges(path)) == {("a,b", "c,d"), ("e,f", "g,h")}
    path = write("New York,Los Angeles\nSan Jose,El Paso\n")
    assert ends(read_edges(path)) == {
        ("New York", "Los Angeles"),
        ("San Jose", "El Paso"),
    }


def test_columns_by_position(write):
    graph = read_edges(write("x,5,1,+2\ny,5,2,-.5\n"), source=2, target=0, sign=3)
    assert arcs(graph) == [("1", "x", None, 1), ("2", "y", None, -1)]


def test_columns_by_name(write):
    path = write("weight,to, from\n0.5,b,a\n2,c,a\n")
    graph = read_edges(path, source="from", target="to", weight="weight")
    assert arcs(graph) == [("a", "b", 0.5, None), ("a", "c", 2.0, None)]
    same = read_edges(path, 2, "to", 0)
    assert arcs(same) == arcs(graph)


def test_weight_and_sign_in_one_column(write):
    graph = read_edges(write("1 2 -3\n2 1 0.5\n"), weight=2, sign=2)
    assert arcs(graph) == [(1, 2, 3.0, -1), (2, 1, 0.5, 1)]


def test_header_by_the_users_word(write):
    path = write("from to\n1 2\n")
    assert list(read_edges(path, header=True).ids) == [1, 2]
    assert ends(read_edges(path, header=False)) == {("from", "to"), ("1", "2")}


@pytest.mark.parametrize("name", ["a.gz", "a.txt"])
def test_gzip_is_told_by_content(write, name):
    packed = gzip.compress(b"1 2\n") + gzip.compress(b"2 3\n")  # two members
    assert ends(read_edges(write(packed, name))) == {(1, 2), (2, 3)}
    assert ends(read_edges(write("1 2\n", name))) == {(1, 2)}


def test_hash_signs_in_ids_are_kept(write):
    text = "http://a/#x\thttp://b/#y\nc#\t%d\n#e\tf\n"
    graph = read_edges(write(text))
    assert ends(graph) == {("http://a/#x", "http://b/#y"), ("c#", "%d"), ("#e", "f")}
    assert ends(read_edges(write("#a #b\nc d\n"))) == {("#a", "#b"), ("c", "d")}


def test_comments_by_the_users_word(write):
    path = write("# one\n#two\n\n1 2\n# three four five\n2 #3\n")
    assert ends(read_edges(path, comment="#")) == {("1", "2"), ("2", "#3")}
    path = write("// x\n1 2\n/ 3\n")
    assert ends(read_edges(path, comment="//")) == {("1", "2"), ("/", "3")}


@pytest.mark.parametrize(
    "odd", ["007", "+7", "7.0", "0x7", "-0", "9223372036854775808", "1e3", "٣", "x"]
)
def test_odd_numbers_are_text_and_unchanged(write, odd):
    graph = read_edges(write(f"1,2\n7,{odd}\n"))
    assert ends(graph) == {("1", "2"), ("7", odd)}


def test_whole_numbers_are_int_in_ascending_rows(write):
    graph = read_edges(write(f"30 -5\n-5 7\n{2**63 - 1} 30\n{-(2**63)} 7\n"))
    assert list(graph.ids) == [-(2**63), -5, 7, 30, 2**63 - 1]
    assert all(type(i) is int for i in graph.ids)


def test_quotes_hold_fields_together_in_csv_only(write):
    text = 'a,"b, c"\n"say ""x""",d"e\n'
    assert ends(read_edges(write(text))) == {("a", "b, c"), ('say "x"', 'd"e')}
    assert ends(read_edges(write('"a\tb"\n'))) == {('"a', 'b"')}


def test_missing_words_are_ids(write):
    assert ends(read_edges(write("NA null\nnan None\n"))) == {
        ("NA", "null"),
        ("nan", "None"),
    }


def test_undirected_and_duplicates(write):
    path = write("1 2 1\n2 1 1\n2 3 4\n2 3 5\n")
    graph = read_edges(path, weight=2, directed=False, duplicates="sum")
    assert (graph.num_edges, graph.report.mirrored, graph.report.duplicates) == (
        2,
        1,
        1,
    )
    with pytest.raises(DataRefused, match="repeated"):
        read_edges(path, weight=2)


def test_rows_of_text_ids_are_in_order_of_appearance(write):
    assert list(read_edges(write("c a\nb d\na c\n")).ids) == ["c", "b", "a", "d"]


def test_agrees_with_networkx(tmp_path):
    graph = nx.gnp_random_graph(60, 0.1, seed=3, directed=True)
    graph = nx.relabel_nodes(graph, {i: f"node {i * i}" for i in graph})
    for a, b in graph.edges:
        graph.edges[a, b]["weight"] = len(a) + len(b) / 8
    nx.write_edgelist(graph, tmp_path / "e", delimiter="\t", data=["weight"])
    ours = read_edges(tmp_path / "e", weight=2)
    theirs = nx.read_edgelist(
        tmp_path / "e",
        delimiter="\t",
        data=[("weight", float)],
        create_using=nx.DiGraph,
        comments=None,
    )
    assert {(a, b): w for a, b, w, _ in arcs(ours)} == {
        (a, b): w for a, b, w in theirs.edges(data="weight")
    }


# ---- blocks: the same from any size of piece ----------------------------------------

word = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\t"), min_size=1)
word = word.filter(lambda w: w.strip() == w and w[0] not in "#%\ufeff")
number = st.integers(-(10**6), 10**6).map(str)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.lists(st.tuples(number, number), min_size=1, max_size=30, unique=True),
        st.lists(
            st.tuples(word | number, word | number),
            min_size=1,
            max_size=30,
            unique=True,
        ),
    ),
    st.integers(1, 60),
)
def test_any_block_size_and_any_text(tmp_path_factory, rows, size):
    path = tmp_path_factory.mktemp("e") / "e"
    path.write_bytes("".join(f"{a}\t{b}\n" for a, b in rows).encode())
    plain = all(
        str(int(v)) == v for r in rows for v in r if re.fullmatch("-?[0-9]+", v)
    )
    plain &= all(re.fullmatch("-?[0-9]+", v) is not None for r in rows for v in r)
    expected = {(int(a), int(b)) if plain else (a, b) for a, b in rows}
    small = functools.partial(read_blocks, size=size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "read_blocks", small)
        graph = read_edges(path, delimiter="\t", header=False)
    whole = read_edges(path, delimiter="\t", header=False)
    assert ends(graph) == expected
    assert list(graph.ids) == list(whole.ids)
    assert graph.digest() == whole.digest()


def test_a_byte_order_mark_inside_the_file_belongs_to_an_id(write):
    # found by fuzzing: the last line is a block of its own, and pyarrow drops the mark
    assert ends(read_edges(write("a b\n\ufeffc d"))) == {("a", "b"), ("\ufeffc", "d")}
    with pytest.raises(DataRefused, match="line 2: 1 column where"):
        read_edges(write("a b\n\ufeff"))


def test_lines_are_counted_across_blocks(write, monkeypatch):
    monkeypatch.setattr(module, "read_blocks", functools.partial(read_blocks, size=5))
    path = write("# c\n\n" + "1 2\n" * 3 + "# d\n1 2 3\n")
    with pytest.raises(DataRefused, match=r"edges.txt, line 7: 3 columns"):
        read_edges(path, comment="#")


# ---- what is refused ----------------------------------------------------------------

REFUSED = {
    "empty": ("", {}, "is empty"),
    "blank": ("\n \n", {}, "holds no edge"),
    "only comments": ("# a\n# b\n", {"comment": "#"}, "holds no edge"),
    "only a header": ("a b\n", {"header": True}, "holds no edge"),
    "one column": ("a\nb\n", {}, r'line 1: 1 column, 2 needed: "a"'),
    "wrong delimiter": (
        "a,b\nc,d\n",
        {"delimiter": "\t"},
        r'line 1: 1 column, 2 needed: "a,b".*comma-separated.*--delimiter ","',
    ),
    "more columns": ("a b\nc d e\n", {}, r'line 2: 3 columns where .* 2: "c d e"'),
    "fewer columns": ("a,b,c\nd,e,f\ng,h\n", {}, "line 3: 2 columns where .* 3"),
    "late": ("1 2\n" * 2000 + "1 2 3\n", {}, "line 2001: 3 columns"),
    "late comment": ("1 2\n" * 2000 + "# x y\n", {}, r'line 2001: .*comment="#"'),
    "snap": ("# Nodes: 3\n1\t2\n", {}, r'line 1: .*like a comment.*comment="#"'),
    "konect": ("% asym unweighted\n% 3 2 2\n1 2\n", {}, r'comment="%"'),
    "marked like an edge": ("# a\tb\nc\td\n", {}, r'like a comment: "# a\tb"'),
    "other comments": ("#x\n#y z w\n1,2\n3,4\n", {}, r'comment="#"'),
    "header by name": (
        "from,to\na,b\n",
        {},
        r'Line 1 \("from", "to"\) looks like a head',
    ),
    "header by sort": ("x1\ty1\n1\t2\n", {}, r"looks like a header: .*column 1"),
    "header of weights": ("a\tb\tc\na\tb\t2\n", {"weight": 2}, r"number in column 2"),
    "hashed header": ("#source\ttarget\na\tb\n", {}, "looks like a header"),
    "empty id": ("a,b\na,\n", {}, "line 2: an id is empty"),
    "padded id": ("a,b\na, b\n", {"delimiter": ","}, "line 2: the id ' b' begins or"),
    "weight text": (
        "a b 1\na c x\n",
        {"weight": 2},
        'line 2: "x" in column 2 is not a',
    ),
    "weight empty": ("a,b,1\na,c,\n", {"weight": 2}, 'line 2: "" in column 2 is not a'),
    "weight nan": ("a b 1\na c nan\n", {"weight": 2}, "line 2: the weight is nan"),
    "weight inf": ("a b 1\na c inf\n", {"weight": 2}, "line 2: the weight is inf"),
    "weight 0": ("a b 1\n\na c 0\n", {"weight": 2}, "line 3: the weight is 0"),
    "weight tiny": ("a b 1\na c 1e-60\n", {"weight": 2}, "the weight is 1e-60"),
    "weight below 0": ("a b 1\na c -1\n", {"weight": 2}, "line 2: .*as the sign too"),
    "sign 0": ("a b 1\na c 0\n", {"sign": 2}, "line 2: the sign is 0"),
    "sign nan": ("a b 1\na c nan\n", {"sign": 2}, "line 2: the sign is nan"),
    "repeats": ("a b\na b\n", {}, "1 of 2 edges are repeated.*'a' -> 'b'"),
    "not utf-8": (b"a b\nc \xe9\n", {}, "line 2: bytes that are not UTF-8.*iconv"),
    "utf-16": ("a b\n".encode("utf-16"), {}, "is text in UTF-16"),
    "zero byte": ("a b\n".encode("utf-16-le"), {}, "line 1: a zero byte"),
    "old line ends": (b"a b\rc d\r", {}, "line 1: a carriage return"),
    "parquet": (b"PAR1\0\0", {}, "Parquet"),
    "matrix market": ("%%MatrixMarket matrix\n1 1 1\n", {}, "scipy.io.mmread"),
    "open quote": ('a,b\nc,"d\ne,f\n', {}, "line 2: a quote is opened and not"),
    "open quote after a lone one": ('d",b\nc,"d\ne,f\n', {}, "line 2: a quote is op"),
    "open quote in a column nobody wants": (
        'a,"b"c,"\n',
        {},
        "line 1: a quote is opened and not",
    ),
    "open quote in the header": (
        'a,"b\nc,d\n',
        {"header": True},
        "line 1: a quote is opened and not",
    ),
    "truncated gzip": (gzip.compress(b"1 2\n" * 9999)[:-30], {}, "middle of its gzip"),
    "damaged gzip": (b"\x1f\x8bxxxxxxxxxxxxxxxx", {}, "damaged gzip"),
    "empty gzip": (gzip.compress(b""), {}, "holds no edge"),
    "long line": ("a b\n" + "c" * (1 << 21) + " d\n", {}, "longer than 1 MiB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_data(write, name):
    content, options, message = REFUSED[name]
    with pytest.raises(
        DataRefused, match=f"(?s)edges.txt.*{message}|{message}"
    ) as info:
        read_edges(write(content), **options)
    assert info.value.exit_code == 3
    assert "edges.txt" in str(info.value)


MISUSED = {
    "no such name": (
        {"source": "frm", "target": "to"},
        'no column "frm". Did you mean from',
    ),
    "no such position": ({"target": 5}, "no column 5: the lines have 3 columns"),
    "below 0": ({"target": -1}, "no column -1"),
    "no position": ({"target": 1.0}, "is no column"),
    "same": ({"target": 0}, "source and target are the same column"),
    "weight is an end": ({"weight": 1}, "weight column 1 is also an end"),
    "name without header": ({"source": "from", "header": False}, "need a header"),
    "two of a name": ({"source": "from", "target": "x"}, '2 columns are named "x"'),
    "delimiter": ({"delimiter": "ab"}, "the delimiter is 'ab'"),
    "comment": ({"comment": ""}, "comment is empty"),
    "rule": ({"duplicates": "summ"}, "Did you mean sum"),
}


@pytest.mark.parametrize("name", MISUSED)
def test_wrong_use(write, name):
    options, message = MISUSED[name]
    path = write(
        "from\tx\tx\na\tb\tc\n" if name == "two of a name" else "from,to,x\na,b,c\n"
    )
    with pytest.raises(WrongUse, match=message):
        read_edges(path, **options)


def test_missing_files(write, tmp_path):
    write("1 2\n")
    with pytest.raises(
        DataRefused, match=r"no file .*edgs.txt. Did you mean edges.txt"
    ):
        read_edges(tmp_path / "edgs.txt")
    with pytest.raises(DataRefused, match="no folder"):
        read_edges(tmp_path / "no" / "edges.txt")
    with pytest.raises(DataRefused, match="is a folder"):
        read_edges(tmp_path)


def test_repeats_that_look_alike_after_cleaning_are_told(write):
    with pytest.raises(DataRefused, match="repeated"):
        read_edges(write("1 2\n1\t 2\n"))


def test_nothing_of_the_file_is_lost(write):
    rng = np.random.default_rng(5)
    text = "".join(f"{a} {b}\n" for a, b in rng.integers(0, 10**6, (5000, 2)))
    graph = read_edges(write(text), duplicates="sum")
    total = graph.num_edges if graph.weight is None else int(graph.weight.sum())
    assert total == 5000


# ---- anything at all ----------------------------------------------------------------

scrap = st.sampled_from(
    [
        b"1",
        b"2",
        b"a",
        b"-",
        b"+1",
        b"007",
        b".5",
        b"nan",
        b" ",
        b"\t",
        b",",
        b";",
        b"|",
        b"\n",
        b"\r\n",
        b"\r",
        b'"',
        b'""',
        b"#",
        b"%",
        b"\xef\xbb\xbf",
        b"\xc3\xa4",
        b"\xff",
        b"\x00",
        b"source",
        b"to",
        b"1 2\n",
        b"1,2\n",
        b"a\tb\n",
        b"\xe2\x80\xa8",
    ]
)

choice = st.none() | st.integers(0, 3)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(scrap, max_size=30).map(b"".join),
    st.fixed_dictionaries(
        {},
        optional={
            "source": choice,
            "target": choice,
            "weight": choice,
            "sign": choice,
            "delimiter": st.sampled_from([None, " ", ",", "\t", "|", "x", "::", '"']),
            "comment": st.sampled_from([None, "#", "%", "a", ""]),
            "header": st.sampled_from([None, True, False]),
            "directed": st.booleans(),
            "duplicates": st.sampled_from(["error", "sum", "max", "first"]),
        },
    ),
    st.booleans(),
)
def test_any_bytes_are_read_or_refused_in_words(
    tmp_path_factory, content, options, pack
):
    path = tmp_path_factory.mktemp("e") / "e"
    path.write_bytes(gzip.compress(content) if pack else content)
    try:
        graph = read_edges(path, **options)
    except (DataRefused, WrongUse) as error:
        assert len(str(error)) > 10
    else:
        assert graph.num_edges > 0


def slowly(content, delimiter, comment, header, source, target):
    """The pairs of a file, read line by line; independent of the reader's own parts."""
    rows = []
    text = content.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    for line in text.split("\n"):
        if comment and line.startswith(comment):
            continue
        if delimiter == " ":
            fields = [f for f in line.replace("\t", " ").split(" ") if f]
        elif delimiter in ",;":
            fields = next(csv.reader([line], delimiter=delimiter), [])
        else:
            fields = line.split(delimiter) if line else []
        if fields:
            rows.append((fields[source], fields[target]))
    return set(rows[1:] if header else rows)


part = st.sampled_from(
    [
        "1",
        "2",
        "-3",
        "007",
        "a",
        "b c",
        '"q"',
        '"x, y"',
        '"z ""w"""',
        'd"',
        "#e",
        "%",
        "ä",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(part, part, part), min_size=1, max_size=6),
    st.sampled_from([",", "\t", " ", "|", ";"]),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.sampled_from([None, "#", "a"]),
    st.booleans(),
    st.permutations([0, 1, 2]),
    st.booleans(),
)
def test_what_is_read_is_what_is_written(
    tmp_path_factory, rows, delimiter, end, comment, header, columns, directed
):
    content = end.join(delimiter.join(row) for row in rows).encode()
    path = tmp_path_factory.mktemp("e") / "e"
    path.write_bytes(content)
    source, target, _ = columns
    try:
        graph = read_edges(
            path,
            source,
            target,
            delimiter=delimiter,
            comment=comment,
            header=header,
            directed=directed,
            duplicates="first",
        )
    except (DataRefused, WrongUse) as error:
        said = "columns? where|the same column|holds no edge|no column|1 column,|like a comment|a quote"
        assert re.search(said, str(error)), error
        return
    expected = slowly(content, delimiter, comment, header, source, target)
    if not directed:
        expected |= {(b, a) for a, b in expected}
    assert {(str(a), str(b)) for a, b in ends(graph)} == expected
