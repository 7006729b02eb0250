"""How the settings of presets and of the main job were chosen: python -m tests.bench.settings

Tries each setting and its neighbours on three graphs (pubmed, soc-anybeat, wikispeedia; half of
the links hidden, seed 0), and prints the mean AUC over these graphs under uniform, reversed and
degree-matched negatives. The README's tables of presets and roles use other graphs; the
published study has these too, and says so.

    python -m tests.bench.settings deepwalk       a preset
    python -m tests.bench.settings roles          the main job: mean over its arms
    python -m tests.bench.settings deepwalk '{"noise.shared": 128}'    values of your own
"""

import ast
import sys
import time

import numpy as np

from nodeemb.comparison import arm_recipe, load_comparison
from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.io.cards import read_dataset
from nodeemb.recipe import load_recipe, overridden
from nodeemb.run import embed

GRAPHS = ("pubmed", "soc-anybeat", "wikispeedia")
KINDS = ("uniform", "reversed", "degree")
RATE, EPOCHS, SHARED = "training.learning_rate", "training.epochs", "noise.shared"
WALKS = {RATE: (0.025, 0.05, 0.1, 0.2), EPOCHS: (1, 2), SHARED: (32, 64, 96, 128)}
DIFFUSED = {RATE: (0.05, 0.1, 0.2), EPOCHS: (5, 15, 30), SHARED: (32, 64, 128)}
EDGES = {RATE: (0.05, 0.1, 0.2), EPOCHS: (10, 30, 60), SHARED: (16, 32, 64)}
NEIGHBOURS = {
    "deepwalk": WALKS,
    "node2vec": WALKS,
    "line1": EDGES,
    "line2": EDGES,
    "app": DIFFUSED,
    "verse": DIFFUSED,
    "nerd": {
        RATE: (0.05, 0.1, 0.15, 0.2),
        EPOCHS: (5, 10, 20),
        SHARED: (16, 32, 64),
        "noise.power": (0.0, 0.75),
    },
    "roles": {
        RATE: (0.05, 0.1, 0.2),
        EPOCHS: (5, 10, 20),
        "objective.shift": (0.0, -4.0, -7.0, -10.0),
        "noise.side": ("target", "both"),
        "training.batch_blocks": (1, 2, 4, 16),
    },
}


def columns(recipes, options):
    """AUC by graph and kind of negatives, mean over recipes."""
    values = []
    for name in GRAPHS:
        graph = read_dataset(name)
        split = split_edges(graph, test=0.5, seed=0)
        drawn = [draw_negatives(kind, graph, split.test, 0) for kind in KINDS]
        for recipe in recipes:
            result = embed(split.train, recipe, seed=0, options=options)
            positive = result.score_rows(*split.test.T)
            values.append([auc(positive, result.score_rows(*n.pairs.T)) for n in drawn])
    return np.array(values).reshape(len(GRAPHS), len(recipes), -1).mean(1)


def main(name, *own):
    """Prints a line for each setting tried."""
    if name == "roles":
        comparison = load_comparison()
        recipes = [arm_recipe(comparison, arm) for arm in comparison.arms]
    else:
        recipes = [load_recipe(name)]
    tries = [ast.literal_eval(text) for text in own] or [
        {},
        *({key: value} for key, some in NEIGHBOURS[name].items() for value in some),
    ]
    header = "  ".join(f"{g[:6]}/{k[:3]}" for g in GRAPHS for k in KINDS)
    print(f"{'mean':6}  {'CPU-s':>6}  {header}  options", flush=True)
    for options in tries:
        for recipe in recipes:
            overridden(recipe, options)  # refused before anything is trained
        begun = time.process_time()
        found = columns(recipes, options)
        spent = time.process_time() - begun
        row = "  ".join(f"{value:10.4f}" for value in found.ravel())
        print(f"{found.mean():.4f}  {spent:6.0f}  {row}  {options}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
