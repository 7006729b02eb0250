"""Files of choices and of vectors that were made to do harm: refused in words, in little time.

Text files of edges stand in test_bad_files.py. Every refusal here is checked from Python and
from the command line: message, exit code, no traceback.
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
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from nodeemb.choices import read_config, recipe_of
from nodeemb.cli.app import app
from nodeemb.embedding.embedding import load
from nodeemb.embedding.store import SHEET, TABLES
from nodeemb.errors import DataRefused, NodeembError, WrongUse
from nodeemb.options import parse_yaml, read_yaml


def told(*args) -> tuple[int, str]:
    """Exit code and standard error of a command, on one line."""
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, " ".join(result.stderr.split())


# ---- files of choices --------------------------------------------------------------------

LAUGHS = "a0: &a0 [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"a{i}: &a{i} [{','.join(9 * [f'*a{i - 1}'])}]\n" for i in range(1, 30)
)
# text, exit code, words of the message
YAML = {
    "a tag that runs code": (
        "training: !!python/object/apply:os.system ['touch harm']\n",
        3,
        "line 1: the tag tag:yaml.org,2002:python/object/apply:os.system is not allowed",
    ),
    "a tag for a class": ("a: !!python/name:os.system\n", 3, "is not allowed"),
    "laughs by the billion": (LAUGHS, 3, "line 1: anchors and aliases are not allowed"),
    "anchors by the thousand": (
        "a: [" + "".join(f"&a{i} 1," for i in range(20_000)) + "]\n",
        3,
        "anchors and aliases are not allowed",
    ),
    "an anchor inside itself": ("a: &a [*a]\n", 3, "anchors and aliases"),
    "merges": ("<<: {a: 1}\n", 3, "merging with << is not allowed"),
    "deep lists": ("a: " + "[" * 190_000, 3, "maximum recursion depth"),
    "deep lists that end": (
        "a: " + "[" * 5000 + "]" * 5000,
        3,
        "maximum recursion depth",
    ),
    "deep mappings": ("{a: " * 45_000, 3, "maximum recursion depth"),
    "deep lines": ("- " * 95_000 + "1\n", 3, "maximum recursion depth"),
    "deep keys": ("? " * 95_000 + "1\n", 3, "maximum recursion depth"),
    "a number of digits": ("training: {epochs: " + "7" * 190_000 + "}", 3, "40 char"),
    "a number in hex": ("training: {epochs: 0x" + "f" * 190_000 + "}", 3, "40 char"),
    "a number in base 60": ("training: {epochs: 1" + ":59" * 60_000 + "}", 3, "40 ch"),
    "a fraction in base 60": ("a: 1" + ":59" * 300 + ".5", 3, "40 characters"),
    "a float of digits": ("a: 1." + "7" * 190_000, 3, "40 characters"),
    "a number without digits": ("a: 0x_\n", 3, "invalid literal"),
    "infinite": ("training: {learning_rate: .inf}\n", 2, "training.learning_rate"),
    "not a number": ("training: {learning_rate: .nan}\n", 2, "training.learning_rate"),
    "beyond float64": ("training: {learning_rate: 1.0e+999}\n", 2, "learning_rate"),
    "a huge number": ("training: {epochs: 99999999999999999999}\n", 2, "epochs"),
    "a date that is none": ("a: 2001-99-99\n", 3, "month must be in 1..12"),
    "a time zone that is none": ("a: 2001-01-01 00:00:00 +99:99\n", 3, "offset"),
    "a date for a group": ("training: 2001-01-01\n", 2, "training"),
    "a repeated key": ("training: {}\ntraining: {}\n", 3, "'training' comes twice"),
    "a repeated key, inside": ("training: {epochs: 1, epochs: 2}\n", 3, "comes twice"),
    "a repeated key, quoted": ("a: 1\n'a': 2\n", 3, "line 2: the key 'a' comes twice"),
    "a number for a key": ("1: 2\n0x1: 3\n", 3, "the key '1' is a word only in quotes"),
    "nothing for a key": ("~: 1\n", 3, "the key '~' is a word only in quotes"),
    "truth for a key": ("roles: {no: 1}\n", 3, "the key 'no' is a word only in quotes"),
    "a date for a key": ("2001-01-01: 1\n", 3, "is a word only in quotes"),
    "a list for a key": ("? [a]\n: 1\n", 3, "a key must be a word"),
    "an unknown key": ("trainig: {epochs: 1}\n", 2, "Did you mean training"),
    "an unknown key, inside": ("training: {epoch: 1}\n", 2, "Did you mean epochs"),
    "a list for a group": ("training: [1]\n", 2, "training"),
    "a word for a number": ("training: {epochs: many}\n", 2, "training.epochs"),
    "a number for a word": ("roles: {scheme: 5}\n", 2, "roles.scheme"),
    "truth for a number": ("training: {epochs: yes}\n", 2, "training.epochs"),
    "terms without end": (
        "roles: {scheme: {name: x, roles: {a: 1}, channels: {c: {terms: 'a.a"
        + " " * 190_000
        + "x'}}}}",
        2,
        "roles.scheme.channels.c.terms: string should have at most 4000 characters",
    ),
    "roles without end": (
        "roles: {scheme: {name: x, channels: {c: {terms: a.a}}, roles: {"
        + "".join(f"r{i}: 1, " for i in range(15_000))
        + "}}}",
        2,
        "roles.scheme.roles: dictionary should have at most 64 items",
    ),
    "half a surrogate pair": ('name: "\\ud800"\n', 3, "half a surrogate pair"),
    "a character beyond all": ('name: "\\U00110000"\n', 3, "chr()"),
    "a zero byte in a path": ('roles: {scheme: "a\\0.yaml"}\n', 3, "null byte"),
    "zero bytes": ("a: \0\n", 3, "special characters are not allowed"),
    "a list": ("- 1\n", 3, "it holds list, not keys and values"),
    "nothing": ("", 3, "it holds NoneType, not keys and values"),
    "two documents": ("a: 1\n---\nb: 2\n", 3, "found another document"),
    "a later YAML": ("%YAML 9.9\n---\na: 1\n", 3, "incompatible YAML"),
    "too large": ("#" * 200_001, 3, "too large for a file of choices. At most 200 kB"),
    "not UTF-8": (b"name: \xe9\n", 3, "it is not UTF-8 text"),
    "UTF-16": ("name: x\n".encode("utf-16"), 3, "it is not UTF-8 text"),
    "random bytes": (bytes(range(256)), 3, "it is not UTF-8 text"),
}


@pytest.fixture
def choices(tmp_path, monkeypatch):
    """A working folder with an edge list, and a file of choices to be written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edges").write_text("a b\nb c\n")
    return tmp_path / "choices.yaml"


def recipe_in(path):
    config = read_config(path)
    return recipe_of(True, None, config=config, dim=None, width=None, options=None)


@pytest.mark.parametrize("case", YAML)
def test_hostile_choices_in_python(case, choices):
    content, code, words = YAML[case]
    choices.write_bytes(content if isinstance(content, bytes) else content.encode())
    begun = time.process_time()
    with pytest.raises(NodeembError) as caught:
        recipe_in(choices)
    assert time.process_time() - begun < 5
    assert caught.value.exit_code == code
    assert words in str(caught.value)
    assert len(str(caught.value)) < 5000


@pytest.mark.parametrize("case", YAML)
def test_hostile_choices_on_the_command_line(case, choices):
    content, code, words = YAML[case]
    choices.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(choices.parent.iterdir())
    found, said = told("embed", "edges", "--config", choices, "--out", "run")
    assert found == code, said
    assert words in said
    assert sorted(choices.parent.iterdir()) == before


def test_choices_that_are_no_file(choices):
    assert told("embed", "edges", "--config", "none") == (
        3,
        "Error: none: cannot read it: No such file or directory.",
    )
    code, said = told("embed", "edges", "--config", ".")
    assert (code, "Is a directory" in said) == (3, True)
    for name in ("a\0b", "x" * 300):
        with pytest.raises(DataRefused, match="cannot read it"):
            read_yaml(name)


def test_a_device_without_end_is_refused():
    with pytest.raises(DataRefused, match="At most 200 kB"):
        read_yaml("/dev/zero")


def test_the_longest_lists_take_seconds_and_not_minutes():
    begun = time.process_time()
    assert len(parse_yaml("a: [" + "1," * 60_000 + "]", "x")["a"]) == 60_000
    assert time.process_time() - begun < 20


def test_numbers_as_people_write_them_are_read():
    text = "{a: 0x1F, b: 1_000, c: 1:30, d: -1.5e-3, e: 9223372036854775807, f: .inf}"
    assert parse_yaml(text, "x") == yaml.safe_load(text)


PIECES = [
    *("a", "b", ": ", ":", "- ", "\n", "\n  ", " ", "[", "]", "{", "}", ", ", "? "),
    *("1", "0x1f", "1:59", "1.5", ".inf", ".nan", "~", "yes", "2001-01-01", "=", "<<"),
    *("'", '"', "|", ">", "#", "&a ", "*a", "!", "!!int ", "%", "---", "...", "\\x41"),
    *("é", "\u2028", "\x85", "\ufeff", "\0", "\t", "training", "epochs", "roles"),
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text())
def test_what_is_read_is_what_yaml_says(text):
    """The twin: PyYAML's own safe reader; a refusal needs no reason there, a value does."""
    try:
        found = parse_yaml(text, "x")
    except DataRefused as error:
        assert str(error).startswith("x: ")
        return
    assert repr(found) == repr(yaml.safe_load(text))
    assert all(type(key) is str for key in found)
    repr(found).encode()


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["training", "roles", "noise", "sampler", "name", "run", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["epochs", "dim", "kind", "scheme", "input", "q"]),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=6,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_values_make_a_recipe_or_a_refusal(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "values.yaml"
    try:
        path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    except UnicodeEncodeError:
        return
    try:
        recipe = recipe_in(path)
    except NodeembError as error:
        assert error.exit_code in (2, 3) and len(str(error)) > 10
    else:
        assert recipe.scheme().columns(recipe.width())


# ---- tables of vectors -------------------------------------------------------------------


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
