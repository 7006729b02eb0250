"""`nodeemb neighbors`: the nodes that a run's vectors put first beside one node."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodeemb.cli import show

if TYPE_CHECKING:
    from nodeemb.embedding.embedding import Embedding


def neighbors(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A folder that `nodeemb embed` made.")
    ],
    node: Annotated[str, typer.Argument(metavar="ID", help="The id of a node.")],
    role: Annotated[
        str,
        typer.Option(
            "--role",
            help="target: which nodes it most likely links to; source: which most likely "
            "link to it.",
        ),
    ] = "target",
    topn: Annotated[int, typer.Option("--topn", help="How many.")] = 10,
) -> None:
    """Show the nodes with the highest score beside a node.

    The score is the model's own, best first. Where the output is no terminal: id, tab, score.
    """
    embedding = show.loaded(run)
    found = embedding.most_similar(_id(embedding, node), role=role, topn=topn)
    if not _is_terminal():
        show.result("\n".join(f"{other}\t{score:.6g}" for other, score in found))
        return
    head = f"{node} ->" if role == "target" else f"-> {node}"
    rows = [[str(other), f"{score:.3f}"] for other, score in found]
    show.table([head, "score"], rows, numbers=1)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _id(embedding: Embedding, text: str) -> Any:
    """The id that is meant: text as it stands, or the number that it writes."""
    number = int(text) if text.removeprefix("-").isdecimal() else None
    if number is None or number not in embedding:
        return text
    if text in embedding:
        show.say(
            f"Note: the text '{text}' and the number {text} are both ids here; this is the "
            "text. From Python either can be asked for."
        )
        return text
    return number
