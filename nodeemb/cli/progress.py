"""Progress: a bar in a terminal, a line every ten seconds elsewhere, nothing if asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nodeemb.progress import Progress, ProgressFn, amount, clock

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

EVERY = 10.0


@contextmanager
def progress(quiet: bool) -> Iterator[ProgressFn | None]:
    """A function that shows progress on standard error; None where nothing is to show."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task("", total=1.0, info="")

            def show(now: Progress) -> None:
                info = "  ".join(_parts(now))
                bar.update(task, completed=now.share, description=now.task, info=info)

            yield show
    else:
        yield _lines()


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[info]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )


def _lines() -> ProgressFn:
    last = time.monotonic()

    def show(now: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            text = "  ".join([now.task, f"{100 * now.share:.0f} %", *_parts(now)])
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    return show


def _parts(now: Progress) -> list[str]:
    parts = []
    if now.rate:
        parts.append(f"{amount(now.rate)} {now.unit}/s")
    if now.loss is not None:
        parts.append(f"loss {now.loss:.4f}")
    if now.note:
        parts.append(now.note)
    if now.share > 0:
        parts.append(f"{clock(now.seconds_left)} left")
    return parts
