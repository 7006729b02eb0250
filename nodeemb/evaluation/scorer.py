"""The one door of the evaluation: whatever gives pairs of nodes a score.

An embedding, a heuristic or a plain function all look alike from here: two arrays of
rows in, one array of numbers out, larger = more likely a link source -> target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.graph.ids import Ids

ScoreRows: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Pairs given to a scorer at once: bounds the memory of scorers that gather vectors.
_BLOCK = 1 << 18


@runtime_checkable
class Scorer(Protocol):
    """What the evaluation asks of a model."""

    @property
    def ids(self) -> Ids:
        """The ids of the nodes it scores, in row order."""
        ...

    def score_rows(self, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """(k,) floats for (k,) source rows and (k,) target rows."""
        ...


@dataclass(frozen=True)
class Heuristic:
    """A scorer made from a function of rows and the ids the rows belong to."""

    ids: Ids
    score_rows: ScoreRows


def door(result: Any, graph: Graph) -> ScoreRows:
    """The scoring function of a result, once it is sure to speak of the same rows.

    Args:
        result: a Scorer, or a function (sources, targets) -> scores over rows.
        graph: the graph whose rows will be asked for.

    Raises:
        WrongUse: it is neither.
        DataRefused: its ids are not those of the graph, in the same order.
    """
    if not hasattr(result, "score_rows"):
        if callable(result):
            return result
        raise WrongUse(
            f"a {type(result).__name__} cannot score pairs of nodes",
            allowed="An embedding, or a function (source rows, target rows) -> scores",
        )
    ids = getattr(result, "ids", None)
    if ids is not None and Ids.digest(_as_ids(ids)) != graph.ids.digest():
        raise DataRefused(
            f"the result's {len(ids):,} node ids are not those of the graph's "
            f"{graph.num_nodes:,} nodes, in the same order",
            next_step="Train on split.train, which keeps every node and its row",
        )
    return result.score_rows


def _as_ids(ids: Any) -> Ids:
    return ids if isinstance(ids, Ids) else Ids(ids)


def score_pairs(score: ScoreRows, pairs: np.ndarray, name: str) -> np.ndarray:
    """(k,) float64: scores of pairs, asked for in blocks and checked.

    Args:
        score: the scoring function.
        pairs: (k, 2) rows.
        name: what to call the scorer in a message.

    Raises:
        DataRefused: it returns another number of scores, or non-finite ones.
    """
    # By source: scorers that work source by source then do each source once.
    order = np.argsort(pairs[:, 0])
    out = np.empty(len(pairs))
    for start in range(0, len(pairs), _BLOCK):
        at = order[start : start + _BLOCK]
        block = np.ascontiguousarray(pairs[at].T)
        values = np.asarray(score(block[0], block[1]))
        if values.shape != (len(at),):
            raise DataRefused(
                f"{name} returned scores of shape {values.shape} for {len(at):,} pairs",
                allowed=f"One number a pair: ({len(at)},)",
            )
        out[at] = values
    bad = int((~np.isfinite(out)).sum())
    if bad:
        raise DataRefused(
            f"{bad:,} of {len(out):,} scores of {name} are not finite numbers",
            next_step="A model that diverged cannot be ranked: train it again with a "
            "smaller learning rate",
        )
    return out
