"""Tables and paragraphs of a study's page, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f'<tr class="model"><th>{escape(first)}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def folded(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that is opened by who wants it; nothing where it is empty."""
    if not rows:
        return ""
    return f"<details><summary>{title}</summary>{table(heads, rows)}</details>"


def paragraphs(texts: Sequence[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)
