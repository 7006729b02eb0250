"""What was found in a text: counts of everything that was read, kept and left out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class CorpusReport:
    """Counts of a reading.

    Attributes:
        files: texts read; each member of an archive counts.
        bytes: of unpacked text.
        lines: line ends.
        tokens: tokens read, before rare words were left out.
        distinct: distinct words among them.
        words: words of the vocabulary.
        kept: tokens of these words, the length of the stream.
        sentences: sentences of the stream, pieces of cut ones counted.
        cut: places where a sentence was cut for its length.
        emptied: sentences of which no token was kept.
        bad_bytes: places that were not UTF-8 and were replaced or skipped.
        seconds: the reading took so long.
    """

    files: int
    bytes: int
    lines: int
    tokens: int
    distinct: int
    words: int
    kept: int
    sentences: int
    cut: int
    emptied: int
    bad_bytes: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The counts by name."""
        return asdict(self)

    @property
    def share_kept(self) -> float:
        """Share of the tokens that are in the stream."""
        return self.kept / self.tokens

    def text(self) -> str:
        """For people, a line each."""
        rows = [
            ("texts", f"{self.files:,}   {self.bytes / 1e6:,.1f} MB   {self.lines:,} lines"),
            ("tokens", f"{self.tokens:,}"),
            ("distinct", f"{self.distinct:,} words"),
            ("kept", f"{self.words:,} words, {100 * self.share_kept:.2f} % of the tokens "
                     f"({self.kept:,})"),
            ("sentences", f"{self.sentences:,}   cut {self.cut:,}   "
                          f"emptied {self.emptied:,}"),
            ("read in", f"{self.seconds:.1f} s, "
                        f"{self.tokens / max(self.seconds, 1e-9) / 1e6:.2f} M tokens/s"),
        ]  # fmt: skip
        if self.bad_bytes:
            rows.append(("not UTF-8", f"{self.bad_bytes:,} places"))
        return "\n".join(f"{name.ljust(12)}{text}" for name, text in rows)
