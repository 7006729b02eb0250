"""The peak of a run against `nodeemb estimate`: within a quarter, on a real and a large graph.

    python -m pytest -m bench -s tests/bench/test_peak.py

Each run is `nodeemb embed` in a process of its own, reading a file; the peak is the
process's largest resident set, as the run's own manifest has it. A small run of the same kind
goes before each, since compiling the kernels, once on a machine, takes some 100 MiB more.
"""

import json
import subprocess
import sys

import numpy as np
import pytest

from nodeemb.forecast import PROGRAM, Size, forecast_memory
from nodeemb.io.cards import load_card
from nodeemb.recipe import load_recipe
from nodeemb.rng import integers, stream_key, units

pytestmark = pytest.mark.bench
EPOCH = ("--set", "training.epochs=1", "-q")


def peak_of(folder, graph, preset, dim):
    """Bytes at most, of a run of one epoch, its kernels compiled before."""
    (folder / "small").write_text("1 2\n2 3\n3 1\n3 4\n")
    for name, out in (("small", "before"), (graph, "run")):
        run = [sys.executable, "-m", "nodeemb.cli.main", "embed", name]
        run += ["--preset", preset, "--dim", str(dim), *EPOCH, "--out", out]
        subprocess.run(run, cwd=folder, check=True)
    told = json.loads((folder / "run" / "manifest.json").read_text())
    return told["peak_memory_mb"] * 2**20


def compare(folder, graph, size, preset, dim):
    recipe = load_recipe(preset, overrides={"roles.dim": dim, "training.epochs": 1})
    memory = forecast_memory(size, recipe)
    forecast = memory.peak + PROGRAM
    peak = peak_of(folder, graph, preset, dim)
    print(
        f"\n{graph} {preset} dim {dim}: forecast {forecast / 2**20:,.0f} MiB, "
        f"peak {peak / 2**20:,.0f} MiB, {100 * (forecast / peak - 1):+.0f} %"
    )
    assert abs(forecast - peak) < 0.25 * peak


@pytest.mark.parametrize(
    ("preset", "dim"), [("nerd", 128), ("deepwalk", 128), ("line1", 16), ("app", 64)]
)
def test_epinions(tmp_path, preset, dim):
    counts = load_card("soc-Epinions1").counts
    size = Size(counts.nodes, counts.edges)
    compare(tmp_path, "soc-Epinions1", size, preset, dim)


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """A file of 16 million edges among a million nodes, and its size."""
    n, m = 1_000_000, 16_200_000
    targets = (units(stream_key(0, "target"), 0, m) ** 2 * n).astype(np.int64)
    sources = integers(stream_key(0, "source"), 0, m, n).astype(np.int64)
    codes = np.unique(sources * n + targets)
    path = tmp_path_factory.mktemp("million") / "edges.txt"
    import pyarrow as pa
    from pyarrow import csv

    table = pa.table({"source": codes // n, "target": codes % n})
    csv.write_csv(table, path, csv.WriteOptions(include_header=False, delimiter=" "))
    ends = np.concatenate([codes // n, codes % n])
    return path, Size(len(np.unique(ends)), len(codes))


@pytest.mark.parametrize(("preset", "dim"), [("line2", 64), ("line1", 4), ("nerd", 16)])
def test_a_million_nodes(tmp_path, million, preset, dim):
    path, size = million
    assert size.nodes > 990_000 and size.edges > 16_000_000
    compare(tmp_path, str(path), size, preset, dim)
