"""Files are written whole or not at all, and nothing is overwritten unasked."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from nodeemb.errors import OutOfResources, RunFailed, WrongUse
from nodeemb.io import atomic
from nodeemb.io.atomic import (
    write_bytes_atomically,
    write_json,
    write_text_atomically,
)


def test_writes_what_it_is_given(tmp_path):
    assert (
        write_bytes_atomically(tmp_path / "a", b"\x00\xff").read_bytes() == b"\x00\xff"
    )
    assert write_text_atomically(tmp_path / "b", "ä\n").read_bytes() == "ä\n".encode()
    value = {"b": [1, 2.5, None], "a": "ß"}
    text = write_json(tmp_path / "c.json", value).read_text("utf-8")
    assert json.loads(text) == value
    assert text.endswith("}\n") and "ß" in text
    assert text.index('"b"') < text.index('"a"')
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c.json"]


def test_keeps_an_existing_file_unless_told(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(WrongUse, match=r"exists.*Nothing is overwritten"):
        write_text_atomically(path, "new")
    assert path.read_text() == "old"
    write_text_atomically(path, "new", overwrite=True)
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_file_made_at_the_last_moment_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "a"
    monkeypatch.setattr(atomic.os, "fsync", lambda handle: path.write_text("other"))
    with pytest.raises(WrongUse, match="exists"):
        write_text_atomically(path, "mine")
    assert path.read_text() == "other"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_without_hard_links(tmp_path, monkeypatch):
    def no_links(source, target):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(atomic.os, "link", no_links)
    write_text_atomically(tmp_path / "a", "one")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    with pytest.raises(WrongUse, match="exists"):
        write_text_atomically(tmp_path / "a", "two")


def test_permissions_are_those_of_any_new_file(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    made = write_text_atomically(tmp_path / "made", "")
    assert made.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.ENOSPC, OutOfResources, "No space left"),
        (errno.EIO, RunFailed, "could not"),
    ],
)
def test_failure_leaves_nothing(tmp_path, monkeypatch, number, kind, said):
    def fail(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic.os, "fsync", fail)
    with pytest.raises(kind, match=said):
        write_bytes_atomically(tmp_path / "a", b"x" * 1000)
    assert list(tmp_path.iterdir()) == []


def test_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes_atomically(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []


def test_missing_folder(tmp_path):
    with pytest.raises(WrongUse, match="there is no folder"):
        write_text_atomically(tmp_path / "no" / "a", "x")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_json_refuses_what_it_cannot_say(tmp_path, value):
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "a.json", {"x": value})
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_place_is_told_in_words(tmp_path, monkeypatch):
    """There even the removal of a file that is not there is refused."""

    def refuse(self, *args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(RunFailed, match="could not be written: Read-only file system"):
        write_bytes_atomically(tmp_path / "a", b"")
