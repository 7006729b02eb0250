"""Ask a model for hidden links, and put what degrees alone would answer beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.baselines import BASELINES, chosen_baselines
from nodeemb.evaluation.link_report import ONE_WAY, LinkReport, Row
from nodeemb.evaluation.metrics import (
    Measured,
    measure,
    measure_mean,
    pair_accuracy,
)
from nodeemb.evaluation.negatives import Negatives, draw_negatives
from nodeemb.evaluation.scorer import ScoreRows, door, score_pairs
from nodeemb.evaluation.split import Split

DIRECTED_NEGATIVES = ("uniform", "reversed", "degree")
UNDIRECTED_NEGATIVES = ("uniform", "degree")


@dataclass(frozen=True, eq=False)
class _Test:
    """What every scorer is asked: the links, their negatives, and how to measure."""

    split: Split
    negatives: list[Negatives]
    one_way: np.ndarray
    hits: tuple[int, ...]
    bootstrap: int
    seed: int

    @property
    def directed(self) -> bool:
        return self.split.graph.directed


def evaluate_links(
    result: Any,
    split: Split,
    negatives: Sequence[str] | None = None,
    *,
    seed: int = 0,
    baselines: bool | Sequence[str] = True,
    hits: Sequence[int] = (20, 50, 100),
    bootstrap: int = 100,
) -> LinkReport:
    """Scores hidden links against negatives, for models and baselines alike.

    Args:
        result: an embedding trained on `split.train`, or a function (source rows,
            target rows) -> scores; or a dict of several, by name.
        split: what `split_edges` returned.
        negatives: kinds of negatives, see `nodeemb.evaluation.negatives`; by default
            uniform, reversed and degree-matched ones (undirected graphs: not reversed).
        seed: of the negatives and of the resampling.
        baselines: True: all of them; or some by name, see
            `nodeemb.evaluation.baselines`; False: none.
        hits: the K of Hits@K.
        bootstrap: resamples for the 95 % intervals; 0 for none.

    Returns:
        Every metric of every scorer under every kind of negatives.

    Raises:
        WrongUse: a name that does not exist, or something that cannot score.
        DataRefused: test links that the model was trained on, ids of another graph,
            scores that are not finite.
    """
    _check_split(split)
    _check_numbers(hits, bootstrap)
    graph = split.graph
    models = named_models(result)
    doors = {name: door(model, graph) for name, model in models.items()}
    for name, model in models.items():
        _check_training(name, model, split)
    if negatives is None:
        negatives = DIRECTED_NEGATIVES if graph.directed else UNDIRECTED_NEGATIVES
    test = _Test(
        split,
        [draw_negatives(kind, graph, split.test, seed) for kind in _kinds(negatives)],
        ~graph.has_edges(split.test[:, 1], split.test[:, 0]),
        tuple(int(k) for k in hits),
        int(bootstrap),
        int(seed),
    )
    rows: list[Row] = []
    for name, score in doors.items():
        rows += _rows_of_model(name, score, test)
    for name in chosen_baselines(baselines):
        rows += _rows_of_baseline(name, BASELINES[name](split.train).score_rows, test)
    return LinkReport(tuple(rows), _facts(test))


def named_models(result: Any) -> dict[str, Any]:
    """Name -> model; a single one is called "model".

    Raises:
        WrongUse: a model has the name of a baseline.
    """
    models = dict(result) if isinstance(result, Mapping) else {"model": result}
    for name in models:
        if name in BASELINES:
            raise WrongUse(
                f'a model is called "{name}", as one of the baselines is',
                next_step="Give it another name",
            )
    return models


def _kinds(negatives: Sequence[str]) -> list[str]:
    if isinstance(negatives, str):
        return [negatives]
    return list(dict.fromkeys(negatives))


def _check_split(split: Any) -> None:
    if not isinstance(split, Split):
        raise WrongUse(
            f"evaluate_links takes the split, not a {type(split).__name__}",
            next_step="split = split_edges(graph); embed(split.train, ...); "
            "evaluate_links(result, split)",
        )
    shared = int(split.train.has_edges(split.test[:, 0], split.test[:, 1]).sum())
    if shared:
        raise DataRefused(
            f"{shared:,} test edges are also in the training graph",
            allowed="None: a model must not have seen what it is asked",
            next_step="Make the split with split_edges and train on split.train",
        )


def _check_numbers(hits: Sequence[int], bootstrap: int) -> None:
    if bootstrap < 0 or any(k < 1 for k in hits):
        raise WrongUse(
            f"hits={tuple(hits)}, bootstrap={bootstrap} cannot be measured",
            allowed="Every K of Hits@K 1 or more, bootstrap 0 (no intervals) or more",
        )


def _check_training(name: str, model: Any, split: Split) -> None:
    """Scorers may say which graph they come from; the whole graph holds the answers."""
    trained_on = getattr(model, "graph_hash", None)
    if trained_on is not None and trained_on == split.graph.digest():
        raise DataRefused(
            f"{name} was trained on the whole graph: {len(split.test):,} test edges are "
            "also in the training graph",
            next_step="Train on split.train",
        )


def _rows_of_model(name: str, score: ScoreRows, test: _Test) -> list[Row]:
    pairs = [test.split.test, *(drawn.pairs for drawn in test.negatives)]
    forward = _scored(score, pairs, name)
    rows = _ranking_rows(name, "model", forward, test)
    if test.directed:
        backward = _scored(score, [p[:, ::-1] for p in pairs], name)
        rows += _one_way_row(name, "model", forward[0], backward[0], test)
        rows += _swapped_rows(name, rows, forward, backward, test)
    return rows


def _swapped_rows(
    name: str,
    rows: list[Row],
    forward: list[np.ndarray],
    backward: list[np.ndarray],
    test: _Test,
) -> list[Row]:
    """The model asked for target -> source; `rows` are its own."""
    swapped = f"{name}, roles swapped"
    if all(map(np.array_equal, forward, backward)):
        # A symmetric score: the same numbers again need no second measurement.
        return [replace(row, scorer=swapped, kind="swapped") for row in rows]
    return [
        *_ranking_rows(swapped, "swapped", backward, test),
        *_one_way_row(swapped, "swapped", backward[0], forward[0], test),
    ]


def _rows_of_baseline(name: str, score: ScoreRows, test: _Test) -> list[Row]:
    positives = test.split.test
    pairs = [positives, *(drawn.pairs for drawn in test.negatives)]
    if not test.directed:
        return _ranking_rows(name, "baseline", _scored(score, pairs, name), test)
    *forward, backward = _scored(score, [*pairs, positives[:, ::-1]], name)
    rows = _ranking_rows(name, "baseline", forward, test)
    return rows + _one_way_row(name, "baseline", forward[0], backward, test)


def _scored(score: ScoreRows, sets: list[np.ndarray], name: str) -> list[np.ndarray]:
    values = score_pairs(score, np.concatenate(sets), name)
    return np.split(values, np.cumsum([len(pairs) for pairs in sets])[:-1])


def _ranking_rows(
    name: str, kind: str, scores: list[np.ndarray], test: _Test
) -> list[Row]:
    rows = []
    for drawn, negative in zip(test.negatives, scores[1:], strict=True):
        measured = measure(
            scores[0],
            negative,
            hits_at=test.hits,
            replicates=test.bootstrap,
            seed=test.seed,
        )
        rows += [_row(name, kind, drawn.kind, m, v) for m, v in measured.items()]
    return rows


def _one_way_row(
    name: str, kind: str, forward: np.ndarray, backward: np.ndarray, test: _Test
) -> list[Row]:
    if not test.one_way.any():
        return []
    wins = pair_accuracy(forward, backward)[test.one_way]
    measured = measure_mean(wins, replicates=test.bootstrap, seed=test.seed)
    return [_row(name, kind, ONE_WAY, "pair_accuracy", measured)]


def _row(name: str, kind: str, negatives: str, metric: str, m: Measured) -> Row:
    return Row(name, kind, negatives, metric, m.value, m.low, m.high)


def _facts(test: _Test) -> dict[str, Any]:
    split = test.split
    return {
        "graph": {
            "nodes": split.graph.num_nodes,
            "edges": split.graph.num_edges,
            "directed": split.graph.directed,
            "hash": split.manifest["graph_hash"],
        },
        "split": split.manifest,
        "test": describe_test(split),
        "negatives": {drawn.kind: drawn.facts for drawn in test.negatives},
        "seeds": [test.seed],
        "bootstrap": test.bootstrap,
    }


def describe_test(split: Split) -> dict[str, float]:
    """What anyone must know of the test links to read the numbers.

    Counts, and shares of links: source without a training link out, target without one
    in, mutual in the whole graph, reverse among the training links. No test link: 0.
    """
    sources, targets = split.test[:, 0], split.test[:, 1]
    no_out = split.train.out_degree[sources] == 0
    no_in = split.train.in_degree[targets] == 0
    shares = {
        "source_unseen": no_out,
        "target_unseen": no_in,
        "either_unseen": no_out | no_in,
    }
    if split.graph.directed:
        shares["reciprocal"] = split.graph.has_edges(targets, sources)
        shares["reverse_in_train"] = split.train.has_edges(targets, sources)
    facts: dict[str, float] = {"edges": len(split.test)}
    for name, those in shares.items():
        facts[name] = float(those.mean()) if len(those) else 0.0
    return facts
