"""Choose the best epoch by links that were hidden for it, never by test links."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nodeemb.embedding.scoring import score_rows
from nodeemb.errors import WrongUse
from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import Split
from nodeemb.graph.graph import Graph
from nodeemb.roles.layout import Layout
from nodeemb.roles.scheme import RoleScheme


def make_validator(
    split: Split,
    graph: Graph,
    scheme: RoleScheme,
    layout: Layout,
    kinds: Sequence[str],
    seed: int,
) -> Callable[[np.ndarray], float]:
    """Table -> mean AUC of the split's validation links over kinds of negatives.

    Test links are not looked at: to this function they are pairs like any other.

    Raises:
        WrongUse: the split has no validation links, `graph` is not its training graph, or
            no kind of negatives is named.
    """
    if not isinstance(split, Split):
        raise WrongUse(
            f"validation is a {type(split).__name__}",
            allowed="What split_edges returned",
        )
    if isinstance(kinds, str):
        kinds = [kinds]
    if not kinds:
        raise WrongUse("validation needs negatives", allowed='Such as ("uniform",)')
    if not len(split.validation):
        raise WrongUse(
            "the split has no validation links",
            next_step="split_edges(..., validation=0.05)",
        )
    if graph.digest() != split.train.digest():
        raise WrongUse(
            "the graph is not the training graph of the validation split",
            next_step="embed(split.train, ..., validation=split)",
        )
    hidden = np.zeros(split.graph.num_arcs, bool)
    sources, targets = split.test.T
    hidden[split.graph.arc_positions(sources, targets)] = True
    if not split.graph.directed:
        hidden[split.graph.arc_positions(targets, sources)] = True
    known = split.graph.keep_arcs(~hidden)
    good = split.validation
    bad = [draw_negatives(kind, known, good, seed).pairs for kind in kinds]

    def validate(table: np.ndarray) -> float:
        positive = score_rows(table, scheme, layout, good[:, 0], good[:, 1])
        values = [
            auc(positive, score_rows(table, scheme, layout, pairs[:, 0], pairs[:, 1]))
            for pairs in bad
        ]
        return float(np.mean(values))

    return validate
