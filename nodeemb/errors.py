"""What can go wrong, said so that the reader knows what to do next.

Every error tells what was wrong, where, what is allowed and the next step, and carries
the exit code of the command line: 1 run failed, 2 wrong use, 3 data refused, 4 out of
resources.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

_LONGEST = 2000


class NodeembError(Exception):
    """Base of all errors raised on purpose.

    Args:
        what: what was wrong, one sentence.
        where: file, line, option or argument it was found in.
        allowed: what would have been right.
        next_step: what to do now.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, where: str = "", allowed: str = "", next_step: str = ""
    ) -> None:
        self.what, self.where = what, where
        self.allowed, self.next_step = allowed, next_step
        place = f"{where}: " if where else ""
        parts = [f"{place}{what}", allowed, next_step]
        super().__init__(" ".join(_sentence(part) for part in parts if part))


class RunFailed(NodeembError):
    """The work started and could not be finished."""

    exit_code = 1


class Diverged(RunFailed):
    """The loss became non-finite; `embedding` holds the last good tables, if any."""

    embedding: Any = None


class WrongUse(NodeembError, ValueError):
    """An option, argument or name that does not exist or is out of range."""

    exit_code = 2


class DataRefused(NodeembError, ValueError):
    """Input data that cannot be taken as it is."""

    exit_code = 3


class UnknownId(DataRefused, KeyError):
    """A node id that the graph or embedding does not hold.

    Attributes:
        unknown: the id, where it is known which one.
    """

    unknown: object = None
    __str__ = Exception.__str__


class OutOfResources(NodeembError):
    """Memory or disk that is not there."""

    exit_code = 4


def _sentence(text: str) -> str:
    text = text.strip()
    if len(text) > _LONGEST:  # a message may quote a value, which may be a whole file
        text = f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 4 :]}"
    return text if text.endswith((".", "!", "?")) else text + "."


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """Returns "Did you mean x?" for the closest known name, or nothing."""
    close = difflib.get_close_matches(str(word), [str(k) for k in known], n=1)
    return f"Did you mean {close[0]}?" if close else ""


def unknown_name(kind: str, word: object, known: Iterable[object]) -> WrongUse:
    """The error for a name that is none of the known ones, with the closest named."""
    names = [str(k) for k in known]
    return WrongUse(
        f'no {kind} "{word}". {did_you_mean(word, names)}'.strip(),
        allowed=f"Known: {', '.join(names)}",
    )
