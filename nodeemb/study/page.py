"""The table of a study as one HTML page that needs nothing else, in the reports' style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from nodeemb.evaluation.report_style import STYLE
from nodeemb.io.atomic import write_text_atomically
from nodeemb.study import beyond, choices, controls, dose, notes, prophets
from nodeemb.study.charts import CHARTS, SIGNS
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
from nodeemb.study.markup import folded, paragraphs, table
from nodeemb.study.pictures import curves, dose_charts, ladder_of, rungs_of_groups
from nodeemb.study.results import Results
from nodeemb.study.sentences import said
from nodeemb.study.table import (
    CONTRASTS,
    columns_asked,
    cost_texts,
    csv_text,
    failures,
    legend,
    machine,
    markdown,
    standing_rows,
    table_heads,
)

TABLE, TABLE_CSV, PAGE = "table.md", "table.csv", "report.html"
# the reports' page is made for few columns; this one may need the whole width
_WIDER = "main { max-width: 90rem; } td { white-space: nowrap; }"
_FIRST = 12  # sentences that are not folded away


def write_tables(results: Results, folder: Path) -> None:
    """Writes the table into the study's folder three times, over earlier ones."""
    for name, text in (
        (TABLE, markdown(results)),
        (TABLE_CSV, csv_text(results)),
        (PAGE, page(results)),
    ):
        write_text_atomically(folder / name, text, overwrite=True)


def page(results: Results) -> str:
    """The whole page."""
    study = results.study
    told = answers(results)
    checked = controls.checked(results, told)
    body = [
        '<p class="eyebrow">Study</p>',
        f"<h1>{escape(study.title)}</h1>",
        paragraphs([controls.failures(checked)]),
        _lead(study.answer),
        _controls(checked),
        rungs_of_groups(results),
        _said(told),
        _matrices(told),
        paragraphs([*study.notes, legend(results)]),
        curves(results),
        dose_charts(told, results.diagnoses),
        _contrasts(told, results),
        _foretold(results),
        _beyond(results),
        _choices(results),
        "<h2>In all</h2>" + table(*standing_rows(results)),
        "<h2>Data set by data set</h2>",
        *(_section(results, dataset, split) for dataset, split in results.groups()),
        _failed(results),
        _noted(results),
        "<h2>What the columns ask</h2>" + _asked(results),
        paragraphs([machine(results), _TRACE]),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(study.title)}</title><style>{STYLE}{_WIDER}{CHARTS}</style></head>\n"
        "<body><main>\n" + "\n".join(filter(None, body)) + "\n</main></body></html>\n"
    )


_TRACE = (
    "Every number is of runs whose keys stand where it is pointed at; a key names the file "
    "cells/KEY.json of the study's folder, and the line of its record (--record)."
)


def _lead(texts: Sequence[str]) -> str:
    return "".join(f'<p class="lead">{escape(text)}</p>' for text in texts)


def _controls(found: Sequence[controls.Checked]) -> str:
    if not found:
        return ""
    drawn = table(controls.HEADS, controls.rows(found))
    return (
        f"<h2>Controls</h2><p>{escape(controls.summary(found))}</p>"
        f"<details{_open(found)}><summary>All of them</summary>{drawn}</details>"
    )


def _open(found: Sequence[controls.Checked]) -> str:
    return " open" if any(one.held is False for one in found) else ""


def _said(told: Sequence[Answer]) -> str:
    lines = said(told)
    if not lines:
        return ""
    first, rest = (
        f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in part)}</ul>"
        for part in (lines[:_FIRST], lines[_FIRST:])
    )
    more = f"<details><summary>{len(lines) - _FIRST} more</summary>{rest}</details>"
    return "<h2>What came out</h2>" + first + (more if len(lines) > _FIRST else "")


def _matrices(told: Sequence[Answer]) -> str:
    parts = []
    places = dict.fromkeys((a.column, a.group, a.split) for a in told)
    for column, group, split in places:
        place = column, group, split
        mine = [a for a in told if (a.column, a.group, a.split) == place]
        datasets = list(dict.fromkeys(a.dataset for a in mine))
        found = {(a.contrast, a.dataset): a for a in mine}
        head = "".join(f"<th>{escape(name)}</th>" for name in datasets)
        rows = "".join(
            f"<tr><th>{escape(contrast)}</th>"
            + "".join(_verdict(found.get((contrast, name))) for name in datasets)
            + "</tr>"
            for contrast in dict.fromkeys(a.contrast for a in mine)
        )
        kinds = [s for c, g, s in places if (c, g) == (column, group)]
        which = split if len(kinds) > 1 else ""
        name = ", ".join(filter(None, (group, ABOUT[column].title, which)))
        parts.append(
            f'<h3>{escape(name)}</h3><div class="scroll"><table class="matrix"><thead>'
            f"<tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )
    key = ", ".join(f"{sign} {word}" for word, sign in SIGNS.items())
    return (
        f"<h2>Contrasts at a glance</h2><p>{key}</p>" + "".join(parts) if parts else ""
    )


def _verdict(answer: Answer | None) -> str:
    if answer is None:
        return "<td></td>"
    one = answer.found
    told = (
        f"{answer.dataset}: {answer.this} less {answer.over}: {one.mean:+.4f} "
        f"({one.low:+.4f} .. {one.high:+.4f}), {one.verdict}, {answer.runs} splits"
    )
    return f'<td class="{one.verdict}" title="{escape(told)}">{SIGNS[one.verdict]}</td>'


def _section(results: Results, dataset: str, split: str) -> str:
    rows = [
        _row(results, dataset, split, arm)
        for arm in results.arms
        if results.cost(dataset, split, arm) is not None
    ]
    if not rows:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in table_heads(results, dataset))
    opened = " open" if len(results.datasets) <= _FIRST else ""
    return (
        f"<details{opened}><summary>{escape(dataset)}, {escape(split)}</summary>"
        f"{ladder_of(results, dataset, split)}"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _row(results: Results, dataset: str, split: str, arm: str) -> str:
    cells = []
    keys = ", ".join(results.keys(dataset, split, arm))
    for column in results.study.columns_of(dataset):
        number = results.number(dataset, split, arm, column)
        best = arm in results.best(dataset, split, column)
        kind = ' class="ahead"' if best else ""
        spread = ""
        if number is not None and number.runs > 1:
            spread = f"<small>±{number.spread:.3f}</small>"
        shown = "" if number is None else f"{number.mean:.3f}{spread}"
        cells.append(f"<td{kind}>{shown}</td>")
    costs = cost_texts(results.cost(dataset, split, arm))
    cells += [f"<td>{escape(text)}</td>" for text in costs]
    kind = "baseline" if arm in results.baselines else "model"
    name = escape(choices.label(results, dataset, split, arm))
    return f'<tr class="{kind}" title="{keys}"><th>{name}</th>{"".join(cells)}</tr>'


def _contrasts(told: Sequence[Answer], results: Results) -> str:
    if not told:
        return ""
    return (
        "<h2>Contrasts, over graphs</h2>"
        + table(heads(each=False), rows_overall(overall(told)))
        + paragraphs([CONTRASTS, agreement(told)])
        + _dose(dose.doses(results, told))
        + "<details><summary>Graph by graph</summary>"
        + table(heads(each=True), rows_of_answers(told))
        + "</details>"
    )


def _foretold(results: Results) -> str:
    found = foretold(results)
    if not found:
        return ""
    lines = "".join(f"<li>{escape(line)}</li>" for line in prophets.sentences(found))
    parts = "".join(
        f"<h3>{escape(what)}</h3>{table(columns, rows)}"
        for what, columns, rows in prophets.tables(found)
    )
    end = paragraphs([prophets.NOTE])
    return f"<h2>{escape(prophets.TITLE)}</h2><ul>{lines}</ul>{parts}{end}"


def _beyond(results: Results) -> str:
    found = beyond.beyond(results)
    if not found:
        return ""
    drawn = table(beyond.heads(found), beyond.rows(found))
    return f"<h2>{beyond.TITLE}</h2>" + drawn + paragraphs([beyond.NOTE])


def _choices(results: Results) -> str:
    return folded("What validation chose", choices.HEADS, choices.rows(results))


def _dose(found: Sequence[dose.Dose]) -> str:
    if not found:
        return ""
    drawn = table(dose.HEADS, dose.rows(found))
    return "<h2>Dose and response</h2>" + drawn + paragraphs([dose.NOTE])


def _asked(results: Results) -> str:
    items = (
        f"<li>{escape(title)}: {escape(asks)}</li>"
        for title, asks in columns_asked(results)
    )
    return f"<ul>{''.join(items)}</ul>"


def _failed(results: Results) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in failures(results))
    return f"<h2>Failed</h2><ul>{items}</ul>" if items else ""


def _noted(results: Results) -> str:
    return folded(notes.TITLE, notes.HEADS, notes.rows(results))
