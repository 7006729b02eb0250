"""A study that is killed in the middle of a cell goes on to the numbers of one that was not.

python -m pytest -m slow tests/e2e/test_study_kills.py
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nodeemb.study.results import load_results

pytestmark = pytest.mark.slow
KILLS = 8
STUDY = {
    "name": "killed",
    "title": "Killed",
    "datasets": ["debian-depends"],
    "arms": ["line2", "nerd", {"baseline": "degree_sum"}],
    "columns": ["auc", "pair_accuracy"],
    "seeds": [0, 1],
    "width": 16,
    "pairs": 3e6,
}


def command(out):
    return [
        sys.executable, "-m", "nodeemb.cli.main", "study", "study.yaml", "--out", out,
        "-q",
    ]  # fmt: skip


def numbers(folder):
    return {
        place: (r["key"], r["state"], r["test"], r["training"].get("pairs"))
        for place, r in load_results(folder).cells.items()
    }


def test_kills_change_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(json.dumps(STUDY))
    began = time.monotonic()
    subprocess.run(command("whole"), check=True, capture_output=True)
    longest = time.monotonic() - began
    draw, killed = random.Random(5), 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            command("out"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        time.sleep(draw.uniform(0.2, 0.7) * longest)
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), said
        killed += process.returncode != 0
        for path in Path("out/cells").glob("*.json"):
            json.loads(path.read_text())
    assert killed
    subprocess.run(command("out"), check=True, capture_output=True)
    assert numbers("out") == numbers("whole")
    assert len(numbers("out")) == 6


def test_an_interrupt_says_what_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(json.dumps({**STUDY, "pairs": 2e7}))
    process = subprocess.Popen(
        command("out"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and not list(Path("out").glob("cells/*.json")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "of 6 cells were done and are kept in out" in said
