"""`nodeemb analogy RUN king - man + woman`: which word stands there?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nodeemb.cli import show


def analogy(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A folder that `nodeemb embed` made.")
    ],
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORDS...",
            help='Words with + and - between them, such as "king - man + woman", in one '
            "argument or in several.",
        ),
    ],
    readout: Annotated[
        str,
        typer.Option(
            "--readout",
            "--role",
            metavar="NAME",
            help="Whose cosines: in, out, sum, concat, or a role or view of the scheme.",
        ),
    ] = "in",
    topn: Annotated[
        int, typer.Option("--top", "--topn", min=1, help="How many answers.")
    ] = 10,
    mul: Annotated[
        bool,
        typer.Option(
            "--mul", help="Multiply similarities (3CosMul) instead of adding."
        ),
    ] = False,
) -> None:
    """Show the words that fit best where words are added and taken away.

    Where the output is no terminal: word, tab, value.
    """
    from nodeemb.evaluation.word_query import parse_expression, solve

    embedding = show.loaded(run)
    asked = parse_expression(" ".join(words))
    found = solve(embedding, asked, readout=readout, topn=topn, multiply=mul)
    if not _is_terminal():
        show.result("\n".join(f"{word}\t{value:.6g}" for word, value in found))
        return
    head = " ".join(words)
    show.table(
        [head, "3CosMul" if mul else "3CosAdd"],
        [[word, f"{value:.3f}"] for word, value in found],
        numbers=1,
    )


def _is_terminal() -> bool:
    return sys.stdout.isatty()
