"""A saved graph: what comes back is what was saved, and a damaged file is refused in words."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import nodeemb as ne
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.io import graph_files
from nodeemb.rng import integers, stream_key

IDS = {
    "range": None,
    "integers": [-5, 2**40, 7, 0, 12, 13, 2**63 - 1, -(2**63), 99],
    "text": ["a", "", "ä\n\t", "\ud800", "b\x00c", "日本", " ", "1", "z" * 500],
    "mixed": [
        None,
        1,
        "1",
        1.5,
        (1, ("a", None)),
        False,
        2**80,
        "\udc80",
        float("inf"),
    ],
}


def made(
    ids: str = "range",
    directed: bool = True,
    weighted: bool = False,
    signed: bool = False,
    arcs: int = 30,
) -> Graph:
    """A graph of nine nodes, some of them without an edge."""
    sources, targets = integers(stream_key(0, "file"), 0, 2 * arcs, 7).reshape(2, -1)
    numbers = np.arange(1, arcs + 1)
    return Graph.from_edges(
        sources, targets, ids=IDS[ids], num_nodes=None if IDS[ids] else 9,
        weight=numbers / 8 if weighted else None,
        sign=np.where(numbers % 3, 1, -1) if signed else None,
        directed=directed, duplicates="first",
    )  # fmt: skip


def same(one: Graph, other: Graph) -> None:
    assert one.report == other.report and one.directed == other.directed
    assert list(one.ids) == list(other.ids)
    assert list(map(type, one.ids)) == list(map(type, other.ids))
    assert one.ids.is_range == other.ids.is_range
    assert one.ids.are_integers == other.ids.are_integers
    for a, b in zip(
        (*one.out, *one.into, one.weight, one.sign),
        (*other.out, *other.into, other.weight, other.sign),
        strict=True,
    ):
        assert (a is None) == (b is None)
        if a is not None:
            assert np.array_equal(a, b) and a.dtype == b.dtype
            assert type(a) is type(b) and a.flags.aligned and a.flags.c_contiguous
            assert not a.flags.writeable and not b.flags.writeable
    assert one.digest() == other.digest()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("ids", IDS)
def test_what_was_saved_comes_back(tmp_path, ids, directed, weighted, signed, whole):
    graph = made(ids, directed, weighted, signed)
    path = ne.save_graph(graph, tmp_path / "g.graph")
    same(ne.load_graph(path, whole=whole), graph)


@pytest.mark.parametrize("ids", IDS)
def test_a_graph_without_edges(tmp_path, ids):
    graph = made(ids, weighted=True, signed=True)
    graph = graph.keep_arcs(np.zeros(graph.num_arcs, bool))
    path = ne.save_graph(graph, tmp_path / "g")
    same(ne.load_graph(path, whole=True), graph)


def test_the_same_graph_is_the_same_file_and_safetensors_reads_it(tmp_path):
    from safetensors import safe_open

    graph = made("text", weighted=True)
    one, two = (ne.save_graph(graph, tmp_path / name) for name in "ab")
    assert one.read_bytes() == two.read_bytes()
    again = ne.save_graph(ne.load_graph(one), tmp_path / "c")
    assert again.read_bytes() == one.read_bytes()
    with safe_open(one, "np") as tensors:
        assert np.array_equal(tensors.get_tensor("weight"), graph.weight)


@pytest.mark.parametrize("ids", ["text", "mixed"])
def test_ids_are_put_together_when_the_first_is_asked_for(tmp_path, ids, monkeypatch):
    graph = made(ids)
    path = ne.save_graph(graph, tmp_path / "g")

    def refuse(*_):
        raise AssertionError("ids were read")

    with monkeypatch.context() as patch:
        patch.setattr(graph_files, "texts_of", refuse)
        patch.setattr(graph_files, "_mixed", refuse)
        loaded = ne.load_graph(path)
        assert (len(loaded.ids), loaded.ids.are_integers) == (9, False)
        assert loaded.out_degree.sum() == graph.num_arcs
        with pytest.raises(AssertionError, match="ids were read"):
            loaded.ids.row("b")
    assert loaded.row(IDS[ids][3]) == 3
    assert loaded.ids[3] == IDS[ids][3]


def test_vectors_are_those_of_the_graph_that_was_saved(tmp_path):
    graph = made("text", arcs=60)
    loaded = ne.load_graph(ne.save_graph(graph, tmp_path / "g"))
    one, two = (
        ne.embed(g, "nerd", options={"roles.dim": 4, "training.epochs": 1})
        for g in (graph, loaded)
    )
    assert np.array_equal(one.table, two.table)
    assert one.graph_hash == two.graph_hash and list(one.ids) == list(two.ids)


def test_arrays_cannot_be_written_to(tmp_path):
    loaded = ne.load_graph(ne.save_graph(made(), tmp_path / "g"))
    with pytest.raises(ValueError, match="read-only"):
        loaded.out.neighbours[0] = 1


def test_nothing_is_overwritten_and_nothing_half_is_left(tmp_path):
    path = ne.save_graph(made(), tmp_path / "g")
    before = path.read_bytes()
    with pytest.raises(WrongUse, match="exists"):
        ne.save_graph(made("text"), path)
    assert path.read_bytes() == before
    odd = Graph.from_edges([frozenset(), "b"], ["b", 5])
    with pytest.raises(WrongUse, match="files cannot hold"):
        ne.save_graph(odd, tmp_path / "odd")
    with pytest.raises(WrongUse, match="there is no folder"):
        ne.save_graph(made(), tmp_path / "none" / "g")
    assert [p.name for p in tmp_path.iterdir()] == ["g"]


# ---- damaged ones ----------------------------------------------------------------------


def refused(path, whole: bool) -> str:
    with pytest.raises(DataRefused) as told:
        ne.load_graph(path, whole=whole)
    assert str(path) in str(told.value)
    return str(told.value)


@pytest.mark.parametrize("ids", ["range", "text", "mixed"])
def test_a_file_cut_short_or_longer_is_refused(tmp_path, ids):
    whole = ne.save_graph(made(ids, weighted=True), tmp_path / "g").read_bytes()
    path = tmp_path / "cut"
    for length in (*range(80), *range(80, len(whole), 17), len(whole) - 1):
        path.write_bytes(whole[:length])
        refused(path, False)
    for more in (b"\0", b"\0" * 8, whole):
        path.write_bytes(whole + more)
        refused(path, False)


@pytest.mark.parametrize("ids", ["text", "mixed"])
def test_every_changed_byte_is_refused(tmp_path, ids):
    """One bit of each byte in turn; of a small file spots are all there is."""
    content = ne.save_graph(made(ids, weighted=True, signed=True), tmp_path / "g")
    whole = bytearray(content.read_bytes())
    path = tmp_path / "changed"
    for place in range(0, len(whole), 6):
        whole[place] ^= 1 << place % 8
        path.write_bytes(whole)
        refused(path, place % 2 == 0)
        whole[place] ^= 1 << place % 8


def test_a_change_between_the_spots_is_found_by_reading_all(tmp_path):
    sources = np.arange(200_000)
    graph = Graph.from_edges(sources, np.roll(sources, 1), weight=sources + 0.5)
    path = ne.save_graph(graph, tmp_path / "g")
    content = bytearray(path.read_bytes())
    content[content.index(graph.weight[20_000:20_002].tobytes())] ^= 1
    path.write_bytes(content)
    ne.load_graph(path)
    assert "not those that were written" in refused(path, True)
    with pytest.raises(DataRefused, match="damaged"):
        ne.read_edges(path)


def test_holes_of_a_copy_that_broke_off_are_found_at_once(tmp_path):
    sources = np.arange(200_000)
    graph = Graph.from_edges(sources, np.roll(sources, 1))
    path = ne.save_graph(graph, tmp_path / "g")
    size = path.stat().st_size
    os.truncate(path, size * 2 // 3)
    os.truncate(path, size)
    assert "not those that were written" in refused(path, False)


def broken(name: str, side: str = "out"):
    """A graph whose arrays do not belong together, though their checksums will be right."""
    graph = made(weighted=True, signed=True)
    adjacency = getattr(graph, side)._asdict() if side else {}
    changes = {
        "row too high": ("neighbours", 3, 9),
        "row below zero": ("neighbours", 3, -1),
        "row": ("neighbours", 3, int(graph.out.neighbours[3]) ^ 1),
        "place too high": ("arcs", 3, 10**6),
        "place below zero": ("arcs", 3, -1),
        "place": ("arcs", 3, 4),
        "pointers fall": ("pointers", 4, 10**6),
        "pointers begin": ("pointers", 0, 1),
        "pointers end": ("pointers", -1, 5),
    }
    if name in ("weight", "sign"):
        values = getattr(graph, name).copy()
        values[3] = 0
        return dataclasses.replace(graph, **{name: values})
    if name == "length":
        return dataclasses.replace(graph, weight=graph.weight[:-1])
    which, place, value = changes[name]
    array = adjacency[which].copy()
    array[place] = value
    return dataclasses.replace(
        graph, **{side: getattr(graph, side)._replace(**{which: array})}
    )


@pytest.mark.parametrize("side", ["out", "into"])
@pytest.mark.parametrize(
    "name",
    [
        "row too high", "row below zero", "row", "place too high", "place below zero",
        "place", "pointers fall", "pointers begin", "pointers end", "weight", "sign",
        "length",
    ],
)  # fmt: skip
def test_arrays_that_no_kernel_could_walk_on_are_refused(tmp_path, name, side):
    graph = broken(name, side)
    path = tmp_path / "g"
    graph_files.save_graph(graph, path)
    assert "damaged" in refused(path, True)


@pytest.mark.parametrize(("ends", "places"), [([1, 2], [1, 0]), ([2, 1], [1, 0])])
def test_arcs_out_of_order_and_directions_that_differ_are_refused(
    tmp_path, ends, places
):
    """The two arcs of node 0: into another direction's places, or falling."""
    graph = Graph.from_edges([0, 0], [1, 2])
    arrays = (np.array(values, np.int32) for values in (ends, places))
    changed = dataclasses.replace(
        graph,
        out=graph.out._replace(neighbours=next(arrays)),
        into=graph.into._replace(arcs=next(arrays)),
    )
    path = ne.save_graph(changed, tmp_path / "g")
    assert "out of order" in refused(path, True)


def test_an_id_that_comes_twice_is_refused(tmp_path):
    graph = made("text")
    twice = type(graph.ids).known(9, lambda: ("a", *"abcdefgh"))
    path = ne.save_graph(dataclasses.replace(graph, ids=twice), tmp_path / "g")
    assert "given to two nodes" in refused(path, True)


def test_a_newer_format_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(graph_files, "FORMAT", 2)
    path = ne.save_graph(made(), tmp_path / "g")
    monkeypatch.undo()
    assert "does not know" in refused(path, False)
    path.write_bytes(path.read_bytes().replace(b'format\\": 2', b'format\\": 3'))
    assert "damaged" in refused(path, False)


@pytest.mark.parametrize("content", [b"", b"a\tb\n", b"\0" * 100, b"PAR1"])
def test_what_is_no_saved_graph_is_told(tmp_path, content):
    path = tmp_path / "g"
    path.write_bytes(content)
    assert "this is no saved graph" in refused(path, False)
    assert "cannot read" in refused(tmp_path, False)
    assert "cannot read" in refused(tmp_path / "none", False)


def test_a_sheet_of_other_things_is_refused(tmp_path):
    """The sheet's own checksum is right in each: none may end in another error."""
    path = ne.save_graph(made("text", weighted=True), tmp_path / "g")
    sheet = json.loads(
        json.loads(
            path.read_bytes()[8:]
            .split(b"}}")[0]
            .split(b'"sheet": ')[1]
            .split(b', "check"')[0]
        )
    )
    data = path.read_bytes()
    data = data[8 + int.from_bytes(data[:8], "little") :]
    for key in sheet:
        for value in (None, -1, "x", [], {}, {"a": 1}, 2**70, [["int64", 3]]):
            text = json.dumps(sheet | {key: value})
            head = json.dumps({"__metadata__": graph_files._metadata(text)}).encode()
            path.write_bytes(len(head).to_bytes(8, "little") + head + data)
            refused(path, False)


# ---- where a file of edges is read -----------------------------------------------------


def test_read_edges_reads_it_and_takes_no_columns(tmp_path):
    graph = made("text", weighted=True)
    path = ne.save_graph(graph, tmp_path / "g")
    same(ne.read_edges(path), graph)
    for given in ({"source": 0}, {"weight": 2}, {"sign": "x"}, {"delimiter": ","}):
        with pytest.raises(WrongUse, match="saved graph"):
            ne.read_edges(path, **given)
    for rule in ("sum", "max", "first"):
        with pytest.raises(WrongUse, match="no edge twice"):
            ne.read_edges(path, duplicates=rule)
    with pytest.raises(WrongUse, match="saved as a directed one"):
        ne.read_edges(path, directed=False)
    undirected = ne.save_graph(made(directed=False), tmp_path / "u")
    same(ne.read_edges(undirected, directed=False), made(directed=False))
    same(ne.read_edges(undirected), made(directed=False))


def test_a_file_that_is_open_elsewhere_may_be_removed(tmp_path):
    graph = made("text")
    path = ne.save_graph(graph, tmp_path / "g")
    loaded = ne.load_graph(path)
    path.unlink()
    same(loaded, graph)


def test_opening_loads_no_kernels(tmp_path):
    path = ne.save_graph(made("text"), tmp_path / "g")
    code = (
        "import sys, nodeemb\n"
        f"assert nodeemb.load_graph({str(path)!r}).num_nodes == 9\n"
        "print([m for m in ('numba', 'torch', 'pyarrow', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
