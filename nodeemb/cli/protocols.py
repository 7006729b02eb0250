"""`nodeemb protocols`: the published tests that `nodeemb evaluate --protocol` follows."""

from __future__ import annotations

from typing import Annotated

import typer

from nodeemb.cli import show


def protocols(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A protocol.")
    ] = None,
) -> None:
    """List the published tests, or show one: its rule, what it asks, its defects."""
    if name is not None:
        _show_one(name)
        return
    from nodeemb.evaluation.protocols import PROTOCOLS, REFUSED

    show.table(
        ["protocol", "what it tests", "what is hidden"],
        [[each.name, each.title, each.rule.told()] for each in PROTOCOLS.values()],
    )
    show.result("\nRefused, since their numbers mislead:")
    for refused, why in REFUSED.items():
        show.result(f"- {refused}: {why.reason}. Instead: {why.instead}")
    show.say(
        "\nMore of one: nodeemb protocols NAME"
        "\nFollow one: nodeemb evaluate DATASET --protocol NAME --preset PRESET"
    )


def _show_one(name: str) -> None:
    from nodeemb.evaluation.columns import COLUMNS
    from nodeemb.evaluation.protocols import protocol

    entry = protocol(name)
    show.result(f"{entry.name}: {entry.title}\n\nSource: {entry.source}")
    show.result(f"\nHidden: {entry.rule.told()}\n\nAsked:")
    if entry.asks == "labels":
        show.result("- micro and macro F1 for shares of labels from 10 to 90 %")
    for column in entry.columns:
        show.result(f"- {COLUMNS[column].title}: {COLUMNS[column].asks}")
    for heading, lines in (
        ("Otherwise than published", entry.differs),
        ("Mind", entry.defects),
    ):
        if lines:
            show.result(f"\n{heading}:")
            for line in lines:
                show.result(f"- {line}")
