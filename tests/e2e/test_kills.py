"""Killed at any moment, a run goes on to the same bits, and no torn file is read as good.

python -m pytest -m slow tests/e2e/test_kills.py         50 kills (NODEEMB_KILLS: more)
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nodeemb.embedding.embedding import load
from nodeemb.errors import DataRefused
from nodeemb.training.checkpoint import read_header

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("NODEEMB_KILLS", "50"))
NODEEMB = [sys.executable, "-m", "nodeemb.cli.main"]
EMBED = [
    "embed", "debian-depends", "--preset", "nerd", "--dim", "64", "--seed", "7", "-q",
    "--set", "training.epochs=2", "--checkpoint-minutes", "0.003",
]  # fmt: skip
RESULT = ["config.yaml", "embedding.safetensors", "graph-report.json"]


def start(*args):
    """The program, in a process of its own."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*NODEEMB, *map(str, args)], **quiet)


def killed(process, moment):
    """Kills a process at a moment; False where it had ended before."""
    moment(process)
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), said
    return process.returncode != 0


def any_time(draw, longest):
    """Waits for a random part of what a whole run takes."""
    seconds = draw.uniform(0, longest)
    return lambda process: wait(process, lambda: False, seconds)


def while_writing(draw, folder):
    """Waits until something is being written, and a moment more."""
    more = draw.uniform(0, 0.1)

    def moment(process):
        wait(process, lambda: any(folder.glob(".*.part")), 60)
        time.sleep(more)

    return moment


def wait(process, true, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None and not true():
        time.sleep(0.0005)


def readable(path, read):
    """Whether a file or folder is there; if it is, it must be whole."""
    if path.exists():
        read(path)
    return path.exists()


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A run that nobody interrupted, and its seconds."""
    folder = tmp_path_factory.mktemp("clean") / "run"
    begun = time.monotonic()
    done = start(*EMBED, "--threads", 1, "--out", folder)
    _, said = done.communicate()
    assert done.returncode == 0, said
    return folder, time.monotonic() - begun


def test_training_and_saving(clean, tmp_path):
    whole, seconds = clean
    draw = random.Random(0)
    kills, finished, attempt, resumed = 0, 0, 0, 0
    while kills < KILLS or not finished:
        attempt += 1
        folder = tmp_path / f"run{attempt}"
        kept = folder.with_name(folder.name + ".checkpoint")
        while True:
            threads = draw.choice([1, 2])
            begin = ["embed", "-q", "--resume", kept] if kept.exists() else EMBED
            place = [] if kept.exists() else ["--out", folder]
            resumed += kept.exists()
            process = start(
                *begin, *place, "--threads", threads, "--checkpoint-minutes", 0.003
            )
            moments = [any_time(draw, seconds), while_writing(draw, tmp_path)]
            moment = draw.choice(moments) if kills < KILLS else lambda p: p.wait()
            kills += killed(process, moment)
            readable(kept, read_header)
            if readable(folder, load):
                break
        for name in RESULT:
            assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
        finished += 1
    print(f"\n{kills} kills, {resumed} resumed, {finished} runs finished")  # noqa: T201
    assert resumed > KILLS / 4


def test_what_a_kill_leaves_is_refused_when_torn(clean, tmp_path):
    """The other half of the claim: a file cut off anywhere is not taken for a good one."""
    whole, _ = clean
    data = (whole / "embedding.safetensors").read_bytes()
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "embedding.json").write_bytes((whole / "embedding.json").read_bytes())
    for length in (0, 7, 100, len(data) // 2, len(data) - 1):
        Path(torn / "embedding.safetensors").write_bytes(data[:length])
        with pytest.raises(DataRefused):
            load(torn)


@pytest.mark.parametrize("format", ["word2vec", "parquet", "projector"])
def test_exporting(clean, tmp_path, format):
    whole, _ = clean
    draw = random.Random(format)
    begun = time.monotonic()
    good = tmp_path / "good"
    command = ("export", whole, "--format", format, "-q", "--out")
    done = start(*command, good)
    done.communicate()
    assert done.returncode == 0
    seconds, kills = time.monotonic() - begun, 0
    for number in range(max(1, KILLS // 5)):
        path = tmp_path / f"out{number}"
        moments = [any_time(draw, seconds), while_writing(draw, tmp_path)]
        kills += killed(start(*command, path), draw.choice(moments))
        if path.exists():
            assert contents(path) == contents(good)
        for part in tmp_path.glob(".*.part"):
            shutil.rmtree(part) if part.is_dir() else part.unlink()
    assert kills


def contents(path):
    """The bytes of a file, or of a folder's files by name."""
    if path.is_file():
        return path.read_bytes()
    return {file.name: file.read_bytes() for file in path.iterdir()}
