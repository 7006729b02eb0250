"""What runs noted while they trained, such as vectors of zeros or what did not converge."""

from __future__ import annotations

import re

from nodeemb.study.results import Results

TITLE = "What runs noted"
HEADS = ["arm", "what", "cells", "where"]
_FEW = 6  # places that are named
_NUMBER = re.compile(r"\d[\d,]*(\.\d+)?(e[+-]?\d+)?")


def rows(results: Results) -> list[list[str]]:
    """For people: arm, what, in how many cells, and of which data sets.

    Notes that differ in their numbers alone are one; a number that is the same in all of
    them stays.
    """
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for place, result in results.cells.items():
        dataset, split, arm, _ = place
        for note in result["training"].get("notes") or ():
            alike = arm, _NUMBER.sub("#", note)
            found.setdefault(alike, []).append((note, f"{dataset} {split}"))
    order = {arm: number for number, arm in enumerate(results.arms)}
    return [
        [arm, _joined([note for note, _ in told]), str(len(told)), _places(told)]
        for (arm, _), told in sorted(found.items(), key=lambda one: order[one[0][0]])
    ]


def _joined(notes: list[str]) -> str:
    """One note of several: numbers that differ become the range that they lie in."""
    numbers = zip(
        *([m.group() for m in _NUMBER.finditer(n)] for n in notes), strict=True
    )
    ranges = iter([_range(list(column)) for column in numbers])
    return _NUMBER.sub(lambda _: next(ranges), notes[0])


def _range(texts: list[str]) -> str:
    ordered = sorted(
        dict.fromkeys(texts), key=lambda text: float(text.replace(",", ""))
    )
    return ordered[0] if len(ordered) == 1 else f"{ordered[0]} .. {ordered[-1]}"


def _places(told: list[tuple[str, str]]) -> str:
    places = list(dict.fromkeys(place for _, place in told))
    more = len(places) - _FEW
    return ", ".join(places[:_FEW]) + (f" and {more} more" if more > 0 else "")
