"""deepwalk beside gensim and GRAPE (ensmallen): python -m tests.bench.beside GRAPH SEED [PYTHON [also]]

Half of the links hidden, uniform negatives, dim 128, 10 walks of 80 from every node, window 10,
5 noise, one thread each, in one run: pairs a CPU-second, held-out AUC, and the CPU-seconds to the
AUC that gensim ends at. Our time holds the drawing of the walks; gensim gets them ready made,
and trains with a window that is fixed, for as many pairs, and with its own, that shrinks. GRAPE,
where PYTHON is the interpreter of an environment with ensmallen 0.8.100, trains as many walks
and is taken to train as many pairs.

Scores can be read off the tables in three ways. Our optimizer, learning rate, power of the noise,
weights of the window (flat, or linear, which is what a window that shrinks at random comes to) and
way to read scores are those of `TRIED` that are best on a tenth of the training links, hidden in
turn, with `fast`: the choices of nodeemb.bench.measures.fast; then 16 or 24 noise rows are chosen
there, too. `bfloat16`, where the processor has a fast instruction for it, is the preset with products
of bfloat16 alone. The others have their own choices, and count by the way that is best on the test; none of these is tuned. All pairs count, whatever their
weights: with a window that shrinks gensim leaves out 9 of 20, with linear weights we leave out
none. With `also`, gensim is asked once more with the power of
the noise that was chosen for us. The last part alone, with rows that are given:

    python -m tests.bench.beside fewest GRAPH SEED ROWS
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nodeemb.bench.measures import fast
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.graph.graph import Graph
from nodeemb.io.cards import read_dataset
from nodeemb.run import embed
from nodeemb.training.backends.machine import HALVES
from tests.bench.test_gensim import as_words, gensim_tables, readouts

CHOICES = {
    "float32": {},
    **({"bfloat16": {"training.bfloat16": True}} if HALVES else {}),
    "fast": fast(),
    "fast, 24 rows": fast() | {"noise.shared": 24},
}
FEW = (16, 24)  # noise rows, of which one is chosen
TRIED = [
    {
        "training.optimizer": optimizer,
        "training.learning_rate": rate,
        "noise.power": power,
        "stencil.weights": weights,
    }
    for optimizer, rates in (
        ("adagrad", (0.025, 0.1, 0.4)),
        ("damped", (0.1, 0.3, 0.6)),
    )
    for rate in rates
    for power in (0.75, 0.0)
    for weights in ("flat", "linear")
]
WALKS = (1, 2, 3, 5, 7, 10)
GRAPE = """
import sys, time, json, numpy as np
from ensmallen import Graph, models
edges, out, seed, n, walks = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
graph = Graph.from_csv(edge_path=edges, directed=False, edge_list_separator="\\t",
    edge_list_header=False, sources_column_number=0, destinations_column_number=1,
    edge_list_is_correct=False, edge_list_is_complete=False, name="g", verbose=False)
model = models.SkipGram(embedding_size=128, epochs=1, number_of_negative_samples=5,
    walk_length=80, iterations=walks, window_size=10, random_state=seed, verbose=False)
begun = time.process_time()
learned = model.fit_transform(graph)
seconds = time.process_time() - begun
tables = np.zeros((2, n, 128), np.float32)
for table, values in zip(tables, learned):
    table[[int(name) for name in graph.get_node_names()]] = values
np.save(out, tables)
print(json.dumps(seconds))
"""


def grape_tables(python, graph, seed, walks=10):
    """Both tables and CPU-seconds of GRAPE on the links of a graph."""
    ends = np.repeat(np.arange(graph.num_nodes), graph.out_degree)
    with tempfile.TemporaryDirectory() as folder:
        edges, out = Path(folder, "edges.tsv"), Path(folder, "tables.npy")
        links = np.column_stack([ends, graph.out.neighbours])
        np.savetxt(edges, links, fmt="%d", delimiter="\t")
        printed = subprocess.run(
            [python, "-c", GRAPE, edges, out, *map(str, (seed, graph.num_nodes, walks))],
            env=os.environ | {"RAYON_NUM_THREADS": "1"},
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip
        return *np.load(out), json.loads(printed.splitlines()[-1])


class Links(NamedTuple):
    """A graph to train on, and the links and other pairs to tell apart."""

    graph: Graph
    links: np.ndarray
    others: np.ndarray


def hide(graph, share, seed):
    """Some links of a graph hidden, and as many other pairs drawn."""
    split = split_edges(graph, test=share, seed=seed)
    others = draw_negatives("uniform", graph, split.test, seed).pairs
    return Links(split.train, split.test, others)


def train(links, options, seed):
    """(pairs, CPU-seconds, AUC by way to read scores) of nodeemb."""
    begun = time.process_time()
    made = embed(links.graph, "deepwalk", seed=seed, threads=1, options=options)
    seconds = time.process_time() - begun
    tables = made.vectors("source"), made.vectors("target")
    found = readouts(*tables, links.links, links.others)
    return made.manifest["training"]["pairs"], seconds, found


def chosen(validation, options, seed):
    """The choices of TRIED, and the way to read scores, best on validation links."""
    values = [
        (value, tried, way)
        for tried in TRIED
        for way, value in train(validation, options | tried, seed)[2].items()
    ]
    _, best, way = max(values, key=lambda one: one[0])
    return best, way


def _with_rows(rows, links, choices, seed):
    """`train` with so many noise rows a block."""
    return train(links, fast() | {"noise.shared": rows} | choices, seed)


def told(choices):
    """Choices in a few words."""
    return " ".join(map(str, choices.values()))


def choices_of(words):
    """The choices of TRIED that `told` gives these words for."""
    wanted = words.partition(",")[0]
    found = [one for one in TRIED if told(one) == wanted]
    if not found:
        sys.exit(f"{wanted!r} is none of: {', '.join(map(told, TRIED))}")
    return found[0]


def show(what, pairs, seconds, found, way=None):
    """A row: `way` counts, or the best."""
    way = way or max(found, key=lambda key: found[key])
    ways = "  ".join(f"{key} {value:.4f}" for key, value in found.items())
    print(
        f"  {what:<34} {pairs / seconds / 1e6:6.2f} M pairs/s {seconds:7.1f} s  "
        f"AUC {found[way]:.4f} by {way:<14}  {ways}",
        flush=True,
    )
    return pairs / seconds, found[way]


def main(name, seed, python="", also=""):
    """Prints a line for each program and choice."""
    seed, graph = int(seed), read_dataset(name)
    test = hide(graph, 0.5, seed)
    validation = hide(test.graph, 0.1, seed)
    for options in CHOICES.values():  # kernels are compiled before they are timed
        embed(test.graph, "deepwalk", options=options | {"sampler.walks_per_node": 1})
    print(f"{name}, seed {seed}")
    show("preset, its own rate", *train(test, {}, seed))
    best, way = chosen(validation, fast(), seed)
    few = max(FEW, key=lambda rows: _with_rows(rows, validation, best, seed)[2][way])
    print(f"  chosen on validation links: {told(best)}, {way}, {few} rows")
    ours = []
    for what, options in CHOICES.items():
        pairs, seconds, found = train(test, options | best, seed)
        ours.append((what, *show(what, pairs, seconds, found, way)))
    theirs = []
    if python:
        left, right, seconds = grape_tables(python, test.graph, seed)
        found = readouts(left, right, test.links, test.others)
        theirs.append(("GRAPE", *show("GRAPE", pairs, seconds, found)))
    walks = as_words(test.graph, seed)
    given = [(False, 1, 0.75), (True, 11 / 20, 0.75)]
    if also and best["noise.power"] != 0.75:
        given = [(a, b, best["noise.power"]) for a, b, _ in given] + given
    for shrink, share, power in given:
        left, right, seconds = gensim_tables(
            walks, graph.num_nodes, shrink, seed, power
        )
        found = readouts(left, right, test.links, test.others)
        what = f"gensim, {'shrinking' if shrink else 'fixed'} window" + (
            "" if power == 0.75 else f", power {power:g}"
        )
        theirs.append((what, *show(what, share * pairs, seconds, found)))
    for what, speed, quality in ours:
        for other, its_speed, its_quality in theirs:
            ratio = speed / its_speed
            print(
                f"  {what}: {ratio:.1f} times {other}, AUC {quality - its_quality:+.4f}"
            )
    _fewest(test, validation, few, seed, seconds, theirs[-1][2])


def _fewest(test, validation, rows, seed, seconds, goal):
    """The first number of walks whose AUC on the test is gensim's; choosing is not timed."""
    for walked in WALKS:
        options = fast() | {"noise.shared": rows, "sampler.walks_per_node": walked}
        best, way = chosen(validation, options, seed)
        pairs, spent, found = train(test, options | best, seed)
        show(f"{walked} walks, {told(best)}", pairs, spent, found, way)
        if found[way] >= goal:
            print(f"  {seconds / spent:.0f} times less than gensim to its AUC")
            return
    print("  gensim's AUC is not reached by fewer walks")


def fewest(name, seed, rows):
    """Gensim as it comes, and how soon `fast` with so many noise rows has its AUC."""
    seed, graph = int(seed), read_dataset(name)
    test = hide(graph, 0.5, seed)
    validation = hide(test.graph, 0.1, seed)
    embed(test.graph, "deepwalk", options=fast() | {"sampler.walks_per_node": 1})
    print(f"{name}, seed {seed}, {rows} rows")
    walks = as_words(test.graph, seed)
    left, right, seconds = gensim_tables(walks, graph.num_nodes, True, seed)
    pairs = sum(
        2 * max(0, len(w) - d) * (11 - d) / 10 for w in walks for d in range(1, 11)
    )
    found = readouts(left, right, test.links, test.others)
    _, goal = show("gensim, shrinking window", pairs, seconds, found)
    _fewest(test, validation, int(rows), seed, seconds, goal)


if __name__ == "__main__":
    if sys.argv[1:2] == ["fewest"]:
        fewest(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
