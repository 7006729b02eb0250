"""What the cells of a study say together: means and spread over seeds, and paired differences.

mean = sum of x_s / n,   spread = sqrt(sum of (x_s - mean)^2 / (n - 1))
difference of two arms: the same of x_s - y_s, standard error = spread / sqrt(n)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from nodeemb.errors import DataRefused
from nodeemb.options import parse
from nodeemb.study.cells import read_result
from nodeemb.study.only import part_of
from nodeemb.study.options import Study
from nodeemb.study.work import INDEX

DIAGNOSES = "diagnoses.json"


class Number(NamedTuple):
    """A mean over seeds.

    spread: standard deviation over seeds; 0 for one.
    """

    mean: float
    spread: float
    runs: int


class Cost(NamedTuple):
    """What an arm took on a split of a graph.

    cpu_seconds: the least of its finished seeds: the first call compiles, and a busy
        machine only adds. pairs: their mean. epochs: as used; a range over seeds where
        they differ.
    """

    cpu_seconds: float
    pairs: float
    epochs: str


class Standing(NamedTuple):
    """An arm over all graphs, splits and seeds.

    best: columns (of a split of a graph) in which its mean is the highest.
    cpu_seconds: of one seed of every split of every graph (`Cost`). pairs: of all cells.
    """

    arm: str
    best: int
    cpu_seconds: float
    pairs: float
    done: int
    failed: int


@dataclass(frozen=True, eq=False)
class Results:
    """The cells of a study that are there.

    Attributes:
        study: what was asked.
        cells: (data set, split, arm, seed) -> result, done or failed.
        wanted: how many there are to be in all.
        diagnoses: graph -> what nodeemb diagnose says of it, where the study asks.
    """

    study: Study
    cells: Mapping[tuple[str, str, str, int], dict[str, Any]]
    wanted: int
    diagnoses: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def datasets(self) -> list[str]:
        """Names, in order."""
        return [one.called for one in self.study.datasets]

    @property
    def arms(self) -> list[str]:
        """Names, in order."""
        return self.study.all_arms()

    @property
    def baselines(self) -> set[str]:
        """Names of the arms that nothing is trained for."""
        return {arm.called for arm in self.study.arms if arm.baseline is not None}

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Results that are errors."""
        return [result for result in self.cells.values() if result["state"] == "failed"]

    def groups(self) -> Iterable[tuple[str, str]]:
        """(data set, split), in order."""
        return ((d, s) for d in self.datasets for s in self.study.splits_of(d))

    def values(
        self, dataset: str, split: str, arm: str, column: str, links: str = "test"
    ) -> dict[int, float]:
        """Seed -> number, of finished cells that have it.

        Args:
            dataset, split, arm, column: names.
            links: "test" or "validation": which hidden links it was measured on.
        """
        found = {}
        for seed in self.study.seeds_of(dataset):
            result = self.cells.get((dataset, split, arm, seed))
            if result is not None and column in result[links]:
                found[seed] = float(result[links][column])
        return found

    def keys(self, dataset: str, split: str, arm: str) -> list[str]:
        """Keys of the cells that are there, in the order of seeds."""
        places = [(dataset, split, arm, s) for s in self.study.seeds_of(dataset)]
        return [self.cells[place]["key"] for place in places if place in self.cells]

    def number(self, dataset: str, split: str, arm: str, column: str) -> Number | None:
        """Mean and spread on test links; None where no cell has it."""
        values = self.values(dataset, split, arm, column)
        return summary(list(values.values())) if values else None

    def best(self, dataset: str, split: str, column: str) -> set[str]:
        """The arms with the highest mean, those with fewer seeds than others left out."""
        found = {a: self.number(dataset, split, a, column) for a in self.arms}
        there = {arm: number for arm, number in found.items() if number is not None}
        most = max((number.runs for number in there.values()), default=0)
        means = {arm: n.mean for arm, n in there.items() if n.runs == most}
        return {arm for arm, mean in means.items() if mean == max(means.values())}

    def cost(self, dataset: str, split: str, arm: str) -> Cost | None:
        """What training took; None where no cell is done."""
        told = [
            result["training"]
            for seed in self.study.seeds_of(dataset)
            if (result := self.cells.get((dataset, split, arm, seed)))
            and result["state"] == "done"
        ]
        if not told:
            return None
        epochs = sorted({t["epochs"] for t in told if t.get("epochs")})
        return Cost(
            min(t["cpu_seconds"] for t in told),
            fmean(t["pairs"] for t in told),
            "-".join(map(str, dict.fromkeys((*epochs[:1], *epochs[-1:])))),
        )


def standings(results: Results) -> list[Standing]:
    """Every arm over the whole study, in order."""
    wins = [
        results.best(dataset, split, column)
        for dataset, split in results.groups()
        for column in results.study.columns_of(dataset)
    ]
    return [
        _standing(results, arm, sum(arm in best for best in wins))
        for arm in results.arms
    ]


def _standing(results: Results, arm: str, best: int) -> Standing:
    own = [r for place, r in results.cells.items() if place[2] == arm]
    told = [r["training"] for r in own if r["state"] == "done"]
    costs = (results.cost(*group, arm) for group in results.groups())
    return Standing(
        arm,
        best,
        sum(cost.cpu_seconds for cost in costs if cost is not None),
        sum(t["pairs"] for t in told),
        len(told),
        len(own) - len(told),
    )


def summary(values: Sequence[float]) -> Number:
    """Mean, spread and count of some numbers."""
    spread = stdev(values) if len(values) > 1 else 0.0
    return Number(fmean(values), spread, len(values))


def load_results(folder: str | Path, only: Sequence[str] = ()) -> Results:
    """The results in a study's folder, whatever is there of them.

    Args:
        folder: of the study.
        only: groups and data sets that are wanted; none: all.

    Raises:
        DataRefused: there is no study in it.
        WrongUse: what is wanted is not in the study.
    """
    folder = Path(folder)
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        study = parse(Study, index["study"], str(folder / INDEX))
        places = [
            ((c["dataset"], c["split"], c["arm"], c["seed"]), c["key"])
            for c in index["cells"]
        ]
    except FileNotFoundError:
        raise DataRefused(
            "no study has been begun in it",
            where=str(folder),
            next_step="Begin one: nodeemb study FILE, or name its folder with --out",
        ) from None
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise DataRefused(
            f"no study can be read from it: {error!r}",
            where=str(folder),
            next_step="Begin one: nodeemb study FILE",
        ) from None
    waiting = index.get("waiting", 0)
    if only:
        study = part_of(study, only)
        names = {one.called for one in study.datasets}
        places = [(place, key) for place, key in places if place[0] in names]
        waiting = 0
    found = {place: read_result(folder, key) for place, key in places}
    cells = {place: result for place, result in found.items() if result is not None}
    return Results(study, cells, len(places) + waiting, read_diagnoses(folder))


def read_diagnoses(folder: Path) -> dict[str, dict[str, Any]]:
    """What is there of the diagnoses of a study's graphs."""
    try:
        told = json.loads((folder / DIAGNOSES).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
