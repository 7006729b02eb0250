"""The numbers of a link prediction as text: a line a scorer, a column a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nodeemb.evaluation.link_report import METRIC_LABELS, ONE_WAY, LinkReport, Row


def text_table(report: LinkReport, metric: str = "auc") -> str:
    """One ranking metric, and the accuracy on one-way links, of every scorer."""
    columns = report.columns(metric)
    heads = [METRIC_LABELS.get(metric, metric)]
    heads += [METRIC_LABELS[m] if n == ONE_WAY else n for n, m in columns]
    lines = report.lines(metric)
    body = [
        [
            "  roles swapped" if kind == "swapped" else label,
            *(_cell(row, report) for row in rows),
        ]
        for label, kind, rows in lines
    ]
    widths = [max(map(len, column)) for column in zip(heads, *body, strict=True)]
    out = [facts_line(report.facts), "", _line(heads, widths)]
    before = "model"
    for cells, (_, kind, _) in zip(body, lines, strict=True):
        if kind == "baseline" and before != "baseline":
            out.append(_line(["-" * len(heads[0])], widths))
        out.append(_line(cells, widths))
        before = kind
    return "\n".join([*out, "", _legend(report, metric)])


def facts_line(facts: dict[str, Any]) -> str:
    """The test links in one line."""
    test = facts["test"]
    parts = [f"test edges {test['edges']:,.0f}"]
    if "reciprocal" in test:
        parts.append(f"reciprocal {100 * test['reciprocal']:.1f} %")
    parts += [
        f"source without a training link out {100 * test['source_unseen']:.1f} %",
        f"target without one in {100 * test['target_unseen']:.1f} %",
    ]
    if len(facts["seeds"]) > 1:
        parts.append(f"runs {len(facts['seeds'])}")
    return "   ".join(parts)


def spread(row: Row) -> str:
    """How sure the number is, in a few characters."""
    if row.runs > 1:
        return f"±{row.sd:.3f}"
    return f"{row.low:.3f}-{row.high:.3f}" if row.low < row.high else ""


def _cell(row: Row | None, report: LinkReport) -> str:
    if row is None:
        return ""
    ahead = row.kind == "model" and report.standing(row) == "ahead"
    return f"{row.value:.3f}{'*' if ahead else ' '} {spread(row)}".rstrip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join(padded).rstrip()


def _legend(report: LinkReport, metric: str) -> str:
    parts = ["guessing gives 0.500"] if metric == "auc" else []
    if report.runs > 1:
        parts.append(f"mean ± standard deviation of {report.runs} runs")
    elif report.facts["bootstrap"]:
        parts.append("second number: 95 % interval over links")
    parts.append("* above every degree baseline, intervals apart")
    return "; ".join(parts)
