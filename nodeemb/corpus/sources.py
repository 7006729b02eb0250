"""Where text comes from: files, folders, archives, standard input, texts with a card.

Files are known by their content: plain, gzip or zstd, and a tar archive inside or not. A
folder is all its files in the order of their paths; an archive is its members in the order
they stand in, since it is read once and never written to disk. Hidden files are left out.
"""

from __future__ import annotations

import os
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.io.opening import opened, told_in_words, unpacked_stream
from nodeemb.io.text_cards import TextCard, list_texts, load_text_card

STANDARD_INPUT = "-"
_HEADER, _MARK_AT, _MARK = 512, 257, b"ustar"
_AT_ONCE = 1 << 20


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, fewer only at the end."""


class Text(NamedTuple):
    """One text: its name for complaints, and its unpacked bytes."""

    name: str
    stream: Readable


class Sources:
    """All that was asked for, file by file, and how much of it is read.

    Args:
        names: files, folders, names of texts that have a card, or "-" for standard input.

    Raises:
        WrongUse: none is given, or standard input together with anything else.
        DataRefused: a file that is not there or not the one of its card, or a folder
            without files.
    """

    def __init__(self, names: Sequence[str | os.PathLike[str]]) -> None:
        if not names:
            raise WrongUse("no text is given", allowed="Files, folders, or -")
        given = [os.fspath(name) for name in names]
        if STANDARD_INPUT in given and len(given) > 1:
            raise WrongUse("standard input (-) is read alone, or files without it")
        self.names = given
        self._cards = [card for name in given if (card := _card(name))]
        self.paths = [path for name in given for path in _files(name)]
        self._sizes = [path.stat().st_size for path in self.paths]
        self._before, self._file = 0, None

    @property
    def sentences(self) -> str:
        """What a sentence is, as the cards say; "lines" where not all have one."""
        told = {card.sentences for card in self._cards}
        if len(self._cards) < len(self.names) or len(told) > 1:
            return "lines"
        return told.pop()

    @property
    def share(self) -> float:
        """How much is read, 0 to 1; always 0 of standard input."""
        if self._file is None or not sum(self._sizes):
            return 0.0
        return min(1.0, (self._before + self._file.tell()) / sum(self._sizes))

    def texts(self) -> Iterator[Text]:
        """Every text, to be read before the next is asked for."""
        if self.names == [STANDARD_INPUT]:
            yield from _standard_input()
        for path, size in zip(self.paths, self._sizes, strict=True):
            with opened(path) as self._file:
                yield from _inside(str(path), self._file)
                self._before, self._file = self._before + size, None


def _standard_input() -> Iterator[Text]:
    name = "standard input"
    with told_in_words(name):
        yield from _inside(name, sys.stdin.buffer)


def _card(name: str) -> TextCard | None:
    """The card of a text; None for a file or folder, also one of a text's name."""
    if os.path.lexists(name) or name not in list_texts():
        return None
    return load_text_card(name)


def _files(name: str) -> list[Path]:
    if name == STANDARD_INPUT:
        return []
    card = _card(name)
    if card is not None:
        return card.checked()
    path = Path(name)
    if not os.path.isdir(path):  # noqa: PTH112 - False for a name no system takes
        _check_file(path)
        return [path]
    found = sorted(
        each
        for each in path.rglob("*")
        if each.is_file() and not _hidden(each.relative_to(path).parts)
    )
    if not found:
        raise DataRefused(f"the folder {path} holds no file", allowed="Files of text")
    return found


def _check_file(path: Path) -> None:
    """Refuses a file that is not there now, and not after all files before it."""
    try:
        with opened(path):
            pass
    except DataRefused as error:
        texts = ", ".join(list_texts())
        raise DataRefused(
            error.what,
            allowed=error.allowed or f"A file, a folder, - or a text: {texts}",
            next_step=error.next_step,
        ) from None


def _hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith(".") for part in parts)


def _inside(name: str, file: Any) -> Iterator[Text]:
    with unpacked_stream(file) as stream:
        start = stream.read(_HEADER)
        whole = _Ahead(start, stream)
        if start[_MARK_AT:].startswith(_MARK):
            yield from _members(name, whole)
        else:
            yield Text(name, _Told(name, whole))


def _members(name: str, stream: Readable) -> Iterator[Text]:
    with (
        _archive_faults(name),
        tarfile.open(fileobj=stream, mode="r|", bufsize=_AT_ONCE) as archive,  # type: ignore[call-overload]
    ):
        for member in archive:
            archive.members = []  # else all of them are kept
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None and not _hidden(Path(member.name).parts[-1:]):
                yield Text(f"{name}: {member.name}", _Told(name, file))


@contextmanager
def _archive_faults(name: str) -> Iterator[None]:
    try:
        yield
    except tarfile.TarError as error:
        raise DataRefused(
            f"{name} is a damaged archive: {error}",
            allowed="A whole file",
            next_step="Copy or download it again",
        ) from None


class _Ahead:
    """A stream whose first bytes were read already."""

    def __init__(self, start: bytes, stream: Readable) -> None:
        self._start, self._stream = start, stream

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        start, self._start = self._start[:size], self._start[size:]
        return start + self._stream.read(size - len(start))


class _Told:
    """A stream whose faults are told in words, since they come up where it is read."""

    def __init__(self, name: str, stream: Any) -> None:
        self._name, self._stream = name, stream

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        with told_in_words(self._name), _archive_faults(self._name):
            return self._stream.read(size)
