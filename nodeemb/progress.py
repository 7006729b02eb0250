"""How far a long piece of work is: one record, and ways to show it.

The library never prints by itself; it calls the function it was given.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class Progress:
    """A moment of a piece of work.

    Attributes:
        task: what is being done, such as "epoch 3/10".
        share: how much of all is done, 0 to 1.
        rate: units a second, over all so far.
        unit: what the rate counts.
        loss: mean loss a pair lately, or None.
        seconds: since the start.
        note: anything else worth a word, such as the validation score.
    """

    task: str
    share: float
    rate: float
    unit: str
    loss: float | None
    seconds: float
    note: str = ""

    @property
    def seconds_left(self) -> float:
        """Time left if the rest goes as fast as the part that is done."""
        return (
            self.seconds * (1 - self.share) / self.share
            if self.share > 0
            else float("inf")
        )

    def text(self) -> str:
        """One line for people."""
        loss = "" if self.loss is None else f"  loss {self.loss:.4f}"
        left = "?" if self.share == 0 else clock(self.seconds_left)
        note = f"  {self.note}" if self.note else ""
        return (
            f"{self.task}  {100 * self.share:3.0f} %  {amount(self.rate)} {self.unit}/s"
            f"{loss}{note}  {left} left"
        )


ProgressFn = Callable[[Progress], None]


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def amount(number: float) -> str:
    """1234567 as "1.23 M"."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.3g}"


def line_reporter(stream: TextIO | None = None, every: float = 10.0) -> ProgressFn:
    """Shows progress: one line rewritten in place on a terminal, else a line now and then.

    Args:
        stream: where to; standard error if None.
        every: seconds between lines where there is no terminal.
    """
    stream = stream or sys.stderr
    terminal = stream.isatty()
    last = time.monotonic() - (every if terminal else 0)
    width = 0

    def report(progress: Progress) -> None:
        nonlocal last, width
        now, done = time.monotonic(), progress.share >= 1
        if not done and now - last < (0.1 if terminal else every):
            return
        last, text = now, progress.text()
        if terminal:
            stream.write("\r" + text.ljust(width) + ("\n" if done else ""))
            width = len(text)
        else:
            stream.write(text + "\n")
        stream.flush()

    return report
