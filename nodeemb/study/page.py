"""The table of a study as one HTML page that needs nothing else, in the reports' style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from nodeemb.evaluation.report_style import STYLE
from nodeemb.io.atomic import write_text_atomically
from nodeemb.study import dose
from nodeemb.study.contrasts import (
    answers,
    heads,
    overall,
    rows_of_answers,
    rows_overall,
)
from nodeemb.study.results import Results
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
    body = [
        '<p class="eyebrow">Study</p>',
        f"<h1>{escape(study.title)}</h1>",
        _paragraphs([*study.notes, legend(results)]),
        "<h2>In all</h2>" + _table(*standing_rows(results)),
        _contrasts(results),
        *(_section(results, dataset, split) for dataset, split in results.groups()),
        _failed(results),
        "<h2>What the columns ask</h2>" + _asked(results),
        _paragraphs([machine(results)]),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(study.title)}</title><style>{STYLE}{_WIDER}</style></head>\n"
        "<body><main>\n" + "\n".join(filter(None, body)) + "\n</main></body></html>\n"
    )


def _section(results: Results, dataset: str, split: str) -> str:
    rows = [
        _row(results, dataset, split, arm)
        for arm in results.arms
        if results.cost(dataset, split, arm) is not None
    ]
    if not rows:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in table_heads(results, dataset))
    return (
        f"<h2>{escape(dataset)}, {escape(split)}</h2>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(results: Results, dataset: str, split: str, arm: str) -> str:
    cells = []
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
    return f'<tr class="{kind}"><th>{escape(arm)}</th>{"".join(cells)}</tr>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f'<tr class="model"><th>{escape(first)}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _contrasts(results: Results) -> str:
    told = answers(results)
    if not told:
        return ""
    return (
        "<h2>Contrasts, over graphs</h2>"
        + _table(heads(each=False), rows_overall(overall(told)))
        + _paragraphs([CONTRASTS])
        + _dose(dose.doses(told, results.diagnoses))
        + "<h2>Contrasts, graph by graph</h2>"
        + _table(heads(each=True), rows_of_answers(told))
    )


def _dose(found: Sequence[dose.Dose]) -> str:
    if not found:
        return ""
    table = _table(dose.HEADS, dose.rows(found))
    return "<h2>Dose and response</h2>" + table + _paragraphs([dose.NOTE])


def _asked(results: Results) -> str:
    items = (
        f"<li>{escape(title)}: {escape(asks)}</li>"
        for title, asks in columns_asked(results)
    )
    return f"<ul>{''.join(items)}</ul>"


def _failed(results: Results) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in failures(results))
    return f"<h2>Failed</h2><ul>{items}</ul>" if items else ""


def _paragraphs(texts: Sequence[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)
