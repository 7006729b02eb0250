"""Which of two neighbours comes first in running text: a question about order that text answers.

    u -> v  where  c(u, v) >= least  and  c(u, v) > c(v, u)

with c(u, v) how often v is the very next word after u in a sentence. A score that is the
same both ways is right half of the time; so is one that has learned nothing.
"""

from __future__ import annotations

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.word_graph import word_graph
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.io.word_sets import WordPairs

LEAST = 5


def next_words(
    corpus: Corpus, name: str = "next words", least: int = LEAST
) -> WordPairs:
    """Pairs of neighbours that stand more often in one order than in the other.

    Args:
        corpus: better not the one that the model was trained on.
        name: of the set.
        least: times that a pair must stand in its order; from 1.

    Returns:
        Each pair once, the word that comes first as the first.

    Raises:
        WrongUse: least is below 1.
        DataRefused: no two words stand so often beside each other.
    """
    if least < 1:
        raise WrongUse(f"least is {least}", allowed="1 or more")
    graph = word_graph(
        corpus, window=1, weights="flat", sides="after", self_pairs="drop"
    )
    counts = graph.to_scipy().tocsr()
    more = counts.multiply(counts > counts.T).tocoo()
    often = more.data >= least
    first, second = more.row[often], more.col[often]
    if not len(first):
        raise DataRefused(
            f"no two words of {name} stand {least} times beside each other in one order "
            "more than in the other",
            next_step="Take a longer text",
        )
    words = corpus.vocabulary.words
    return WordPairs(
        name,
        tuple(words[row] for row in first),
        tuple(words[row] for row in second),
        directed=True,
        order=np.ones(len(first), np.int8),
    )
