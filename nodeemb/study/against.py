"""Where a method is below the best other one, by more than chance and a hair.

    below where  mean(y - x) > max(0.005, 2 se),   se = standard error of y_s - x_s over seeds

with x the method asked about and y the best other method: the one with the highest mean on
the validation links of the same split. Where a split has none, the highest mean on the test
links takes its place, which asks more of x than an honest choice would. Baselines are no
methods, and are not chosen.
"""

from __future__ import annotations

from statistics import fmean
from typing import NamedTuple

from nodeemb.errors import unknown_name
from nodeemb.study.results import Results, summary

HAIR = 0.005


class Comparison(NamedTuple):
    """A method and the best other one, in one column of one split of one graph.

    chosen_on: "validation" or "test".
    own, other: means over the seeds that both have.
    difference: of the other and the own, paired; error: its standard error, 0 for one seed.
    """

    dataset: str
    split: str
    column: str
    best_other: str
    chosen_on: str
    own: float
    other: float
    difference: float
    error: float
    runs: int

    @property
    def margin(self) -> float:
        """What the difference must exceed."""
        return max(HAIR, 2 * self.error)

    @property
    def below(self) -> bool:
        """Whether the other is above by more than that."""
        return self.difference > self.margin


def against(results: Results, arm: str) -> list[Comparison]:
    """A method beside the best other in every column that both have.

    Raises:
        WrongUse: no arm of this name in the study.
    """
    if arm not in results.arms:
        raise unknown_name("arm", arm, results.arms)
    found = [
        _compare(results, arm, dataset, split, column)
        for dataset, split in results.groups()
        for column in results.study.columns_of(dataset)
    ]
    return [comparison for comparison in found if comparison is not None]


def _compare(
    results: Results, arm: str, dataset: str, split: str, column: str
) -> Comparison | None:
    own = results.values(dataset, split, arm, column)
    chosen = _best_other(results, arm, dataset, split, column)
    if not own or chosen is None:
        return None
    other, chosen_on = chosen
    values = results.values(dataset, split, other, column)
    seeds = [seed for seed in own if seed in values]
    if not seeds:
        return None
    mean, spread, runs = summary([values[seed] - own[seed] for seed in seeds])
    return Comparison(
        dataset, split, column, other, chosen_on,
        fmean(own[seed] for seed in seeds), fmean(values[seed] for seed in seeds),
        mean, spread / runs**0.5, runs,
    )  # fmt: skip


def _best_other(
    results: Results, arm: str, dataset: str, split: str, column: str
) -> tuple[str, str] | None:
    """(name, which links chose it) of the best other method; None without any.

    Those with fewer seeds than another are not chosen from: their means are of other links.
    """
    others = [a for a in results.arms if a != arm and a not in results.baselines]
    for links in ("validation", "test"):
        found = {
            other: list(results.values(dataset, split, other, column, links).values())
            for other in others
        }
        most = max(map(len, found.values()), default=0)
        if most:
            whole = [other for other in others if len(found[other]) == most]
            return max(whole, key=lambda other: fmean(found[other])), links
    return None
