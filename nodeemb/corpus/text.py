"""Cut a text into blocks that end between two tokens, and refuse what is no text, by place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from nodeemb.corpus.kernels import IN_WORD
from nodeemb.corpus.sources import Text
from nodeemb.errors import DataRefused
from nodeemb.io.blocks import BYTE_ORDER_MARK
from nodeemb.io.opening import refuse_other

LONGEST = 1 << 16  # bytes between two places where a text can be cut
BLOCK = 1 << 22
_FEW = 256
_ALLOWED = "Text in UTF-8, plain or packed with gzip or zstd, in a tar archive or not"
_REPLACED = "\ufffd"

Errors = Literal["refuse", "replace", "skip"]


class Reader:
    """Reads one text block by block.

    Args:
        text: what to read.
        classes: (256,) uint8, see `nodeemb.corpus.tokens.byte_classes`.
        errors: what to do with bytes that are not UTF-8.
        size: bytes read at a time.

    Attributes:
        bytes: read so far.
        lines: line ends so far.
        bad: places that were not UTF-8.
    """

    def __init__(
        self, text: Text, classes: np.ndarray, errors: Errors, size: int = BLOCK
    ) -> None:
        self.bytes = self.lines = self.bad = 0
        self._text, self._classes, self._errors = text, classes, errors
        self._size = size

    def blocks(self) -> Iterator[bytes]:
        """Blocks in UTF-8 whose last byte is in no token.

        Raises:
            DataRefused: another format, a zero byte, bytes that are not UTF-8 under
                "refuse", or too many bytes without a place to cut.
        """
        rest = b""
        while piece := self._text.stream.read(self._size):
            if not self.bytes and not rest:
                refuse_other(piece, self._text.name, packed=True, allowed=_ALLOWED)
                if piece.startswith(BYTE_ORDER_MARK):
                    piece = piece[len(BYTE_ORDER_MARK) :]
                    self.bytes = len(BYTE_ORDER_MARK)
            whole = rest + piece
            cut = self._last_place(whole)
            if len(whole) - cut > LONGEST:
                raise self.too_long(whole, cut)
            rest = whole[cut:]
            if cut:
                yield from self._checked(whole[:cut])
        if rest:
            yield from self._checked(rest + b"\n")
            self.bytes, self.lines = self.bytes - 1, self.lines - 1

    def too_long(self, block: bytes, at: int) -> DataRefused:
        """The complaint about a piece of more than `LONGEST` bytes."""
        return DataRefused(
            f"more than {LONGEST:,} bytes without white space",
            where=self._place(block, at),
            allowed="Text of words; lines of any length",
            next_step="Check that this is text, and that its words stand apart",
        )

    def _last_place(self, whole: bytes) -> int:
        """Just after the last byte, of the last few, that is in no token; else 0."""
        for size in (_FEW, LONGEST + 1, len(whole)):
            tail = np.frombuffer(whole[-size:], np.uint8)
            places = np.flatnonzero(self._classes[tail] != IN_WORD)
            if len(places):
                return len(whole) - len(tail) + int(places[-1]) + 1
        return 0

    def _checked(self, raw: bytes) -> Iterator[bytes]:
        """The block, made good where that is asked for; counted once it is used."""
        if b"\0" in raw:
            raise DataRefused(
                "a zero byte",
                where=self._place(raw, raw.index(b"\0")),
                allowed="Text in UTF-8; this is a binary file, or UTF-16",
            )
        yield raw if raw.isascii() else self._good(raw)
        self.bytes += len(raw)
        self.lines += raw.count(b"\n")

    def _good(self, raw: bytes) -> bytes:
        try:
            raw.decode()
            return raw
        except UnicodeDecodeError as error:
            if self._errors == "refuse":
                raise DataRefused(
                    f"bytes that are not UTF-8 ({raw[error.start : error.start + 1]!r})",
                    where=self._place(raw, error.start),
                    allowed='Text in UTF-8, or errors="replace" or "skip"',
                    next_step="Save it as UTF-8, as with: iconv -f latin1 -t utf-8",
                ) from None
        replaced = raw.decode(errors="replace")
        own = raw.count(_REPLACED.encode())
        self.bad += replaced.count(_REPLACED) - own
        if self._errors == "replace":
            return replaced.encode()
        return raw.decode(errors="ignore").encode()

    def _place(self, block: bytes, at: int) -> str:
        line = self.lines + block.count(b"\n", 0, at) + 1
        return f"{self._text.name}, line {line:,}, byte {self.bytes + at + 1:,}"
