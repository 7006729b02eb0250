"""`sgns` beside gensim's word2vec: python -m tests.bench.word2vec [--window N] [CORPUS ...]

The same tokens, vocabulary, width, window (5 if not said), noise and subsampling, 5 epochs,
one thread each, one after the other in one run. Prints tokens per CPU-second of training, Spearman's
correlation on every similarity set with the 95 % interval of the difference (pairs drawn
again a thousand times), and analogies by 3CosAdd among the 30,000 most frequent words.
"""

import gzip
import os
import sys
import time
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

import nodeemb as ne

DATA = Path(os.environ.get("NODEEMB_DATA", "../shared/data")) / "words"
EPOCHS, DRAWS, KNOWN = 5, 1000, 30_000


def with_gensim(corpus, window=5):
    from gensim.models import Word2Vec

    words = np.array(corpus.vocabulary.words, object)
    ends = zip(corpus.starts[:-1], corpus.starts[1:], strict=True)
    text = [words[corpus.tokens[a:b]].tolist() for a, b in ends]
    model = Word2Vec(
        vector_size=100, window=window, min_count=1, sg=1, negative=5, sample=1e-3,
        workers=1, seed=1,
    )  # fmt: skip
    model.build_vocab(text)
    begun = time.process_time()
    model.train(text, total_examples=model.corpus_count, epochs=EPOCHS)
    seconds = time.process_time() - begun
    return np.stack([model.wv[word] for word in corpus.vocabulary.words]), seconds


def with_ours(corpus, window=5):
    options = {"training.epochs": EPOCHS, "stencil.window": window}
    quick = {"training.epochs": 1, "sampler.subsample": 1e-9}
    ne.embed(corpus, "sgns", threads=1, options=quick)  # compiled
    begun = time.process_time()
    result = ne.embed(corpus, "sgns", threads=1, options=options)
    return result.vectors("source"), time.process_time() - begun


def similarities(vectors, row):
    """Set -> (what people said, what the vectors say) of the pairs that are known."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    out = {}
    for path in sorted((DATA / "similarity").glob("EN-*.txt")):
        lines = [line.lower().split() for line in path.read_text().splitlines()]
        known = [line for line in lines if line[0] in row and line[1] in row]
        said = np.array([float(line[2]) for line in known])
        ours = np.array([unit[row[a]] @ unit[row[b]] for a, b, *_ in known])
        out[path.stem[3:]] = said, ours
    return out


def spearman(one, two):
    return np.corrcoef(rankdata(one), rankdata(two))[0, 1]


def analogies(vectors, row):
    """Of each of Google's questions, whether it is answered right."""
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:KNOWN]
    with gzip.open(DATA / "analogy-google" / "questions-words.txt.gz", "rt") as file:
        asked = [line.lower().split() for line in file if not line.startswith(":")]
    rows = [[row.get(word, KNOWN) for word in line] for line in asked]
    asked = np.array([line for line in rows if max(line) < KNOWN])
    right = []
    for part in np.array_split(asked, len(asked) // 500 + 1):
        a, b, c, d = part.T
        scores = (unit[b] - unit[a] + unit[c]) @ unit.T
        for given in (a, b, c):
            scores[np.arange(len(part)), given] = -9
        right.append(scores.argmax(axis=1) == d)
    return np.concatenate(right)


def compared(words, theirs, ours):
    """Prints both on every set, with the interval of the difference; words: by frequency."""
    draw = np.random.default_rng(0)
    row = {word: i for i, word in enumerate(words)}
    two = similarities(theirs, row), similarities(ours, row)
    for each, (said, told) in two[0].items():
        other = two[1][each][1]
        picks = draw.integers(0, len(said), (DRAWS, len(said)))
        gains = [
            spearman(said[p], other[p]) - spearman(said[p], told[p]) for p in picks
        ]
        low, high = np.quantile(gains, [0.025, 0.975])
        print(
            f"{each} ({len(said)} pairs): {spearman(said, told):.3f}, "
            f"{spearman(said, other):.3f} ({low:+.3f} to {high:+.3f})"
        )
    one, other = (analogies(v, row).astype(float) for v in (theirs, ours))
    spread = 1.96 * (other - one).std() / len(one) ** 0.5
    low, high = np.array([-spread, spread]) + (other - one).mean()
    print(
        f"analogies ({len(one):,} questions): {one.mean():.3f}, {other.mean():.3f} "
        f"({low:+.3f} to {high:+.3f})",
        flush=True,
    )


def main(names, window):
    for name in names:
        corpus = ne.read_corpus([name], tokens="words", lower=True)
        print(f"{name}: {corpus}", flush=True)
        theirs, slow = with_gensim(corpus, window)
        ours, fast = with_ours(corpus, window)
        rates = [EPOCHS * len(corpus.tokens) / seconds for seconds in (slow, fast)]
        ratio = rates[1] / rates[0]
        print(f"tokens per CPU-second: {rates[0]:,.0f}, {rates[1]:,.0f} ({ratio:.1f})")
        compared(corpus.vocabulary.words, theirs, ours)


if __name__ == "__main__":
    asked, window = sys.argv[1:], 5
    if asked[:1] == ["--window"]:
        window, asked = int(asked[1]), asked[2:]
    main(asked or ["brown", "wikispeedia-articles", "english-novels-a"], window)
