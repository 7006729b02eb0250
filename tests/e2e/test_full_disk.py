"""A full disk, a folder that nobody may write to, a file that goes away: told, and harmless.

The disk is a tmpfs of two megabytes, where this user may mount one; else the tests of it
are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest

from nodeemb.embedding.embedding import load
from nodeemb.training.checkpoint import read_header

NODEEMB = [sys.executable, "-m", "nodeemb.cli.main"]


def nodeemb(*args, **options):
    """The program, to its end."""
    return subprocess.run(
        [*NODEEMB, *map(str, args)], capture_output=True, text=True, **options
    )


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A small disk with a finished run on it."""
    place = tmp_path_factory.mktemp("disk")
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True
        ).returncode
    ):
        pytest.skip("no small disk can be mounted here")
    try:
        edges = "".join(
            f"{i} {(i * k + k) % 2000}\n" for i in range(2000) for k in (1, 2, 3)
        )
        (place / "edges.txt").write_text(edges)
        small = nodeemb("embed", "edges.txt", *QUICK, "--out", "small", cwd=place)
        assert small.returncode == 0, small.stderr
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


QUICK = (
    "--preset", "line2", "--dim", "2", "--set", "training.epochs=1",
    "--duplicates", "first", "-q",
)  # fmt: skip
LONG = (*QUICK[:5], "training.epochs=1000000")
LARGE = (*QUICK[:3], "128", *QUICK[4:])


@pytest.fixture
def small(disk):
    """The run on the small disk, which must be as it was at the end of the test."""
    files = {path: path.read_bytes() for path in (disk / "small").iterdir()}
    before = sorted(disk.iterdir())
    yield disk
    for path in sorted(set(disk.rglob("*")) - set(files)):
        if path.is_file() and path.name.startswith(("filler", "big")):
            path.unlink()
    assert {path: path.read_bytes() for path in (disk / "small").iterdir()} == files
    assert sorted(disk.iterdir()) == before
    load(disk / "small")


def full(done):
    """A message, the exit code of resources, and no traceback."""
    assert done.returncode == 4, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_run_too_large_for_the_disk(small):
    done = nodeemb("embed", "edges.txt", *LARGE, "--out", "big", cwd=small)
    assert "nothing half is left" in full(done)
    assert not (small / "big").exists()
    kept = small / "big.checkpoint"
    read_header(kept)  # the first one, which is small
    elsewhere = small.parent / f"{small.name}-elsewhere"
    elsewhere.mkdir()
    shutil.move(kept, elsewhere)
    again = nodeemb("embed", "--resume", elsewhere / kept.name, "-q", cwd=small)
    assert again.returncode == 0, again.stderr
    assert load(elsewhere / "big").dim == 128


def test_no_room_at_the_beginning(small):
    (small / "filler").write_bytes(b"x" * free(small))
    full(nodeemb("embed", "edges.txt", *QUICK, "--out", "big", cwd=small))


@pytest.mark.parametrize(
    "format", ["word2vec", "word2vec-binary", "npz", "parquet", "projector"]
)
def test_export(small, format):
    (small / "filler").write_bytes(b"x" * (free(small) - 8192))
    done = nodeemb(
        "export", "small", "--format", format, "--out", "big", "-q", cwd=small
    )
    full(done)


def test_evaluate(small):
    (small / "filler").write_bytes(b"x" * (free(small) - 8192))
    done = nodeemb(
        "evaluate", "edges.txt", "--duplicates", "first", "--preset", "line2",
        "--width", "4", "--out", "big", "-q", cwd=small,
    )  # fmt: skip
    full(done)


def free(place):
    """Bytes that still fit."""
    told = os.statvfs(place)
    return told.f_bavail * told.f_bsize


@pytest.fixture
def edges(tmp_path):
    """A file of edges in an empty folder."""
    path = tmp_path / "edges.txt"
    path.write_text("".join(f"{i} {(i + k) % 50}\n" for i in range(50) for k in (1, 2)))
    return path


@pytest.mark.parametrize(
    "command",
    [
        ("embed", "edges.txt", *QUICK, "--out", "no/run"),
        ("evaluate", "edges.txt", "--preset", "line2", "-q", "--out", "no/run"),
    ],
)
def test_a_folder_that_cannot_be(edges, command):
    (edges.parent / "no").write_text("a file, no folder")
    done = nodeemb(*command, cwd=edges.parent)
    assert done.returncode == 2 and "no is not a folder" in done.stderr
    assert (edges.parent / "no").read_text() == "a file, no folder"


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere"
)
def test_a_folder_that_may_not_be_written_to(edges):
    locked = edges.parent / "locked"
    locked.mkdir(mode=0o500)
    done = nodeemb(
        "embed", "edges.txt", *QUICK, "--out", "locked/run", cwd=edges.parent
    )
    assert done.returncode == 2 and "may not be written to" in done.stderr


def stopped(edges):
    """A long run that was stopped once its first checkpoint was there; what it said."""
    kept = edges.parent / "run.checkpoint"
    process = subprocess.Popen(
        [*NODEEMB, "embed", edges.name, *LONG, "--out", "run"],
        cwd=edges.parent, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 300
    while not kept.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    edges.unlink()
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    return said


def test_a_file_that_is_removed_while_the_run_goes_on(edges):
    """The graph is in memory; what is refused is to go on without the file later."""
    assert "nodeemb embed --resume run.checkpoint" in stopped(edges)
    done = nodeemb("embed", "--resume", "run.checkpoint", "-q", cwd=edges.parent)
    assert done.returncode in (2, 3) and "edges.txt" in done.stderr
    assert [path.name for path in edges.parent.iterdir()] == ["run.checkpoint"]


def test_a_graph_that_has_changed_is_not_gone_on_with(edges):
    text = edges.read_text()
    stopped(edges)
    edges.write_text(text + "0 40\n")
    done = nodeemb("embed", "--resume", "run.checkpoint", "-q", cwd=edges.parent)
    assert done.returncode == 2, done.stderr
    assert "of another run: graph is not the same" in done.stderr
