"""Parts that every report page has: its frame, the strip of facts, notes, how to repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from nodeemb import __version__
from nodeemb.evaluation.report_style import STYLE


def page(title: str, body: Iterable[str]) -> str:
    """A whole page that needs nothing else; empty parts are left out."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        "<body><main>\n" + "\n".join(filter(None, body)) + "\n</main></body></html>\n"
    )


def paragraphs(texts: Sequence[str], kind: str = "") -> str:
    """Texts as paragraphs; empty ones are left out."""
    start = f'<p class="{kind}">' if kind else "<p>"
    return "".join(f"{start}{escape(text)}</p>" for text in texts if text)


def fact_strip(facts: Mapping[str, Any]) -> str:
    """What was measured on, in a strip of numbers."""
    graph, test = facts["graph"], facts["test"]
    shown = [
        ("nodes", f"{graph['nodes']:,}"),
        ("links", f"{graph['edges']:,}"),
        ("test links", f"{test['edges']:,.0f}"),
    ]
    if graph["directed"] and test["edges"]:
        shown += [
            ("test links that go both ways", f"{100 * test['reciprocal']:.1f} %"),
            (
                "source with no training link out",
                f"{100 * test['source_unseen']:.1f} %",
            ),
            ("target with no training link in", f"{100 * test['target_unseen']:.1f} %"),
        ]
    items = (f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in shown)
    return f'<dl class="facts">{"".join(items)}</dl>'


def notes_list(notes: Sequence[str], heading: str = "Notes") -> str:
    """Notes as a list under a heading; nothing where there are none."""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<h2>{heading}</h2><ul>{items}</ul>" if items else ""


def how_to_repeat(facts: Mapping[str, Any], commands: Sequence[str]) -> str:
    """Commands, and the hashes and seeds that say whether it was repeated."""
    kept = [
        ("nodeemb", __version__),
        ("graph", facts["graph"]["hash"]),
        ("split", ", ".join(f["split"]["hash"] for f in facts.get("each", [facts]))),
        ("seeds", ", ".join(map(str, facts["seeds"]))),
        ("reciprocal links", facts["split"].get("reciprocal", "as given")),
        ("kept connected", "yes" if facts["split"].get("connected") else "no"),
    ]
    items = "".join(f"<dt>{n}</dt><dd>{escape(str(v))}</dd>" for n, v in kept)
    shown = f"<pre>{escape(chr(10).join(commands))}</pre>" if commands else ""
    return f'<h2>How to repeat it</h2>{shown}<dl class="small">{items}</dl>'
