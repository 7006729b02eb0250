"""How often the scheme that nodeemb diagnose recommends is the one that wins in roles-quick.

python -m tests.bench.diagnosed

Winners are told from the committed cells of the study: the family with the highest mean over
seeds on test links, its shares chosen on validation links. Beside the recommendation stands
what always taking one scheme would have got.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import fmean

import nodeemb as ne
from nodeemb.diagnosis.recommend import recommend
from nodeemb.settings import Input

CELLS = Path(".results/roles-quick.jsonl.gz")
FAMILIES = {
    "single": ["single"],
    "signature": ["signature 1/8", "signature 1/4", "signature 1/2"],
    "sign_skew": ["sign_skew 1/4", "sign_skew 1/2"],
    "source_target": ["source_target"],
}
COLUMNS = ("auc", "hits@100", "auc_reversed", "pair_accuracy")
NEAR = 0.005  # below the winner, and still counted as good as it


def means(links: str) -> dict[tuple[str, str, str], float]:
    """(graph, column, arm) -> mean over seeds."""
    found = defaultdict(list)
    with gzip.open(CELLS, "rt") as lines:
        for cell in map(json.loads, lines):
            for column, value in cell[links].items():
                found[cell["dataset"], column, cell["arm"]].append(value)
    return {place: fmean(values) for place, values in found.items()}


def main() -> None:
    """Prints a line a graph, and the counts."""
    test, validation = means("test"), means("validation")
    asked, first, near = Counter(), Counter(), Counter()
    for name in dict.fromkeys(place[0] for place in test):
        said = recommend(ne.diagnose(Input(name=name).read())).scheme
        told = [f"{name}: recommended {said}; wins"]
        for column in COLUMNS:
            scores = {}
            for family, arms in FAMILIES.items():
                arm = max(arms, key=lambda one: validation[name, "auc", one])
                if (name, column, arm) in test:
                    scores[family] = test[name, column, arm]
            if not scores:
                continue
            winner = max(scores, key=scores.__getitem__)
            told.append(f"{column} {winner}")
            asked[column] += 1
            for guess, scheme in [("diagnose", said), *((f, f) for f in FAMILIES)]:
                first[guess, column] += scheme == winner
                near[guess, column] += scores[scheme] >= scores[winner] - NEAR
        print(", ".join(told), flush=True)
    print(f"{'':16}" + "".join(f"{column:>16}" for column in COLUMNS) + "  in all")
    for guess in ("diagnose", *FAMILIES):
        cells = "".join(
            f"{f'{first[guess, c]} ({near[guess, c]}) of {asked[c]}':>16}"
            for c in COLUMNS
        )
        total = f"{sum(first[guess, c] for c in COLUMNS)}"
        close = f"{sum(near[guess, c] for c in COLUMNS)}"
        print(f"{guess:16}{cells}  {total} ({close}) of {sum(asked.values())}")


if __name__ == "__main__":
    main()
