"""Read a text of any size once and encode it as rows of a vocabulary."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from nodeemb.corpus import kernels
from nodeemb.corpus.corpus import STARTS, TOKENS, Corpus, removed_with, write_rest
from nodeemb.corpus.options import TextOptions
from nodeemb.corpus.pieces import PieceTable, TooLong
from nodeemb.corpus.report import CorpusReport
from nodeemb.corpus.sources import Sources
from nodeemb.corpus.text import LONGEST, Reader
from nodeemb.corpus.tokens import Rule, byte_classes, rule_of
from nodeemb.corpus.vocabulary import choose_words
from nodeemb.errors import OutOfResources
from nodeemb.io.folders import new_folder
from nodeemb.options import parse
from nodeemb.progress import Progress, ProgressFn

_PIECES = "pieces.i32"
_AT_ONCE = 1 << 20
Name = str | os.PathLike[str]


def read_corpus(
    sources: Name | Sequence[Name],
    *,
    out: Name | None = None,
    tokens: str = "whitespace",
    lower: bool = False,
    sentences: str | None = None,
    max_length: int = 10_000,
    errors: str = "refuse",
    min_count: int = 5,
    max_size: int | None = None,
    progress: ProgressFn | None = None,
) -> Corpus:
    """A corpus from texts of any size.

    Words that the vocabulary does not hold are left out of the stream, after sentences
    were cut, so that windows reach over them. Memory is about 400 bytes for each distinct
    token of the text and 100 MB, whatever the text's length.

    Args:
        sources: files (plain, gzip, zstd, tar archives of these), folders, or "-" for
            standard input, or names of texts that have a card; one or several, in the
            order in which they are read.
        out: the folder to make; None: a temporary one, removed with the corpus.
        tokens: "whitespace" or "words", see `TextOptions`.
        lower: put every token in lower case.
        sentences: "lines" or "running": each file one text, cut at max_length. None:
            as the card of a text says, else "lines".
        max_length: tokens in a sentence; longer ones are cut, and nothing is lost.
        errors: "refuse", "replace" or "skip" bytes that are not UTF-8.
        min_count: words that come less often are left out.
        max_size: at most so many words, the most frequent.
        progress: told how far the reading is.

    Raises:
        DataRefused: what is read is no text, or leaves no vocabulary; the message has
            file, line and byte.
        OutOfResources: the distinct words do not fit into memory, or the text not on disk.
        WrongUse: an option that does not exist, or a folder that does.
    """
    names = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
    found = Sources(names)
    options = parse(
        TextOptions,
        {
            "tokens": tokens,
            "lower": lower,
            "sentences": found.sentences if sentences is None else sentences,
            "max_length": max_length,
            "errors": errors,
            "min_count": min_count,
            "max_size": max_size,
        },
        "read_corpus",
    )
    if out is not None:
        _encode(found, Path(out), options, progress)
        return Corpus.load(out)
    folder = Path(tempfile.mkdtemp(prefix="nodeemb-corpus-"))
    try:
        _encode(found, folder / "corpus", options, progress)
        return removed_with(Corpus.load(folder / "corpus"), folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@dataclass
class _Counts:
    """What was met while reading."""

    files: int = 0
    bytes: int = 0
    lines: int = 0
    bad: int = 0
    tokens: int = 0
    begun: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        return time.monotonic() - self.begun


class _Words(NamedTuple):
    """The words of all pieces.

    words: distinct, in order of appearance.
    counts: (n,) int64.
    flat: int32, which words the pieces hold, one piece after another.
    pointers: (pieces + 1,) int64, where each piece begins in `flat`.
    """

    words: list[str]
    counts: np.ndarray
    flat: np.ndarray
    pointers: np.ndarray


def _encode(
    sources: Sources, out: Path, options: TextOptions, progress: ProgressFn | None
) -> None:
    with new_folder(out) as folder:
        try:
            _fill(folder, sources, options, progress)
        except OSError as error:
            raise OutOfResources(
                f"{out} could not be written: {error.strerror}",
                next_step="Free some space, or write elsewhere; nothing half is left",
            ) from None


def _fill(
    folder: Path, sources: Sources, options: TextOptions, progress: ProgressFn | None
) -> None:
    counts = _Counts()
    where = ", ".join(sources.names)
    table = PieceTable(byte_classes(options.tokens, options.sentences), LONGEST, where)
    with (folder / _PIECES).open("xb") as file:
        _scan(sources, table, options, counts, file, progress)
    words = _words_of(table, rule_of(options.tokens), options.lower)
    del table
    vocabulary, rows = choose_words(
        words.words, words.counts, options.min_count, options.max_size, where
    )
    state = _rewrite(folder, words, rows, options.max_length, counts, progress)
    (folder / _PIECES).unlink()
    report = CorpusReport(
        files=counts.files,
        bytes=counts.bytes,
        lines=counts.lines,
        tokens=int(words.counts.sum()),
        distinct=len(words.words),
        words=len(vocabulary),
        kept=int(state[kernels.TOTAL]),
        sentences=(folder / STARTS).stat().st_size // 8 - 1,
        cut=int(state[kernels.CUT]),
        emptied=int(state[kernels.EMPTIED]),
        bad_bytes=counts.bad,
        seconds=counts.seconds(),
    )
    write_rest(folder, vocabulary, report, options.model_dump(), sources.names)


def _scan(
    sources: Sources,
    table: PieceTable,
    options: TextOptions,
    counts: _Counts,
    file: IO[bytes],
    progress: ProgressFn | None,
) -> None:
    """Writes the numbers of all pieces, and counts what is read."""
    classes = byte_classes(options.tokens, options.sentences)
    for text in sources.texts():
        reader = Reader(text, classes, options.errors)
        for block in reader.blocks():
            try:
                for numbers in table.scan(block):
                    file.write(numbers.data)
                    counts.tokens += len(numbers)
            except TooLong as error:
                raise reader.too_long(block, error.at) from None
            _tell(progress, "reading", sources.share, counts)
        file.write(table.end_sentence().data)
        counts.files += 1
        counts.bytes += reader.bytes
        counts.lines += reader.lines
        counts.bad += reader.bad


def _words_of(table: PieceTable, rule: Rule, lower: bool) -> _Words:
    """Cuts every distinct piece by the rule and counts the words."""
    known: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    for text in table.texts():
        tokens = rule(text)
        for token in tokens:
            word = token.lower() if lower else token
            flat.append(known.setdefault(word, len(known)))
        lengths.append(len(tokens))
    ids, many = np.array(flat, np.int32), np.array(lengths, np.int64)
    counts = np.zeros(len(known), np.int64)
    np.add.at(counts, ids, np.repeat(table.counts, many))
    pointers = np.concatenate([[0], np.cumsum(many)]).astype(np.int64)
    return _Words(list(known), counts, ids, pointers)


def _rewrite(
    folder: Path,
    words: _Words,
    rows: np.ndarray,
    longest: int,
    counts: _Counts,
    progress: ProgressFn | None,
) -> np.ndarray:
    """Writes tokens and starts from the numbers of pieces; returns the kernel's state."""
    flat = rows[words.flat]
    state = np.zeros(6, np.int64)
    out, starts = np.empty(_AT_ONCE, np.int32), np.empty(_AT_ONCE, np.int64)
    size = max(1, (folder / _PIECES).stat().st_size // 4)
    done = 0
    with (
        (folder / _PIECES).open("rb") as file,
        (folder / TOKENS).open("xb") as tokens_file,
        (folder / STARTS).open("xb") as starts_file,
    ):
        starts_file.write(np.zeros(1, "<i8").data)
        for pieces in _numbers(file):
            at = 0
            while at < len(pieces):
                at, written, ended = kernels.rewrite(
                    pieces, at, words.pointers, flat, longest, state, out, starts
                )
                tokens_file.write(out[:written].astype("<i4", copy=False).data)
                starts_file.write(starts[:ended].astype("<i8", copy=False).data)
            done += len(pieces)
            _tell(progress, "encoding", done / size, counts)
    return state


def _numbers(file: IO[bytes]) -> Iterable[np.ndarray]:
    while content := file.read(4 * _AT_ONCE):
        yield np.frombuffer(content, np.int32)


def _tell(
    progress: ProgressFn | None, task: str, share: float, counts: _Counts
) -> None:
    if progress is None:
        return
    seconds = counts.seconds()
    rate = counts.tokens / max(seconds, 1e-9)
    progress(Progress(task, share, rate, "tokens", None, seconds))
