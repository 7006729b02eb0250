"""The table of a study as Markdown and as CSV, and what a method is below in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from nodeemb.progress import amount
from nodeemb.study import beyond, choices, controls, dose, notes, prophets, rungs
from nodeemb.study.against import HAIR, Comparison
from nodeemb.study.columns import ABOUT
from nodeemb.study.contrasts import (
    Answer,
    agreement,
    answers,
    heads,
    overall,
    rows_of_answers,
    rows_overall,
)
from nodeemb.study.foretold import foretold
from nodeemb.study.options import Study
from nodeemb.study.results import Cost, Number, Results, standings
from nodeemb.study.sentences import said

CONTRASTS = (
    "Middle: Hodges-Lehmann estimate over graphs; p: Wilcoxon's signed-rank test, in "
    "brackets among the contrasts of the same column (Holm). A graph is equivalent where "
    "the 90 % interval lies within the study's margin, else better or worse where the 95 % "
    "interval leaves out zero; intervals allow for links that splits share."
)
CSV_HEADS = (
    "dataset", "split", "arm", "kind", "column", "mean", "spread", "runs", "best",
    "cpu_seconds", "pairs", "epochs",
)  # fmt: skip


def markdown(results: Results) -> str:
    """The whole table: a section for each split of each graph, the best of a column bold."""
    study = results.study
    told = answers(results)
    found = controls.checked(results, told)
    parts = [f"# {study.title}", controls.failures(found), *study.answer]
    if found:
        parts += ["## Controls", controls.summary(found)]
        parts += [grid(controls.HEADS, controls.rows(found))]
    parts += ladders_text(results)
    if told:
        parts += ["## What came out", "\n".join(f"- {line}" for line in said(told))]
    parts += [*study.notes, legend(results)]
    parts += ["## In all", grid(*standing_rows(results))]
    if told:
        parts += ["## Contrasts", contrasts_text(results, told)]
    parts += [foretold_text(results), beyond_text(results)]
    chose = choices.rows(results)
    if chose:
        parts += ["## What validation chose", grid(choices.HEADS, chose)]
    for dataset, split in results.groups():
        rows = [
            [
                choices.label(results, dataset, split, arm),
                *_cells(results, dataset, split, arm),
            ]
            for arm in results.arms
            if results.cost(dataset, split, arm) is not None
        ]
        if rows:
            heads = table_heads(results, dataset)
            parts += [f"## {dataset}, {split}", grid(heads, rows)]
    if results.failed:
        parts += ["## Failed", "\n".join(f"- {line}" for line in failures(results))]
    noted = notes.rows(results)
    if noted:
        parts += [f"## {notes.TITLE}", grid(notes.HEADS, noted)]
    asked = "\n".join(f"- {title}: {asks}" for title, asks in columns_asked(results))
    parts += ["## What the columns ask", asked, machine(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def ladders_text(results: Results) -> list[str]:
    """Where each rung wins and loses, a table for each group and column."""
    found = rungs.ladders(results)
    parts = [f"## {rungs.TITLE}", rungs.NOTE] if found else []
    for one in found:
        parts += [f"### {one.title}", grid(rungs.HEADS, rungs.rows(one))]
    return parts


def legend(results: Results) -> str:
    """How to read it, in a paragraph."""
    study = results.study
    seeds = ", ".join(map(str, study.seeds))
    told = [f"Mean ± standard deviation over the seeds {seeds}; the best mean is bold."]
    if len(study.seeds) == 1:
        told = [f"One seed: {seeds}; the best of a column is bold."]
    if study.pairs is not None:
        told.append(f"Every trained method sees about {amount(study.pairs)} pairs.")
    elif study.pairs_per_node is not None:
        told.append(
            "Every trained method sees about "
            f"{amount(study.pairs_per_node)} pairs for each node."
        )
    else:
        told.append("Every method trains as long as its preset says.")
    told += _of_groups(study) + choices.told(study)
    told.append(
        f"All have {study.width} floats a node{_but(study)}. CPU seconds and pairs are of training "
        "alone: seconds the least over seeds, since the first call compiles and other work on "
        "the machine only adds, pairs their mean. In all: seconds of one seed of everything."
    )
    told += [
        f"{arm.called} is left out on {', '.join(arm.without)}."
        for arm in study.arms
        if arm.without
    ]
    left = results.wanted - len(results.cells)
    if left:
        told.append(f"{left:,} of {results.wanted:,} cells are not there yet.")
    return " ".join(told)


def _but(study: Study) -> str:
    """Which arms have another width."""
    others = [
        f"{arm.called} {arm.width}" for arm in study.arms if arm.width is not None
    ]
    return f", but {', '.join(others)}" if others else ""


def _of_groups(study: Study) -> list[str]:
    """What groups have of their own."""
    told = []
    for name, group in study.groups.items():
        own = []
        if group.seeds:
            own.append(f"seeds {', '.join(map(str, group.seeds))}")
        if group.pairs_per_node:
            own.append(f"{amount(group.pairs_per_node)} pairs for each node")
        if group.width:
            own.append(f"{group.width} floats a node")
        if own:
            told.append(f"Data sets of the group {name} have {', '.join(own)}.")
        if group.counted_with:
            told.append(
                f"Those of {name} are counted with those of {group.counted_with}."
            )
    return told


def contrasts_text(results: Results, told: Sequence[Answer]) -> str:
    """The contrasts of a study over its graphs, against their skew, graph by graph."""
    parts = [grid(heads(each=False), rows_overall(overall(told))), CONTRASTS]
    found = dose.doses(results, told)
    if found:
        parts += [grid(dose.HEADS, dose.rows(found)), dose.NOTE]
    parts += filter(None, [agreement(told)])
    return "\n\n".join([*parts, grid(heads(each=True), rows_of_answers(told))])


def foretold_text(results: Results) -> str:
    """Whether winners are foretold by diagnoses; "" where that is not asked."""
    found = foretold(results)
    if not found:
        return ""
    parts = [f"## {prophets.TITLE}"]
    parts += ["\n".join(f"- {line}" for line in prophets.sentences(found))]
    for what, columns, rows in prophets.tables(found):
        parts += [f"{what}:", grid(columns, rows)]
    return "\n\n".join([*parts, prophets.NOTE])


def beyond_text(results: Results) -> str:
    """Methods less baselines; "" where there are none."""
    found = beyond.beyond(results)
    if not found:
        return ""
    table = grid(beyond.heads(found), beyond.rows(found))
    return f"## {beyond.TITLE}\n\n{table}\n\n{beyond.NOTE}"


def failures(results: Results) -> list[str]:
    """What failed, and of what, a line each."""
    return [
        f"{place[2]} on {place[0]}, {place[1]}, seed {place[3]}: {result['error']}"
        for place, result in results.cells.items()
        if result["state"] == "failed"
    ]


def machine(results: Results) -> str:
    """What the cells were done with, each kind once."""
    kinds: dict[str, None] = {}
    for result in results.cells.values():
        made = result["environment"]
        packages = ", ".join(f"{k} {v}" for k, v in made["packages"].items() if v)
        kinds[
            f"nodeemb {made['nodeemb']}, Python {made['python']}, {packages}; "
            f"{made['system']}, {result['threads']} threads"
        ] = None
    return "\n\n".join(f"Made with {kind}." for kind in kinds)


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, its columns aligned for reading as text too."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        [cell.ljust(w) for cell, w in zip(line, widths, strict=True)]
        for line in (heads, rule, *rows)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def columns_asked(results: Results) -> list[tuple[str, str]]:
    """(heading, what it asks) of every column."""
    names = dict.fromkeys(
        name for one in results.datasets for name in results.study.columns_of(one)
    )
    return [(ABOUT[name].title, ABOUT[name].asks) for name in names]


def standing_rows(results: Results) -> tuple[list[str], list[list[str]]]:
    """(headings, a row for each arm) of the whole study."""
    rows = [
        [
            s.arm,
            str(s.best),
            f"{s.cpu_seconds:,.1f}",
            amount(s.pairs) if s.pairs else "",
            str(s.done),
            str(s.failed),
        ]
        for s in standings(results)
        if s.done or s.failed
    ]
    return ["", "best in columns", "CPU s", "pairs", "cells", "failed"], rows


def table_heads(results: Results, dataset: str) -> list[str]:
    """The heading of each column of a data set's table."""
    titles = (ABOUT[name].title for name in results.study.columns_of(dataset))
    return ["", *titles, "CPU s", "pairs", "epochs"]


def _cells(results: Results, dataset: str, split: str, arm: str) -> list[str]:
    cells = []
    for column in results.study.columns_of(dataset):
        number = results.number(dataset, split, arm, column)
        best = arm in results.best(dataset, split, column)
        text = "" if number is None else number_text(number)
        cells.append(f"**{text}**" if best and text else text)
    return [*cells, *cost_texts(results.cost(dataset, split, arm))]


def number_text(number: Number) -> str:
    """A mean and its spread."""
    spread = f" ±{number.spread:.3f}" if number.runs > 1 else ""
    return f"{number.mean:.3f}{spread}"


def cost_texts(cost: Cost | None) -> list[str]:
    """CPU seconds, pairs, epochs."""
    if cost is None:
        return ["", "", ""]
    pairs = amount(cost.pairs) if cost.pairs else ""
    return [f"{cost.cpu_seconds:.1f}", pairs, cost.epochs]


def tidy(results: Results) -> list[dict[str, Any]]:
    """A dict a number, for CSV and data frames."""
    rows = []
    for dataset, split in results.groups():
        for arm in results.arms:
            cost = results.cost(dataset, split, arm)
            for column in results.study.columns_of(dataset):
                number = results.number(dataset, split, arm, column)
                if number is None or cost is None:
                    continue
                kind = "baseline" if arm in results.baselines else "method"
                best = arm in results.best(dataset, split, column)
                row = (dataset, split, arm, kind, column, *number, best, *cost)
                rows.append(dict(zip(CSV_HEADS, row, strict=True)))
    return rows


def csv_text(results: Results) -> str:
    """The numbers of the table, unrounded, a line each."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_HEADS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(tidy(results))
    return out.getvalue()


def against_text(arm: str, found: Sequence[Comparison]) -> str:
    """The columns where a method is below the best other, as Markdown."""
    below = [comparison for comparison in found if comparison.below]
    head = (
        f"{arm} is below the best other method by more than the larger of {HAIR:g} and "
        f"two standard errors in {len(below)} of {len(found)} columns."
    )
    if not below:
        return head
    heads = [
        "graph", "split", "column", arm, "best other", "its mean", "difference",
        "margin", "seeds", "chosen on",
    ]  # fmt: skip
    rows = [
        [
            c.dataset,
            c.split,
            c.column,
            f"{c.own:.4f}",
            c.best_other,
            f"{c.other:.4f}",
            f"{c.difference:.4f}",
            f"{c.margin:.4f}",
            str(c.runs),
            c.chosen_on,
        ]
        for c in below
    ]
    return f"{head}\n\n{grid(heads, rows)}"
