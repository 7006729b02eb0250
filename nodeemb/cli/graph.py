"""`nodeemb graph`: a graph read once, and kept in a file that opens at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nodeemb.cli import options, show

File = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to make.")]


def graph(
    out: File,
    name: options.InputName = None,
    source: options.Source = None,
    target: options.Target = None,
    weight: options.Weight = None,
    sign: options.Sign = None,
    delimiter: options.Delimiter = None,
    comment: options.Comment = None,
    header: options.Header = None,
    duplicates: options.Duplicates = None,
    undirected: options.Undirected = False,
    quiet: options.Quiet = False,
) -> None:
    """Read a graph once and keep it in a file that every command opens at once.

    Options for reading are needed here and not again: the file knows ids, direction,
    weights and signs.
    """
    from nodeemb.io.atomic import check_new_file
    from nodeemb.io.graph_files import save_graph
    from nodeemb.options import parse
    from nodeemb.settings import Input

    given = options.reading(
        name,
        source,
        target,
        weight,
        sign,
        delimiter,
        comment,
        header,
        duplicates,
        undirected,
    )
    check_new_file(out)  # refused now, not after minutes
    made = parse(Input, given, "options").read()
    save_graph(made, out)
    show.result(made.report.text())
    if not quiet:
        show.say(f"Written to {out}. Use it: nodeemb embed {out}")
