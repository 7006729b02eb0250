"""`nodeemb bench`: how fast nodeemb is on this machine, beside what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from nodeemb.cli import show
from nodeemb.errors import RunFailed, unknown_name

if TYPE_CHECKING:
    from nodeemb.bench.figures import Figure
    from nodeemb.bench.history import History

_HISTORY = Path("bench.jsonl")


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MEASURE...", help="What to measure; all by default. See --list."
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Smaller sizes; their figures are compared apart."
        ),
    ] = False,
    peers: Annotated[
        bool,
        typer.Option(
            "--peers",
            help="Other programs besides; one that is missing or fails is told.",
        ),
    ] = False,
    history: Annotated[
        Path,
        typer.Option(
            "--history",
            metavar="FILE",
            help="Where figures are added, a JSON line each, and compared with the last "
            "of this machine.",
        ),
    ] = _HISTORY,
    listed: Annotated[
        bool, typer.Option("--list", help="Show the measures, and do nothing else.")
    ] = False,
) -> None:
    """Measure the speed of sampling, training, reading, opening, starting, searching, ranking.

    Every measure runs in a process of its own, on one thread, and counts CPU-seconds. In
    all it takes some minutes and up to 4 GB of memory, with --quick much less. A figure
    more than a fifth worse than the last of this machine is shown in red.
    """
    from nodeemb.bench.measures import MEASURES
    from nodeemb.bench.peers import PEERS

    if listed:
        rows = [[name, each.about] for name, each in (MEASURES | PEERS).items()]
        show.table(["measure", "what it measures"], rows)
        return
    chosen = list(dict.fromkeys(names or MEASURES))
    chosen += [name for name in PEERS if peers and name not in chosen]
    for name in chosen:
        if name not in MEASURES | PEERS:
            raise unknown_name("measure", name, MEASURES | PEERS)
    _measure(chosen, list(PEERS), quick, history)


def _measure(chosen: list[str], peers: list[str], quick: bool, path: Path) -> None:
    """Each measure in turn; its figures are kept before the next begins."""
    from nodeemb.bench.figures import QUICK, Sizes
    from nodeemb.bench.history import append, read_history
    from nodeemb.bench.machine import made_with
    from nodeemb.bench.process import measured

    earlier, maker = read_history(path), made_with()
    append(path, [], maker)  # refused now, not after minutes
    failed, out = [], show.console()
    for name in chosen:
        try:
            figures = measured(name, QUICK if quick else Sizes())
        except RunFailed as error:
            show.say(f"{name}: {error}")
            failed += [] if name in peers else [name]
            continue
        if quick:
            figures = [each._replace(name=f"quick_{each.name}") for each in figures]
        append(path, figures, maker)
        for line in _lines(figures, earlier, maker["machine"]):
            out.print(line, soft_wrap=True)
    if failed:
        raise RunFailed(f"not measured: {', '.join(failed)}")


def _lines(figures: Sequence[Figure], earlier: History, machine: str) -> list[Text]:
    """A line for each figure, with what it was; red where it is worse."""
    from nodeemb.bench.history import is_worse, last_value

    lines = []
    for figure in figures:
        before = last_value(earlier, figure.name, machine)
        told = f"{figure.name:<28}{figure.value:>10.4g} {figure.unit}"
        worse = is_worse(figure, before)
        if before is not None:
            told += f"   before {before:.4g}{'   WORSE' if worse else ''}"
        lines.append(Text(told, style="red" if worse else ""))
    return lines
