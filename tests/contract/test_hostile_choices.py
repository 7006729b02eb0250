"""Files of choices (YAML) that were made to do harm: refused in words, in little time.

Every refusal is checked from Python and from the command line: message, exit code, no
traceback, nothing left behind.
"""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from told import told

from nodeemb.choices import read_config, recipe_of
from nodeemb.errors import DataRefused, NodeembError
from nodeemb.options import parse_yaml, read_yaml

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
    return recipe_of("nerd", None, config=config, dim=None, width=None, options=None)


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
