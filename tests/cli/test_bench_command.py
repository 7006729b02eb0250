"""`nodeemb bench`: what is measured, kept and shown, and what it refuses."""

import json
from pathlib import Path

import pytest

from nodeemb.bench import figures, process
from nodeemb.bench.figures import QUICK, Figure
from nodeemb.bench.measures import MEASURES
from nodeemb.bench.peers import PEERS
from nodeemb.errors import RunFailed


@pytest.fixture
def faked(monkeypatch):
    """Measures that take no time; their speed can be set."""
    speed = {"value": 10.0, "asked": []}

    def measured(name, sizes):
        speed["asked"].append((name, sizes))
        if name in ("gensim", "start"):
            raise RunFailed(f"the measure {name} failed: No module named '{name}'")
        return [Figure(name, speed["value"], "M steps/CPU-s", "higher")]

    monkeypatch.setattr(process, "measured", measured)
    return speed


def test_a_real_measure_is_kept_and_shown(nodeemb, here, monkeypatch):
    monkeypatch.setattr(
        figures, "QUICK", QUICK._replace(small_nodes=50, small_edges=99, seconds=0.01)
    )
    result = nodeemb("bench", "walks_small", "--quick")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("quick_walks_small")
    line = json.loads(Path("bench.jsonl").read_text())
    assert line["name"] == "quick_walks_small"
    assert line["value"] > 0
    assert {"unit", "commit", "nodeemb", "machine", "packages", "date"} <= line.keys()


def test_a_loss_of_speed_is_red_with_both_values(nodeemb, here, faked, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "before" not in nodeemb("bench", "walks_small").stdout
    faked["value"] = 9.0
    told = nodeemb("bench", "walks_small").stdout
    assert "before 10" in told and "WORSE" not in told and "\x1b[31m" not in told
    faked["value"] = 7.0
    told = nodeemb("bench", "walks_small").stdout
    assert "7 M steps/CPU-s   before 9   WORSE" in told and "\x1b[31m" in told
    assert len(Path("bench.jsonl").read_text().splitlines()) == 3


def test_quick_figures_are_compared_apart(nodeemb, here, faked):
    nodeemb("bench", "walks_small", "--history", "own.jsonl")
    told = nodeemb("bench", "walks_small", "--quick", "--history", "own.jsonl").stdout
    assert told.startswith("quick_walks_small") and "before" not in told
    assert not Path("bench.jsonl").exists()
    assert faked["asked"][1] == ("walks_small", QUICK)


def test_all_measures_and_a_peer_that_is_missing(nodeemb, here, faked):
    result = nodeemb("bench", "--peers")
    assert result.exit_code == 1  # start failed; a peer that fails is only told
    assert "not measured: start." in result.stderr
    assert (
        "gensim: the measure gensim failed: No module named 'gensim'" in result.stderr
    )
    asked = [name for name, _ in faked["asked"]]
    assert asked == [*MEASURES, *PEERS]
    assert len(Path("bench.jsonl").read_text().splitlines()) == len(asked) - 2


def test_the_list_measures_nothing(nodeemb, here, faked):
    told = nodeemb("bench", "--list").stdout
    assert all(name in told for name in (*MEASURES, *PEERS))
    assert faked["asked"] == [] and not Path("bench.jsonl").exists()


def test_wrong_names_and_files(refused, here, faked):
    assert "Did you mean walks_small?" in refused(2, "bench", "walk_small")
    Path("folder").mkdir()
    assert "cannot be read" in refused(2, "bench", "--history", "folder")
    assert "no folder gone" in refused(2, "bench", "--history", "gone/b.jsonl")
    Path("bad.jsonl").write_text("{}\n")
    assert "bad.jsonl, line 1" in refused(3, "bench", "--history", "bad.jsonl")
    assert faked["asked"] == []
