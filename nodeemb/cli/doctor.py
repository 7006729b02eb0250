"""`nodeemb doctor`: what a report of a problem needs, and whether all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nodeemb.cli import show
from nodeemb.errors import RunFailed

if TYPE_CHECKING:
    from nodeemb.kept_code import Kept

_LABEL = 17


def doctor(
    clean_cache: Annotated[
        bool,
        typer.Option(
            "--clean-cache",
            help="Remove compiled code that this installation no longer uses, and do "
            "nothing else. Other installations compile theirs again.",
        ),
    ] = False,
) -> None:
    """Show versions, machine, data and caches, and make a two-second self-test.

    Plain text on standard output, to paste into a report. The first time takes longer: the
    inner loops are compiled. Exit code 1 if something is wrong.
    """
    if clean_cache:
        _clean()
        return
    from nodeemb.doctor import facts
    from nodeemb.kept_code import look
    from nodeemb.self_test import self_test

    wrong = []
    for fact in facts():
        _line(fact.name, fact.text)
        wrong += [fact.wrong] if fact.wrong else []
    _cache(look())
    for outcome in self_test():
        verdict = f"WRONG: {outcome.wrong}" if outcome.wrong else "well"
        _line("self-test", f"{outcome.name}: {verdict} ({outcome.seconds:.1f} s)")
        wrong += [f"{outcome.name}: {outcome.wrong}"] if outcome.wrong else []
    if wrong:
        raise RunFailed("; ".join(wrong))
    show.result("All well")


def _cache(kept: Kept) -> None:
    where = f"{kept.folder}, can be written"
    if not kept.writable:
        where = f"{kept.folder}, since the folder asked for cannot be written"
    _line("compiled code", where)
    _line("", f"{len(kept.used)} folders in use, {show.size(kept.used_bytes)}")
    old = f"{len(kept.old)} folders not used by this installation"
    hint = "; nodeemb doctor --clean-cache removes them" if kept.old else ""
    _line("", f"{old}, {show.size(kept.old_bytes)}{hint}")


def _clean() -> None:
    from nodeemb.kept_code import clean

    removed, size, left = clean()
    show.result(f"{removed} folders removed, {show.size(size)}.")
    if left:
        show.say(
            f"{left} changed within the last hour and stay: somebody may be at work."
        )


def _line(name: str, text: str) -> None:
    show.result(f"{name.ljust(_LABEL)}{text}")
