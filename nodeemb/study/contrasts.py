"""The questions of a study that were fixed beforehand, answered graph by graph and in all.

A family of arms (one method with other settings) is the arm of it that is best on the
validation links of a split of a graph, by its mean over seeds, or over the first few
(`nodeemb.study.tuning`); where a kind of split hides no validation links, all arms of a family
that has more than one would be chosen on nothing, and the contrast is left out. Test links
choose nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np

from nodeemb.study.options import BEST_WIDTH, Study
from nodeemb.study.parts import Contrast
from nodeemb.study.results import Results
from nodeemb.study.statistics import Difference, Shift, difference, holm, shift
from nodeemb.study.tasks import held_ratio
from nodeemb.study.tuning import arms_at, chosen_of


class Answer(NamedTuple):
    """A contrast in one column of one split of one graph.

    this, over: the arms that stand for the two families.
    group: the one it is counted with; "" for none.
    nodes: 95 % interval of the difference on the first split with other nodes
        (nodeemb.study.resampling), where they were drawn.
    """

    contrast: str
    column: str
    dataset: str
    split: str
    this: str
    over: str
    found: Difference
    runs: int
    group: str = ""
    nodes: tuple[float, float] | None = None


class Overall(NamedTuple):
    """A contrast in one column of one kind of split, over the data sets of a group.

    holm: p among the contrasts of the same column, kind of split and group.
    verdicts: how many graphs were better, worse, equivalent, undecided.
    """

    contrast: str
    column: str
    split: str
    graphs: int
    found: Shift
    holm: float
    verdicts: dict[str, int]
    group: str = ""


def answers(results: Results) -> list[Answer]:
    """Every contrast in every column with a margin, where two seeds or more are there."""
    study = results.study
    found = [
        _answer(results, contrast, column, dataset, split)
        for contrast in study.contrasts
        for column in study.margins
        for dataset, split in results.groups()
        if column in study.columns_of(dataset) and _asked(study, contrast, dataset)
    ]
    return [answer for answer in found if answer is not None]


def _asked(study: Study, contrast: Contrast, dataset: str) -> bool:
    """Whether it is another question there: of one width, any width is that one."""
    any_width = contrast.this.endswith(BEST_WIDTH) or contrast.over.endswith(BEST_WIDTH)
    return not any_width or len(study.widths_of(dataset)) > 1


def _answer(
    results: Results, contrast: Contrast, column: str, dataset: str, split: str
) -> Answer | None:
    this = chosen(results, contrast.this, dataset, split)
    over = chosen(results, contrast.over, dataset, split)
    if this is None or over is None:
        return None
    own = results.values(dataset, split, this, column)
    other = results.values(dataset, split, over, column)
    seeds = [seed for seed in own if seed in other]
    if len(seeds) < 2:
        return None
    values = [own[seed] - other[seed] for seed in seeds]
    margin = margin_of(results.study, column, [other[seed] for seed in seeds])
    told = difference(values, margin, held_ratio(split))
    group = results.study.counted_with(dataset)
    return Answer(
        contrast.called, column, dataset, split, this, over, told, len(seeds), group,
        _over_nodes(results, dataset, split, this, over, column),
    )  # fmt: skip


def _over_nodes(
    results: Results, dataset: str, split: str, this: str, over: str, column: str
) -> tuple[float, float] | None:
    seed = results.study.seeds_of(dataset)[0]
    own, other = (
        (results.cells[dataset, split, arm, seed].get("replicates") or {}).get(column)
        if (dataset, split, arm, seed) in results.cells
        else None
        for arm in (this, over)
    )
    if not own or not other or len(own) != len(other):
        return None
    low, high = np.percentile(np.subtract(own, other), [2.5, 97.5])
    return float(low), float(high)


def agreement(told: Sequence[Answer]) -> str:
    """How often intervals over nodes say what those over splits say; "" without any."""
    asked = [a for a in told if a.nodes is not None]
    if not asked:
        return ""
    sure = [a for a in asked if a.found.verdict in ("better", "worse")]
    same = sum(
        a.nodes is not None and (a.nodes[0] > 0 if a.found.mean > 0 else a.nodes[1] < 0)
        for a in sure
    )
    return (
        f"Over nodes: of {len(sure):,} differences that are better or worse over splits, the "
        f"interval with nodes drawn anew on the first split leaves out zero on the same side "
        f"in {same:,}."
    )


def margin_of(study: Study, column: str, over: Sequence[float]) -> float:
    """The difference below which it does not matter.

    Args:
        study, column: where it is fixed.
        over: what the second arm has on each split, of which it may be a share.
    """
    margin = study.margins[column]
    if isinstance(margin, str):
        return float(margin.rstrip("% ")) / 100 * abs(fmean(over))
    return margin


def chosen(
    results: Results, family: str, dataset: str, split: str, width: int | None = None
) -> str | None:
    """The arm that stands for a family; None where nothing can choose it.

    width: of a curve, where it is not the study's own.
    """
    arms = arms_at(results.study, family, dataset, width)
    return chosen_of(results.study, results.cells, dataset, split, arms)


def methods(results: Results, dataset: str, split: str) -> Iterator[tuple[str, str]]:
    """(family or lone arm, the arm that stands for it) of a data set, no baselines."""
    done = {arm.called for arm in results.study.arms_of(dataset)}
    arms = [a for a in results.study.arms if a.baseline is None and a.called in done]
    for name in dict.fromkeys(arm.family or arm.called for arm in arms):
        arm = chosen(results, name, dataset, split)
        if arm is not None:
            yield name, arm


def overall(told: Sequence[Answer]) -> list[Overall]:
    """Each contrast, column and kind of split over its data sets, group by group."""
    found = []
    for column, split, kind in _kinds(told, lambda a: (a.column, a.split, a.group)):
        alike = [
            a for a in told if (a.column, a.split, a.group) == (column, split, kind)
        ]
        names = _kinds(alike, lambda a: (a.contrast,))
        groups = [[a for a in alike if a.contrast == name] for (name,) in names]
        shifts = [shift([a.found.mean for a in group]) for group in groups]
        adjusted = holm([one.p for one in shifts])
        for (name,), group, one, p in zip(names, groups, shifts, adjusted, strict=True):
            verdicts = [a.found.verdict for a in group]
            counted = {
                kind: verdicts.count(kind)
                for kind in ("better", "worse", "equivalent", "undecided")
            }
            found.append(
                Overall(name, column, split, len(group), one, p, counted, kind)
            )
    return found


def _kinds(
    told: Sequence[Answer], key: Callable[[Answer], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(map(key, told)))


def heads(each: bool) -> list[str]:
    """Of the columns of `rows`."""
    if each:
        return [
            "contrast",
            "column",
            "graph",
            "split",
            "arms",
            "difference",
            "95 %",
            "over nodes",
            "",
        ]
    return [
        "contrast", "column", "split", "graphs", "middle", "95 %", "p (Holm)",
        "better", "worse", "equivalent", "undecided",
    ]  # fmt: skip


def rows_of_answers(told: Sequence[Answer]) -> list[list[str]]:
    """For people: a line for each graph."""
    return [
        [
            a.contrast, a.column, a.dataset, a.split, f"{a.this}, {a.over}",
            f"{a.found.mean:+.4f}", f"{a.found.low:+.4f} .. {a.found.high:+.4f}",
            "" if a.nodes is None else f"{a.nodes[0]:+.4f} .. {a.nodes[1]:+.4f}",
            a.found.verdict,
        ]
        for a in told
    ]  # fmt: skip


def rows_overall(told: Sequence[Overall]) -> list[list[str]]:
    """For people: a line for each contrast over graphs."""
    return [
        [
            one.contrast, one.column, one.group or one.split, str(one.graphs),
            f"{one.found.middle:+.4f}",
            f"{one.found.low:+.4f} .. {one.found.high:+.4f}",
            f"{one.found.p:.3f} ({one.holm:.3f})",
            *(str(count) for count in one.verdicts.values()),
        ]
        for one in told
    ]  # fmt: skip
