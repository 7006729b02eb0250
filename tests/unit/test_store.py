"""Saving and loading: the same to the last bit, whole or not at all, damage refused."""

from __future__ import annotations

import errno
import json
import os
import shutil
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nodeemb.embedding import store
from nodeemb.embedding.embedding import Embedding, load
from nodeemb.embedding.store import SHEET, TABLES
from nodeemb.errors import DataRefused, NodeembError, OutOfResources, WrongUse
from nodeemb.graph.ids import Ids
from nodeemb.rng import integers, stream_key, units
from nodeemb.roles.layout import lay_out
from nodeemb.roles.scheme import Channel, RoleScheme
from nodeemb.roles.schemes import SCHEMES

IDS = {
    "range": 5,
    "whole numbers": np.array([7, -1, 2**62, 0, 3]),
    "text": ["a", "b c", "#d", "naïve café", "日本語"],
    "text that hurts": ["", " ", "a\tb\n", '"quo\\te\u0000"', "\ud800 half a pair"],
    "words that look like numbers": ["1", "01", "1.0", "null", "true"],
    "tuples": [("a", 1), ("a", 2), ("b", ("c", None)), (), ("\udfff",)],
    "mixed": ["1", 1, 1.5, None, ("1", 1)],
    "beyond 64 bits": [2**64, -(2**70), 10**40, 1, 0],
    "truth": [True, False, "True", 2, -0.1],
}


def made(
    ids=5, scheme="source_target", biases="none", dtype="float32", width=8, **manifest
):
    scheme = SCHEMES.get(scheme, scheme) if isinstance(scheme, str) else scheme
    ids = Ids(ids)
    columns = lay_out(scheme, width, biases).columns
    table = units(stream_key(0, "table"), 0, len(ids) * columns)
    table = (table.reshape(len(ids), -1) - 0.5).astype(dtype)
    return Embedding(ids, table, scheme, width, biases, manifest)


def assert_same(one: Embedding, two: Embedding) -> None:
    assert list(one.ids) == list(two.ids)
    assert [type(i) for i in one.ids] == [type(i) for i in two.ids]
    assert one.ids.is_range == two.ids.is_range
    assert one.ids.digest() == two.ids.digest()
    assert one.table.dtype == two.table.dtype
    assert one.table.tobytes() == two.table.tobytes()
    assert (one.scheme, one.width, one.biases) == (two.scheme, two.width, two.biases)
    assert list(one.scheme.roles) == list(two.scheme.roles)
    assert one.manifest == two.manifest


# ---- there and back ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", IDS)
def test_ids_of_every_kind_come_back(kind, tmp_path):
    embedding = made(IDS[kind])
    assert_same(load(embedding.save(tmp_path / "new")), embedding)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [SHEET, TABLES]
    assert list(tmp_path.iterdir()) == [tmp_path / "new"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("biases", ["none", "tied", "free"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_comes_back_and_scores_the_same(scheme, biases, dtype, tmp_path):
    embedding = made(5, scheme, biases, dtype)
    again = load(embedding.save(tmp_path / "new"))
    assert_same(again, embedding)
    u, v = np.divmod(np.arange(25), 5)
    assert np.array_equal(again.score_rows(u, v), embedding.score_rows(u, v))
    assert again.most_similar(2) == embedding.most_similar(2)


def test_odd_numbers_odd_shares_and_a_scheme_of_ones_own_come_back(tmp_path):
    embedding = made(scheme=SCHEMES["signature"].with_shares({"minus": 0.0}))
    embedding.table[0, :4] = [3.4e38, -3.4e38, 1e-45, -0.0]
    assert_same(load(embedding.save(tmp_path / "one")), embedding)
    own = RoleScheme(
        name="own",
        title="Füße",
        roles={"z": 1.0, "a": 3.0, "m": 3.0},
        channels={
            "x": Channel(terms="a.m - m.a", coefficient=0.5),
            "y": Channel(terms="z.z", labels={"pair": 0}),
        },
        join="probability",
        views={"both": ["m", "z"]},
    )
    embedding = made(scheme=own, biases="tied", width=7, note="naïve", share=0.1)
    assert_same(load(embedding.save(tmp_path / "two")), embedding)


def test_a_part_of_a_larger_table_is_saved_as_it_is(tmp_path):
    """Columns of another array, backwards: the bytes in memory are not those to save."""
    whole = made(width=16)
    view = Embedding(whole.ids, whole.table[:, ::-2], whole.scheme, 8)
    assert np.array_equal(load(view.save(tmp_path / "new")).table, view.table)


def test_files_need_nothing_of_this_package(tmp_path):
    embedding = made(["x", "y", "z"], biases="free", seed=3)
    embedding.save(tmp_path / "new")
    arrays = load_file(tmp_path / "new" / TABLES)
    assert np.array_equal(arrays["role.source"], embedding.vectors("source"))
    assert np.array_equal(arrays["role.target_bias"], embedding.vectors("target_bias"))
    assert arrays["ids.text"].tobytes() == b"xyz"
    sheet = json.loads((tmp_path / "new" / SHEET).read_text(encoding="utf-8"))
    assert sheet["nodes"] == 3 and sheet["manifest"] == {"seed": 3}


def test_nothing_is_pickled(tmp_path, monkeypatch):
    import pickle

    def refuse(*args, **kwargs):
        raise AssertionError("pickle")

    for name in ("dump", "dumps", "load", "loads", "Unpickler", "Pickler"):
        monkeypatch.setattr(pickle, name, refuse)
    load(made(IDS["mixed"]).save(tmp_path / "new"))


# ---- whole or not at all ----------------------------------------------------------------


def test_nothing_is_overwritten(tmp_path):
    made().save(tmp_path / "new")
    before = (tmp_path / "new" / TABLES).read_bytes()
    for path in (tmp_path / "new", tmp_path / "new" / TABLES):
        with pytest.raises(WrongUse, match="exists"):
            made(biases="free").save(path)
    assert (tmp_path / "new" / TABLES).read_bytes() == before
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongUse, match="exists"):
        made().save(tmp_path / "empty")


def test_folders_above_are_made(tmp_path):
    assert len(load(made().save(tmp_path / "a" / "b" / "c"))) == 5


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", range(6))
def test_an_error_in_the_middle_leaves_nothing(call, error, tmp_path, monkeypatch):
    """Each forcing to disk fails in turn: of both files, their names and the folder."""
    whole, calls = os.fsync, []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == call + 1:
            raise error
        return whole(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    try:
        made().save(tmp_path / "new")
    except (NodeembError, OSError, KeyboardInterrupt) as raised:
        if call in (0, 2):
            expected = (
                OutOfResources if isinstance(error, OSError) else KeyboardInterrupt
            )
            assert type(raised) is expected
        assert list(tmp_path.iterdir()) == []
    else:
        assert len(load(tmp_path / "new")) == 5
        # a folder's own fsync may be refused by network file systems
        assert call >= len(calls) or isinstance(error, OSError)


def test_an_id_that_files_cannot_hold_is_told_and_nothing_is_left(tmp_path):
    with pytest.raises(WrongUse, match="is a frozenset, which files cannot hold"):
        made([frozenset({1}), 2, 3]).save(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


# ---- damaged and hostile files ----------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "new"
    return made(["a", "b", "c", "d", "e"], biases="free").save(folder)


@pytest.fixture
def saved(whole, tmp_path):
    """A folder to damage."""
    return shutil.copytree(whole, tmp_path / "new")


def refused(folder) -> str:
    with pytest.raises(DataRefused) as caught:
        load(folder)
    assert caught.value.exit_code == 3
    assert str(folder) in str(caught.value)
    return str(caught.value)


def change_sheet(folder, **changes) -> None:
    sheet = json.loads((folder / SHEET).read_text(encoding="utf-8"))
    for name, value in changes.items():
        if value is ...:
            del sheet[name]
        else:
            sheet[name] = value
    (folder / SHEET).write_text(json.dumps(sheet), encoding="utf-8")


def change_arrays(folder, **changes) -> None:
    arrays = load_file(folder / TABLES)
    for name, value in changes.items():
        name = name.replace("__", ".")
        if value is ...:
            del arrays[name]
        else:
            arrays[name] = value
    save_file(arrays, folder / TABLES)


def test_what_is_no_folder_of_ours_is_refused(tmp_path, saved):
    assert "is not a folder" in refused(tmp_path / "none")
    assert "is not a folder" in refused(saved / SHEET)
    (tmp_path / "empty").mkdir()
    assert "No such file" in refused(tmp_path / "empty")
    (saved / TABLES).unlink()
    assert "cannot read it" in refused(saved)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.99])
@pytest.mark.parametrize("name", [SHEET, TABLES])
def test_a_truncated_file_is_refused(name, share, saved):
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[: int(share * len(content))])
    assert name in refused(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"role__source": np.zeros((4, 4), "f4")},
        {"role__source": np.zeros((5, 3), "f4")},
        {"role__source": np.zeros((5, 4), "f8")},
        {"role__source": np.zeros((5, 4), "i4")},
        {"role__source": np.zeros(20, "f4")},
        {"role__source": ...},
        {"role__source_bias": ...},
        {"ids__text": ...},
        {"ids__ends": ...},
        {"ids__ends": np.array([1, 2, 3, 4])},
        {"ids__ends": np.array([1, 2, 3, 4, 6])},
        {"ids__ends": np.array([1, 3, 2, 4, 5])},
        {"ids__ends": np.array([-1, 2, 3, 4, 5])},
        {"ids__ends": np.array([1, 3, 2, 4, 5], np.uint64)},
        {"ids__ends": np.array([1.0, 2.0, 3.0, 4.0, 5.0])},
        {"ids__ends": np.ones((5, 1), np.int64)},
        {"ids__text": np.frombuffer(b"abca\xff", np.uint8)},
        {"ids__text": np.frombuffer(b"abcaa", np.uint8)},
        {"ids__text": np.arange(5.0)},
    ],
    ids=str,
)
def test_tables_that_do_not_fit_are_refused(changes, saved):
    change_arrays(saved, **changes)
    refused(saved)


MIXED = {"kind": "mixed"}


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": ...},
        {"nodes": 6},
        {"nodes": -1},
        {"nodes": 5.0},
        {"nodes": True},
        {"nodes": "5"},
        {"width": 10},
        {"width": 9},
        {"width": 0},
        {"width": -8},
        {"width": True},
        {"biases": "none of them"},
        {"biases": "tied"},
        {"biases": []},
        {"dtype": "float64"},
        {"dtype": "object"},
        {"dtype": ["float32"]},
        {"manifest": []},
        {"manifest": ...},
        {"scheme": ...},
        {"scheme": "source_target"},
        {"scheme": {"name": "x"}},
        {"scheme": {"name": "x", "roles": {"a": 1}, "channels": {}}},
        {"ids": ...},
        {"ids": []},
        {"ids": {"kind": "integer"}},
        {"ids": {"kind": "lists", "values": [1, 2, 3, 4, 5]}},
        {"ids": MIXED},
        {"ids": MIXED | {"values": 5}},
        {"ids": MIXED | {"values": [1, 2, 3, 4]}},
        {"ids": MIXED | {"values": ["a", "a", "b", "c", "d"]}},
        {"ids": MIXED | {"values": [[1], 2, 3, 4, 5]}},
        {"ids": MIXED | {"values": [{"int": "x"}, 2, 3, 4, 5]}},
        {"ids": MIXED | {"values": [{"int": "1" * 5000}, 2, 3, 4, 5]}},
        {"ids": MIXED | {"values": [{"float": "0x1p99999"}, 2, 3, 4, 5]}},
        {"ids": MIXED | {"values": [{"set": [1]}, 2, 3, 4, 5]}},
        {"ids": MIXED | {"values": [{"code points": [-1]}, 2, 3, 4, 5]}},
        {"ids": MIXED | {"values": [{}, 2, 3, 4, 5]}},
        {"ids": MIXED | {"values": [{"int": "1", "float": "1"}, 2, 3, 4, 5]}},
    ],
    ids=str,
)
def test_a_sheet_that_does_not_fit_is_refused(changes, saved):
    change_sheet(saved, **changes)
    refused(saved)


def test_a_newer_format_names_the_next_step(saved):
    change_sheet(saved, format=99)
    message = refused(saved)
    assert "format is 99, which is newer than this program" in message
    assert "version of nodeemb that wrote it" in message


@pytest.mark.parametrize("version", [0, -1, 1.0, True, "1", None, [], {}, 10**400])
def test_what_is_no_version_is_refused(version, saved):
    change_sheet(saved, format=version)
    assert "format is" in refused(saved)


def test_there_is_a_step_from_every_version_to_the_next():
    assert set(store.UPGRADES) == set(range(1, store.FORMAT))


def test_old_versions_are_brought_up_to_date_step_by_step(saved, monkeypatch):
    """As a third version would read the first, which called the width the size."""
    change_sheet(saved, width=..., size=8, name="first")

    def second(sheet):
        return {k: v for k, v in sheet.items() if k != "size"} | {"wide": sheet["size"]}

    def third(sheet):
        return sheet | {"width": sheet["wide"], "manifest": {"was": sheet["name"]}}

    monkeypatch.setattr(store, "FORMAT", 3)
    monkeypatch.setattr(store, "UPGRADES", {1: second, 2: third})
    read = load(saved)
    assert (read.width, read.manifest) == (8, {"was": "first"})
    change_sheet(saved, size=...)
    assert "it is damaged: KeyError('size')" in refused(saved)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_what_is_no_finite_number_is_refused(odd, dtype, tmp_path):
    embedding = made(["a", "b", "c", "d", "e"], dtype=dtype, biases="free")
    embedding.table[3, 5] = odd
    with pytest.raises(WrongUse, match="role target of 'd' holds what is no finite"):
        embedding.save(tmp_path / "x")
    assert not (tmp_path / "x").exists()
    (tmp_path / "y").mkdir()
    store.write_files(embedding, tmp_path / "y")
    assert "role target of 'd' holds what is no finite number" in refused(
        tmp_path / "y"
    )


def test_the_first_of_many_blocks_is_told(monkeypatch, saved):
    monkeypatch.setattr(store, "_BLOCK", 7)
    table = made(50).table
    assert store._not_finite(table) is None
    table[[17, 33], [2, 0]] = np.nan
    assert store._not_finite(table) == 17
    assert load(saved).table.tolist() == made(5, biases="free").table.tolist()


def test_loading_takes_the_memory_of_one_table(tmp_path):
    folder = made(20_000, width=256).save(tmp_path / "new")
    load(folder)
    size = (folder / TABLES).stat().st_size
    tracemalloc.start()
    table = load(folder).table
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert table.nbytes > 0.9 * size
    assert peak < 1.4 * size


@pytest.mark.parametrize(
    "manifest",
    [{"a": {1, 2}}, {"a": np.nan}, {"a": float("inf")}, {"a": "\ud800"}],
    ids=str,
)
def test_a_manifest_that_files_cannot_hold_is_told(manifest, tmp_path):
    with pytest.raises(WrongUse, match="the manifest holds what a file cannot"):
        made(**manifest).save(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("odd", [5, [], None, "x", {"state": []}])
def test_any_manifest_is_read(odd, saved):
    change_sheet(saved, manifest={"training": odd, "graph": odd, "recipe": odd})
    read = load(saved)
    assert not read.diverged and read.graph_hash is None
    assert "5 nodes" in repr(read)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "3", "[" * 100_000, '{"format": 1} x', "\x00"]
)
def test_a_sheet_that_is_no_sheet_is_refused(text, saved):
    (saved / SHEET).write_text(text, encoding="utf-8")
    refused(saved)


def test_a_sheet_that_is_not_utf8_is_refused(saved):
    (saved / SHEET).write_bytes(b'{"format": 1, "name": "\xff"}')
    refused(saved)


def test_ids_nested_without_end_are_refused(saved):
    deep = '{"tuple": [' * 450 + "1" + "]}" * 450
    sheet = json.loads((saved / SHEET).read_text())
    sheet["ids"] = {"kind": "mixed", "values": ["deep"]}
    text = json.dumps(sheet).replace('"deep"', deep)
    (saved / SHEET).write_text(text, encoding="utf-8")
    refused(saved)


@pytest.mark.parametrize("ids", [{"kind": "range"}, {"kind": "text"}])
@pytest.mark.parametrize(
    "changes", [{"nodes": 2**40}, {"nodes": 2**40, "width": 2**20}, {"width": 2**40}]
)
def test_huge_numbers_in_the_sheet_take_no_memory(ids, changes, saved):
    change_sheet(saved, ids=ids, **changes)
    refused(saved)
    tracemalloc.start()
    refused(saved)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2**40, 4], "data_offsets": [0, 80]},
        {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 80]},
        {"dtype": "F32", "shape": [-5, -4], "data_offsets": [0, 80]},
        {"dtype": "F32", "shape": [5, 4], "data_offsets": [0, 2**60]},
        {"dtype": "F32", "shape": [5, 4], "data_offsets": [80, 0]},
        {"dtype": "BF16", "shape": [5, 8], "data_offsets": [0, 80]},
        {"dtype": "F8_E4M3", "shape": [5, 16], "data_offsets": [0, 80]},
        {"dtype": "X", "shape": [5, 4], "data_offsets": [0, 80]},
        {"dtype": "F32"},
        [],
    ],
    ids=str,
)
def test_a_header_that_lies_is_refused(entry, saved):
    header = json.dumps({"role.source": entry, "role.target": entry}).encode()
    lies = struct.pack("<Q", len(header)) + header + bytes(80)
    (saved / TABLES).write_bytes(lies)
    refused(saved)
    (saved / TABLES).write_bytes(struct.pack("<Q", 2**63) + header)
    refused(saved)


@pytest.mark.parametrize("name", [SHEET, TABLES])
def test_any_byte_may_be_wrong(name, tmp_path):
    """Whatever is in the files, the answer is an embedding or a refusal."""
    folder = made(IDS["mixed"], biases="tied").save(tmp_path / "new")
    content = (folder / name).read_bytes()
    key = stream_key(0, name)
    places = integers(key, 0, 150, min(len(content), 1200))
    values = integers(key, 1000, 150, 256)
    outcomes = set()
    for place, value in zip(places.tolist(), values.tolist(), strict=True):
        (folder / name).write_bytes(
            content[:place] + bytes([value]) + content[place + 1 :]
        )
        try:
            outcomes.add(type(load(folder)))
        except DataRefused:
            outcomes.add(DataRefused)
    assert DataRefused in outcomes


def test_writing_into_a_folder_that_is_there(tmp_path):
    """As a run does, whose folder holds other files too."""
    embedding = made()
    store.write_files(embedding, tmp_path)
    assert_same(load(tmp_path), embedding)
    with pytest.raises(WrongUse, match="exists"):
        store.write_files(embedding, tmp_path)


def test_version_1_is_read_for_ever():
    """Written by the first version that had this format, without a checksum."""
    sample = load(Path(__file__).parents[1] / "data" / "embedding-v1")
    assert list(sample.ids) == ["a", "b c", "#d", "é"]
    assert sample.scheme.name == "source_target" and sample.width == 4
    assert sample.table[0].tolist() == [
        -0.36253902316093445, -0.37957412004470825,
        -0.20739567279815674, 0.3681204319000244,
    ]  # fmt: skip


def test_a_changed_bit_is_noticed(tmp_path):
    sample = load(Path(__file__).parents[1] / "data" / "embedding-v1")
    path = sample.save(tmp_path / "x") / "embedding.safetensors"
    whole = path.read_bytes()
    for at in range(0, len(whole), 11):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(DataRefused):
            load(tmp_path / "x")


def test_a_failed_run_says_so(tmp_path, caplog):
    sample = load(Path(__file__).parents[1] / "data" / "embedding-v1")
    sample.manifest["training"]["state"] = "diverged"
    assert load(sample.save(tmp_path / "x")).diverged
    assert "this run failed" in caplog.text


def test_the_tables_are_what_safetensors_itself_would_write(tmp_path):
    from safetensors.numpy import load_file

    sample = load(Path(__file__).parents[1] / "data" / "embedding-v1")
    read = load_file(sample.save(tmp_path / "x") / "embedding.safetensors")
    for role in ("source", "target"):
        assert (read[f"role.{role}"] == sample.vectors(role)).all()
