"""Fuzz what reads stored files: tables, sheets, checkpoints, choices in YAML.

    python tests/fuzz/fuzz_stored.py --runs 100000

The first byte chooses the kind of file, the rest is its content. Either a NodeembError, or a
valid result: an embedding that is the same after saving and loading, a checkpoint whose
tables have the shapes asked for, choices that make a recipe. Mutations are those of
fuzz_edges, and what reaches new lines is kept and mutated further.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "fuzz")]

import fuzz_edges  # noqa: E402

from nodeemb.choices import read_config, recipe_of  # noqa: E402
from nodeemb.embedding.embedding import load  # noqa: E402
from nodeemb.errors import NodeembError  # noqa: E402
from nodeemb.resources import resource_path  # noqa: E402
from nodeemb.training.checkpoint import read_checkpoint, write_checkpoint  # noqa: E402
from nodeemb.training.state import Epoch, History, State  # noqa: E402
from nodeemb.training.tables import Tables  # noqa: E402

SAMPLE = TESTS / "data" / "embedding-v1"
TABLES, SHEET = "embedding.safetensors", "embedding.json"
RUN = {"seed": 1, "dtype": "float32"}
SHAPES = {"table": (4, 3), "squares": (4, 2)}
fuzz_edges.READERS = str(TESTS.parent / "nodeemb")
fuzz_edges.WORDS += [
    *(b"F32", b"F64", b"I64", b'"shape":[', b'"data_offsets":[0,', b"-1", b"1e999"),
    *(b"null", b"{}", b"[[", b"!!python/object:os.system", b"&a ", b"*a", b"<<: "),
    *(b"roles:\n", b"dim: ", b"training: {", b"}", b"epochs", b"true", b"0x10", b"? "),
]


def one_input(data: bytes, folder: Path) -> str:
    """Reads one input; what came of it."""
    kinds = (stored_tables, stored_sheet, stored_checkpoint, choices)
    return kinds[(data[0] if data else 0) % len(kinds)](data[1:], folder)


def stored_tables(content: bytes, folder: Path) -> str:
    """An embedding with other tables, and no checksum to refuse them by."""
    return embedding(content, (SAMPLE / SHEET).read_bytes(), folder)


def stored_sheet(content: bytes, folder: Path) -> str:
    """An embedding with another sheet."""
    return embedding((SAMPLE / TABLES).read_bytes(), content, folder)


def embedding(tables: bytes, sheet: bytes, folder: Path) -> str:
    """Loads both files; what loads must be the same after saving."""
    (folder / "e").mkdir(exist_ok=True)
    (folder / "e" / TABLES).write_bytes(tables)
    (folder / "e" / SHEET).write_bytes(sheet)
    try:
        read = load(folder / "e")
    except NodeembError as error:
        assert len(str(error)) > 10
        return "embedding refused"
    shutil.rmtree(folder / "again", ignore_errors=True)
    try:
        again = load(read.save(folder / "again"))
    except NodeembError:
        return "embedding read, not writable"
    np.testing.assert_array_equal(read.table, again.table)
    assert list(read.ids) == list(again.ids)
    return "embedding read"


def stored_checkpoint(content: bytes, folder: Path) -> str:
    """Reads a checkpoint of a known run."""
    (folder / "c").write_bytes(content)
    try:
        state, tables = read_checkpoint(folder / "c", RUN, SHAPES)
    except NodeembError as error:
        assert len(str(error)) > 10
        return "checkpoint refused"
    assert isinstance(state, State)
    for name, array in ({} if tables is None else tables._asdict()).items():
        assert array.shape == SHAPES[name]
    return "checkpoint read"


def choices(content: bytes, folder: Path) -> str:
    """Reads a file of choices, and makes a recipe of it."""
    (folder / "c.yaml").write_bytes(content)
    try:
        config = read_config(folder / "c.yaml")
        recipe = recipe_of(
            True, None, config=config, dim=None, width=None, options=None
        )
        recipe.scheme().columns(recipe.width())
    except NodeembError as error:
        assert len(str(error)) > 10
        return "choices refused"
    return "choices read"


def seeds(folder: Path) -> list[bytes]:
    """Good files of every kind, to begin with."""
    made = [b"\0" + (SAMPLE / TABLES).read_bytes()]
    made += [b"\1" + (SAMPLE / SHEET).read_bytes()]
    sheet = json.loads((SAMPLE / SHEET).read_text())
    for ids in (
        {"kind": "range"},
        {"kind": "mixed", "values": ["a", {"int": "1"}, {"tuple": [None]}, True]},
    ):
        made.append(b"\1" + json.dumps(sheet | {"ids": ids, "manifest": {}}).encode())
    past = History([Epoch(1, 10, 0.5, 1.0, None)], 1)
    state = State(epoch=1, step=2, history=past, good=np.ones((4, 3), np.float32))
    tables = Tables(np.ones((4, 3), np.float32), np.zeros((4, 2), np.float32))
    for held in (tables, None):
        path = folder / f"seed{len(made)}"
        write_checkpoint(path, RUN, {}, state, held)
        made.append(b"\2" + path.read_bytes())
    preset = resource_path("configs", "presets", "line2.yaml").read_text()
    # small files, since each byte of YAML takes about a microsecond
    made += [
        b"\3" + f"{line}\n".encode() for line in preset.splitlines() if ": {" in line
    ]
    made.append(b"\3training: {epochs: 3}\nroles: {scheme: single, dim: 4}\n")
    made.append(b"\3" + preset.encode())
    return made


def main() -> None:
    """Mutates and reads until the runs or the seconds are over."""
    given = fuzz_edges.arguments(__doc__).parse_args()
    folder = fuzz_edges.work_folder("fuzz-stored-")
    logging.getLogger("nodeemb").setLevel(logging.ERROR)
    fuzz_edges.own_engine(one_input, seeds(folder), given, folder)


if __name__ == "__main__":
    main()
