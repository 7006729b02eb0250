"""deepwalk beside gensim and GRAPE (ensmallen): python -m tests.bench.beside GRAPH SEED [PYTHON]

Pairs a CPU-second and held-out AUC, half of the links hidden, uniform negatives, one thread each:
the preset, choices that are faster, gensim on the same walks, and, where PYTHON is the
interpreter of an environment with ensmallen 0.8.100, GRAPE's SkipGram with as many walks,
taken to train as many pairs.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.io.cards import read_dataset
from nodeemb.run import embed
from tests.bench.test_gensim import as_words, gensim_tables, readouts, show

SHORT = {"training.block_rows": 80, "training.batch_blocks": 32}
CHOICES = {
    "preset": {},
    "learning_rate .05": {"training.learning_rate": 0.05},
    "blocks of 80, 64 shared": SHORT | {"noise.shared": 64},
    "blocks of 80, 32 shared": SHORT | {"noise.shared": 32},
}
GRAPE = """
import sys, time, json, numpy as np
from ensmallen import Graph, models
edges, out, seed, n = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
graph = Graph.from_csv(edge_path=edges, directed=False, edge_list_separator="\\t",
    edge_list_header=False, sources_column_number=0, destinations_column_number=1,
    edge_list_is_correct=False, edge_list_is_complete=False, name="g", verbose=False)
model = models.SkipGram(embedding_size=128, epochs=1, number_of_negative_samples=5,
    walk_length=80, iterations=10, window_size=10, random_state=seed, verbose=False)
begun = time.process_time()
learned = model.fit_transform(graph)
seconds = time.process_time() - begun
tables = np.zeros((2, n, 128), np.float32)
for table, values in zip(tables, learned):
    table[[int(name) for name in graph.get_node_names()]] = values
np.save(out, tables)
print(json.dumps(seconds))
"""


def grape_tables(python, graph, seed):
    """Both tables and CPU-seconds of GRAPE on the links of a graph."""
    ends = np.repeat(np.arange(graph.num_nodes), graph.out_degree)
    with tempfile.TemporaryDirectory() as folder:
        edges, out = Path(folder, "edges.tsv"), Path(folder, "tables.npy")
        links = np.column_stack([ends, graph.out.neighbours])
        np.savetxt(edges, links, fmt="%d", delimiter="\t")
        told = subprocess.run(
            [python, "-c", GRAPE, edges, out, str(seed), str(graph.num_nodes)],
            env=os.environ | {"RAYON_NUM_THREADS": "1"},
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip
        return *np.load(out), json.loads(told.splitlines()[-1])


def main(name, seed, python=""):
    """Prints a line for each program and choice."""
    seed, graph = int(seed), read_dataset(name)
    split = split_edges(graph, test=0.5, seed=seed)
    negatives = draw_negatives("uniform", graph, split.test, seed).pairs

    def tell(what, pairs, seconds, left, right):
        show(what, pairs, seconds, readouts(left, right, split.test, negatives))

    embed(split.train, "deepwalk", seed=seed, threads=1, dim=2)
    pairs = 0
    for what, options in CHOICES.items():
        begun = time.process_time()
        found = embed(split.train, "deepwalk", seed=seed, threads=1, options=options)
        seconds = time.process_time() - begun
        pairs = found.manifest["training"]["pairs"]
        tell(what, pairs, seconds, found.vectors("source"), found.vectors("target"))
    if python:
        left, right, seconds = grape_tables(python, split.train, seed)
        tell("GRAPE", pairs, seconds, left, right)
    walks = as_words(split.train, seed)
    left, right, seconds = gensim_tables(walks, graph.num_nodes, False, seed)
    tell("gensim, fixed window", pairs, seconds, left, right)


if __name__ == "__main__":
    main(*sys.argv[1:])
