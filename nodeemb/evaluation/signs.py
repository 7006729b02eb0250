"""Does a model know friend from foe? Three questions about the links of a signed graph.

| task | asked of | classes |
|---|---|---|
| sign | hidden links | positive, negative |
| three_class | hidden links and as many pairs without a link | positive, negative, none |
| direction | hidden one-way links, both ways round | u -> v, v -> u |

A model answers with its own form: the scores s_c(u, v) of its channels, c = 1, 2, ...,
read by a logistic regression on these few numbers (for direction on their differences
s_c(u, v) - s_c(v, u)). It is fitted on validation links, which neither the model nor the
test has seen. Vectors set side by side would give f(u) + g(v), which cannot see a pair.

Beside it stands `degrees`: logistic regression on eight counts of the two ends, fitted on
all links but those of the test. Every model is also given together with it: its scores and
the logits of `degrees`, fitted on validation links. What that gains over `degrees` is what
the model knows that degrees do not tell.

Source: Leskovec, Huttenlocher, Kleinberg. Predicting positive and negative links in online
social networks. WWW 2010 (degree features); He et al. PyTorch Geometric Signed Directed.
arXiv 2202.10793 (tasks).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nodeemb.errors import DataRefused, WrongUse, unknown_name
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.sign_features import (
    ChannelScores,
    degree_counts,
    door_of_channels,
    known_links,
)
from nodeemb.evaluation.sign_readout import Readout, fit_readout
from nodeemb.evaluation.split import Split

DEGREES = "degrees"
CLASSES = ("positive", "negative", "none")


class SignRow(NamedTuple):
    """A number: of `model`, alone or with degrees beside it."""

    model: str
    with_degrees: bool
    task: str
    metric: str
    value: float


@dataclass(frozen=True, eq=False)
class SignReport:
    """What models know of signs, on one split.

    Attributes:
        rows: every number.
        facts: counts of pairs, class weights, hash of the split.
    """

    rows: tuple[SignRow, ...]
    facts: dict[str, Any]

    def value(
        self, model: str, task: str, metric: str, *, with_degrees: bool = False
    ) -> float:
        """One number. KeyError where it was not measured."""
        for row in self.rows:
            if row[:4] == (model, with_degrees, task, metric):
                return row.value
        raise KeyError((model, with_degrees, task, metric))

    def table(self) -> str:
        """The numbers as text, a model in each line."""
        columns = list(dict.fromkeys((row.task, row.metric) for row in self.rows))
        names = list(dict.fromkeys((row.model, row.with_degrees) for row in self.rows))
        found = {row[:4]: row.value for row in self.rows}
        head = ["", *(f"{task} {metric}" for task, metric in columns)]
        lines = [head]
        for model, beside in names:
            label = f"{model} + {DEGREES}" if beside else model
            cells = [found.get((model, beside, *column)) for column in columns]
            lines.append([label, *("" if c is None else f"{c:.4f}" for c in cells)])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(w) if i == 0 else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        )


class _Pairs(NamedTuple):
    """Pairs with their class.

    rows: (k, 2). label: (k,) place in CLASSES, or 0 for the way a link goes.
    """

    rows: np.ndarray
    label: np.ndarray


class _Asked(NamedTuple):
    """A task on a split: pairs to fit degrees on, a model's readout on, and to test."""

    known: _Pairs
    fit: _Pairs
    test: _Pairs


def evaluate_signs(
    models: Mapping[str, Any],
    split: Split,
    tasks: Sequence[str] = ("sign", "three_class", "direction"),
    *,
    seed: int = 0,
    balanced: bool = False,
) -> SignReport:
    """Asks models of a signed graph about the sign, existence and way of hidden links.

    Args:
        models: name -> Embedding of `split.train`, or an object of ids and score_rows.
        split: of a signed directed graph, with validation links to fit readouts on.
        tasks: some of sign, three_class, direction.
        seed: of the pairs without a link.
        balanced: False: every pair counts one. True: every class counts the same in
            fitting; thresholds move, AUC hardly.

    Returns:
        AUC, macro F1 and binary F1 (positive links) of sign; accuracy, macro F1 and
        macro AUC (one class against the rest) of three_class; accuracy of direction.

    Raises:
        WrongUse: an unknown task, a model of another graph.
        DataRefused: a graph without signs or directions, a split without validation
            links, or with links of one sign only.
    """
    _check(split, tasks)
    doors = {name: door_of_channels(m, split.train) for name, m in models.items()}
    known = known_links(split)
    rows: list[SignRow] = []
    facts: dict[str, Any] = {
        "split": split.manifest["hash"],
        "class_weights": "every class alike" if balanced else "every pair one",
        "model_links": split.train.num_edges,
        "degree_links": known.num_edges,
    }
    for task in dict.fromkeys(tasks):
        asked = _ask(split, known, task, seed)
        facts[task] = {
            "fit": np.bincount(asked.fit.label).tolist(),
            "test": np.bincount(asked.test.label).tolist(),
        }
        counts = [degree_counts(known, part.rows) for part in asked]
        if task == "direction":
            turned = [degree_counts(known, part.rows, turned=True) for part in asked]
            counts = [a - b for a, b in zip(counts, turned, strict=True)]
        degrees = fit_readout(task, counts[0], asked.known.label, balanced)
        rows += _rows(DEGREES, False, task, degrees, counts[2], asked.test.label)
        logits = [degrees.logits(c) for c in counts[1:]]
        for name, door in doors.items():
            own = [_own(door, part.rows, task) for part in asked[1:]]
            both = [np.hstack(x) for x in zip(logits, own, strict=True)]
            for beside, (fit, test) in ((False, own), (True, both)):
                readout = fit_readout(task, fit, asked.fit.label, balanced)
                rows += _rows(name, beside, task, readout, test, asked.test.label)
    return SignReport(tuple(rows), facts)


def _check(split: Split, tasks: Sequence[str]) -> None:
    for task in tasks:
        if task not in METRICS:
            raise unknown_name("task on signed graphs", task, METRICS)
    if not isinstance(split, Split):
        raise WrongUse(
            f"the split is a {type(split).__name__}",
            allowed="A Split",
            next_step="Make one by split_edges(graph, test=0.2, validation=0.08)",
        )
    graph = split.graph
    if graph.sign is None or not graph.directed:
        raise DataRefused(
            "tasks of signs need a directed graph with signs; this one has "
            + ("no directions" if graph.sign is not None else "no signs"),
            next_step="Read it with a sign column",
        )
    if not len(split.validation):
        raise DataRefused(
            "the split has no validation links to fit readouts on",
            next_step="Make it by split_edges(graph, test=0.2, validation=0.08)",
        )
    for what in ("test", "validation"):
        _, sign = split.values(getattr(split, what))
        assert sign is not None
        if min((sign > 0).sum(), (sign < 0).sum()) < 2:
            raise DataRefused(
                f"the {what} links of this split have hardly a link of one sign",
                allowed="Two of each at least",
                next_step="Hide more links, or choose another seed",
            )


def _ask(split: Split, known: Any, task: str, seed: int) -> _Asked:
    arcs = np.stack([known.sources, known.targets], axis=1)
    arcs = arcs[arcs[:, 0] != arcs[:, 1]]
    parts = [(arcs, known), (split.validation, known), (split.test, split.graph)]
    made = []
    for number, (rows, graph) in enumerate(parts):
        if task == "direction":
            rows = rows[~graph.has_edges(rows[:, 1], rows[:, 0])]
            made.append(_Pairs(rows, np.zeros(len(rows), np.int64)))
            continue
        _, sign = split.values(rows)
        assert sign is not None
        label = np.where(sign > 0, 0, 1)
        if task == "three_class":
            none = draw_negatives("uniform", graph, rows, 3 * seed + number).pairs
            rows = np.concatenate([rows, none])
            label = np.concatenate([label, np.full(len(none), 2)])
        made.append(_Pairs(rows, label))
    return _Asked(*made)


def _own(door: ChannelScores, rows: np.ndarray, task: str) -> np.ndarray:
    """(k, channels): a model's scores; differences of both ways for direction."""
    scores = door(rows[:, 0], rows[:, 1])
    return scores - door(rows[:, 1], rows[:, 0]) if task == "direction" else scores


def _rows(
    name: str,
    beside: bool,
    task: str,
    readout: Readout,
    features: np.ndarray,
    label: np.ndarray,
) -> list[SignRow]:
    return [
        SignRow(name, beside, task, metric, value)
        for metric, value in METRICS[task](readout, features, label).items()
    ]


def _sign(
    readout: Readout, features: np.ndarray, label: np.ndarray
) -> dict[str, float]:
    from sklearn.metrics import f1_score, roc_auc_score

    positive, said = label == 0, readout.probabilities(features)[:, 0]
    return {
        "auc": float(roc_auc_score(positive, said)),
        "macro_f1": float(f1_score(positive, said > 0.5, average="macro")),
        "f1": float(f1_score(positive, said > 0.5)),
    }


def _three_class(
    readout: Readout, features: np.ndarray, label: np.ndarray
) -> dict[str, float]:
    from sklearn.metrics import f1_score, roc_auc_score

    said = readout.probabilities(features)
    best = said.argmax(1)
    rest = [roc_auc_score(label == c, said[:, c]) for c in range(len(CLASSES))]
    return {
        "accuracy": float((best == label).mean()),
        "macro_f1": float(f1_score(label, best, average="macro")),
        "auc": float(np.mean(rest)),
    }


def _direction(
    readout: Readout, features: np.ndarray, label: np.ndarray
) -> dict[str, float]:
    """The difference of a pair and its reverse is all that is asked about; ties half."""
    way = readout.logits(features)[:, 0]
    return {"accuracy": float((1 + np.sign(way)).mean() / 2)}


METRICS: dict[str, Callable[[Readout, np.ndarray, np.ndarray], dict[str, float]]] = {
    "sign": _sign,
    "three_class": _three_class,
    "direction": _direction,
}
