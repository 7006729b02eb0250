"""`glove` beside `sgns` or its paper's algorithm: python -m tests.bench.glove [CORPUS] [EPOCHS] [paper]

All have 100 numbers a word and one thread, one after the other. Counts: window 10, weights
1 / distance, words that come five times or more. sgns is as it comes. With `paper` the
algorithm of the paper stands in its place, written down plainly: pair after pair in random
order, Adagrad of each number that begins at 1, rate .05, x_max 100, power .75. Prints what
both say on similarity sets (vectors of glove: centre + context; of sgns: centre), the interval
of the difference, analogies, and CPU-seconds. 25 epochs on wikispeedia-articles take half an
hour.

Source: Pennington, Socher, Manning. GloVe. EMNLP 2014, section 4.2 and eq. 8.
"""

import sys
import tempfile
import time
from pathlib import Path

import numba as nb
import numpy as np

import nodeemb as ne
from nodeemb.corpus.word_graph import write_word_graph
from tests.bench.word2vec import compared

X_MAX, POWER, RATE, DIM = 100.0, 0.75, 0.05, 100


@nb.njit(fastmath=True)
def epoch(order, left, right, logs, weights, one, other, bias, about, sums, rate):
    """One pass of the paper's algorithm; one, other: tables, bias, about: their biases."""
    one_sums, other_sums, bias_sums, about_sums = sums
    for pair in order:
        u, v = left[pair], right[pair]
        wrong = bias[u] + about[v] - logs[pair]
        for k in range(one.shape[1]):
            wrong += one[u, k] * other[v, k]
        slope = np.float32(weights[pair] * wrong * rate)
        for k in range(one.shape[1]):
            by_one, by_other = slope * other[v, k], slope * one[u, k]
            one[u, k] -= by_one / np.sqrt(one_sums[u, k])
            other[v, k] -= by_other / np.sqrt(other_sums[v, k])
            one_sums[u, k] += by_one * by_one
            other_sums[v, k] += by_other * by_other
        bias[u] -= slope / np.sqrt(bias_sums[u])
        about[v] -= slope / np.sqrt(about_sums[v])
        bias_sums[u] += slope * slope
        about_sums[v] += slope * slope


def by_the_paper(graph, epochs):
    """((n, DIM) centre + context, CPU-seconds)."""
    left, right = graph.sources, graph.targets
    keep = left != right
    left, right, counts = left[keep], right[keep], graph.weight[keep]
    logs = np.log(counts)
    weights = np.minimum(counts / X_MAX, 1) ** POWER
    draw = np.random.default_rng(0)
    shape = (graph.num_nodes, DIM)
    tables = [((draw.random(shape) - 0.5) / DIM).astype(np.float32) for _ in range(2)]
    biases = [np.zeros(shape[0], np.float32) for _ in range(2)]
    sums = tuple(np.ones_like(each) for each in (*tables, *biases))
    small = np.zeros(1, np.int64)
    data = left, right, logs, weights, *tables, *biases, sums, np.float32(RATE)
    epoch(small[:0], *data)  # compiled
    begun = time.process_time()
    for number in range(epochs):
        epoch(draw.permutation(len(left)), *data)
        print(f"the paper's, epoch {number + 1} of {epochs}", file=sys.stderr)
    return tables[0] + tables[1], time.process_time() - begun


def by_sgns(corpus, words):
    """((words, DIM), CPU-seconds)."""
    begun = time.process_time()
    model = ne.embed(corpus, "sgns", threads=1)
    spent = time.process_time() - begun
    return model.vectors("in")[[model.ids.row(word) for word in words]], spent


def main(name="wikispeedia-articles", epochs="25", beside="sgns"):
    corpus = ne.read_corpus(name, tokens="words", lower=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.parquet"
        write_word_graph(corpus, path, window=10, weights="inverse")
        graph = ne.read_edges(path, weight="weight")
    begun = time.process_time()
    options = {"training.epochs": int(epochs)}
    model = ne.embed(graph, "glove", threads=1, options=options)
    ours = time.process_time() - begun
    there = [word for word in corpus.vocabulary.words if word in model]
    rows = [model.ids.row(word) for word in there]
    if beside == "paper":
        theirs, spent = by_the_paper(graph, int(epochs))
        theirs = theirs[rows]
    else:
        theirs, spent = by_sgns(corpus, there)
    print(f"{name}: {graph.num_edges:,} pairs, {epochs} epochs; CPU-seconds: {beside} {spent:,.0f}, glove {ours:,.0f}")  # fmt: skip
    print(f"{beside}, glove (difference)")
    compared(there, theirs, model.vectors("sum")[rows])


if __name__ == "__main__":
    main(*sys.argv[1:])
