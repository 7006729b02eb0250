"""Data sets by name: a card each, and the graph that the card describes.

A card (datasets/NAME.yaml) says where a data set comes from, under what terms, what an
edge means, how to read the file, and what must be found in it: a checksum and counts.
Small sets come with nodeemb. Others are described only; put their files into a folder
and name it in the environment variable NODEEMB_DATA.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from nodeemb.errors import DataRefused, unknown_name
from nodeemb.options import Options, parse, read_yaml
from nodeemb.resources import checkout_folder, list_resources, resource_path

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph


class Reading(Options):
    """How the file is read: the options of `read_edges`."""

    source: int | str = Field(0, description="column of the source, position or name")
    target: int | str = Field(1, description="column of the target, position or name")
    weight: int | str | None = Field(None, description="column of the weight, if any")
    sign: int | str | None = Field(None, description="column of the sign, if any")
    delimiter: str = Field(description="one character; a space is any white space")
    comment: str | None = Field(None, description="mark that begins a comment line")
    header: bool = Field(description="whether the first line of data holds names")
    directed: bool = Field(description="false: each pair is one edge")


class Counts(Options):
    """What must be found in the file."""

    nodes: int = Field(gt=0, description="nodes that have an edge")
    edges: int = Field(gt=0, description="distinct edges; undirected ones count once")
    self_loops: int = Field(ge=0, description="edges from a node to itself")
    negative: int = Field(0, ge=0, description="edges of negative sign")


class Card(Options):
    """All that is known of a data set."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="the card's file name")
    title: str = Field(description="one line for people")
    group: Literal["directed", "undirected", "signed"] = Field(
        description="kind of graph"
    )
    file: str = Field(description="path below datasets/, or below NODEEMB_DATA")
    shipped: bool = Field(False, description="whether the file comes with nodeemb")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="checksum of the file")
    origin: str = Field(description="who made it, from what, and where it was read")
    address: str | None = Field(None, description="the publisher's page")
    date: datetime.date | None = Field(
        None, description="date of what it was made from"
    )
    licence: str = Field(description="licence, or the terms stated by the publisher")
    citation: str = Field(description="what to cite")
    direction: str = Field(description="what source -> target means")
    counts: Counts
    reading: Reading
    make_again: str | None = Field(None, description="how to make the file again")
    notes: str | None = Field(None, description="what a user should know besides")

    @property
    def path(self) -> Path | None:
        """Where the file should be; None where no data folder is known."""
        if self.shipped:
            return resource_path("datasets", *self.file.split("/"))
        folder = data_folder()
        return None if folder is None else folder.joinpath(*self.file.split("/"))


def list_cards() -> list[str]:
    """The names of all data sets that have a card."""
    return list_resources("datasets")


def load_card(name: str) -> Card:
    """The card of a data set.

    Raises:
        WrongUse: there is no such card, or it is not written as a card must be.
        DataRefused: the card's file cannot be read.
    """
    if name not in list_cards():
        raise unknown_name("data set", name, list_cards())
    path = resource_path("datasets", f"{name}.yaml")
    card = parse(Card, read_yaml(path), str(path))
    if card.name != name:
        raise DataRefused(f'the card is named "{card.name}"', where=str(path))
    return card


def data_folder() -> Path | None:
    """The folder of the data sets that do not come with nodeemb, if there is one.

    NODEEMB_DATA names it; without that it is shared/data beside a checkout.
    """
    named = os.environ.get("NODEEMB_DATA")
    if named:
        return Path(named)
    checkout = checkout_folder()
    beside = None if checkout is None else checkout.parent / "shared" / "data"
    return beside if beside is not None and beside.is_dir() else None


def read_dataset(name: str) -> Graph:
    """The graph of a data set, checked against its card.

    Args:
        name: one of `list_cards()`.

    Raises:
        WrongUse: there is no such data set.
        DataRefused: the file is not there (the message says where to get it and where
            to put it), it is another file, or it holds other counts than the card says.
    """
    from nodeemb.io.edges import read_edges

    card = load_card(name)
    path = card.path
    if path is None or not path.is_file():
        raise _absent(card)
    _check_file(card, path)
    graph = read_edges(path, **card.reading.model_dump())
    _check_counts(card, graph, path)
    return graph


def _absent(card: Card) -> DataRefused:
    folder = data_folder()
    place = f"as {card.file} into a folder and set NODEEMB_DATA to that folder"
    if card.shipped:
        place = f"again: {card.path} came with nodeemb and is gone"
    elif folder is not None:
        place = f"as {folder / card.file}"
    return DataRefused(
        f'the file of data set "{card.name}" is not there',
        allowed=f"It comes from {card.address or card.origin}",
        next_step=f"Put it {place}",
    )


def _check_file(card: Card, path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != card.sha256:
        raise DataRefused(
            f'the file is not the one that the card "{card.name}" describes: its sha256 '
            f"is {found}",
            where=str(path),
            allowed=f"sha256 {card.sha256}",
            next_step="Get the file again, or read yours with read_edges",
        )


def _check_counts(card: Card, graph: Graph, path: Path) -> None:
    report = graph.report.as_dict()
    for name, expected in card.counts.model_dump().items():
        if report[name] != expected:
            raise DataRefused(
                f'the card "{card.name}" counts {expected:,} {name.replace("_", " ")}, '
                f"the file has {report[name]:,}",
                where=str(path),
                next_step="Correct the card's counts or its reading options",
            )
