"""The word graph of a corpus: which words stand near which, as a weighted directed graph.

With sides "both" it is symmetric, and an edge sampler that draws its edges by weight meets
the pairs that a window over the sentences meets, with the same weights. With "after" an
edge u -> v says that v follows u; "before" is the same graph turned round.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.options import PairOptions
from nodeemb.corpus.pairs import Counter, Pairs
from nodeemb.errors import DataRefused, OutOfResources, WrongUse
from nodeemb.graph.build import from_rows
from nodeemb.io.atomic import new_file
from nodeemb.io.gather import free_bytes
from nodeemb.memory import let_go
from nodeemb.options import parse
from nodeemb.progress import Progress, ProgressFn
from nodeemb.sampling.stencil import distance_weights

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph

ENDING = ".parquet"
_TOKENS_AT_ONCE = 1 << 21
_ROWS_AT_ONCE = 1 << 19
_PER_EDGE = 60  # bytes of an edge while the graph is built, measured on its columns


@dataclass(frozen=True)
class WordGraphReport:
    """What was counted.

    Attributes:
        words: of the vocabulary.
        alone: words that have no pair, and so are in no edge.
        edges: distinct pairs, self loops included.
        self_loops: pairs of a word with itself.
        weight: the weights of all edges together.
        runs: how often the memory was full and a sorted run went to disk.
        seconds: the counting took so long.
    """

    words: int
    alone: int
    edges: int
    self_loops: int
    weight: float
    runs: int
    seconds: float

    def text(self) -> str:
        """For people, a line each."""
        rows = [
            ("words", f"{self.words:,}   without an edge {self.alone:,}"),
            ("edges", f"{self.edges:,}   self loops {self.self_loops:,}"),
            ("weight", f"{self.weight:,.1f} in all"),
            ("counted in", f"{self.seconds:.1f} s, runs on disk {self.runs:,}"),
        ]
        return "\n".join(f"{name.ljust(12)}{text}" for name, text in rows)


def word_graph(
    corpus: Corpus,
    *,
    window: int = 5,
    weights: str = "linear",
    sides: str = "both",
    self_pairs: str = "keep",
    memory: int = 512,
    progress: ProgressFn | None = None,
) -> Graph:
    """The word graph in memory; every word of the vocabulary is a node, in its row.

    Args:
        corpus: an encoded text.
        window: words on each side.
        weights: "flat", "linear" or "inverse", by distance; as a window stencil has them.
        sides: "both", "after" or "before".
        self_pairs: "keep" or "drop" pairs of a word with itself.
        memory: MiB for counting, the graph itself apart.
        progress: told how far the counting is.

    Raises:
        WrongUse: an option that does not exist or is out of range.
        DataRefused: no sentence has a pair to count.
        OutOfResources: the graph would not fit into memory.
    """
    options = _options(window, weights, sides, self_pairs, memory)
    with tempfile.TemporaryDirectory(prefix="nodeemb-pairs-") as folder:
        counter = _counted(corpus, options, Path(folder), progress)
        need, free = counter.most * _PER_EDGE, free_bytes()
        if free is not None and need > free:
            raise OutOfResources(
                f"a word graph of up to {counter.most:,} edges needs {need / 1e9:.1f} GB "
                f"of memory, and {free / 1e9:.1f} GB are free",
                next_step="Write it to a file, as with: nodeemb wordgraph; or take a "
                "smaller window or a higher min_count",
            )
        parts = list(counter.pairs())
    _check_some(len(parts))
    source, target, weight = _joined(parts)
    return from_rows(source, target, ids=corpus.vocabulary.ids, weight=weight)


def write_word_graph(
    corpus: Corpus,
    out: str | os.PathLike[str],
    *,
    window: int = 5,
    weights: str = "linear",
    sides: str = "both",
    self_pairs: str = "keep",
    memory: int = 512,
    progress: ProgressFn | None = None,
) -> WordGraphReport:
    """Writes the word graph to a Parquet file; neither counts nor edges need fit memory.

    The columns are source, target and weight, by falling frequency of the source and then
    of the target; `read_edges(out, weight="weight")` reads it again.

    Args:
        corpus, window, weights, sides, self_pairs, memory, progress: as `word_graph`.
        out: the file to make, with the ending .parquet.

    Raises:
        WrongUse: as `word_graph`, a file that exists, or another ending.
        DataRefused: no sentence has a pair to count.
        OutOfResources: the disk is full.
    """
    options = _options(window, weights, sides, self_pairs, memory)
    out = Path(out)
    if out.suffix != ENDING:
        raise WrongUse(f"{out} does not end in {ENDING}", next_step="Name it so")
    begun = time.monotonic()
    # runs wait beside the file: a folder for temporary files may be small
    with (
        new_file(out) as file,
        tempfile.TemporaryDirectory(prefix=".pairs-", dir=out.parent) as folder,
    ):
        counter = _counted(corpus, options, Path(folder), progress)
        totals = _Totals(len(corpus.vocabulary))
        _write(file, corpus, totals.counted(counter.pairs()))
        _check_some(totals.edges)
        return totals.report(counter.runs, time.monotonic() - begun)


class _Totals:
    """Counts what goes by."""

    def __init__(self, words: int) -> None:
        self._met = np.zeros(words, bool)
        self.edges = self._loops = 0
        self._weight = 0.0

    def counted(self, blocks: Iterator[Pairs]) -> Iterator[Pairs]:
        for pairs in blocks:
            self._met[pairs.source] = self._met[pairs.target] = True
            self.edges += len(pairs.source)
            self._loops += int((pairs.source == pairs.target).sum())
            self._weight += float(pairs.weight.sum())
            yield pairs

    def report(self, runs: int, seconds: float) -> WordGraphReport:
        alone = int((~self._met).sum())
        return WordGraphReport(
            len(self._met), alone, self.edges, self._loops, self._weight, runs, seconds
        )


def _options(
    window: int, weights: str, sides: str, self_pairs: str, memory: int
) -> PairOptions:
    given = {
        "window": window,
        "weights": weights,
        "sides": sides,
        "self_pairs": self_pairs,
        "memory": memory,
    }
    return parse(PairOptions, given, "word graph")


def _counted(
    corpus: Corpus, options: PairOptions, folder: Path, progress: ProgressFn | None
) -> Counter:
    """All pairs of the corpus, part by part."""
    weights = distance_weights(options.weights, options.window, 0.0)
    none = np.zeros(options.window)
    counter = Counter(
        none if options.sides == "before" else weights,
        none if options.sides == "after" else weights,
        options.self_pairs == "keep",
        options.memory * 2**20,
        folder,
    )
    begun = time.monotonic()
    for tokens, starts, done in _parts(corpus):
        counter.add(tokens, starts)
        if progress is not None:
            seconds = time.monotonic() - begun
            share = done / corpus.num_tokens
            rate = done / max(seconds, 1e-9)
            progress(Progress("counting", share, rate, "tokens", None, seconds))
    return counter


def _parts(corpus: Corpus) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Tokens of some sentences, where these begin in them, and tokens done."""
    first, starts = 0, corpus.starts
    while first < corpus.num_sentences:
        limit = starts[first] + _TOKENS_AT_ONCE
        last = max(first + 1, int(np.searchsorted(starts, limit, side="right")) - 1)
        begin, end = int(starts[first]), int(starts[last])
        tokens = np.array(corpus.tokens[begin:end], np.int32)
        near = np.array(starts[first : last + 1], np.int64) - begin
        let_go(corpus.tokens)
        let_go(corpus.starts)
        yield tokens, near, end
        first = last


def _write(file: Any, corpus: Corpus, blocks: Iterator[Pairs]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    words = pa.array(corpus.vocabulary.words, pa.string())
    schema = pa.schema(
        [("source", pa.string()), ("target", pa.string()), ("weight", pa.float64())]
    )
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for pairs in _gathered(blocks):
            for at in range(0, len(pairs.source), _ROWS_AT_ONCE):
                some = slice(at, at + _ROWS_AT_ONCE)
                ends = [words.take(pa.array(rows[some])) for rows in pairs[:2]]
                columns = [*ends, pa.array(pairs.weight[some])]
                writer.write_table(pa.table(columns, schema=schema))


def _gathered(blocks: Iterator[Pairs]) -> Iterator[Pairs]:
    """The same in larger blocks: a file of many small groups of rows is slow to read."""
    waiting: list[Pairs] = []
    for pairs in blocks:
        waiting.append(pairs)
        if sum(len(each.source) for each in waiting) >= _ROWS_AT_ONCE:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(blocks: list[Pairs]) -> Pairs:
    return Pairs(*(np.concatenate(columns) for columns in zip(*blocks, strict=True)))


def _check_some(count: int) -> None:
    if not count:
        raise DataRefused(
            "no sentence has a pair of words to count",
            allowed="Sentences with two words or more of the vocabulary",
            next_step='Lower min_count, or read the text with sentences="running"',
        )
