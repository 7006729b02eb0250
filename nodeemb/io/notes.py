"""What a user should know of a graph that was read without a fault, but may not be meant so."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nodeemb.graph.graph import Graph
from nodeemb.io.lines import COMMENT_MARKS, shown

_FEW = 0.1


def notes(graph: Graph, comment: str | None = None) -> list[str]:
    """Sentences on ids that look like comments or numbers, and on self loops.

    Args:
        graph: as it was read.
        comment: the comment mark that was given, if any.
    """
    found = []
    if graph.num_edges and graph.report.self_loops == graph.num_edges:
        found.append(
            "every edge is a self loop: there is nothing to learn from. Check which "
            "columns are source and target."
        )
    if graph.ids.are_integers:
        return found
    texts = [name for name in graph.ids if isinstance(name, str)]
    if comment is None:
        found += [note for mark in COMMENT_MARKS if (note := _marked(texts, mark))]
    odd = [name for name in texts if not _digits(name)]
    if len(odd) <= _FEW * len(texts):
        found.append(
            f"ids are text, though nearly all are digits, since {_why(odd, texts)}."
        )
    return found


def _marked(texts: Iterable[str], mark: str) -> str:
    marked = [name for name in texts if name.startswith(mark) or f" {mark}" in name]
    if not marked:
        return ""
    ids = "1 id" if len(marked) == 1 else f"{len(marked):,} ids"
    return (
        f'{ids} with "{mark}" where a comment could begin, such as {shown(marked[0])}: it '
        f'is kept, since no comment mark was given. If lines that begin with "{mark}" are '
        f'comments, use --comment "{mark}".'
    )


def _why(odd: list[str], texts: list[str]) -> str:
    """What keeps digits from being whole numbers."""
    padded = [name for name in texts if re.fullmatch("-?0.+|-0", name)]
    long = [name for name in texts if len(name) > 18]
    return (
        _some(odd, "no whole number")
        or _some(padded, "not written as a number is printed")
        or _some(long, "beyond int64")
        or "they come as text"
    )


def _digits(name: str) -> bool:
    return name.removeprefix("-").isdecimal() and name.isascii()


def _some(names: list[str], what: str) -> str:
    if not names:
        return ""
    verb = "is" if len(names) == 1 else f"and {len(names) - 1:,} more are"
    return f"{shown(names[0])} {verb} {what}"
