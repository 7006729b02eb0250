"""A corpus: sentences as rows of a vocabulary, in files that are mapped into memory.

A folder holds four files: `corpus.json` (what was read and how), `words.safetensors` (the
vocabulary), `tokens.i32` and `starts.i64` (plain little-endian numbers).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nodeemb.corpus.folder import MANIFEST, is_corpus
from nodeemb.corpus.report import CorpusReport
from nodeemb.corpus.vocabulary import Vocabulary
from nodeemb.errors import DataRefused
from nodeemb.graph.ids import Ids
from nodeemb.io.tensors import write_tensors

WORDS, TOKENS, STARTS = "words.safetensors", "tokens.i32", "starts.i64"
_FORMAT, _VERSION = "nodeemb corpus", 1


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """An encoded text. Make one with `read_corpus`, or `Corpus.load` a folder.

    Attributes:
        vocabulary: the words.
        tokens: (num_tokens,) int32 rows of the vocabulary, mapped from a file; words
            that the vocabulary does not hold are left out.
        starts: (sentences + 1,) int64: sentence i is tokens[starts[i] : starts[i + 1]],
            never empty.
        digest: a short hash of words, counts, tokens and starts.
        report: what was found when the text was read.
    """

    vocabulary: Vocabulary
    tokens: np.ndarray
    starts: np.ndarray
    digest: str
    report: CorpusReport

    @property
    def num_nodes(self) -> int:
        """Words of the vocabulary: the rows of a table."""
        return len(self.vocabulary)

    @property
    def ids(self) -> Ids:
        """The words, in row order."""
        return self.vocabulary.ids

    @property
    def num_tokens(self) -> int:
        """Tokens of the stream."""
        return len(self.tokens)

    @property
    def num_sentences(self) -> int:
        """Sentences of the stream."""
        return len(self.starts) - 1

    def sentence(self, number: int) -> list[str]:
        """The words of one sentence; for looking, not for loops."""
        words = self.vocabulary.words
        first, end = self.starts[number : number + 2]
        return [words[row] for row in self.tokens[first:end]]

    def __repr__(self) -> str:
        return (
            f"Corpus({self.num_tokens:,} tokens, {self.num_sentences:,} sentences, "
            f"{len(self.vocabulary):,} words)"
        )

    @staticmethod
    def load(folder: str | os.PathLike[str]) -> Corpus:
        """The corpus of a folder that `read_corpus` made.

        Raises:
            DataRefused: no such folder, another folder, or files that are not whole.
        """
        folder = Path(folder)
        told = _manifest(folder)
        tokens = _mapped(folder / TOKENS, "<i4", told["report"]["kept"])
        starts = _mapped(folder / STARTS, "<i8", told["report"]["sentences"] + 1)
        return Corpus(
            _read_words(folder / WORDS),
            tokens,
            starts,
            told["digest"],
            CorpusReport(**told["report"]),
        )


def write_rest(
    folder: Path,
    vocabulary: Vocabulary,
    report: CorpusReport,
    options: Mapping[str, Any],
    sources: list[str],
) -> None:
    """Writes the vocabulary and the manifest beside the two streams in a new folder."""
    texts = [word.encode("utf-8", "surrogatepass") for word in vocabulary.words]
    arrays: dict[str, np.ndarray] = {
        "letters": np.frombuffer(b"".join(texts), np.uint8),
        "ends": np.cumsum([len(text) for text in texts], dtype=np.int64),
        "counts": vocabulary.counts,
    }
    with (folder / WORDS).open("xb") as file:
        write_tensors(file, arrays)
    told = {
        "format": _FORMAT,
        "version": _VERSION,
        "digest": _digest(folder),
        "sources": sources,
        "options": dict(options),
        "report": report.as_dict(),
    }
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")
    for name in (WORDS, TOKENS, STARTS, MANIFEST):
        _to_disk(folder / name)


def removed_with(corpus: Corpus, folder: Path) -> Corpus:
    """The corpus; its folder is removed when nobody holds it any more."""
    weakref.finalize(corpus, shutil.rmtree, folder, ignore_errors=True)
    return corpus


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for name in (WORDS, TOKENS, STARTS):
        with (folder / name).open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _manifest(folder: Path) -> dict[str, Any]:
    if not is_corpus(folder):
        raise DataRefused(
            f"{folder} is no encoded corpus",
            allowed=f"A folder with {MANIFEST}",
            next_step="Make one: nodeemb corpus FILE --out FOLDER",
        )
    try:
        told = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder / MANIFEST, str(error)) from None
    if not isinstance(told, dict) or told.get("format") != _FORMAT:
        raise _damaged(folder / MANIFEST, f'it is not of the format "{_FORMAT}"')
    if told.get("version") != _VERSION:
        raise _damaged(
            folder / MANIFEST,
            f"its version is {told.get('version')!r}, and {_VERSION} is read here",
        )
    names = set(CorpusReport.__dataclass_fields__)
    if set(told.get("report") or ()) != names or not isinstance(
        told.get("digest"), str
    ):
        raise _damaged(folder / MANIFEST, "its report or digest is missing")
    return told


def _mapped(path: Path, kind: str, count: int) -> np.ndarray:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from None
    if size != count * np.dtype(kind).itemsize or not count:
        raise _damaged(path, f"it has {size:,} bytes for {count:,} numbers")
    return np.memmap(path, kind, "r", shape=(count,))


def _read_words(path: Path) -> Vocabulary:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
        letters = arrays["letters"].tobytes()
        ends = arrays["ends"].tolist()
        texts = [
            letters[a:b].decode("utf-8", "surrogatepass")
            for a, b in zip([0, *ends], ends, strict=False)
        ]
        return Vocabulary(tuple(texts), arrays["counts"])
    except (OSError, SafetensorError, KeyError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, why: str) -> DataRefused:
    return DataRefused(
        f"{path} cannot be read: {why}", next_step="Encode the text again"
    )
