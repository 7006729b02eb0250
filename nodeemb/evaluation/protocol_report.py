"""What a protocol measured: a number for each scorer and column, a table, means over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, stdev
from typing import Any, NamedTuple

from nodeemb.errors import WrongUse, unknown_name
from nodeemb.evaluation.baselines import DEGREE_BASELINES
from nodeemb.evaluation.link_report import LABELS

_LABELS = {
    **LABELS,
    "degrees": "degrees, two numbers",
    "most_frequent": "most frequent classes",
}


class Head(NamedTuple):
    """A column of the table.

    Attributes:
        name: what it is called in data.
        title: its heading.
        asks: what it asks, in a sentence.
        group: columns of one group make a table of their own.
    """

    name: str
    title: str
    asks: str
    group: str = ""


@dataclass(frozen=True)
class Number:
    """One measured number.

    Attributes:
        scorer: the model's name or the baseline's.
        kind: "model" or "baseline".
        column: what was asked.
        value: the number, the mean where several runs were merged; NaN: not asked.
        sd: standard deviation over runs; 0 for one run.
        runs: how many runs the number is the mean of.
        reason: why it is NaN.
    """

    scorer: str
    kind: str
    column: str
    value: float
    sd: float = 0.0
    runs: int = 1
    reason: str = ""

    @property
    def label(self) -> str:
        """The scorer's name for people."""
        return _LABELS.get(self.scorer, self.scorer)


@dataclass(frozen=True)
class ProtocolReport:
    """The numbers of a protocol.

    Attributes:
        protocol: its name.
        rows: every number, models first.
        facts: protocol, graph, split, test links, columns, seeds: what was measured on.
    """

    protocol: str
    rows: tuple[Number, ...]
    facts: dict[str, Any]

    @property
    def runs(self) -> int:
        """How many runs the numbers are means of."""
        return len(self.facts["seeds"])

    @property
    def heads(self) -> list[Head]:
        """The columns, in order."""
        return [Head(**each) for each in self.facts["columns"]]

    @property
    def groups(self) -> dict[str, list[Head]]:
        """The columns of each table, in order."""
        found: dict[str, list[Head]] = {}
        for head in self.heads:
            found.setdefault(head.group, []).append(head)
        return found

    def tidy(self) -> list[dict[str, Any]]:
        """One dict a number, for data frames."""
        return [asdict(row) for row in self.rows]

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON: a number that was not asked is null."""
        rows = [
            {**row, "value": None if math.isnan(row["value"]) else row["value"]}
            for row in self.tidy()
        ]
        return {"protocol": self.protocol, "facts": self.facts, "rows": rows}

    def value(self, scorer: str, column: str) -> Number:
        """One number, by name.

        Raises:
            WrongUse: it was not measured.
        """
        for row in self.rows:
            if (row.scorer, row.column) == (scorer, column):
                return row
        raise unknown_name(
            "measured number",
            f"{scorer} / {column}",
            [f"{row.scorer} / {row.column}" for row in self.rows],
        )

    def lines(self, heads: Sequence[Head]) -> list[tuple[str, str, list[Number]]]:
        """(label, kind, a number for each column) of each scorer, for tables."""
        scorers = dict.fromkeys((row.scorer, row.kind, row.label) for row in self.rows)
        found = {(row.scorer, row.column): row for row in self.rows}
        return [
            (label, kind, [found[scorer, head.name] for head in heads])
            for scorer, kind, label in scorers
        ]

    def best(self, column: str, kind: str) -> Number | None:
        """The best number of a column among the models or the degree baselines."""
        known = [
            row
            for row in self.rows
            if row.column == column
            and row.kind == kind
            and not math.isnan(row.value)
            and (kind == "model" or row.scorer in (*DEGREE_BASELINES, "degrees"))
        ]
        return max(known, key=lambda row: row.value, default=None)

    def ahead(self, row: Number) -> bool:
        """Is a model above every degree baseline, by more than both deviations?"""
        bar = self.best(row.column, "baseline")
        if bar is None or row.kind != "model" or row.runs < 2 or math.isnan(row.value):
            return False
        return row.value - row.sd > bar.value + bar.sd

    def unasked(self) -> dict[str, str]:
        """Column -> why it has no number."""
        return {row.column: row.reason for row in self.rows if row.reason}

    def table(self) -> str:
        """The numbers as text. See `nodeemb.evaluation.protocol_table`."""
        from nodeemb.evaluation.protocol_table import text_table

        return text_table(self)


def merge_protocols(reports: Sequence[ProtocolReport]) -> ProtocolReport:
    """Mean and standard deviation of the same measurement over several seeds.

    A number that one of the seeds could not ask stays without a value.

    Raises:
        WrongUse: no report, or reports of different protocols, scorers or columns.
    """
    if not reports:
        raise WrongUse("there is no report to merge", allowed="One or more")
    first = reports[0]
    if len(reports) == 1:
        return first
    for other in reports[1:]:
        if other.protocol != first.protocol or _keys(other) != _keys(first):
            raise WrongUse("the reports to merge hold different scorers or columns")
    rows = zip(*(report.rows for report in reports), strict=True)
    facts = {
        **first.facts,
        "test": _means([report.facts["test"] for report in reports]),
        "seeds": [seed for report in reports for seed in report.facts["seeds"]],
        "each": [report.facts for report in reports],
    }
    return ProtocolReport(first.protocol, tuple(map(_merged, rows)), facts)


def _keys(report: ProtocolReport) -> list[tuple[str, str]]:
    return [(row.scorer, row.column) for row in report.rows]


def _merged(same: tuple[Number, ...]) -> Number:
    values = [row.value for row in same]
    if any(map(math.isnan, values)):
        reason = next(row.reason for row in same if row.reason)
        return replace(same[0], value=math.nan, runs=len(same), reason=reason)
    return replace(same[0], value=fmean(values), sd=stdev(values), runs=len(same))


def _means(facts: list[dict[str, float]]) -> dict[str, float]:
    return {name: fmean(each[name] for each in facts) for name in facts[0]}
