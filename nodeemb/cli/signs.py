"""`nodeemb signs`: role schemes on signed graphs, beside what degrees tell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nodeemb.cli import options, show
from nodeemb.errors import WrongUse

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT...",
        help="Signed data sets, or one file of signed edges. Default: those of the "
        "comparison.",
        show_default=False,
    ),
]
SignedFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="A comparison on signed graphs in YAML. Default: one role, two, four.",
    ),
]
Seeds = Annotated[
    list[int] | None,
    typer.Option("--seed", help="Repeatable: everything is done for each."),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="The folder to make, or to go on with. Default: runs/signs-NAME.",
    ),
]
TableOnly = Annotated[
    bool, typer.Option("--table", help="Print the table of what is there already.")
]


def signs(
    names: Names = None,
    config: SignedFile = None,
    seed: Seeds = None,
    out: Folder = None,
    table: TableOnly = False,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    source: options.Source = None,
    target: options.Target = None,
    sign: options.Sign = None,
    delimiter: options.Delimiter = None,
    comment: options.Comment = None,
    header: options.Header = None,
    duplicates: options.Duplicates = None,
) -> None:
    """Ask models of signed graphs: friend or foe, linked or not, which way.

    Every graph and seed is kept when it is done: the same command goes on after an
    interruption.
    """
    from nodeemb.engine import count_threads
    from nodeemb.options import parse
    from nodeemb.signed import SignedComparison, carry_out, load_signed, read_cells
    from nodeemb.signed_table import tables

    reading = (source, target, None, sign, delimiter, comment, header, duplicates)
    count_threads(threads)
    asked = load_signed(config)
    given = [options.reading(name, *reading, False) for name in names or []]
    if not given and any(part is not None for part in reading):
        raise WrongUse("how to read a file is said, and no file", next_step="Name it")
    changes = {"inputs": given, "seeds": seed or []}
    data = {**asked.model_dump(), **{k: v for k, v in changes.items() if v}}
    asked = parse(SignedComparison, data, "options")
    folder = Path("runs") / f"signs-{asked.name}" if out is None else out
    if table:
        cells = read_cells(folder)
    else:
        cells = carry_out(asked, folder, threads, None if quiet else show.say)
    show.result(tables(cells, asked.test, asked.control))
    if not quiet and not table:
        show.say(f"Written to {folder}. Again: nodeemb signs --table --out {folder}")
