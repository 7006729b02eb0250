"""What the numbers of a link prediction say, in sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nodeemb.evaluation.link_report import ONE_WAY, LinkReport, Row


class Kind(NamedTuple):
    """How a kind of negatives is told: its name, its question, why it is hard or easy."""

    title: str
    question: str
    reason: str


_TOLD = {
    "uniform": Kind(
        "Against any two nodes",
        "Is this a link, or two nodes picked at random?",
        "Two nodes picked at random are mostly ones that hardly link to anyone or are "
        "hardly linked to, so adding up degrees is right most of the time. A model whose "
        "noise is drawn by degree, or that has no numbers for popularity, gives this "
        "advantage away.",
    ),
    "reversed": Kind(
        "Against the link turned round",
        "Does the link go this way, or the other?",
        "Both candidates hold the same two nodes, so knowing what is close to what is "
        "worth nothing. It only matters which of the two tends to link and which to be "
        "linked to, and the potential difference says just that with one number a node. "
        "A score that is the same both ways can do no more than guess.",
    ),
    "degree": Kind(
        "Against links paired anew",
        "Does this source belong to this target?",
        "Every node is a source and a target about as often among these negatives as "
        "among the links, so no number that belongs to one node tells them apart and the "
        "degree baselines stand near 0.5 by construction. What lies above is knowledge "
        "of who links to whom: here vectors must show what they are worth.",
    ),
    "two_hop": Kind(
        "Against pairs two links apart",
        "Is this a link, or the two ends of a path of two links?",
        "All of these negatives are close to each other, so being close is no sign of a "
        "link, and scores that count paths can fall below 0.5.",
    ),
}
_MIXED = Kind(
    "Against {percent} % links turned round, the rest any two nodes",
    "Is this a link this way, or is it none?",
    "Part of the negatives can be told by degrees alone, and part only by the direction; "
    "one score has to serve both.",
)

_WHERE = {"ahead": "above", "level": "level with", "behind": "below"}
_NEIGHBOURHOOD = ("common_neighbours", "adamic_adar", "katz", "ppr")


def told(negatives: str) -> Kind:
    """How a kind of negatives is told."""
    name, _, percent = negatives.partition(":")
    if percent:
        return _MIXED._replace(title=_MIXED.title.format(percent=percent))
    return _TOLD[name]


def verdict(report: LinkReport, negatives: str) -> list[str]:
    """Paragraphs on one kind of negatives: who leads, who loses to degrees, and why."""
    rows = report.column(negatives)
    models = [r for r in rows if r.kind == "model"]
    said: list[str] = []
    if models:
        said.append(_leader(models, rows) + " " + _against_degrees(report, models))
    said.append(told(negatives).reason)
    said += _symmetric(report, models) if negatives.startswith("reversed") else []
    return [text.strip() for text in said if text.strip()]


def summary(report: LinkReport) -> str:
    """One sentence on the whole: where vectors buy something over degrees."""
    won: list[str] = []
    lost: list[str] = []
    for negatives in report.negatives():
        models = [r for r in report.column(negatives) if r.kind == "model"]
        if not models or report.best_degree_baseline(negatives, "auc") is None:
            continue
        ahead = any(report.standing(row) == "ahead" for row in models)
        (won if ahead else lost).append(told(negatives).title.lower())
    parts = []
    if won:
        parts.append(f"Trained models beat every degree baseline {_listed(won)}")
    if lost:
        start = "they do not" if won else "Trained models do not beat degrees"
        parts.append(f"{start} {_listed(lost, 'or')}")
    return "; ".join(parts) + "." if parts else ""


def direction_check(report: LinkReport) -> str:
    """What happens to the models when they are asked backwards."""
    column = report.column(ONE_WAY, "pair_accuracy")
    models = [r for r in column if r.kind == "model"]
    if not models:
        return ""
    best = max(models, key=lambda row: row.value)
    said = (
        f"Of the links that go one way only, {_quoted(best)} puts "
        f"{100 * best.value:.1f} % above their own reverse"
    )
    bar = report.best_degree_baseline(ONE_WAY, "pair_accuracy")
    if bar is not None:
        where = {"ahead": "more than", "level": "level with", "behind": "less than"}[
            report.standing(best)
        ]
        said += f", {where} the {bar.label} with {100 * bar.value:.1f} %"
    return said + ". " + _asked_backwards(report, best.scorer)


def unseen(report: LinkReport) -> str:
    """Why some links cannot be known from role vectors."""
    test = report.facts["test"]
    if not report.facts["graph"]["directed"]:
        return (
            f"{100 * test['either_unseen']:.1f} % of the test links have an end without "
            "any training link."
        )
    return (
        f"{100 * test['source_unseen']:.1f} % of the test links start at a node that "
        f"links to nothing in training, and {100 * test['target_unseen']:.1f} % end at "
        "one that nothing links to: there a separate source or target vector has had "
        "nothing to learn from."
    )


def _leader(models: list[Row], rows: list[Row]) -> str:
    best = max(models, key=lambda row: row.value)
    said = f"{_quoted(best)} leads the trained models with {best.value:.3f}."
    if len(models) == 1:
        said = f"{_quoted(best)} reaches {best.value:.3f}."
    near = [r for r in rows if r.scorer in _NEIGHBOURHOOD]
    top = max(near, key=lambda row: row.value, default=None)
    if top is not None and top.interval[0] > best.interval[1]:
        said += f" {_capital(top.label)}, which trains nothing, has {top.value:.3f}."
    return said


def _against_degrees(report: LinkReport, models: list[Row]) -> str:
    bar = report.best_degree_baseline(models[0].negatives, models[0].metric)
    if bar is None:
        return ""
    name = f"the best degree baseline ({bar.label}, {bar.value:.3f})"
    stands = [report.standing(row) for row in models]
    parts: list[str] = []
    for standing, where in _WHERE.items():
        there = [r for r, s in zip(models, stands, strict=True) if s == standing]
        if len(there) == len(models) > 1:
            return f"All of them are {where} {name}."
        if there:
            who = "It" if len(models) == 1 else _listed([_quoted(r) for r in there])
            verb = "are" if len(there) > 1 else "is"
            parts.append(f"{who} {verb} {where} {'it' if parts else name}")
    return "; ".join(parts) + "."


def _symmetric(report: LinkReport, models: list[Row]) -> list[str]:
    accuracy = {
        r.scorer: r
        for r in report.column(ONE_WAY, "pair_accuracy")
        if r.kind == "model"
    }
    same = [
        _quoted(row)
        for row in models
        if row.scorer in accuracy and accuracy[row.scorer].interval == (0.5, 0.5)
    ]
    if not same:
        return []
    verb = "gives" if len(same) == 1 else "give"
    return [f"{_listed(same)} {verb} both directions of a pair the same score."]


def _asked_backwards(report: LinkReport, scorer: str) -> str:
    swapped = f"{scorer}, roles swapped"
    drops = [
        f"{forward.value:.3f} to {backward.value:.3f} ({told(kind).title.lower()})"
        for kind in report.negatives()
        for forward in report.column(kind)
        for backward in report.column(kind)
        if forward.scorer == scorer and backward.scorer == swapped
    ]
    return f"Asked backwards, its AUC goes from {_listed(drops)}." if drops else ""


def _listed(names: Sequence[str], joint: str = "and") -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {joint} {names[-1]}"


def _quoted(row: Row) -> str:
    return f"“{row.label}”"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
