"""What a token is: two rules, each with the bytes that no token ever holds.

Text is first cut at such bytes, by a compiled loop; each distinct piece is then cut by the
rule itself, once. So the result is the rule's, at the loop's speed.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable

import numpy as np

from nodeemb.corpus.kernels import BETWEEN, IN_WORD, LINE_END

Rule = Callable[[str], list[str]]
_BLANKS = b"\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
_APOSTROPHES = "'\u2019"
_JOINERS = "\u200c\u200d"  # within words of Persian and of Indic scripts
# planes 2 and 3 are ideographs; looking at every code would take half a second
_WITH_MARKS = range(0x300, 0x20000), range(0xE0000, 0xE1000)
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*")


def rule_of(tokens: str) -> Rule:
    """The rule that cuts a text into tokens.

    Args:
        tokens: "whitespace": as `str.split`. "words": runs of letters, digits and the
            marks that follow them, joined by single apostrophes.
    """
    return str.split if tokens == "whitespace" else words


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    return _any_word().findall(text)


def byte_classes(tokens: str, sentences: str) -> np.ndarray:
    """(256,) uint8: which bytes no token holds, and which of them ends a sentence."""
    classes = np.full(256, IN_WORD, np.uint8)
    if tokens == "whitespace":
        classes[list(_BLANKS)] = BETWEEN
    else:
        inside = [chr(i).isalnum() or chr(i) == "'" for i in range(128)]
        classes[:128] = np.where(inside, IN_WORD, BETWEEN)
    if sentences == "lines":
        classes[ord("\n")] = LINE_END
    return classes


@functools.cache
def _any_word() -> re.Pattern[str]:
    letter = r"[^\W_]"
    more = rf"(?:{letter}|[{_marks()}{_JOINERS}])*"
    return re.compile(rf"{letter}{more}(?:[{_APOSTROPHES}]{letter}{more})*")


def _marks() -> str:
    """All combining marks as ranges of a character class."""
    codes = itertools.chain(*_WITH_MARKS)
    marks = [i for i in codes if unicodedata.category(chr(i))[0] == "M"]
    last = [a for a, b in zip(marks, [*marks[1:], 0], strict=True) if b != a + 1]
    first = [b for a, b in zip([0, *marks[:-1]], marks, strict=True) if b != a + 1]
    pairs = zip(first, last, strict=True)
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in pairs)
