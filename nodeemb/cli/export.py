"""`nodeemb export`: a run's vectors for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodeemb.cli import options, show
from nodeemb.cli.progress import progress

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph


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
    degrees: Annotated[
        bool,
        typer.Option(
            "--degrees",
            help="Projector: columns of degrees beside ids; reads the run's graph again.",
        ),
    ] = False,
    canonical: Annotated[
        bool,
        typer.Option(
            "--canonical",
            help="Turn vectors to a form that follows from the scores alone.",
        ),
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Write vectors for other programs: gensim, pandas, numpy, the projector."""
    from nodeemb.embedding.export import export as write
    from nodeemb.embedding.export import vectors_of

    embedding = show.loaded(run)
    if canonical:
        embedding = embedding.canonical()
    graph = _graph(run) if degrees else None
    with progress(quiet) as shown:
        path = write(
            embedding,
            out,
            format_,
            role=role,
            escape=escape,
            graph=graph,
            progress=shown,
        )
    if quiet:
        show.result(str(path))
        return
    length = vectors_of(embedding, role, slice(0)).shape[1]
    kept = f"{len(embedding):,} nodes, {length} numbers each"
    show.result(f"{kept}. Written to {path}")


def _graph(run: Path) -> Graph:
    """The graph that a run was made from, read as the run read it."""
    from nodeemb.choices import read_config, read_settings

    return read_settings(read_config(run / "config.yaml"), {}, {}).input.read()
