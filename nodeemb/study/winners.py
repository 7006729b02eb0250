"""Which of the four rungs that nodeemb diagnose can recommend won a data set.

    won = the first of single, signature, sign_skew, source_target that no later one is above
          by more than the margin

It is told in the column that chooses within families there, by means on test evidence over
the splits that all four were run on, at the study's width. A family is the arm of it that
validation chose. Nothing is tested for chance: the margin alone decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import NamedTuple

from nodeemb.study.contrasts import chosen, margin_of
from nodeemb.study.results import Results

RUNGS = ("single", "signature", "sign_skew", "source_target")  # the smaller first


class Contest(NamedTuple):
    """What the rungs got on a split of a data set.

    origin: of the data set (nodeemb.study.datasets).
    values: rung -> mean on test evidence. margins: rung -> what is more than it by less
        does not matter. won: one of them.
    """

    dataset: str
    split: str
    column: str
    origin: str
    values: dict[str, float]
    margins: dict[str, float]
    won: str

    def lost(self, rung: str) -> float:
        """How far the winner is above a rung; below 0 where only the margin is between."""
        return self.values[self.won] - self.values[rung]

    def near(self, rung: str) -> bool:
        """Whether the winner is above a rung by no more than the margin."""
        return self.lost(rung) <= self.margins[rung]


def contests(results: Results) -> list[Contest]:
    """One for each split of a data set on which all four rungs are done.

    Columns without a margin have none: nothing says which differences matter.
    """
    if not all(rung in results.study.families for rung in RUNGS):
        return []
    origins = results.study.origins
    found = (
        _contest(results, dataset, split, origins[dataset])
        for dataset, split in results.groups()
    )
    return [one for one in found if one is not None]


def _contest(results: Results, dataset: str, split: str, origin: str) -> Contest | None:
    column = results.study.chosen_by_of(dataset)
    if column not in results.study.margins:
        return None
    told: dict[str, dict[int, float]] = {}
    for rung in RUNGS:
        arm = chosen(results, rung, dataset, split)
        if arm is None:
            return None
        told[rung] = results.values(dataset, split, arm, column)
    seeds = [seed for seed in told["single"] if all(seed in v for v in told.values())]
    if not seeds:
        return None
    lists = {rung: [values[seed] for seed in seeds] for rung, values in told.items()}
    means = {rung: fmean(values) for rung, values in lists.items()}
    margins = {r: margin_of(results.study, column, v) for r, v in lists.items()}
    won = winner(means, margins)
    return Contest(dataset, split, column, origin, means, margins, won)


def winner(means: Mapping[str, float], margins: Mapping[str, float]) -> str:
    """The smallest rung that no larger one is above by more than its margin.

    Args:
        means: rung -> mean, the smaller first.
        margins: rung -> what is needed to be above it.
    """
    names = list(means)
    return next(
        name
        for place, name in enumerate(names)
        if all(means[o] - means[name] <= margins[name] for o in names[place + 1 :])
    )
