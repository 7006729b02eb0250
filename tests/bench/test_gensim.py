"""Training on the same walks as gensim's Word2Vec: pairs a CPU-second, and held-out AUC.

cora-subelj, half of the links hidden, direction ignored, 10 walks of 80 from every node,
dim 128, window 10, 5 noise: the preset with the learning rate that pubmed, the citation graph
among those it was tried on, prefers (tests/bench/settings.py). Both with one thread, in one
process, in turn. Our time holds the drawing of the walks; gensim gets them ready made.
"""

import time

import numpy as np
import pytest

from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.io.cards import read_dataset
from nodeemb.run import choose_recipe, embed
from nodeemb.sampling.registry import plan

pytestmark = pytest.mark.bench
OPTIONS = {"training.learning_rate": 0.05}


def readouts(left, right, positives, negatives):
    """AUC by centre and context, by centres alone, and by the cosine of centres."""
    length = np.linalg.norm(left, axis=1, keepdims=True)
    cosine = left / np.maximum(length, 1e-12)
    return {
        name: auc(
            np.einsum("ij,ij->i", a[positives[:, 0]], b[positives[:, 1]]),
            np.einsum("ij,ij->i", a[negatives[:, 0]], b[negatives[:, 1]]),
        )
        for name, a, b in (
            ("centre.context", left, right),
            ("centre.centre", left, left),
            ("cosine", cosine, cosine),
        )
    }


def as_words(graph, seed):
    """The preset's walks of a graph as gensim takes them: lists of names of nodes."""
    made = plan(graph, choose_recipe(graph, "deepwalk").sampler, seed)
    drawn = made.draw(0, 0, made.count)
    words = [str(row) for row in range(graph.num_nodes)]
    return [
        [words[row] for row in rows[:length]]
        for rows, length in zip(drawn.rows, drawn.lengths, strict=True)
    ]


def gensim_tables(walks, nodes, shrink, seed, power=0.75):
    """Both tables and CPU-seconds of gensim on given walks; power: of its noise."""
    from gensim.models import Word2Vec

    model = Word2Vec(
        vector_size=128, window=10, sg=1, negative=5, min_count=0, workers=1,
        seed=seed, sample=0, shrink_windows=shrink, ns_exponent=power,
    )  # fmt: skip
    model.build_vocab(walks)
    begun = time.process_time()
    model.train(walks, total_examples=len(walks), epochs=1)
    seconds = time.process_time() - begun
    left, right = np.zeros((2, nodes, 128), np.float32)
    rows = np.array([int(key) for key in model.wv.index_to_key])
    left[rows], right[rows] = model.wv.vectors, model.syn1neg
    return left, right, seconds


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ten_times_the_pairs_at_an_equal_auc(seed):
    graph = read_dataset("cora-subelj")
    split = split_edges(graph, test=0.5, seed=seed)
    negatives = draw_negatives("uniform", graph, split.test, seed).pairs
    embed(split.train, "deepwalk", seed=seed, threads=1, dim=2, options=OPTIONS)
    begun = time.process_time()
    result = embed(split.train, "deepwalk", seed=seed, threads=1, options=OPTIONS)
    seconds = time.process_time() - begun
    pairs = result.manifest["training"]["pairs"]
    left, right = result.vectors("source"), result.vectors("target")
    ours = readouts(left, right, split.test, negatives)
    print(f"\nseed {seed}")
    show("nodeemb deepwalk", pairs, seconds, ours)

    walks = as_words(split.train, seed)
    speed, best = pairs / seconds, 0.0
    for shrink in (True, False):
        left, right, spent = gensim_tables(walks, graph.num_nodes, shrink, seed)
        theirs = readouts(left, right, split.test, negatives)
        # a window that shrinks at random keeps (w + 1) / 2w of the pairs
        trained = pairs * (11 / 20 if shrink else 1)
        show(f"gensim, shrink_windows={shrink}", trained, spent, theirs)
        print(f"  ratio of pairs a CPU-second: {speed / (trained / spent):.1f}")
        best = max(best, *theirs.values())
        assert speed >= 10 * trained / spent
    assert max(ours.values()) >= best


def show(name, pairs, seconds, values):
    """One line of the table."""
    shown = "  ".join(f"{key} {value:.4f}" for key, value in values.items())
    print(
        f"  {name:<32} {pairs / seconds / 1e6:6.2f} M pairs/s  {seconds:6.1f} s  {shown}"
    )
