"""Pairs a CPU-second beside gensim, in turn and in one process: python -m tests.bench.speed_beside GRAPH...

As tests.bench.beside, but for speed alone: our choices on 10 walks a node, then gensim on a part
of the same walks, twice over, so that what else the machine does weighs on both alike. The best
of two counts.
"""

import sys
import time

from nodeemb.evaluation.split import split_edges
from nodeemb.io.cards import read_dataset
from nodeemb.run import embed
from tests.bench.beside import CHOICES
from tests.bench.test_gensim import as_words, gensim_tables

WALKS = 8000  # that gensim learns from at most


def ours(graph, options):
    """Million pairs a CPU-second."""
    begun = time.process_time()
    made = embed(graph, "deepwalk", seed=0, threads=1, options=options)
    return made.manifest["training"]["pairs"] / (time.process_time() - begun) / 1e6


def gensims(walks, nodes, window=10):
    """The same of gensim with a fixed window."""
    seconds = gensim_tables(walks, nodes, False, 0)[2]
    pairs = sum(
        2 * max(0, len(walk) - apart)
        for walk in walks
        for apart in range(1, window + 1)
    )
    return pairs / seconds / 1e6


def main(*names):
    """A line for each graph."""
    for name in names:
        graph = split_edges(read_dataset(name), test=0.5, seed=0).train
        walks = as_words(graph, 0)
        walks = walks[:: -(-len(walks) // WALKS)]
        for options in CHOICES.values():  # kernels are compiled before they are timed
            embed(graph, "deepwalk", options=options | {"sampler.walks_per_node": 1})
        best = dict.fromkeys([*CHOICES, "gensim"], 0.0)
        for _ in range(2):
            for what, options in CHOICES.items():
                best[what] = max(best[what], ours(graph, options))
            best["gensim"] = max(best["gensim"], gensims(walks, graph.num_nodes))
        told = ", ".join(
            f"{what} {speed:.2f} ({speed / best['gensim']:.1f} times gensim)"
            for what, speed in best.items()
        )
        print(f"{name}: {told}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
