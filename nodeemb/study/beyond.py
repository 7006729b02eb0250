"""What methods have beyond the better baseline, over the data sets of a group.

    value of a kind of split of a data set = mean over seeds of (method - baseline)

The baseline of a data set and column is the one with the higher mean on test evidence, which
asks more of methods than an honest choice would. A family is the arm of it that validation
chose; arms at other widths of a curve are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from nodeemb.study.columns import ABOUT
from nodeemb.study.contrasts import methods
from nodeemb.study.results import Results

TITLE = "Beyond the baselines"
NOTE = (
    "Mean over data sets and their kinds of split of what a method has more than the better "
    "baseline of each (chosen on test evidence, which favours baselines); in brackets, in how "
    "many of them it is above."
)


_TIE = 1e-12  # what sums of equal numbers may differ by


class Beyond(NamedTuple):
    """A method in one column of the data sets of a group.

    values: data set and split -> its mean less that of the better baseline, paired by split.
    """

    group: str
    method: str
    column: str
    values: dict[tuple[str, str], float]


def beyond(results: Results) -> list[Beyond]:
    """Each method of a group in each of its columns, where it has baselines."""
    found: dict[tuple[str, str, str], dict[tuple[str, str], float]] = {}
    for dataset, split in results.groups():
        group = results.study.counted_with(dataset)
        for column in results.study.columns_of(dataset):
            bar = _bar(results, dataset, split, column)
            for method, arm in methods(results, dataset, split) if bar else ():
                own = results.values(dataset, split, arm, column)
                more = [own[seed] - bar[seed] for seed in own if seed in bar]
                if more:
                    place = found.setdefault((group, method, column), {})
                    place[dataset, split] = fmean(more)
    return [Beyond(*place, values) for place, values in found.items()]


def _bar(results: Results, dataset: str, split: str, column: str) -> dict[int, float]:
    """Seed -> what the better baseline has; empty where there is none."""
    names = [arm for arm in results.arms if arm in results.baselines]
    told = [results.values(dataset, split, name, column) for name in names]
    return max(filter(None, told), key=lambda one: fmean(one.values()), default={})


def heads(found: Sequence[Beyond]) -> list[str]:
    """Of the columns of `rows`."""
    columns = dict.fromkeys(one.column for one in found)
    group = ["group"] if _grouped(found) else []
    return ["method", *group, *(ABOUT[column].title for column in columns)]


def rows(found: Sequence[Beyond]) -> list[list[str]]:
    """For people: a line for each method of a group."""
    columns = list(dict.fromkeys(one.column for one in found))
    told = {(one.group, one.method, one.column): one.values for one in found}
    places = dict.fromkeys((one.group, one.method) for one in found)
    grouped = _grouped(found)
    return [
        [
            *([method, group] if grouped else [method]),
            *(_text(told.get((group, method, c), {})) for c in columns),
        ]
        for group, method in places
    ]


def _grouped(found: Sequence[Beyond]) -> bool:
    return any(one.group for one in found)


def _text(values: dict[tuple[str, str], float]) -> str:
    if not values:
        return ""
    above = sum(value > _TIE for value in values.values())
    return f"{fmean(values.values()):+.4f} ({above} of {len(values)})"
