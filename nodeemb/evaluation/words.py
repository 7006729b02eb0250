"""Word vectors asked what people were asked: similarity, analogies, association, hypernymy.

Every set stands beside what the frequency of words alone would say, where counts are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.folder import is_corpus
from nodeemb.embedding.embedding import Embedding
from nodeemb.embedding.readouts import READOUTS
from nodeemb.errors import DataRefused, WrongUse, unknown_name
from nodeemb.evaluation.next_words import next_words
from nodeemb.evaluation.word_analogies import ask_analogies
from nodeemb.evaluation.word_counts import counts_from
from nodeemb.evaluation.word_pairs import ask_pairs, chance_of
from nodeemb.evaluation.word_report import WordReport
from nodeemb.evaluation.word_vectors import WordVectors
from nodeemb.io.word_cards import find_word_set, list_word_sets, load_word_card
from nodeemb.io.word_sets import Analogies, WordPairs

VOCABULARY = 30_000

WordSet = WordPairs | Analogies


def evaluate_words(
    embedding: Embedding,
    sets: Iterable[str | Path | WordSet] | None = None,
    *,
    readout: str = "in",
    vocabulary: int = VOCABULARY,
    counts: Mapping[str, float] | np.ndarray | None = None,
    counted: str = "given",
    replicates: int = 1000,
    seed: int = 0,
) -> WordReport:
    """Asks an embedding of words all questions of some word sets.

    Args:
        embedding: its ids are words.
        sets: names of cards, files, or sets; see `nodeemb.io.word_cards.find_word_set`.
            "next:FOLDER": neighbours in a corpus, which comes first (`next_words`).
            None: every set whose files are here.
        readout: which vectors cosines are taken of: "in", "out", "sum" or "concat".
        vocabulary: analogies ask and answer among so many most frequent words, as
            word2vec's own program does; in row order where counts are not known.
        counts: how often each word came, by word or by row; for the frequency baseline.
        counted: where the counts come from, in a few words.
        replicates: resamples for the intervals; 0 for none.
        seed: of the resampling.

    Raises:
        WrongUse: no such set or readout, a vocabulary below 1.
        DataRefused: a set that cannot be read, ids that are no words, or no question whose
            words are all known.
    """
    if not isinstance(vocabulary, (int, np.integer)) or vocabulary < 1:
        raise WrongUse(f"the vocabulary is {vocabulary!r}", allowed="1 word or more")
    if isinstance(counts, Mapping):
        counts = counts_from(counts, embedding)
    if readout not in READOUTS:
        raise unknown_name("readout", readout, READOUTS)
    words = WordVectors(embedding, readout, counts)
    chosen = [_read(each) for each in (_all_here() if sets is None else sets)]
    rows, chance = [], {}
    for each in chosen:
        if isinstance(each, Analogies):
            rows += ask_analogies(words, each, vocabulary, replicates, seed)
            continue
        rows += ask_pairs(words, each, replicates, seed)
        if (share := chance_of(words, each)) is not None:
            chance[each.name] = share
    if not any(row.known for row in rows):
        raise DataRefused(
            f"no question of {', '.join(each.name for each in chosen) or 'no set'} has all "
            f"its words among the {len(words.order):,} of this embedding",
            next_step="The first words here are "
            + ", ".join(repr(embedding.ids[row]) for row in words.order[:3].tolist()),
        )
    ranked = "words in row order" if counts is None else "most frequent words"
    facts = {
        "readout": readout,
        "length": words.unit(words.order[:1]).shape[1],
        "model": repr(embedding),
        "words": len(words.order),
        "case": "ignored",
        "vocabulary": int(vocabulary),
        "restricted": min(int(vocabulary), len(words.order)),
        "ranked_by": ranked,
        "counts": None if counts is None else counted,
        "chance": chance,
        "trained_on": [
            each.name
            for each in chosen
            if isinstance(each, WordPairs)
            and each.graph == embedding.graph_hash
            and each.graph is not None
        ],
        "bootstrap": replicates,
        "seed": seed,
    }
    return WordReport(tuple(rows), facts)


def _read(given: str | Path | WordSet) -> WordSet:
    if isinstance(given, (WordPairs, Analogies)):
        return given
    kind, _, folder = str(given).partition(":")
    if kind != "next":
        return find_word_set(str(given))
    if not is_corpus(folder):
        raise WrongUse(
            f"{folder} is no corpus",
            allowed="next:FOLDER, with a folder that nodeemb corpus made",
        )
    return next_words(Corpus.load(folder), str(given))


def _all_here() -> list[str]:
    found = [name for name in list_word_sets() if load_word_card(name).here]
    if not found:
        raise DataRefused(
            "no word set is here",
            allowed=f"Sets that have a card: {', '.join(list_word_sets())}",
            next_step="Name the folder of their files in NODEEMB_DATA, or give a file of "
            "your own: a word, a word and a number on each line",
        )
    return found
