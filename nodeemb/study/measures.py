"""The columns of a study: each a named number between a scorer and a split's test links.

| column | number |
|---|---|
| auc, ap, mrr, hits@20, hits@50, hits@100 | against uniform negatives |
| auc_reversed, auc_reversed:50 | AUC where all, or half, of the negatives are links turned round |
| auc_degree | AUC against pairs of like degrees |
| pair_accuracy | share of one-way links that score above their own reverse |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodeemb.evaluation.scorer import ScoreRows
    from nodeemb.evaluation.split import Split

_ONE_WAY = "one-way links"
COLUMNS = {
    "auc": ("uniform", "auc"),
    "ap": ("uniform", "ap"),
    "mrr": ("uniform", "mrr"),
    "hits@20": ("uniform", "hits@20"),
    "hits@50": ("uniform", "hits@50"),
    "hits@100": ("uniform", "hits@100"),
    "auc_reversed:50": ("reversed:50", "auc"),
    "auc_reversed": ("reversed", "auc"),
    "auc_degree": ("degree", "auc"),
    "pair_accuracy": (_ONE_WAY, "pair_accuracy"),
}


def column_names() -> list[str]:
    """The names of all columns."""
    return list(COLUMNS)


def measure_columns(
    split: Split, score_rows: ScoreRows, names: Sequence[str], seed: int
) -> dict[str, float]:
    """The numbers of some columns.

    Args:
        split: whose test links are asked for.
        score_rows: (source rows, target rows) -> scores.
        names: of columns.
        seed: of the negatives.

    Returns:
        name -> number; a column that this graph does not have is missing.
    """
    from nodeemb.evaluation.links import evaluate_links

    kinds = [k for k in dict.fromkeys(COLUMNS[n][0] for n in names) if k != _ONE_WAY]
    report = evaluate_links(
        score_rows, split, kinds or ["uniform"], seed=seed, baselines=False, bootstrap=0
    )
    found = {(r.negatives, r.metric): r.value for r in report.rows if r.kind == "model"}
    return {name: found[COLUMNS[name]] for name in names if COLUMNS[name] in found}
