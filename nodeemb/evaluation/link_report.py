"""The measured numbers of a link prediction: tidy rows, a table, and means over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, stdev
from typing import Any

from nodeemb.errors import WrongUse, unknown_name
from nodeemb.evaluation.baselines import DEGREE_BASELINES

# Stands where the kind of negatives does: each one-way link is met by its own reverse.
ONE_WAY = "one-way links"

LABELS = {
    "random": "random",
    "in_degree": "in-degree of the target",
    "degree_sum": "degree sum",
    "potential": "potential difference",
    "preferential_attachment": "preferential attachment",
    "common_neighbours": "common neighbours",
    "adamic_adar": "Adamic-Adar",
    "katz": "Katz",
    "ppr": "personalised PageRank",
}
METRIC_LABELS = {
    "auc": "AUC",
    "ap": "average precision",
    "mrr": "MRR",
    "pair_accuracy": "pair accuracy",
}


@dataclass(frozen=True)
class Row:
    """One measured number.

    Attributes:
        scorer: the model's name or the baseline's; "..., roles swapped".
        kind: "model", "swapped" or "baseline".
        negatives: the kind of negatives, or ONE_WAY.
        metric: "auc", "ap", "mrr", "hits@K" or "pair_accuracy".
        value: the number; the mean where several runs were merged.
        low, high: its 95 % interval over links; means of the bounds where merged.
        sd: standard deviation over runs; 0 for one run.
        runs: how many runs the number is the mean of.
    """

    scorer: str
    kind: str
    negatives: str
    metric: str
    value: float
    low: float
    high: float
    sd: float = 0.0
    runs: int = 1

    @property
    def interval(self) -> tuple[float, float]:
        """The wider of the interval over links and one standard deviation over runs."""
        return min(self.low, self.value - self.sd), max(self.high, self.value + self.sd)

    @property
    def label(self) -> str:
        """The scorer's name for people."""
        return LABELS.get(self.scorer, self.scorer)


@dataclass(frozen=True)
class LinkReport:
    """What a link prediction measured.

    Attributes:
        rows: every number, models first, in the order they were asked for.
        facts: graph, split, test links, negatives, seeds: what was measured on.
    """

    rows: tuple[Row, ...]
    facts: dict[str, Any]

    @property
    def runs(self) -> int:
        """How many runs the numbers are means of."""
        return len(self.facts["seeds"])

    def tidy(self) -> list[dict[str, Any]]:
        """One dict a number, for data frames."""
        return [asdict(row) for row in self.rows]

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {"facts": self.facts, "rows": self.tidy()}

    def column(self, negatives: str, metric: str = "auc") -> list[Row]:
        """The rows of one kind of negatives and one metric."""
        return [r for r in self.rows if r.negatives == negatives and r.metric == metric]

    def value(self, scorer: str, negatives: str, metric: str = "auc") -> Row:
        """One number, by name.

        Raises:
            WrongUse: it was not measured.
        """
        for row in self.column(negatives, metric):
            if row.scorer == scorer:
                return row
        raise unknown_name(
            "measured number",
            f"{scorer} / {negatives} / {metric}",
            [f"{r.scorer} / {r.negatives} / {r.metric}" for r in self.rows],
        )

    def negatives(self) -> list[str]:
        """The kinds of negatives, in order."""
        return list(self.facts["negatives"])

    def metrics(self) -> list[str]:
        """The ranking metrics, in order."""
        found = dict.fromkeys(r.metric for r in self.rows if r.negatives != ONE_WAY)
        return list(found)

    def columns(self, metric: str) -> list[tuple[str, str]]:
        """(negatives, metric) of each column of the table of one ranking metric.

        Raises:
            WrongUse: the metric was not measured.
        """
        if metric not in self.metrics():
            raise unknown_name("metric", metric, self.metrics())
        columns = [(kind, metric) for kind in self.negatives()]
        if self.column(ONE_WAY, "pair_accuracy"):
            columns.append((ONE_WAY, "pair_accuracy"))
        return columns

    def lines(self, metric: str = "auc") -> list[tuple[str, str, list[Row | None]]]:
        """(label, kind, a row for each column) of each scorer, for tables."""
        columns = self.columns(metric)
        found = {(r.scorer, r.negatives, r.metric): r for r in self.rows}
        scorers = dict.fromkeys((r.scorer, r.kind) for r in self.rows)
        return [
            (
                LABELS.get(scorer, scorer),
                kind,
                [found.get((scorer, *column)) for column in columns],
            )
            for scorer, kind in scorers
        ]

    def table(self, metric: str = "auc") -> str:
        """One metric as text. See `nodeemb.evaluation.link_table`."""
        from nodeemb.evaluation.link_table import text_table

        return text_table(self, metric)

    def best_degree_baseline(self, negatives: str, metric: str) -> Row | None:
        """The highest of the baselines that know degrees only, if any was measured."""
        known = [
            r for r in self.column(negatives, metric) if r.scorer in DEGREE_BASELINES
        ]
        return max(known, key=lambda row: row.value, default=None)

    def standing(self, row: Row) -> str:
        """ "ahead", "level" or "behind" the best degree baseline; "" without one.

        Level means that the two intervals overlap.
        """
        bar = self.best_degree_baseline(row.negatives, row.metric)
        if bar is None:
            return ""
        if row.interval[0] > bar.interval[1]:
            return "ahead"
        return "behind" if row.interval[1] < bar.interval[0] else "level"


def merge(reports: Sequence[LinkReport]) -> LinkReport:
    """Mean and standard deviation of the same measurement over several seeds.

    Raises:
        WrongUse: no report, or reports of different graphs, scorers or metrics.
    """
    if not reports:
        raise WrongUse("there is no report to merge", allowed="One or more")
    first = reports[0]
    if len(reports) == 1:
        return first
    for other in reports[1:]:
        if [_key(r) for r in other.rows] != [_key(r) for r in first.rows]:
            raise WrongUse("the reports to merge hold different scorers or metrics")
        if other.facts["graph"] != first.facts["graph"]:
            raise WrongUse("the reports to merge are of different graphs")
    rows = zip(*(report.rows for report in reports), strict=True)
    facts = {
        **first.facts,
        "test": _mean_of_each([report.facts["test"] for report in reports]),
        "seeds": [seed for report in reports for seed in report.facts["seeds"]],
        "each": [report.facts for report in reports],
    }
    return LinkReport(tuple(_merged(same) for same in rows), facts)


def _key(row: Row) -> tuple[str, str, str]:
    return row.scorer, row.negatives, row.metric


def _merged(same: tuple[Row, ...]) -> Row:
    values = [row.value for row in same]
    return replace(
        same[0],
        value=fmean(values),
        low=fmean(row.low for row in same),
        high=fmean(row.high for row in same),
        sd=stdev(values),
        runs=len(same),
    )


def _mean_of_each(facts: list[dict[str, float]]) -> dict[str, float]:
    return {name: fmean(each[name] for each in facts) for name in facts[0]}
