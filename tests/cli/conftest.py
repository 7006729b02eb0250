"""A small graph in a file, an empty working folder, and the program in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from nodeemb.cli.app import app

NODES = 40


def small_edges() -> list[tuple[str, str]]:
    """160 links among 40 nodes: near ahead on a ring, and to node 0 and node 1."""
    ring = [(i, (i + step) % NODES) for i in range(NODES) for step in (1, 2, 3)]
    hubs = [(i, i % 2) for i in range(2, NODES)]
    return [(f"n{u}", f"n{v}") for u, v in dict.fromkeys(ring + hubs)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def edges(here):
    """A file of edges in the working folder."""
    path = Path("edges.tsv")
    path.write_text("".join(f"{u}\t{v}\n" for u, v in small_edges()))
    return str(path)


@pytest.fixture
def nodeemb():
    """Runs a command; the result has exit_code, stdout, stderr."""

    def run(*args):
        return CliRunner().invoke(app, [str(arg) for arg in args])

    return run


@pytest.fixture
def refused(nodeemb):
    """Runs a command that must fail with a code, and returns what it says."""

    def run(code, *args):
        before = sorted(Path().rglob("*"))
        result = nodeemb(*args)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        assert sorted(Path().rglob("*")) == before, "something was left behind"
        return result.stderr

    return run
