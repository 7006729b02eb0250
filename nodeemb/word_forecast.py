"""What text will take: seconds to train on a corpus, and all that its word graph needs.

Both are measured for a moment on the corpus itself: batches of its first epoch, and the word
graph of its first sentences, scaled to the whole; a guide and no promise. Memory and disk of
a word graph follow from how many edges it has (corpus/distinct.py), with the sizes of what
corpus/pairs.py holds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.distinct import distinct_pairs
from nodeemb.corpus.made import corpus_of
from nodeemb.corpus.options import PairOptions
from nodeemb.corpus.pairs import table_bytes, table_pairs
from nodeemb.corpus.vocabulary import Vocabulary
from nodeemb.corpus.word_graph import ENDING, write_word_graph
from nodeemb.engine import layout_of
from nodeemb.forecast import WORD_BYTES, Size
from nodeemb.pace import seconds_of_epoch
from nodeemb.progress import Progress
from nodeemb.recipe import Recipe

_MOMENT = 1.0  # seconds of training to measure
_TABLES = 2**28  # bytes of tables to measure with, at most
_FIRST = 1 << 20  # tokens whose word graph is made, about
_WRITING = 64 * 2**20  # what writing a Parquet file takes, measured
_PAIR = 16  # bytes of a pair that waits on disk


class WordGraphNeeds(NamedTuple):
    """What a word graph will take.

    edges: about so many.
    memory: bytes, the program itself apart.
    disk: bytes while it is made, the file included; file: bytes of it alone.
    seconds: of counting and writing.
    """

    edges: int
    memory: int
    disk: int
    file: int
    seconds: float


def training_seconds(corpus: Corpus, recipe: Recipe, threads: int) -> float:
    """Seconds of training a recipe that reads a corpus, compilation apart.

    A vocabulary whose tables are large is measured with fewer words, which miss the caches
    less often.
    """
    row = 4 * layout_of(recipe).columns
    words = max(2, min(len(corpus.vocabulary), _TABLES // row))
    measured = corpus
    if words < len(corpus.vocabulary):
        measured = _folded(_begin_of(corpus, 4 * _FIRST), words)
    an_epoch = seconds_of_epoch(measured, recipe, threads, _MOMENT)
    scale = corpus.num_tokens / measured.num_tokens
    return an_epoch * scale * recipe.training.epochs


def word_graph_needs(corpus: Corpus, options: PairOptions) -> WordGraphNeeds:
    """What `nodeemb wordgraph` takes for a corpus."""
    edges, growth = distinct_pairs(corpus, options)
    memory, room = options.memory * 2**20, table_pairs(options.memory * 2**20)
    held = table_bytes(memory, min(edges, room))
    waiting = 0
    if edges > room:
        held = max(held, memory)
        # a run is full after as many tokens as bring so many distinct pairs
        runs = (edges / room) ** (1 / max(growth, 0.1))
        waiting = round(_PAIR * room * runs)
    first = _begin_of(corpus, _FIRST)
    share = first.num_tokens / corpus.num_tokens
    # so that as many runs are written for the part as for the whole
    small = max(1, round(options.memory * share**growth))
    counting, writing, size, made = _tried(
        first, options.model_copy(update={"memory": small})
    )
    scale = edges / max(made, 1)
    file = round(size * scale)
    seconds = counting / share + writing * scale
    return WordGraphNeeds(edges, held + _WRITING, waiting + file, file, seconds)


def word_graph_size(corpus: Corpus, edges: int) -> Size:
    """The size of a word graph of so many edges, for a forecast of what is made of it."""
    return Size(corpus.num_nodes, edges, weighted=True, id_bytes=WORD_BYTES)


def _tried(corpus: Corpus, options: PairOptions) -> tuple[float, float, int, int]:
    """Seconds of counting and of the rest, bytes of the file, edges; compiled before."""
    shown: list[Progress] = []
    choices = options.model_dump()
    with tempfile.TemporaryDirectory(prefix="nodeemb-estimate-") as folder:
        out = Path(folder) / f"tiny{ENDING}"
        write_word_graph(corpus_of([["a", "b"], ["b", "c"]], 1), out, **choices)
        out = Path(folder) / f"part{ENDING}"
        report = write_word_graph(corpus, out, **choices, progress=shown.append)
        counting = shown[-1].seconds
        size = out.stat().st_size
    return counting, report.seconds - counting, size, report.edges


def _begin_of(corpus: Corpus, tokens: int) -> Corpus:
    """The first sentences of a corpus, of so many tokens or a few more."""
    last = min(int(np.searchsorted(corpus.starts, tokens)), corpus.num_sentences)
    starts = np.array(corpus.starts[: last + 1])
    return Corpus(
        corpus.vocabulary,
        np.array(corpus.tokens[: starts[-1]]),
        starts,
        "",
        corpus.report,
    )


def _folded(corpus: Corpus, words: int) -> Corpus:
    """The same with fewer words: rarer ones count as one of the more frequent."""
    whole = corpus.vocabulary
    counts = np.bincount(
        np.arange(len(whole)) % words, weights=whole.counts, minlength=words
    )
    fewer = Vocabulary(whole.words[:words], counts.astype(np.int64))
    tokens = (corpus.tokens % words).astype(np.int32)
    return Corpus(fewer, tokens, corpus.starts, "", corpus.report)
