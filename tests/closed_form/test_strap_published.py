"""STRAP on cora_ml as DirLinkBench splits it: the published figures come out again.

    python -m pytest -m slow tests/closed_form/test_strap_published.py

Published (ten splits): Hits@100 79.09 +- 1.57, AUC 87.38 +- 1.05; measured again with closed
forms on the published splits: 78.57 +- 1.54 and 86.79 +- 0.78. Here, seeds 0 to 9: 78.77 +-
0.77 and 87.17 +- 0.61 by the protocol dirlinkbench, 80.23 +- 1.87 and 87.41 +- 1.17 where a
random tree is kept in place of one found in the order of rows.
"""

from __future__ import annotations

import numpy as np
import pytest

from nodeemb.errors import DataRefused
from nodeemb.evaluation.follow import evaluate_protocol
from nodeemb.evaluation.metrics import auc, hits
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.protocol_split import largest_component, protocol_split
from nodeemb.evaluation.split import split_edges
from nodeemb.io.cards import read_dataset
from nodeemb.run import embed

SEEDS = range(10)


@pytest.fixture(scope="module")
def cora():
    try:
        return read_dataset("cora_ml")
    except DataRefused as error:
        pytest.skip(f"data set cora_ml is not here: {error}")


def random_tree(graph, seed):
    """(Hits@100, AUC): 80/5/15, the links of a random spanning tree kept."""
    split = split_edges(largest_component(graph), 0.15, 0.05, seed, connected=True)
    model = embed(split.train, "strap", dim=64, seed=seed)
    negatives = draw_negatives("uniform", split.graph, split.test, seed).pairs
    above, below = model.score_rows(*split.test.T), model.score_rows(*negatives.T)
    return hits(above, below, 100), auc(above, below)


def published_tree(graph, seed):
    """The same as the protocol has it, whose tree is found in the order of rows."""
    split = protocol_split("dirlinkbench", graph, seed)
    model = embed(split.train, "strap", dim=64, seed=seed)
    report = evaluate_protocol(model, split, seed=seed, baselines=False)
    told = {row.column: row.value for row in report.rows}
    return told["hits@100"], told["auc"]


# the target on the protocol itself; on another tree of the same kind, one published sd
WAYS = [
    (published_tree, (78.6, 1.5), (86.8, 0.8)),
    (random_tree, (79.09, 1.57), (87.38, 1.05)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("way", "hundred", "area"), WAYS)
def test_strap_reaches_what_is_published(cora, way, hundred, area):
    share, under = 100 * np.mean([way(cora, seed) for seed in SEEDS], axis=0)
    assert share == pytest.approx(hundred[0], abs=hundred[1])
    assert under == pytest.approx(area[0], abs=area[1])
