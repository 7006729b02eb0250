"""Pairs a CPU-second beside gensim and GRAPE, in turn: python -m tests.bench.speed_beside PYTHON GRAPH [CHOICES]

As tests.bench.beside, but for speed alone: each of our choices, then gensim on a part of the same
walks and GRAPE on fewer walks a node, five times over, so that what else the machine does weighs
on all alike. The best of the five counts. PYTHON: as there. CHOICES:
what beside has chosen on the graph, in its words, such as "damped 0.3 0.0 linear".
"""

import shutil
import sys
import time

from nodeemb.evaluation.split import split_edges
from nodeemb.io.cards import read_dataset
from nodeemb.run import embed
from tests.bench.beside import CHOICES, choices_of, grape_tables
from tests.bench.test_gensim import as_words, gensim_tables

TIMES = 5
STARTS = 150_000  # walks of ours at most, or one a node
WALKS = 3000  # that gensim learns from at most
ITERATIONS = 2  # walks a node that GRAPE learns from


def ours(graph, options):
    """(million pairs a CPU-second, pairs)."""
    begun = time.process_time()
    made = embed(graph, "deepwalk", seed=0, threads=1, options=options)
    pairs = made.manifest["training"]["pairs"]
    return pairs / (time.process_time() - begun) / 1e6, pairs


def gensims(walks, nodes, window=10):
    """Million pairs a CPU-second of gensim with a fixed window."""
    seconds = gensim_tables(walks, nodes, False, 0)[2]
    pairs = sum(
        2 * max(0, len(walk) - apart)
        for walk in walks
        for apart in range(1, window + 1)
    )
    return pairs / seconds / 1e6


def main(python, name, choices=""):
    """A line for each choice of ours."""
    if shutil.which(python) is None:
        sys.exit(f"no program {python}")
    chosen = choices_of(choices) if choices else {}
    graph = split_edges(read_dataset(name), test=0.5, seed=0).train
    walks = as_words(graph, 0)
    walks = walks[:: -(-len(walks) // WALKS)]
    starts = max(1, min(10, STARTS // graph.num_nodes))
    best = dict.fromkeys([*CHOICES, "gensim", "GRAPE"], 0.0)
    for turn in range(-1, TIMES):  # kernels are compiled before they are timed
        for what, options in CHOICES.items():
            number = {"sampler.walks_per_node": starts if turn >= 0 else 1}
            speed, pairs = ours(graph, options | chosen | number)
            best[what] = max(best[what], speed if turn >= 0 else 0.0)
        if turn < 0:
            continue
        best["gensim"] = max(best["gensim"], gensims(walks, graph.num_nodes))
        seconds = grape_tables(python, graph, 0, ITERATIONS)[2]
        speed = pairs * ITERATIONS / starts / seconds / 1e6
        best["GRAPE"] = max(best["GRAPE"], speed)
    print(
        f"{name}, million pairs a CPU-second: gensim {best['gensim']:.2f}, GRAPE {best['GRAPE']:.2f}"
    )
    for what in CHOICES:
        ratios = [best[what] / best[other] for other in ("gensim", "GRAPE")]
        print(
            f"  {what}: {best[what]:.1f}, {ratios[0]:.1f} times gensim, {ratios[1]:.1f} times GRAPE",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
