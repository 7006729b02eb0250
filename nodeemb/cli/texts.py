"""How `nodeemb datasets` shows and checks the texts that have a card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nodeemb.cli import show
from nodeemb.errors import DataRefused

if TYPE_CHECKING:
    from nodeemb.io.text_cards import TextCard


def list_all(cards: Sequence[TextCard]) -> None:
    """A table of all texts."""
    show.table(
        ["text", "sentences", "file", "distinct", "tokens"],
        [
            [
                card.name,
                card.sentences,
                "here" if card.here else "not here",
                f"{card.counts.distinct:,}",
                f"{card.counts.tokens:,}",
            ]
            for card in cards
        ],
        numbers=2,
    )
    here = sum(card.here for card in cards)
    show.say(f"\n{here} of {len(cards)} texts are here.")


def text_told(card: TextCard) -> str:
    """A card for people."""
    counts = card.counts
    rows = [
        ("texts", f"{counts.texts:,}"),
        ("tokens", f"{counts.tokens:,} between white space"),
        ("distinct", f"{counts.distinct:,}"),
        ("sentences", card.sentences),
        *(("file", f"{file} {sha256}") for file, sha256 in card.files.items()),
        ("here", "yes" if card.here else f"no. {card.where_to_put()}."),
        ("comes from", card.address),
        ("origin", card.origin),
        ("licence", card.licence),
        ("cite", card.citation),
        *([("notes", card.notes)] if card.notes else []),
    ]
    lines = [f"{name.ljust(12)}{text}" for name, text in rows]
    return "\n".join([f"{card.name}: {card.title}", *lines])


def verdict(card: TextCard) -> tuple[str, str]:
    """In a few words, and what is wrong."""
    try:
        card.checked()
    except DataRefused as error:
        return "wrong", str(error)
    return "checksum is right", ""
