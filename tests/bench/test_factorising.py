"""Factorisations of soc-Epinions1 at dim 128: the peak of a process against its forecast.

    python -m pytest -m bench -s tests/bench/test_factorising.py

The forecast is a bound: the entries that a matrix may have are counted in full.
"""

import json
import subprocess
import sys

import pytest

from nodeemb.forecast import PROGRAM, forecast_memory, graph_size
from nodeemb.io.cards import read_dataset
from nodeemb.recipe import load_recipe

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("preset", ["ase", "nrp", "hope", "strap"])
def test_a_large_graph_within_its_forecast_and_four_gibibytes(tmp_path, preset):
    run = [sys.executable, "-m", "nodeemb.cli.main", "embed", "soc-Epinions1"]
    run += ["--preset", preset, "--dim", "128", "-q", "--out", "run"]
    subprocess.run(run, cwd=tmp_path, check=True)
    told = json.loads((tmp_path / "run" / "manifest.json").read_text())
    peak = told["peak_memory_mb"] * 2**20
    recipe = load_recipe(preset, overrides={"roles.dim": 128})
    size = graph_size(read_dataset("soc-Epinions1"))
    forecast = forecast_memory(size, recipe).peak + PROGRAM
    seconds = told["training"]["seconds"]
    print(
        f"\n{preset}: {seconds:.0f} s, peak {peak / 2**30:.2f} GiB, "
        f"forecast {forecast / 2**30:.2f} GiB"
    )
    assert peak < 1.02 * forecast < 4 * 2**30
