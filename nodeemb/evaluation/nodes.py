"""Do the vectors tell a node's class? Logistic regression on them, for shares of labels.

For each share a random part of the labelled nodes trains one classifier a class (L2, C = 1,
columns brought to mean 0 and deviation 1 on the training nodes), and the others are asked.
A node with k classes is given the k of highest score: how many there are is told to the
classifier, as DeepWalk's evaluation does. Micro F1 counts every answer alike (with one
class a node it is the accuracy), macro F1 every class alike.

Source: Perozzi, Al-Rfou, Skiena. DeepWalk. KDD 2014; Tang, Liu. Relational Learning via
Latent Social Dimensions. KDD 2009; Khosla et al. NERD. ECML-PKDD 2019.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.protocol_report import Head, Number
from nodeemb.graph.graph import Graph
from nodeemb.graph.ids import Ids
from nodeemb.io.labels import Labels
from nodeemb.rng import permutation, stream_key

SHARES = (10, 20, 30, 40, 50, 60, 70, 80, 90)  # per cent of the labelled nodes
SHUFFLES = 5
_GROUPS = {"micro": "Micro F1", "macro": "Macro F1"}


class _Task(NamedTuple):
    """Labelled nodes: (m,) rows, and (m, classes) bool which of them a node has."""

    rows: np.ndarray
    truth: np.ndarray
    seed: int


# Training places and test places -> (tests, classes) scores.
_Rank = Callable[[np.ndarray, np.ndarray], np.ndarray]


def node_heads() -> list[Head]:
    """The columns: micro and macro F1 at each share."""
    return [
        Head(
            f"{average}@{share}",
            f"{share} %",
            f"{group}, {share} % of the labelled nodes train the classifier",
            group,
        )
        for average, group in _GROUPS.items()
        for share in SHARES
    ]


def classify_nodes(
    models: dict[str, Any],
    graph: Graph,
    labels: Labels,
    *,
    role: str | None = None,
    seed: int = 0,
    baselines: bool = True,
) -> list[Number]:
    """F1 of every model at every share, the mean of SHUFFLES shuffles.

    Args:
        models: embeddings, or (num_nodes, k) arrays, by name.
        graph: whose rows the labels name.
        labels: classes of some nodes.
        role: vectors of which role or view; None: all roles side by side.
        seed: of the shuffles. The same seed gives every model the same nodes.
        baselines: True: two numbers a node (logarithms of the degrees), and the most
            frequent classes.

    Raises:
        WrongUse: something without vectors, or a role it does not have.
        DataRefused: vectors of other nodes or that are not finite, or too few labelled
            nodes.
    """
    task = _task(graph, labels, seed)
    numbers: list[Number] = []
    for name, model in models.items():
        vectors = _vectors(name, model, graph, role)[task.rows]
        numbers += _numbers(name, "model", _by_regression(vectors, task), task)
    if baselines:
        degrees = np.log1p(np.stack([graph.out_degree, graph.in_degree], 1))[task.rows]
        rank = _by_regression(degrees, task)
        numbers += _numbers("degrees", "baseline", rank, task)
        numbers += _numbers("most_frequent", "baseline", _by_frequency(task), task)
    return numbers


def label_facts(labels: Labels) -> list[str]:
    """What a reader must know of the labels."""
    nodes = len(np.unique(labels.rows))
    told = f"{nodes:,} nodes have labels of {len(labels.names):,} classes"
    told += ", some several" if labels.several else ", one each"
    left_out = f"{labels.left_out:,} labels of nodes outside the graph are left out"
    return [told, *([left_out] if labels.left_out else [])]


def _task(graph: Graph, labels: Labels, seed: int) -> _Task:
    rows, place = np.unique(labels.rows, return_inverse=True)
    truth = np.zeros((len(rows), len(labels.names)), bool)
    truth[place, labels.classes] = True
    if len(rows) < 20:
        raise DataRefused(
            f"{len(rows)} of {graph.num_nodes:,} nodes have labels",
            allowed="20 or more",
        )
    return _Task(rows, truth, seed)


def _vectors(name: str, model: Any, graph: Graph, role: str | None) -> np.ndarray:
    if hasattr(model, "vectors"):
        ids = model.ids if isinstance(model.ids, Ids) else Ids(model.ids)
        if ids.digest() != graph.ids.digest():
            raise DataRefused(
                f"the {len(ids):,} node ids of {name} are not those of the graph, in the "
                "same order",
                next_step="Train on the graph whose labels are asked for",
            )
        values = model.vectors(role)
    elif isinstance(model, np.ndarray) and model.ndim == 2 and role is None:
        values = model
    else:
        raise WrongUse(
            f"{name} has no vectors" + ("" if role is None else f" of the role {role}"),
            allowed="An embedding, or an array of a row for each node",
        )
    values = np.asarray(values, np.float64)
    if len(values) != graph.num_nodes or not np.isfinite(values).all():
        raise DataRefused(
            f"{name} has {len(values):,} vectors for {graph.num_nodes:,} nodes, or numbers "
            "that are not finite"
        )
    return values


def _numbers(name: str, kind: str, rank: _Rank, task: _Task) -> list[Number]:
    from threadpoolctl import threadpool_limits

    found: dict[str, list[float]] = {head.name: [] for head in node_heads()}
    # The products are small: a second thread of BLAS made them 7 to 30 times slower.
    with threadpool_limits(1, "blas"):
        for share, shuffle in itertools.product(SHARES, range(SHUFFLES)):
            train, test = _parts(task, share, shuffle)
            given = top_classes(rank(train, test), task.truth[test].sum(1))
            for average in _GROUPS:
                value = f1(task.truth[test], given, average)
                found[f"{average}@{share}"].append(value)
    return [
        Number(name, kind, column, float(np.mean(v))) for column, v in found.items()
    ]


def _parts(task: _Task, share: int, shuffle: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of training and of test nodes; more label at a larger share, none changes."""
    count = len(task.rows)
    order = permutation(stream_key(task.seed, "nodes", shuffle), count)
    end = min(max(round(share / 100 * count), 1), count - 1)
    return order[:end], order[end:]


def top_classes(scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(t, classes) bool: for each node its best classes, as many as it has.

    Args:
        scores: (t, classes); of equal ones the first class is taken.
        counts: (t,) how many classes each node has.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(scores.shape[1])[None, :], axis=1)
    return rank < counts[:, None]


def f1(truth: np.ndarray, given: np.ndarray, average: str) -> float:
    """Micro or macro F1 of (t, classes) answers; a class nobody has or is given counts 0.

    Source: scikit-learn's `f1_score` with `zero_division=0`, here without its checks.
    """
    right = (truth & given).sum(0)
    both = truth.sum(0) + given.sum(0)
    if average == "micro":
        return float(2 * right.sum() / both.sum())
    return float(np.mean(2 * right / np.maximum(both, 1)))


def _by_frequency(task: _Task) -> _Rank:
    def rank(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        return np.tile(task.truth[train].sum(0).astype(float), (len(test), 1))

    return rank


def _by_regression(vectors: np.ndarray, task: _Task) -> _Rank:
    def rank(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        mean, sd = vectors[train].mean(0), vectors[train].std(0)
        scaled = (vectors - mean) / np.where(sd > 0, sd, 1.0)
        columns = [
            _one_class(scaled[train], has, scaled[test]) for has in task.truth[train].T
        ]
        return np.stack(columns, 1)

    return rank


def _one_class(known: np.ndarray, has: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(t,) scores of one class; where all or none of the known nodes have it, infinite."""
    from sklearn.linear_model import LogisticRegression

    if has.all() or not has.any():
        return np.full(len(asked), np.inf if has.any() else -np.inf)
    model = LogisticRegression(C=1.0, max_iter=1000)
    return model.fit(known, has).decision_function(asked)
