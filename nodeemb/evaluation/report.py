"""Write a link prediction as one HTML page that needs nothing else.

Style and plots are inside the page, there is no script and nothing is fetched, so it
can be mailed, archived and opened on a phone. Every sentence about the numbers is made
from the numbers (`nodeemb.evaluation.report_words`).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from nodeemb.evaluation.link_report import METRIC_LABELS, ONE_WAY, LinkReport, Row
from nodeemb.evaluation.link_table import spread
from nodeemb.evaluation.report_parts import (
    fact_strip,
    how_to_repeat,
    notes_list,
    page,
    paragraphs,
)
from nodeemb.evaluation.report_plots import dot_plot
from nodeemb.evaluation.report_words import (
    direction_check,
    summary,
    told,
    unseen,
    verdict,
)
from nodeemb.io.atomic import write_text_atomically


def write_html(
    report: LinkReport,
    path: str | Path,
    *,
    title: str,
    data: str = "",
    notes: Sequence[str] = (),
    repeat: Sequence[str] = (),
) -> Path:
    """Writes the report as a page, whole or not at all.

    Args:
        report: what `evaluate_links` or `merge` returned.
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
        _asked(report),
        *(_card(report, negatives) for negatives in report.negatives()),
        _direction(report),
        _numbers(report),
        notes_list(notes),
        how_to_repeat(report.facts, repeat),
    ]
    return write_text_atomically(path, page(title, body))


def _opening(report: LinkReport, title: str, data: str) -> str:
    return (
        '<p class="eyebrow">Link prediction</p>'
        f"<h1>{escape(title)}</h1>"
        f"{paragraphs([summary(report)], 'lead')}{paragraphs([data])}"
        f"{fact_strip(report.facts)}"
    )


def _asked(report: LinkReport) -> str:
    test = report.facts["test"]
    hidden = test["edges"] / max(report.facts["graph"]["edges"], 1)
    said = [
        f"{100 * hidden:.0f} % of the links ({test['edges']:,.0f}) were hidden. Models "
        "and baselines saw the others only, and were then asked for a score for each "
        "hidden link and for as many pairs of nodes that are no links, the negatives. "
        "AUC is how often a hidden link scores above a negative: 1 is always, 0.5 is "
        "what guessing gives.",
        "Which negatives are drawn decides what is being asked, so there is a section "
        "for each kind. Beside the models stand baselines made from the training links "
        "without any training. A model is called above or below another scorer where "
        "their intervals do not overlap, else level with it.",
        _intervals(report),
        unseen(report),
    ]
    if test.get("reverse_in_train", 0) > 0.0005:
        said.append(
            f"The reverse of {100 * test['reverse_in_train']:.1f} % of the test links is "
            "among the training links."
        )
    return f"<h2>What was asked</h2>{paragraphs(said)}"


def _intervals(report: LinkReport) -> str:
    count, runs = report.facts["bootstrap"], report.runs
    parts = []
    if runs > 1:
        parts.append(f"Numbers are means of {runs} runs with other seeds.")
    if count and runs > 1:
        parts.append(
            "Intervals are the wider of one standard deviation over the runs and 95 % "
            f"over links ({count} resamples a run)."
        )
    elif count:
        parts.append(f"Intervals hold 95 % of {count} resamples of the links.")
    return " ".join(parts)


def _card(report: LinkReport, negatives: str) -> str:
    kind = told(negatives)
    facts = report.facts["negatives"][negatives]
    turned = facts.get("reversals")
    said = verdict(report, negatives)
    if turned is not None:
        share = 100 * turned / max(report.facts["split"]["counts"]["test"], 1)
        said.append(
            f"{turned:,} of the negatives ({share:.1f} %) are links turned round; links "
            "that go both ways cannot be, and any two nodes stand in for them."
        )
    return (
        '<section class="card pair"><div class="head">'
        f"<h3>{escape(kind.title)}</h3>"
        f'<p class="question">{escape(kind.question)}</p></div>'
        f"{dot_plot(report, negatives)}"
        f'<div class="words">{paragraphs(said)}</div></section>'
    )


def _direction(report: LinkReport) -> str:
    said = direction_check(report)
    return f"<h2>Does it know the direction?</h2>{paragraphs([said])}" if said else ""


def _numbers(report: LinkReport) -> str:
    first, *others = report.metrics()
    more = "".join(
        f"<details><summary>{escape(METRIC_LABELS.get(m, m))}</summary>"
        f"{_table(report, m)}</details>"
        for m in others
    )
    return (
        f"<h2>All numbers</h2>{_table(report, first)}"
        '<p class="soft">Green: above every degree baseline, intervals apart. Orange: '
        "the best degree baseline of the column.</p>"
        f"{more}"
    )


def _table(report: LinkReport, metric: str) -> str:
    columns = report.columns(metric)
    heads = [METRIC_LABELS[m] if n == ONE_WAY else n for n, m in columns]
    heads = [METRIC_LABELS.get(metric, metric), *heads]
    lines, before = [], ""
    for label, kind, rows in report.lines(metric):
        group = "Baselines, nothing trained" if kind == "baseline" else "Models"
        if group != before:
            lines.append(
                f'<tr class="group"><th colspan="{len(heads)}">{group}</th></tr>'
            )
            before = group
        name = "roles swapped" if kind == "swapped" else label
        cells = "".join(_cell(report, row) for row in rows)
        lines.append(f'<tr class="{kind}"><th>{escape(name)}</th>{cells}</tr>')
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(report: LinkReport, row: Row | None) -> str:
    if row is None:
        return "<td></td>"
    kind = ""
    if row.kind == "model" and report.standing(row) == "ahead":
        kind = ' class="ahead"'
    if row == report.best_degree_baseline(row.negatives, row.metric):
        kind = ' class="bar"'
    return f"<td{kind}>{row.value:.3f}<small>{_short(row)}</small></td>"


def _short(row: Row) -> str:
    """The spread without the zeros before the points, to fit four columns in a phone."""
    return spread(row).replace("0.", ".").replace("-", "–")
