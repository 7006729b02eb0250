"""`nodeemb export`: a run's vectors for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nodeemb.cli import options, show
from nodeemb.cli.progress import progress


def export(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A folder that `nodeemb embed` made.")
    ],
    format_: Annotated[
        str,
        typer.Option(
            "--format", help="word2vec, word2vec-binary, npz, parquet or projector."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The file to make; a folder for projector.")
    ],
    role: Annotated[
        str | None,
        typer.Option(
            "--role",
            help="A role, such as source or target. Default: all side by side.",
        ),
    ] = None,
    escape: Annotated[
        bool,
        typer.Option(
            "--escape", help="Percent-encode what the format cannot hold in an id."
        ),
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Write vectors for other programs: gensim, pandas, numpy, the projector."""
    from nodeemb.embedding.export import export as write

    embedding = show.loaded(run)
    with progress(quiet) as shown:
        path = write(embedding, out, format_, role=role, escape=escape, progress=shown)
    if quiet:
        show.result(str(path))
        return
    shape = embedding.vectors(role).shape
    show.result(f"{shape[0]:,} nodes, {shape[1]} numbers each. Written to {path}")
