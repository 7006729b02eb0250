"""The numbers of a protocol as text, and all that a reader must know beside them."""

from __future__ import annotations

import math

from nodeemb.evaluation.link_table import facts_line
from nodeemb.evaluation.protocol_report import Head, Number, ProtocolReport
from nodeemb.evaluation.protocols import PROTOCOLS


def text_table(report: ProtocolReport) -> str:
    """A line a scorer, a column a question; then what was asked, and what to mind."""
    entry = PROTOCOLS[report.protocol]
    out = [f"{entry.name}: {entry.title}", told_facts(report)]
    for group, heads in report.groups.items():
        out += ["", *_block(report, group, heads)]
    return "\n".join([*out, "", *legend(report), "", *reading(report)])


def _block(report: ProtocolReport, group: str, heads: list[Head]) -> list[str]:
    titles = [group, *(head.title for head in heads)]
    lines = report.lines(heads)
    body = [[label, *(cell(row, report) for row in rows)] for label, _, rows in lines]
    widths = [max(map(len, column)) for column in zip(titles, *body, strict=True)]
    out = [_line(titles, widths)]
    before = ""
    for cells, (_, kind, _) in zip(body, lines, strict=True):
        if before not in ("", kind):
            out.append("-" * widths[0])
        out.append(_line(cells, widths))
        before = kind
    return out


def told_facts(report: ProtocolReport) -> str:
    """The hidden links in one line, shares without a training link included."""
    if report.facts["test"]["edges"]:
        return facts_line(report.facts)
    parts = ["nothing was hidden"]
    if report.runs > 1:
        parts.append(f"runs {report.runs}")
    return "   ".join(parts)


def cell(row: Number, report: ProtocolReport) -> str:
    """A number as text; "-" where there is none."""
    if math.isnan(row.value):
        return "-"
    star = "*" if report.ahead(row) else " "
    return f"{row.value:.3f}{star}{spread(row)}".rstrip()


def spread(row: Number) -> str:
    """The standard deviation over runs, if there are several."""
    return f"±{row.sd:.3f}" if row.runs > 1 else ""


def legend(report: ProtocolReport) -> list[str]:
    """What each column asks, and why some have no number."""
    asked = [
        f"{group}: {heads[0].asks}, and so on"
        if group
        else "\n".join(f"{head.title}: {head.asks}" for head in heads)
        for group, heads in report.groups.items()
    ]
    unasked = report.unasked()
    titles = {head.name: head.title for head in report.heads}
    asked += [f"{titles[name]} -: {why}" for name, why in unasked.items()]
    if report.runs > 1:
        asked.append(
            f"mean ± standard deviation of {report.runs} runs; * above every baseline made "
            "of degrees by more than both deviations"
        )
    return asked


def reading(report: ProtocolReport) -> list[str]:
    """The rule, where it was changed, and what is known to be wrong with the protocol."""
    entry = PROTOCOLS[report.protocol]
    lines = [f"Rule: {entry.rule.told()}.", f"Source: {entry.source}."]
    lines += [f"Here: {each}." for each in (*entry.differs, *report.facts["told"])]
    return lines + [f"Mind: {each}." for each in entry.defects]


def _line(cells: list[str], widths: list[int]) -> str:
    padded = [text.ljust(width) for text, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()
