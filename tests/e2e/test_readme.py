"""The README's examples run, and its tables name what there is."""

import re
from pathlib import Path

import pytest

from nodeemb.options import parse_yaml
from nodeemb.recipe import presets
from nodeemb.roles.scheme import RoleScheme
from nodeemb.roles.schemes import SCHEMES

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def block(language):
    """The first code block of a language."""
    return re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL).group(1)


def names_of_table(heading):
    """The first column of the table under a heading."""
    part = TEXT.split(f"## {heading}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z_0-9]+) \|", part, re.MULTILINE)
    return {name for name in rows if name not in ("preset", "scheme")}


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    people = ["alice", "bob", "carol", "dave", "eve"]
    edges = [(a, b) for a in people for b in people if a < b]
    Path("edges.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in edges))
    example = block("python")
    assert len(example.strip().splitlines()) <= 7
    exec(example, {})
    assert "eve" in capsys.readouterr().out
    assert (tmp_path / "runs" / "alice" / "embedding.safetensors").is_file()


def test_the_scheme_example_is_a_scheme():
    scheme = RoleScheme(**parse_yaml(block("yaml"), "README"))
    assert scheme.columns(64) == {"shared": 32, "source": 16, "target": 16}


@pytest.mark.parametrize(
    ("heading", "there"), [("Presets", presets()), ("Role schemes", SCHEMES)]
)
def test_a_table_lists_what_there_is(heading, there):
    assert names_of_table(heading) == set(there)
