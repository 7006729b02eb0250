"""A dot and its interval for each scorer, drawn as one line of SVG each.

Places are per cent of the width, so that a plot fits a phone and a desk alike and its
labels stay text of the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

from nodeemb.evaluation.link_report import LinkReport, Row

_KEY = (
    ('<circle cx="50%" cy="50%" r="4.5" class="dot"/>', "model", "trained model"),
    ('<circle cx="50%" cy="50%" r="3.5" class="ring"/>', "model", "its roles swapped"),
    ('<circle cx="50%" cy="50%" r="4.5" class="dot"/>', "baseline", "baseline"),
    (
        '<line x1="50%" x2="50%" y1="0" y2="100%" class="half"/>',
        "",
        "0.5, what guessing gives",
    ),
)


def dot_plot(report: LinkReport, negatives: str) -> str:
    """HTML: the AUC of every model and baseline under one kind of negatives."""
    column = report.column(negatives)
    shown = [row for row in column if row.kind != "swapped"]
    swapped = {
        row.scorer.removesuffix(", roles swapped"): row
        for row in column
        if row.kind == "swapped"
    }
    low = _axis_start(shown)
    bar = report.best_degree_baseline(negatives, "auc")

    def place(value: float) -> str:
        return f"{100 * (value - low) / (1 - low):.2f}%"

    guides = _guides(low, place, bar)
    before = "baseline"
    lines = []
    for row in shown:
        if row.kind == "baseline" and before == "model":
            lines.append(
                _line("gap", "", f'<svg aria-hidden="true">{guides}</svg>', "")
            )
        lines.append(_row(row, swapped.get(row.scorer), low, place, guides))
        before = row.kind
    return (
        f'<div class="plot">{"".join(lines)}{_axis(low, place)}'
        f"{_key(bar, bool(swapped))}</div>"
    )


def _axis_start(rows: list[Row]) -> float:
    lowest = min([0.5, *(row.interval[0] for row in rows)])
    return max(0.0, math.floor(10 * lowest - 0.2) / 10)


def _ticks(low: float) -> list[float]:
    return [tick / 10 for tick in range(math.ceil(10 * low), 11)]


def _guides(low: float, place: Callable[[float], str], bar: Row | None) -> str:
    lines = [(tick, "grid") for tick in _ticks(low) if tick != 0.5]
    lines.append((0.5, "half"))
    if bar is not None:
        lines.append((bar.value, "best"))
    return "".join(
        f'<line x1="{place(at)}" x2="{place(at)}" y1="0" y2="100%" class="{kind}"/>'
        for at, kind in lines
    )


def _row(
    row: Row,
    swapped: Row | None,
    low: float,
    place: Callable[[float], str],
    guides: str,
) -> str:
    start, end = row.interval
    drawn = guides
    if swapped is not None and swapped.value >= low:
        drawn += f'<circle cx="{place(swapped.value)}" cy="50%" r="3.5" class="ring"/>'
    drawn += (
        f'<line x1="{place(start)}" x2="{place(end)}" y1="50%" y2="50%" class="span"/>'
        f'<circle cx="{place(row.value)}" cy="50%" r="4.5" class="dot"/>'
    )
    said = escape(f"{row.label}: {row.value:.3f}, interval {start:.3f} to {end:.3f}")
    picture = f'<svg role="img" aria-label="{said}"><title>{said}</title>{drawn}</svg>'
    return _line(row.kind, escape(row.label), picture, f"{row.value:.3f}")


def _line(kind: str, name: str, picture: str, number: str) -> str:
    return (
        f'<div class="row {kind}"><div class="name">{name}</div>'
        f'<div class="track">{picture}</div><div class="number">{number}</div></div>'
    )


def _axis(low: float, place: Callable[[float], str]) -> str:
    ticks = _ticks(low)
    # On a phone more than six labels would touch.
    ticks = ticks if len(ticks) <= 6 else ticks[:: -math.ceil(len(ticks) / 6)]
    texts = "".join(
        f'<text x="{place(tick)}" y="75%" text-anchor="middle">{tick:.1f}</text>'
        for tick in ticks
    )
    return _line("axis", "AUC", f'<svg aria-hidden="true">{texts}</svg>', "")


def _key(bar: Row | None, swapped: bool) -> str:
    entries = [e for e in _KEY if swapped or "swapped" not in e[2]]
    if bar is not None:
        line = '<line x1="50%" x2="50%" y1="0" y2="100%" class="best"/>'
        entries.append((line, "", f"best degree baseline: {bar.label}"))
    items = (
        f'<span><svg class="{kind}" aria-hidden="true">{mark}</svg>{escape(text)}</span>'
        for mark, kind, text in entries
    )
    return f'<div class="key">{"".join(items)}</div>'
