"""Dose and response: does a contrast gain more where a graph holds more role structure?

The dose of a graph is the skew share that `nodeemb diagnose` measures of the whole graph, with
noise taken off; the response is the mean difference of a contrast. Both stand in the study's
folder: the doses in one file, written anew after each graph.

tau, p: Kendall's, by permutation. The range is of tau with each origin of data
sets left out in turn (nodeemb.study.datasets): all doses are of one, and so is a text with its
windows and twins.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nodeemb.diagnosis.options import DiagnoseOptions
from nodeemb.errors import DataRefused
from nodeemb.graph.graph import Graph
from nodeemb.io.atomic import write_json
from nodeemb.progress import Progress, ProgressFn
from nodeemb.study.contrasts import Answer
from nodeemb.study.datasets import Material
from nodeemb.study.plan import Graphs
from nodeemb.study.results import DIAGNOSES, Results, read_diagnoses
from nodeemb.study.statistics import Trend, trend
from nodeemb.study.tasks import digest_of_counts

if TYPE_CHECKING:
    from nodeemb.diagnosis.result import Diagnosis

FEWEST = 4  # graphs


class Dose(NamedTuple):
    """A contrast in one column and kind of split against the skew of its graphs."""

    contrast: str
    column: str
    split: str
    graphs: int
    found: Trend


def diagnose_graphs(
    graphs: Graphs,
    names: Iterable[str],
    folder: Path,
    progress: ProgressFn | None = None,
) -> dict[str, dict[str, Any]]:
    """Name of a graph -> its diagnosis as plain data; those that are there are kept.

    Data sets of the same evidence are diagnosed once.

    Args:
        graphs: of a study.
        names: which of them.
        folder: of the study; it exists.
        progress: called before each graph.
    """
    found = read_diagnoses(folder)
    known = {told.get("graph_hash"): told for told in found.values()}
    began, names = time.monotonic(), list(names)
    for number, name in enumerate(names):
        material = graphs.read(name)
        digest = digest_of(material)
        if _is_of_today(found.get(name, {}), digest):
            continue
        if _is_of_today(known.get(digest, {}), digest):
            found[name] = known[digest]
            write_json(folder / DIAGNOSES, found, overwrite=True)
            continue
        if progress is not None:
            seconds, share = time.monotonic() - began, number / len(names)
            progress(Progress(f"diagnose {name}", share, 0.0, "", None, seconds))
        found[name] = known[digest] = {
            "graph_hash": digest,
            **_diagnosed(material).as_dict(),
        }
        write_json(folder / DIAGNOSES, found, overwrite=True)
    return found


def _is_of_today(told: dict[str, Any], digest: str) -> bool:
    """Whether a diagnosis is of this data set, by what is measured today."""
    from nodeemb.diagnosis.result import Diagnosis

    if told.get("graph_hash") != digest:
        return False
    try:
        return Diagnosis.from_dict(told).options == DiagnoseOptions()
    except DataRefused:
        return False


def digest_of(material: Material) -> str:
    """A hash of a graph, or of all evidence."""
    if isinstance(material, Graph):
        return material.digest()
    return digest_of_counts(material.whole)


def _diagnosed(material: Material) -> Diagnosis:
    from nodeemb.diagnosis.diagnose import diagnose, diagnose_evidence

    if isinstance(material, Graph):
        return diagnose(material)
    return diagnose_evidence(material, "events", DiagnoseOptions())


def doses(results: Results, told: Sequence[Answer]) -> list[Dose]:
    """A trend for each contrast, column and kind of split with enough graphs."""
    diagnoses, origins = results.diagnoses, results.study.origins
    kinds = dict.fromkeys((a.contrast, a.column, a.split) for a in told)
    found = []
    for contrast, column, split in kinds:
        points = [
            (skew, a.found.mean, origins[a.dataset])
            for a in told
            if (a.contrast, a.column, a.split) == (contrast, column, split)
            and (skew := diagnoses.get(a.dataset, {}).get("skew", {}).get("value"))
            is not None
        ]
        if len(points) >= FEWEST:
            dose, response, read = zip(*points, strict=True)
            line = trend(dose, response, read)
            found.append(Dose(contrast, column, split, len(points), line))
    return found


NOTE = (
    "Dose: the share of a graph's structure that is asymmetric, noise taken off (nodeemb "
    "diagnose); response: the mean difference. tau and p: Kendall's; and tau with the data "
    "sets of each origin left out in turn, an origin being a text, a graph, or what draws."
)
HEADS = ["contrast", "column", "split", "graphs", "tau", "p", "tau, an origin left out"]


def rows(found: Sequence[Dose]) -> list[list[str]]:
    """For people."""
    return [
        [
            one.contrast, one.column, one.split, str(one.graphs),
            f"{one.found.tau:+.2f}", f"{one.found.p:.3f}",
            f"{one.found.least:+.2f} .. {one.found.most:+.2f}",
        ]
        for one in found
    ]  # fmt: skip
