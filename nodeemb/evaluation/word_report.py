"""What word sets measured: a row a number, and one table beside the frequency of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

HEADS = ("set", "measure", "by", "asked", "known", "value", "95 %", "frequency alone")
_TO_RIGHT = range(3, 6)


@dataclass(frozen=True)
class WordRow:
    """One measured number.

    Attributes:
        set: the word set.
        part: a section of it, or "" for all.
        metric: "spearman", "average precision", "order", "3CosAdd" or "3CosMul".
        by: what was asked: "cosine", or the model's own "score".
        asked: questions of this kind in the set.
        known: those whose words are all in the vocabulary; only they count.
        value: None where nothing can be measured.
        low, high: its 95 % interval over questions.
        frequency: the best law of word frequency on the same questions, if counts are known.
        law: which.
    """

    set: str
    part: str
    metric: str
    by: str
    asked: int
    known: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    frequency: float | None = None
    law: str | None = None


@dataclass(frozen=True)
class WordReport:
    """What an evaluation on words measured.

    Attributes:
        rows: every number, in the order of the sets.
        facts: model, readout, vocabulary, how words were found, where counts come from.
    """

    rows: tuple[WordRow, ...]
    facts: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {"facts": self.facts, "rows": [asdict(row) for row in self.rows]}

    def value(
        self, set: str, metric: str, by: str = "cosine", part: str = ""
    ) -> WordRow:
        """One number, by name.

        Raises:
            WrongUse: it was not measured.
        """
        from nodeemb.errors import unknown_name

        for row in self.rows:
            if (row.set, row.metric, row.by, row.part) == (set, metric, by, part):
                return row
        raise unknown_name(
            "measured number",
            " / ".join((set, metric, by, part)),
            [" / ".join((r.set, r.metric, r.by, r.part)) for r in self.rows],
        )

    def table(self) -> str:
        """The rows as text, the parts of sections left out, and what they rest on."""
        shown = [row for row in self.rows if row.part in ("", "semantic", "syntactic")]
        body = [_cells(row) for row in shown]
        widths = [max(map(len, column)) for column in zip(HEADS, *body, strict=True)]
        lines = [_line(HEADS, widths), *(_line(cells, widths) for cells in body)]
        return "\n".join([*lines, "", *self.notes()])

    def notes(self) -> list[str]:
        """What the numbers rest on, in sentences."""
        facts = self.facts
        notes = [
            f"Readout {facts['readout']} ({facts['length']} numbers) for cosines; score is "
            "the model's own, first word to second.",
            "Letters' case is ignored. Questions with a word that is not in the vocabulary "
            f"({facts['words']:,} words) are left out and counted under known.",
            f"Analogies ask and answer among the {facts['restricted']:,} "
            f"{facts['ranked_by']}.",
            "Frequency alone: the best law of word counts, chosen with the answers known; "
            f"counts: {facts['counts']}."
            if facts["counts"]
            else "No counts of the words are known, so there is no frequency baseline.",
        ]
        chance = facts.get("chance", {})
        if chance:
            told = ", ".join(f"{name} {share:.3f}" for name, share in chance.items())
            notes.append(f"Guessing: order 0.500; average precision {told}.")
        if facts.get("trained_on"):
            notes.append(
                f"The graph of {', '.join(facts['trained_on'])} is the one that was trained "
                "on: its rows tell how well it was learned, and predict nothing."
            )
        return notes


def _cells(row: WordRow) -> list[str]:
    value = interval = frequency = "-"
    if row.value is not None and row.low is not None and row.high is not None:
        value = f"{row.value:.3f}"
        interval = f"{row.low:.3f} to {row.high:.3f}"
    if row.frequency is not None:
        frequency = f"{row.frequency:.3f}  {row.law}"
    name = f"{row.set} {row.part}".rstrip()
    share = f"{100 * row.known / row.asked:.1f} %" if row.asked else "-"
    return [
        name,
        row.metric,
        row.by,
        f"{row.asked:,}",
        share,
        value,
        interval,
        frequency,
    ]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if place in _TO_RIGHT else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
