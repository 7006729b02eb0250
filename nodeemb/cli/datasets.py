"""`nodeemb datasets`: the graphs and texts that have a card, which of them are here, and are they right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nodeemb.cli import show
from nodeemb.cli.progress import progress
from nodeemb.cli.texts import list_all, text_told, verdict
from nodeemb.errors import DataRefused

if TYPE_CHECKING:
    from nodeemb.io.cards import Card
    from nodeemb.io.text_cards import TextCard


def datasets(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Data sets; without --verify their cards are shown.",
        ),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Compare checksums and counts with the cards: of the named sets, or of "
            "all that are here. Exit code 3 if one is wrong.",
        ),
    ] = False,
) -> None:
    """List the data sets, show the card of one, or verify the files that are here."""
    from nodeemb.io.cards import list_cards, load_card
    from nodeemb.io.text_cards import list_texts, load_text_card

    asked = [name for name in names or list_texts() if name in list_texts()]
    texts = [load_text_card(name) for name in asked]
    graphs = list_cards() if not names else [n for n in names if n not in asked]
    cards = [load_card(name) for name in graphs]
    if verify:
        _verify(
            cards if names else [card for card in cards if card.here],
            texts if names else [text for text in texts if text.here],
        )
    elif names:
        told = [*map(_text, cards), *map(text_told, texts)]
        show.result("\n\n".join(told))
    else:
        _list(cards)
        show.say("")
        list_all(texts)


def _list(cards: Sequence[Card]) -> None:
    from nodeemb.io.cards import data_folder

    show.table(
        ["data set", "kind", "file", "nodes", "edges"],
        [
            [card.name, card.group, _here(card), _count(nodes), f"{edges:,}"]
            for card in cards
            for nodes, edges in [(card.counts.nodes, card.counts.edges)]
        ],
        numbers=2,
    )
    folder = data_folder()
    looked = "NODEEMB_DATA is not set" if folder is None else f"looked for in {folder}"
    here = sum(card.here for card in cards)
    show.say(f"\n{here} of {len(cards)} are here; {looked}.")
    show.say("More of one, and where its file comes from: nodeemb datasets NAME")


def _verify(cards: Sequence[Card], texts: Sequence[TextCard]) -> None:
    from nodeemb.io.verify import verify

    with progress(False) as shown:
        verdicts = list(verify(cards, shown))
    found = [(each.card.name, each.told, each.wrong) for each in verdicts]
    found += [(text.name, *verdict(text)) for text in texts]
    show.table(["data set", "verdict"], [[name, told] for name, told, _ in found])
    wrong = [(name, why) for name, _, why in found if why]
    for name, why in wrong:
        show.say(f"\n{name}: {why}")
    if wrong:
        raise DataRefused(
            f"{len(wrong)} of {len(found)} data sets are not what their cards say: "
            + ", ".join(name for name, _ in wrong)
        )
    show.say(f"\nAll well: {len(found)} data sets are what their cards say.")


def _text(card: Card) -> str:
    """A card for people."""
    from nodeemb.io.cards import where_to_put

    rows = [
        ("kind", card.group),
        ("nodes", _count(card.counts.nodes)),
        ("edges", f"{card.counts.edges:,}"),
        ("self loops", _count(card.counts.self_loops)),
    ]
    if card.group == "signed":
        rows.append(("negative", _count(card.counts.negative)))
    rows += [
        ("direction", card.direction),
        ("file", str(card.path or card.file)),
        ("here", "yes" if card.here else f"no. {where_to_put(card)}."),
        ("sha256", _checksum(card)),
        ("comes from", card.address or "nodeemb itself"),
        ("origin", card.origin),
        ("licence", card.licence),
        ("cite", card.citation),
        ("read with", _reading(card)),
    ]
    if card.date is not None:
        rows.append(("date", card.date.isoformat()))
    if card.make_again is not None:
        rows.append(("make again", card.make_again))
    if card.notes is not None:
        rows.append(("notes", card.notes))
    lines = [f"{name.ljust(12)}{text}" for name, text in rows]
    return "\n".join([f"{card.name}: {card.title}", *lines])


def _checksum(card: Card) -> str:
    if card.parts is not None:
        return "; ".join(f"{name} {digest}" for name, digest in card.parts.items())
    return card.sha256 or (
        "not verified here: the file was never seen when this card was written; the "
        "publisher's counts are checked"
    )


def _reading(card: Card) -> str:
    given = card.reading.model_dump(exclude_none=True)
    return ", ".join(f"{name}={value!r}" for name, value in given.items())


def _here(card: Card) -> str:
    if card.shipped:
        return "comes with nodeemb"
    return "here" if card.here else "not here"


def _count(number: int | None) -> str:
    return "not known" if number is None else f"{number:,}"
