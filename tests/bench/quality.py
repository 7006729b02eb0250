"""CPU-seconds to the AUC that gensim ends at: python -m tests.bench.quality GRAPH SEED [GRAPH SEED ...]

Half of the links hidden, uniform negatives, dim 128, walks of 80, window 10, 5 noise, one
thread each. gensim trains once on 10 walks from every node with its own rate and its own
shrinking window; its time is training alone. nodeemb's deepwalk trains on 1, 2, 3, 5 and 10
walks, all else as the preset has it; its time holds the walks. For each way to read scores off
the tables: the fewest CPU-seconds after which nodeemb is at gensim's AUC or above.
"""

import sys
import time

from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.io.cards import read_dataset
from nodeemb.run import embed
from tests.bench.test_gensim import as_words, gensim_tables, readouts, show

WALKS = (1, 2, 3, 5, 10)


def main(name, seed):
    """Prints a line for each training, then one for each way to read scores."""
    graph = read_dataset(name)
    split = split_edges(graph, test=0.5, seed=seed)
    negatives = draw_negatives("uniform", graph, split.test, seed).pairs
    print(f"{name}, seed {seed}")
    embed(split.train, "deepwalk", seed=seed, threads=1, dim=2)
    ours = []
    for walks in WALKS:
        options = {"sampler.walks_per_node": walks}
        begun = time.process_time()
        made = embed(split.train, "deepwalk", seed=seed, threads=1, options=options)
        seconds = time.process_time() - begun
        pairs = made.manifest["training"]["pairs"]
        tables = made.vectors("source"), made.vectors("target")
        found = readouts(*tables, split.test, negatives)
        ours.append((seconds, walks, found))
        show(f"nodeemb, {walks} walks a node", pairs, seconds, found)
    walks = as_words(split.train, seed)
    left, right, spent = gensim_tables(walks, graph.num_nodes, True, seed)
    theirs = readouts(left, right, split.test, negatives)
    show("gensim, 10 walks a node", pairs * 11 / 20, spent, theirs)
    for way, asked in theirs.items():
        enough = [(s, w) for s, w, found in ours if found[way] >= asked]
        told = "is not reached"
        if enough:
            seconds, count = min(enough)
            told = f"{seconds:.2f} s ({count} walks), {spent / seconds:.0f} times less"
        print(f"  {way} {asked:.4f}: {told}")


if __name__ == "__main__":
    for place in range(1, len(sys.argv), 2):
        main(sys.argv[place], int(sys.argv[place + 1]))
