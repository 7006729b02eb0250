"""Charts of a study as SVG within a page: dots with spread, curves over the width, doses.

Every mark has its numbers and the keys of its cells as a title, which browsers show on
hover and readers read out; shapes tell series apart where colours do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
"""Okabe and Ito's, which people who see fewer colours can tell apart."""
_WIDE, _HIGH, _EDGE = 640, 300, 58
CHARTS = """
.chart { margin: .4rem 0 1.2rem; }
.chart > svg { width: 100%; height: auto; max-width: 44rem; display: block; }
.chart text { fill: var(--soft); font-size: 12px; }
.chart .axis-line { stroke: var(--line); } .chart .zero { stroke: var(--soft); stroke-dasharray: 2 3; }
.nowrap { white-space: nowrap; } main h3 { margin-top: 1.6rem; } .matrix { width: auto; }
.matrix td, .matrix th { text-align: center; padding: .25rem .3rem; }
.matrix th:first-child { text-align: left; white-space: nowrap; }
.matrix thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left;
  max-height: 11rem; font-weight: 400; }
.better { color: #0072b2; font-weight: 700; } .worse { color: #d55e00; font-weight: 700; }
.equivalent { color: var(--soft); font-weight: 700; } .undecided { color: var(--soft); }
@media (max-width: 34rem) { .chart text { font-size: 19px; } }
@media (prefers-color-scheme: dark) { .better { color: #56b4e9; } .worse { color: #e69f00; } }
"""
SIGNS = {"better": "▲", "worse": "▼", "equivalent": "=", "undecided": "·"}


class Rung(NamedTuple):
    """A line of a ladder: a name, its number with spread, what is said on hover."""

    name: str
    value: float
    spread: float
    told: str
    baseline: bool


def ladder(rungs: Sequence[Rung], title: str) -> str:
    """A dot with its spread for each arm, one below the other."""
    ends = [v for r in rungs for v in (r.value - r.spread, r.value + r.spread)]

    def row(r: Rung, place: Callable[[float], str], zero: str) -> str:
        return (
            f'<div class="row {"baseline" if r.baseline else "model"}">'
            f'<div class="name">{escape(r.name)}</div><div class="track">'
            f'<svg role="img" aria-label="{escape(r.told)}"><title>{escape(r.told)}</title>'
            f'{zero}<line x1="{place(r.value - r.spread)}" x2="{place(r.value + r.spread)}" '
            f'y1="50%" y2="50%" class="span"/><circle cx="{place(r.value)}" cy="50%" r="4.5" '
            f'class="dot"/></svg></div><div class="number">{r.value:.4g}</div></div>'
        )

    title += ": the mean, and a standard deviation over splits to each side"
    return _lines(rungs, ends, title, row)


class Strip(NamedTuple):
    """A line of dots: a name, places with what is said of each on hover, a number beside
    them, and all of it in words."""

    name: str
    dots: list[tuple[float, str]]
    number: str
    told: str


def strips(lines: Sequence[Strip], title: str) -> str:
    """Dots of each line on one axis, one line below the other; nothing without dots."""

    def row(line: Strip, place: Callable[[float], str], zero: str) -> str:
        dots = "".join(_dot(place(value), told) for value, told in line.dots)
        return (
            f'<div class="row model"><div class="name">{escape(line.name)}</div>'
            f'<div class="track"><svg role="img" aria-label="{escape(line.told)}">{zero}'
            f'{dots}</svg></div><div class="number nowrap">{escape(line.number)}</div></div>'
        )

    return _lines(lines, [v for line in lines for v, _ in line.dots], title, row)


def _lines(
    lines: Sequence[Any],
    values: Sequence[float],
    title: str,
    row: Callable[[Any, Callable[[float], str], str], str],
) -> str:
    """Rows on one axis that holds all values, with a mark at 0; nothing without values.

    row: of a line, the place of a number on the axis, and the mark.
    """
    if not values:
        return ""
    low, high = _span(values)

    def place(value: float) -> str:
        return f"{100 * (value - low) / (high - low):.2f}%"

    zero = ""
    if low < 0 < high:
        zero = f'<line x1="{place(0)}" x2="{place(0)}" y1="0" y2="100%" class="half"/>'
    rows = "".join(row(line, place, zero) for line in lines)
    return (
        f'<div class="plot"><p class="soft">{escape(title)}</p>{rows}'
        f"{_axis(low, high, place)}</div>"
    )


def _dot(place: str, told: str) -> str:
    return (
        f'<circle cx="{place}" cy="50%" r="4.5" class="dot" opacity=".6">'
        f"<title>{escape(told)}</title></circle>"
    )


def _axis(low: float, high: float, place: Callable[[float], str]) -> str:
    """Numbers below a ladder, which does not begin at 0."""
    ticks = "".join(
        f'<text x="{place(tick)}" y="75%" text-anchor="middle">{tick:.4g}</text>'
        for tick in _round(low, high)
    )
    return (
        '<div class="row axis"><div class="name"></div><div class="track">'
        f'<svg aria-hidden="true">{ticks}</svg></div><div class="number"></div></div>'
    )


class Mark(NamedTuple):
    """A point. low, high: its interval up and down; told: what is said on hover."""

    x: float
    y: float
    low: float
    high: float
    told: str


class Series(NamedTuple):
    """Points with a name; joined: by a line, in the order of x."""

    name: str
    marks: list[Mark]
    joined: bool = True


def plot(
    series: Sequence[Series], across: str, up: str, ticks: Sequence[float] = ()
) -> str:
    """A chart; nothing where there is no point.

    Args:
        series: up to seven have colours of their own.
        across, up: names of the axes.
        ticks: places of the axis across; none: four evenly.
    """
    marks = [mark for one in series for mark in one.marks]
    if not marks:
        return ""
    left, right = _span([mark.x for mark in marks])
    low, high = _span([v for mark in marks for v in (mark.low, mark.high)])
    x = _scale(left, right, _EDGE + 14, _WIDE - 12)
    y = _scale(low, high, _HIGH - _EDGE, 14)
    drawn = [_axes(x, y, ticks or _round(left, right), _round(low, high), across, up)]
    if low < 0 < high:
        drawn.append(
            f'<line class="zero" x1="{_EDGE}" x2="{_WIDE}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>'
        )
    for number, one in enumerate(series):
        drawn.append(_series(one, number, x, y))
    said = escape(f"{up} by {across}: {', '.join(one.name for one in series)}")
    key = "".join(
        f'<span><svg viewBox="-7 -7 14 14" aria-hidden="true">{_shape(number, 0, 0)}</svg>'
        f"{escape(one.name)}</span>"
        for number, one in enumerate(series)
    )
    return (
        f'<figure class="chart"><svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="{said}">{"".join(drawn)}</svg><div class="key">{key}</div></figure>'
    )


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or abs(low) * 0.1 or 1.0
    return low - room, high + room


def _scale(
    low: float, high: float, start: float, end: float
) -> Callable[[float], float]:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _round(low: float, high: float) -> list[float]:
    """Three to six round numbers between two."""
    step = 10 ** math.floor(math.log10((high - low) / 3))
    step = next(
        step * by for by in (1, 2, 2.5, 5, 10) if (high - low) / (step * by) <= 6
    )
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _axes(
    x: Callable[[float], float],
    y: Callable[[float], float],
    across: Sequence[float],
    up: Sequence[float],
    name: str,
    title: str,
) -> str:
    bottom = _HIGH - _EDGE + 4
    lines = [
        f'<line class="axis-line" x1="{_EDGE}" x2="{_WIDE}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        f'<text x="{_EDGE - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.3g}</text>'
        for tick in up
    ]
    lines += [
        f'<text x="{x(tick):.1f}" y="{bottom + 14}" text-anchor="middle">{tick:.3g}</text>'
        for tick in across
    ]
    lines.append(
        f'<text x="{_WIDE / 2}" y="{_HIGH - 8}" text-anchor="middle">{escape(name)}</text>'
        f'<text x="4" y="11">{escape(title)}</text>'
    )
    return "".join(lines)


def _series(
    one: Series,
    number: int,
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> str:
    colour = COLOURS[number % len(COLOURS)]
    marks = sorted(one.marks, key=lambda mark: mark.x)
    line = ""
    if one.joined and len(marks) > 1:
        places = " ".join(f"{x(mark.x):.1f},{y(mark.y):.1f}" for mark in marks)
        line = f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    spans = "".join(
        f'<line x1="{x(mark.x):.1f}" x2="{x(mark.x):.1f}" y1="{y(mark.low):.1f}" '
        f'y2="{y(mark.high):.1f}" stroke="{colour}" stroke-width="2" opacity=".45"/>'
        for mark in marks
        if mark.high > mark.low
    )
    points = "".join(
        f'<g tabindex="0"><title>{escape(mark.told)}</title>'
        f"{_shape(number, x(mark.x), y(mark.y))}</g>"
        for mark in marks
    )
    return line + spans + points


def _shape(number: int, x: float, y: float) -> str:
    colour = COLOURS[number % len(COLOURS)]
    kind = number % 4
    if kind == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
    if kind == 1:
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
    corners = {
        2: ((0, -5.5), (5, 4), (-5, 4)),
        3: ((0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)),
    }[kind]
    places = " ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in corners)
    return f'<polygon points="{places}" fill="{colour}"/>'
