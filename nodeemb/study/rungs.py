"""The ladder over the data sets of a group: where each rung wins and loses.

gap of a rung on a data set = its mean - the highest mean of all rungs,  0 where it wins

A rung is a family of arms or a lone arm, of the same floats a node as all others; baselines
are none. Means are over the splits that all rungs of the data set were run on. Columns are
those with a margin, but for parts of the links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median
from typing import NamedTuple

from nodeemb.study.columns import ABOUT, of_a_part
from nodeemb.study.contrasts import margin_of, methods
from nodeemb.study.results import Results

TITLE = "The ladder, family by family"
HEADS = ["rung", "best", "as good", "last", "gap in the middle", "widest", "on"]
NOTE = (
    "Of how many data sets a rung is the best, as good (no further below the best than the "
    "margin, the best included) or the last, and how far it is below the best: in the "
    "middle of the data sets, and at most. All rungs have the same floats a node; which of "
    "a family it is, validation chose. Nothing is tested for chance here: contrasts are."
)


class Gap(NamedTuple):
    """A rung on a data set: its mean, how far it is below the best, where that is nothing.

    keys: of its runs.
    """

    dataset: str
    split: str
    value: float
    gap: float
    margin: float
    last: bool
    keys: tuple[str, ...]


class Ladder(NamedTuple):
    """A column over the data sets of a group: rung -> its gaps, the rungs in order."""

    group: str
    column: str
    rungs: dict[str, list[Gap]]

    @property
    def title(self) -> str:
        """Of its group and column, for people."""
        return ", ".join(filter(None, (self.group, ABOUT[self.column].title)))


def ladders(results: Results) -> list[Ladder]:
    """One for each group and column in which two rungs or more are done."""
    found: dict[tuple[str, str], dict[str, list[Gap]]] = {}
    for dataset, split in results.groups():
        group = results.study.counted_with(dataset)
        for column in _columns(results, dataset):
            place = found.setdefault((group, column), {})
            for rung, gap in _gaps(results, dataset, split, column):
                place.setdefault(rung, []).append(gap)
    return [
        Ladder(*place, _ordered(results, rungs))
        for place, rungs in found.items()
        if rungs
    ]


def _columns(results: Results, dataset: str) -> list[str]:
    columns = results.study.columns_of(dataset)
    return [c for c in columns if c in results.study.margins and not of_a_part(c)]


def _gaps(
    results: Results, dataset: str, split: str, column: str
) -> Iterator[tuple[str, Gap]]:
    arms = dict(methods(results, dataset, split, equal_width=True))
    told = {
        rung: values
        for rung, arm in arms.items()
        if (values := results.values(dataset, split, arm, column))
    }
    seeds = set.intersection(*(set(values) for values in told.values())) if told else ()
    if len(told) < 2 or not seeds:
        return
    means = {rung: fmean(values[s] for s in seeds) for rung, values in told.items()}
    best, least = max(means.values()), min(means.values())
    margin = margin_of(results.study, column, [best])
    for rung, mean in means.items():
        keys = tuple(results.keys(dataset, split, arms[rung]))
        yield rung, Gap(dataset, split, mean, mean - best, margin, mean == least, keys)


def _ordered(results: Results, rungs: dict[str, list[Gap]]) -> dict[str, list[Gap]]:
    """As arms stand in the study, and not as the first data set has them."""
    order = dict.fromkeys(arm.family or arm.called for arm in results.study.arms)
    return {rung: rungs[rung] for rung in order if rung in rungs}


def rows(one: Ladder) -> list[list[str]]:
    """For people: a line for each rung."""
    return [_row(rung, gaps) for rung, gaps in one.rungs.items()]


def _row(rung: str, gaps: Sequence[Gap]) -> list[str]:
    widest = min(gaps, key=lambda gap: gap.gap)
    return [
        rung,
        f"{sum(gap.gap == 0 for gap in gaps)} of {len(gaps)}",
        str(sum(-gap.gap <= gap.margin for gap in gaps)),
        str(sum(gap.last for gap in gaps)),
        _short(median(gap.gap for gap in gaps)),
        _short(widest.gap),
        widest.dataset if widest.gap < 0 else "",
    ]


def _short(gap: float) -> str:
    """Three digits, never more than four behind the point."""
    return f"{gap:.1f}" if abs(gap) >= 1 else f"{gap:.4f}"
