"""Files of vectors that lie or were damaged: refused in words, in little time and memory.

Every refusal is checked from Python and from the command line: message, exit code, no
traceback, nothing left behind.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from told import told

from nodeemb.embedding.embedding import load
from nodeemb.embedding.store import SHEET, TABLES
from nodeemb.errors import DataRefused, WrongUse


def header(**changes):
    """The tables' file of SAMPLE with other entries in its header; ... removes one."""
    content = (SAMPLE / TABLES).read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    entries = json.loads(content[8:end])
    for name, entry in changes.items():
        name = name.replace("__", ".")
        entries[name] = {**entries.get(name, {}), **entry} if entry else None
    text = json.dumps({k: v for k, v in entries.items() if v is not None}).encode()
    return len(text).to_bytes(8, "little") + text + content[end:]


def sheet(**changes):
    """The sheet of SAMPLE with other values."""
    return json.dumps(json.loads((SAMPLE / SHEET).read_text()) | changes).encode()


SAMPLE = Path(__file__).parents[1] / "data" / "embedding-v1"
WHOLE = (SAMPLE / TABLES).read_bytes()
MANY = {
    f"x{i}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for i in range(9)
}
AT = json.loads(WHOLE[8 : 8 + int.from_bytes(WHOLE[:8], "little")])
OTHER = AT["role.target"]["data_offsets"]
END = 8 + int.from_bytes(WHOLE[:8], "little") + OTHER[0]
SCHEME = json.loads((SAMPLE / SHEET).read_text())["scheme"]

# the tables' file, words of the message
BAD_TABLES = {
    "rows that are not there": (header(role__source={"shape": [2**40, 2]}), "damaged"),
    "more bytes than can be counted": (
        header(role__source={"shape": [2**62, 2**62]}),
        "damaged",
    ),
    "negative rows": (header(role__source={"shape": [-4, -2]}), "damaged"),
    "another shape of the same size": (
        header(role__source={"shape": [2, 4]}),
        "role source is ('F32', [2, 4]), not ('F32', [4, 2])",
    ),
    "no shape": (header(role__source={"shape": []}), "damaged"),
    "a hundred dimensions": (
        header(role__source={"shape": [4, 2] + [1] * 100}),
        "role source is",
    ),
    "another type of the same size": (
        header(role__source={"dtype": "I32"}),
        "role source is ('I32', [4, 2])",
    ),
    "a type that lies": (header(role__source={"dtype": "F64"}), "damaged"),
    "half floats": (header(role__source={"dtype": "F16", "shape": [4, 4]}), "F16"),
    "brain floats": (header(role__source={"dtype": "BF16", "shape": [4, 4]}), "BF16"),
    "a type of its own": (header(role__source={"dtype": "OBJECT"}), "damaged"),
    "overlapping offsets": (header(role__source={"data_offsets": OTHER}), "damaged"),
    "offsets backwards": (
        header(role__source={"data_offsets": OTHER[::-1]}),
        "damaged",
    ),
    "offsets beyond the end": (
        header(role__source={"data_offsets": [2**40, 2**40 + 32]}),
        "damaged",
    ),
    "huge offsets": (
        header(role__source={"data_offsets": [0, 2**64 - 1]}),
        "damaged",
    ),
    "negative offsets": (header(role__source={"data_offsets": [-32, 0]}), "damaged"),
    "offsets of another kind": (header(role__source={"data_offsets": "x"}), "damaged"),
    "a role that is missing": (header(role__source=None), "damaged"),
    "a header without end": (struct.pack("<Q", 2**63) + WHOLE[8:], "header would be"),
    "a header of gigabytes": (struct.pack("<Q", 2**32) + WHOLE[8:], "header would be"),
    "a header beyond the file": (struct.pack("<Q", 2**19) + WHOLE[8:], "damaged"),
    "a header of nothing": (struct.pack("<Q", 0) + WHOLE[8:], "damaged"),
    "deep in the header": (
        struct.pack("<Q", 900_000) + b'{"a":' * 180_000 + WHOLE,
        "damaged",
    ),
    "too many arrays": (header(**MANY), None),
    "not a number": (
        WHOLE[:END] + struct.pack("<f", float("nan")) + WHOLE[END + 4 :],
        "role target of 'a' holds what is no finite number",
    ),
    "infinite": (
        WHOLE[:END] + struct.pack("<f", float("inf")) + WHOLE[END + 4 :],
        "role target of 'a' holds what is no finite number",
    ),
    "truncated": (WHOLE[:-1], "damaged"),
    "truncated in the header": (WHOLE[:40], "damaged"),
    "truncated in the length": (WHOLE[:5], "damaged"),
    "empty": (b"", "damaged"),
    "more at the end": (WHOLE + b"x", "damaged"),
    "text": (b"a b\nb c\n" * 9, "header would be"),
    "a pickle": (b"\x80\x04cos\nsystem\n(S'touch harm'\ntR.", "header would be"),
}
# the sheet, words of the message
BAD_SHEETS = {
    "a newer format": (sheet(format=2), "its format is 2, which is newer than this"),
    "more nodes": (sheet(nodes=5), "role source is ('F32', [4, 2]), not ('F32', [5"),
    "nodes without end": (sheet(nodes=2**62), "role source is"),
    "a width without end": (sheet(width=2**62), "role source is"),
    "fewer ids than nodes": (
        sheet(ids={"kind": "mixed", "values": ["a", "b"]}),
        "2 ids for 4 nodes",
    ),
    "two nodes of one id": (
        sheet(ids={"kind": "mixed", "values": ["a", "b", "a", "c"]}),
        "the id 'a' is given to two nodes",
    ),
    "ids of one value": (
        sheet(ids={"kind": "mixed", "values": ["a", True, {"int": "1"}, "c"]}),
        "is given to two nodes",
    ),
    "ids that are lists": (
        sheet(ids={"kind": "mixed", "values": [["a"], "b", "c", "d"]}),
        "ids must be hashable",
    ),
    "an id of digits": (
        sheet(ids={"kind": "mixed", "values": [{"int": "1" * 9999}, "b", "c", "d"]}),
        "Exceeds the limit",
    ),
    "a number of digits": (b'{"format": ' + b"1" * 9999 + b"}", "Exceeds the limit"),
    "depth without end": (b"[" * 10_000_000, "maximum recursion depth"),
    "depth in objects": (b'{"a":' * 1_000_000, "maximum recursion depth"),
    "not a number": (sheet(width=float("nan")), "NaN is no JSON"),
    "a scheme of terms without end": (
        sheet(
            scheme=SCHEME | {"channels": {"c": {"terms": "a.a" + " " * 10**6 + "x"}}}
        ),
        "at most 4000 characters",
    ),
    "a scheme of roles without end": (
        sheet(scheme=SCHEME | {"roles": {f"r{i}": 1.0 for i in range(10**4)}}),
        "at most 64 items",
    ),
    "YAML": (b"format: 1\nwidth: 4\n", "damaged"),
    "UTF-16": (sheet().decode().encode("utf-16"), "damaged"),
    "nothing": (b"null", "damaged"),
}
BAD_EMBEDDINGS = {
    **{f"tables: {name}": (TABLES, *bad) for name, bad in BAD_TABLES.items() if bad[1]},
    **{f"sheet: {name}": (SHEET, *bad) for name, bad in BAD_SHEETS.items()},
}


@pytest.fixture
def vectors(tmp_path, monkeypatch):
    """A folder of vectors to damage, in the working folder."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(SAMPLE, "vectors"))


def test_the_sample_itself_is_fine_and_odd_but_true_files_are(vectors):
    whole = load(vectors)
    (vectors / SHEET).write_bytes(sheet())
    content, _ = BAD_TABLES["too many arrays"]
    (vectors / TABLES).write_bytes(content)
    assert load(vectors).table.tolist() == whole.table.tolist()
    (vectors / TABLES).write_bytes(header())
    assert load(vectors).table.tolist() == whole.table.tolist()


@pytest.mark.parametrize("case", BAD_EMBEDDINGS)
def test_hostile_vectors(case, vectors):
    name, content, words = BAD_EMBEDDINGS[case]
    (vectors / name).write_bytes(content)
    begun = time.process_time()
    with pytest.raises(DataRefused) as caught:
        load(vectors)
    assert time.process_time() - begun < 5
    assert caught.value.exit_code == 3
    assert str(vectors) in str(caught.value)
    said = str(caught.value)
    assert words in said and len(said) < 5000
    before = sorted(Path().rglob("*"))
    for command in (
        ["neighbors", vectors, "a"],
        ["export", vectors, "--format", "npz", "--out", "x"],
    ):
        code, shown = told(*command)
        # which of two damaged arrays safetensors names first changes from time to time
        assert (code, shown[:60]) == (3, " ".join(f"Error: {said}".split())[:60])
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("name", [TABLES, SHEET])
def test_what_is_no_file_is_refused_at_once(name, vectors):
    """A named pipe would be waited for until somebody writes into it."""
    (vectors / name).unlink()
    assert told("neighbors", vectors, "a")[0] == 3
    os.mkfifo(vectors / name)
    code, said = told("neighbors", vectors, "a")
    assert (code, "it is no file" in said) == (3, True)
    (vectors / name).unlink()
    (vectors / name).mkdir()
    code, said = told("neighbors", vectors, "a")
    assert (code, "it is no file" in said) == (3, True)


def test_a_sheet_larger_than_memory_is_refused_before_it_is_read(vectors, monkeypatch):
    monkeypatch.setattr("nodeemb.io.gather.free_bytes", lambda: 10**9)
    with (vectors / SHEET).open("r+b") as file:
        file.truncate(10**8)  # a sparse file
    begun = time.process_time()
    code, said = told("neighbors", vectors, "a")
    assert code == 4
    assert "its 100 MB may take 3.2 GB of memory, and 1.0 GB are free" in said
    assert time.process_time() - begun < 1


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_change_of_a_file_is_refused_or_gives_what_the_file_says(
    tmp_path_factory, data
):
    """Twin: the header read by hand, the numbers where it says they are."""
    folder = tmp_path_factory.mktemp("v")
    entries, values = copy.deepcopy(AT), json.loads((SAMPLE / SHEET).read_text())
    holder, places = data.draw(st.sampled_from(spots(entries) + spots(values)))
    place = data.draw(st.sampled_from(places))
    small = st.integers(-1, 9) | st.sampled_from([32, 64, 2**31, 2**62, 4.0])
    holder[place] = data.draw(JSON_VALUES | small | st.sampled_from(["F64", "U8", "a"]))
    text = json.dumps(entries).encode()
    body = WHOLE[8 + int.from_bytes(WHOLE[:8], "little") :]
    (folder / TABLES).write_bytes(len(text).to_bytes(8, "little") + text + body)
    (folder / SHEET).write_text(json.dumps(values), encoding="utf-8")
    try:
        read = load(folder)
    except DataRefused as error:
        assert str(folder) in str(error)
        return
    assert len(read) == read.table.shape[0] == len(set(read.ids))
    assert read.table.shape[1] == read.layout.columns
    for role in read.layout.roles:
        first, end = entries[f"role.{role}"]["data_offsets"]
        assert read.vectors(role).tobytes() == body[first:end]
    again = folder / "again"
    try:
        assert load(read.save(again)).table.tobytes() == read.table.tobytes()
    except WrongUse as error:
        assert "the manifest holds what a file cannot" in str(error)


def spots(value):
    """All places in nested data where something else could stand: (holder, keys)."""
    found = []
    if isinstance(value, (dict, list)) and value:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        found.append((value, keys))
        for key in keys:
            found += spots(value[key])
    return found
