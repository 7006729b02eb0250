"""What a study says, in sentences that its numbers write."""

from __future__ import annotations

from collections.abc import Sequence

from nodeemb.study.columns import ABOUT, of_a_part
from nodeemb.study.contrasts import Answer, overall

_ORDER = ("better", "worse", "equivalent", "undecided")


def said(told: Sequence[Answer]) -> list[str]:
    """A sentence for each contrast in each column of each group, the plainest first.

    Columns of a part of the links, such as those of one support, come after the others.
    """
    lines = []
    for one in overall(told):
        this, over = one.contrast.split(" - ", 1)
        counted = [
            f"{one.verdicts[kind]} {kind}" for kind in _ORDER if one.verdicts[kind]
        ]
        where = one.group or one.split
        graphs = f"{one.graphs} data set{'s' if one.graphs > 1 else ''}"
        strength = abs(one.verdicts["better"] - one.verdicts["worse"]) / one.graphs
        sure = max(one.verdicts.values()) / one.graphs
        lines.append(
            (
                (of_a_part(one.column), -(strength + sure)),
                f"{where}, {ABOUT[one.column].title}: {this} against {over} on {graphs}: "
                f"{', '.join(counted)}; in the middle {one.found.middle:+.4f}.",
            )
        )
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]
