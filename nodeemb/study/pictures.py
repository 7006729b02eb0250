"""The pictures of a study's page: ladders, curves over the width, dose and response.

Curves and doses leave columns of a part of the links to the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import filterfalse
from typing import Any

from nodeemb.study import choices, dose, rungs
from nodeemb.study.charts import Mark, Rung, Series, Strip, ladder, plot, strips
from nodeemb.study.columns import ABOUT, of_a_part
from nodeemb.study.contrasts import Answer, chosen
from nodeemb.study.markup import folded
from nodeemb.study.results import Results

_STRIPS = "A dot a data set: how far below the best rung there; at the right, of how many the best"


def rungs_of_groups(results: Results) -> str:
    """A strip and a table for each group and column."""
    parts = []
    for one in rungs.ladders(results):
        rows = rungs.rows(one)
        lines = [
            Strip(rung, [_marked(gap) for gap in gaps], row[1], _row_told(row))
            for (rung, gaps), row in zip(one.rungs.items(), rows, strict=True)
        ]
        numbers = folded("In numbers", rungs.HEADS, rows)
        parts.append(f"<h3>{escape(one.title)}</h3>{strips(lines, _STRIPS)}{numbers}")
    if not parts:
        return ""
    return f"<h2>{rungs.TITLE}</h2><p>{escape(rungs.NOTE)}</p>{''.join(parts)}"


def _marked(gap: rungs.Gap) -> tuple[float, str]:
    return gap.gap, (
        f"{gap.arm} on {gap.dataset}: {gap.value:.4g}, {gap.gap:+.4f}; "
        f"runs {', '.join(gap.keys)}"
    )


def _row_told(row: Sequence[str]) -> str:
    told = zip(rungs.HEADS, row, strict=True)
    return ", ".join(f"{head} {text}" for head, text in told if text)


def curves(results: Results) -> str:
    """For each data set with several widths, each family against the width."""
    parts = []
    for dataset, split in results.groups():
        widths = results.study.widths_of(dataset)
        if len(widths) < 2:
            continue
        for column in filterfalse(of_a_part, results.study.columns_of(dataset)):
            series = [
                Series(name, marks)
                for name in _plain_families(results, dataset)
                if (marks := _marks(results, dataset, split, name, column, widths))
            ]
            drawn = plot(series, "floats a node", ABOUT[column].title, widths)
            if drawn:
                parts.append(f"<h3>{escape(dataset)}, {escape(split)}</h3>{drawn}")
    return "<h2>Over the width</h2>" + "".join(parts) if parts else ""


def _plain_families(results: Results, dataset: str) -> list[str]:
    """Families and lone arms of a data set, those of another width apart."""
    done = {arm.called for arm in results.study.arms_of(dataset)}
    found: dict[str, None] = {}
    for arm in results.study.arms:
        if arm.called in done and arm.width is None and arm.baseline is None:
            found[arm.family or arm.called] = None
    return list(found)


def _marks(
    results: Results,
    dataset: str,
    split: str,
    family: str,
    column: str,
    widths: Sequence[int],
) -> list[Mark]:
    """A point for each width, of the arm that validation chooses there."""
    marks = []
    for width in widths:
        arm = chosen(results, family, dataset, split, width)
        number = None
        if arm is not None:
            number = results.number(dataset, split, arm, column)
        if arm is None or number is None:
            continue
        keys = results.keys(dataset, split, arm)
        told = (
            f"{arm}: {number.mean:.4f} ± {number.spread:.4f} over {number.runs}; "
            f"runs {', '.join(keys)}"
        )
        low, high = number.mean - number.spread, number.mean + number.spread
        marks.append(Mark(width, number.mean, low, high, told))
    return marks


def dose_charts(told: Sequence[Answer], diagnoses: Mapping[str, dict[str, Any]]) -> str:
    parts = []
    for contrast, column in dict.fromkeys((a.contrast, a.column) for a in told):
        if of_a_part(column):
            continue
        points: dict[str, list[Mark]] = {}
        for a in told:
            skew = diagnoses.get(a.dataset, {}).get("skew", {}).get("value")
            if (a.contrast, a.column) == (contrast, column) and skew is not None:
                one = a.found
                said = f"{a.dataset}: skew {skew:.3f}, {one.mean:+.4f} ({one.low:+.4f} .. {one.high:+.4f})"
                mark = Mark(skew, one.mean, one.low, one.high, said)
                points.setdefault(a.group or a.split, []).append(mark)
        if sum(map(len, points.values())) < dose.FEWEST:
            continue
        series = [Series(name, marks, joined=False) for name, marks in points.items()]
        drawn = plot(series, "skew share, noise taken off", ABOUT[column].title)
        parts.append(
            f"<h3>{escape(contrast)}, {escape(ABOUT[column].title)}</h3>{drawn}"
        )
    return "<h2>Dose and response, in pictures</h2>" + "".join(parts) if parts else ""


def ladder_of(results: Results, dataset: str, split: str) -> str:
    """The arms in the first column of a data set; the rows below it name the runs."""
    column = results.study.columns_of(dataset)[0]
    lines = []
    for arm in results.arms:
        number = results.number(dataset, split, arm, column)
        if number is not None:
            told = f"{arm}: {number.mean:.4f} ± {number.spread:.4f}"
            baseline = arm in results.baselines
            name = choices.label(results, dataset, split, arm)
            lines.append(Rung(name, number.mean, number.spread, told, baseline))
    return ladder(lines, ABOUT[column].title)
