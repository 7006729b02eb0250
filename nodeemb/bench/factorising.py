"""Where a CPU-second of a factorisation goes, by the functions that it consists of.

pushes        PageRanks by pushing, and the windows of netmf: the rows of a log matrix
products      of a sparse matrix with blocks of vectors; for hope, of the Katz sum
orthogonal    bases kept orthonormal, and small matrices taken apart
other         logarithms, joins, reweighting, regressions, what is left
"""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path

from nodeemb.bench.figures import Figure
from nodeemb.factorised import factorised_table
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe

PRESETS = ("hope", "netmf", "strap", "nrp", "calibrated")
_PARTS = {
    "push.py": "pushes",
    "meetings.py": "pushes",
    "matrix.py": "products",
    "hope.py": "products",
    "svd.py": "orthogonal",
    "_decomp_qr.py": "orthogonal",
    "_decomp_svd.py": "orthogonal",
    "_decomp.py": "orthogonal",
}


def profile(name: str, graph: Graph, few: Graph, dim: int) -> list[Figure]:
    """CPU-seconds of all presets on a graph, one thread; of each; shares of its parts.

    Args:
        name: what the figures begin with.
        graph: directed.
        few: a small one, done before.
        dim: of each preset.
    """
    figures = []
    for preset in PRESETS:
        recipe = load_recipe(preset, overrides={"roles.dim": dim})
        factorised_table(few, recipe, 0, "float32", 1, None)
        watch = cProfile.Profile(time.process_time)
        watch.runcall(factorised_table, graph, recipe, 0, "float32", 1, None)
        spent = shares(watch)
        whole = sum(spent.values())
        figures.append(Figure(f"{name}_{preset}", whole, "CPU-s", "lower"))
        figures += [
            Figure(f"{name}_{preset}_{part}", 100 * seconds / whole, "%", "lower")
            for part, seconds in spent.items()
        ]
    seconds = sum(f.value for f in figures if f.unit == "CPU-s")
    return [Figure(name, seconds, "CPU-s", "lower"), *figures]


def shares(watch: cProfile.Profile) -> dict[str, float]:
    """Seconds by part: each function's own, by the file it stands in."""
    spent = dict.fromkeys([*dict.fromkeys(_PARTS.values()), "other"], 0.0)
    stats = pstats.Stats(watch).stats  # type: ignore[attr-defined]
    for (file, _, _), told in stats.items():
        spent[_PARTS.get(Path(file).name, "other")] += told[2]
    return spent
