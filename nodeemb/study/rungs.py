"""The ladder over the data sets of a group: where each rung wins and loses.

gap of a rung on a data set = its mean - the highest mean of all rungs,  0 where it wins

A rung is a family of arms or a lone arm, of as many floats a node as the study gives there, or
of biases alone; baselines are none. Means are over the splits that all rungs of the data set
were run on. Columns are those with a margin, but for parts of the links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median
from typing import NamedTuple

from nodeemb.study.columns import ABOUT, of_a_part
from nodeemb.study.contrasts import margin_of
from nodeemb.study.results import Results
from nodeemb.study.tuning import chosen_of

TITLE = "The ladder, family by family"
HEADS = ["rung", "best", "as good", "last", "gap in the middle", "widest", "on"]
NOTE = (
    "On how many data sets a rung is the best of those that are done there, as good (no "
    "further below the best than the margin, the best included) or the last, and how far it "
    "is below the best: in the middle of its data sets, and at most. All rungs have the same "
    "floats a node, biases apart; which arm of a family it is, validation chose. Nothing is "
    "tested for chance here: contrasts are."
)
_TIE = 1e-9  # what equal numbers may differ by, summed in another order


class Gap(NamedTuple):
    """A rung on a data set: its mean, how far it is below the best, where that is nothing.

    arm: that stands for the rung. keys: of the runs that the mean is over.
    """

    dataset: str
    arm: str
    value: float
    gap: float
    margin: float
    last: bool
    keys: tuple[str, ...]


class Ladder(NamedTuple):
    """A column over the data sets of a group and kind of split.

    rungs: rung -> its gaps, in the order of the study's arms. title: for people.
    """

    group: str
    split: str
    column: str
    rungs: dict[str, list[Gap]]
    title: str


def ladders(results: Results) -> list[Ladder]:
    """One for each group, kind of split and column in which two rungs or more are done."""
    found: dict[tuple[str, str, str], dict[str, list[Gap]]] = {}
    for dataset, split in results.groups():
        group = results.study.counted_with(dataset)
        for column in _columns(results, dataset):
            place = found.setdefault((group, split, column), {})
            for rung, gap in _gaps(results, dataset, split, column):
                place.setdefault(rung, []).append(gap)
    several = {group for group, _, _ in found if _kinds(found, group) > 1}
    return [
        Ladder(
            group, split, column, _ordered(results, rungs),
            ", ".join(
                filter(
                    None,
                    (group, ABOUT[column].title, split if group in several else ""),
                )
            ),
        )
        for (group, split, column), rungs in found.items()
        if rungs
    ]  # fmt: skip


def _kinds(found: dict[tuple[str, str, str], dict[str, list[Gap]]], group: str) -> int:
    return len({split for name, split, _ in found if name == group})


def _columns(results: Results, dataset: str) -> list[str]:
    columns = results.study.columns_of(dataset)
    return [c for c in columns if c in results.study.margins and not of_a_part(c)]


def _arms(results: Results, dataset: str, split: str) -> dict[str, str]:
    """Rung -> the arm that stands for it, of the arms of equal floats."""
    done = {arm.called for arm in results.study.arms_of(dataset)}
    width = results.study.width_of(dataset)
    families: dict[str, list[str]] = {}
    for arm in results.study.arms:
        if (
            arm.baseline is None
            and arm.called in done
            and arm.width in (None, 0, width)
        ):
            families.setdefault(arm.family or arm.called, []).append(arm.called)
    found = {
        rung: chosen_of(results.study, results.cells, dataset, split, arms)
        for rung, arms in families.items()
    }
    return {rung: arm for rung, arm in found.items() if arm is not None}


def _gaps(
    results: Results, dataset: str, split: str, column: str
) -> Iterator[tuple[str, Gap]]:
    arms = _arms(results, dataset, split)
    told = {
        rung: values
        for rung, arm in arms.items()
        if (values := results.values(dataset, split, arm, column))
    }
    if len(told) < 2:
        return
    seeds = sorted(set.intersection(*(set(values) for values in told.values())))
    if not seeds:
        return
    means = {rung: fmean(values[s] for s in seeds) for rung, values in told.items()}
    best, least = max(means.values()), min(means.values())
    margin = margin_of(results.study, column, [best])
    for rung, mean in means.items():
        arm = arms[rung]
        keys = tuple(results.cells[dataset, split, arm, s]["key"] for s in seeds)
        last = mean == least < best
        yield rung, Gap(dataset, arm, mean, mean - best, margin, last, keys)


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
        str(sum(-gap.gap <= gap.margin + _TIE for gap in gaps)),
        str(sum(gap.last for gap in gaps)),
        _short(median(gap.gap for gap in gaps)),
        _short(widest.gap),
        widest.dataset if widest.gap < 0 else "",
    ]


def _short(gap: float) -> str:
    """One place behind the point from 1 on, four below."""
    rounded = round(gap, 1 if abs(gap) >= 1 else 4) + 0.0
    return f"{rounded:.1f}" if abs(rounded) >= 1 else f"{rounded:.4f}"
