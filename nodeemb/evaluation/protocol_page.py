"""Write what a protocol measured as one HTML page that needs nothing else.

Whatever is known to be wrong with the protocol stands before its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from nodeemb.evaluation.protocol_report import Head, Number, ProtocolReport
from nodeemb.evaluation.protocol_table import legend, spread
from nodeemb.evaluation.protocols import PROTOCOLS
from nodeemb.evaluation.report_parts import (
    fact_strip,
    how_to_repeat,
    notes_list,
    page,
    paragraphs,
)
from nodeemb.io.atomic import write_text_atomically


def write_protocol_page(
    report: ProtocolReport,
    path: str | Path,
    *,
    title: str,
    data: str = "",
    notes: Sequence[str] = (),
    repeat: Sequence[str] = (),
) -> Path:
    """Writes the report as a page, whole or not at all.

    Args:
        report: what `evaluate_protocol` or `merge_protocols` returned.
        path: the file to make; an existing one is kept and refused.
        title: the heading.
        data: what the graph is, in a sentence or two.
        notes: what else a reader must know (how the models were trained, ...).
        repeat: commands that make this page again.

    Raises:
        WrongUse: the file exists, or its folder does not.
    """
    body = [
        _opening(report, title, data),
        _rule(report),
        *(_numbers(report, *group) for group in report.groups.items()),
        _asked(report),
        notes_list(notes),
        how_to_repeat(report.facts, repeat),
    ]
    return write_text_atomically(path, page(title, body))


def _opening(report: ProtocolReport, title: str, data: str) -> str:
    entry = PROTOCOLS[report.protocol]
    return (
        f'<p class="eyebrow">Protocol {escape(entry.name)}</p><h1>{escape(title)}</h1>'
        f"{paragraphs([f'{entry.title}.'], 'lead')}{paragraphs([data])}"
        f"{fact_strip(report.facts)}"
    )


def _rule(report: ProtocolReport) -> str:
    entry = PROTOCOLS[report.protocol]
    said = [f"Hidden: {entry.rule.told()}.", f"Source: {entry.source}."]
    differs = [f"{each}." for each in (*entry.differs, *report.facts["told"])]
    return (
        f"<h2>What was asked</h2>{paragraphs(said)}"
        f"{notes_list(differs, 'Otherwise than published')}"
        f"{notes_list([f'{each}.' for each in entry.defects], 'Mind')}"
    )


def _asked(report: ProtocolReport) -> str:
    return notes_list(legend(report), "The columns")


def _numbers(report: ProtocolReport, group: str, heads: list[Head]) -> str:
    lines, before = [], ""
    for label, kind, rows in report.lines(heads):
        over = "Baselines, nothing trained" if kind == "baseline" else "Models"
        if over != before:
            lines.append(
                f'<tr class="group"><th colspan="{len(heads) + 1}">{over}</th></tr>'
            )
            before = over
        cells = "".join(_cell(report, row) for row in rows)
        lines.append(f'<tr class="{kind}"><th>{escape(label)}</th>{cells}</tr>')
    head = "".join(
        f"<th>{escape(text)}</th>" for text in ["", *(h.title for h in heads)]
    )
    return (
        f"<h2>{escape(group or 'The numbers')}</h2>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
        '<p class="soft">Orange: the best baseline of the column that knows degrees '
        "only. Green: above it by more than both standard deviations.</p>"
    )


def _cell(report: ProtocolReport, row: Number) -> str:
    if math.isnan(row.value):
        return "<td>-</td>"
    kind = ""
    if report.ahead(row):
        kind = ' class="ahead"'
    if row == report.best(row.column, "baseline"):
        kind = ' class="bar"'
    return f"<td{kind}>{row.value:.3f}<small>{spread(row)}</small></td>"
