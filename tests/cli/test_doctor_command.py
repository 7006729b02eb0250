"""`nodeemb doctor`: what it tells, that it notices what is wrong, and the cache it cleans."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nodeemb import __version__, compiled, doctor, kept_code, self_test
from nodeemb.io import cards
from nodeemb.training.backends import steps, updates

OLD, USED = "0123456789abcdef0123", "fedcba98765432100000"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache with two old folders, one in use, and what is none of ours."""
    folder = tmp_path / "cache"
    for name in (OLD, OLD[::-1], USED, "notes"):
        (folder / name / "sub").mkdir(parents=True)
        (folder / name / "sub" / "code").write_bytes(bytes(1000))
    (folder / ("a" * 20)).symlink_to(folder / "notes")
    (folder / ("b" * 20)).write_text("a file")
    monkeypatch.setattr(kept_code, "kept_folder", lambda: folder)
    monkeypatch.setattr(kept_code, "names_in_use", lambda: {USED})
    return folder


def age(folder, seconds):
    """Makes everything in a folder so old."""
    then = time.time() - seconds
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then))


def test_all_is_well(nodeemb, here):
    result = nodeemb("doctor")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("\nAll well\n")
    assert result.stderr == ""
    told = dict(
        line.split(None, 1) for line in result.stdout.splitlines() if line[0] != " "
    )
    assert told["nodeemb"].startswith(__version__)
    assert told["numpy"] == np.__version__
    assert told["python"].startswith(".".join(map(str, sys.version_info[:3])))
    assert "debian-depends" in told["data"]  # the line of the sets, named last
    assert result.stdout.count(": well (") == 3


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("NODEEMB_DATA", "gone", "NODEEMB_DATA names gone, which is no folder"),
        ("NODEEMB_THREADS", "0", "NODEEMB_THREADS: threads is 0"),
    ],
)
def test_variables_that_lead_nowhere(
    refused, here, monkeypatch, variable, value, complaint
):
    monkeypatch.setenv(variable, value)
    assert complaint in refused(1, "doctor")


def test_a_package_that_is_missing(nodeemb, here, monkeypatch):
    monkeypatch.setattr(
        doctor, "_version", lambda name: None if name in ("scipy", "torch") else "1.0"
    )
    result = nodeemb("doctor")
    assert result.exit_code == 1
    assert "Error: scipy is missing: install nodeemb again." in result.stderr
    assert "torch            not installed\n" in result.stdout
    assert "All well" not in result.stdout


def test_wrong_numbers_are_noticed(nodeemb, here, monkeypatch):
    monkeypatch.setattr(self_test, "_LOSS", 0.78)
    result = nodeemb("doctor")
    assert result.exit_code == 1
    assert "WRONG: the loss is 0.787339, and should be 0.780000" in result.stdout
    after = np.array(self_test._AFTER)
    after[2, 3] += 1e-4
    monkeypatch.setattr(self_test, "_AFTER", after)
    assert "the vectors are off by 0.0001" in nodeemb("doctor").stderr


def test_results_that_differ_are_noticed(nodeemb, here, monkeypatch):
    real = self_test._trained

    def trained(threads):
        made = real(threads)
        return made if threads == 1 else replace(made, table=made.table * 2)

    monkeypatch.setattr(self_test, "_trained", trained)
    result = nodeemb("doctor")
    assert result.exit_code == 1
    assert "1 and 2 threads, bit for bit: the vectors differ" in (result.stderr)
    monkeypatch.setattr(self_test, "_trained", lambda threads: 1 // 0)
    assert "ZeroDivisionError: " in nodeemb("doctor").stderr  # and no traceback


def test_the_step_is_what_the_formula_says():
    """The numbers that stand in the file, worked out again from the loss by differences."""

    def loss(flat):
        (x, _), (_, y), (_, z) = flat.reshape(3, 2, 2)
        return np.log1p(np.exp(-x @ y)) + np.log1p(np.exp(x @ z))

    start = np.array(self_test._START).ravel()
    slope = [
        (loss(start + step) - loss(start - step)) / 2e-6 for step in 1e-6 * np.eye(12)
    ]
    assert loss(start) == pytest.approx(self_test._LOSS, abs=1e-9)
    assert start - slope == pytest.approx(np.ravel(self_test._AFTER), abs=1e-8)


def test_the_cache_is_measured_and_nothing_removed(nodeemb, here, kept):
    before = sorted(kept.rglob("*"))
    told = nodeemb("doctor").stdout
    assert f"{kept}, since the folder asked for cannot be written" in told
    assert "1 folders in use" in told
    assert "2 folders not used by this installation" in told
    assert sorted(kept.rglob("*")) == before
    found = kept_code.look()
    assert [path.name for path in found.old] == sorted([OLD, OLD[::-1]])
    assert found.used_bytes >= 1000
    assert found.old_bytes >= 2000


def test_cleaning_takes_what_is_old_and_unused_only(nodeemb, here, kept):
    for name in (OLD, USED, "notes"):
        age(kept / name, 7200)
    result = nodeemb("doctor", "--clean-cache")
    assert result.exit_code == 0
    assert result.stdout.startswith("1 folders removed, ")
    assert "1 changed within the last hour and stay" in result.stderr
    left = {path.name for path in kept.iterdir()}
    assert left == {OLD[::-1], USED, "notes", "a" * 20, "b" * 20}
    assert (kept / "notes" / "sub" / "code").exists()
    assert nodeemb("doctor", "--clean-cache").stdout.startswith("0 folders removed")


def test_the_folders_in_use_are_those_of_the_kernels():
    names = compiled.names_in_use()
    for kernel in (updates.apply_share, steps.do_steps):
        assert set(Path(kernel.stats.cache_path).parts) & names
    assert compiled.kept_folder().is_dir()


def test_the_facts_load_nothing_heavy(here):
    code = (
        "import sys\nfrom nodeemb.doctor import facts\nfacts()\n"
        "print(*[m for m in ('torch', 'networkx', 'sklearn', 'gensim') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_without_a_data_folder(nodeemb, here, monkeypatch):
    monkeypatch.delenv("NODEEMB_DATA", raising=False)
    monkeypatch.setattr(cards, "checkout_folder", lambda: None)
    told = nodeemb("doctor").stdout
    assert "NODEEMB_DATA is not set\n" in told
    assert "1 of " in told
