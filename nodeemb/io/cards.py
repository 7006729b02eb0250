"""Data sets by name: a card each, and the graph that the card describes.

A card (datasets/NAME.yaml) says where a data set comes from, under what terms, what an
edge means, how to read the file, and what must be found in it: a checksum and counts.
Small sets come with nodeemb. Others are described only; put their files into a folder
and name it in the environment variable NODEEMB_DATA. Where a file was never seen when its
card was written, the card has no checksum, and the publisher's counts alone are checked.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from nodeemb.errors import DataRefused, WrongUse, did_you_mean
from nodeemb.options import Options, parse, read_yaml
from nodeemb.resources import checkout_folder, list_resources, resource_path

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Reading(Options):
    """How the file is read: the options of `read_edges`, and `markup`."""

    source: int | str = Field(0, description="column of the source, position or name")
    target: int | str = Field(1, description="column of the target, position or name")
    weight: int | str | None = Field(None, description="column of the weight, if any")
    sign: int | str | None = Field(None, description="column of the sign, if any")
    delimiter: str = Field(description="one character; a space is any white space")
    comment: str | None = Field(None, description="mark that begins a comment line")
    header: bool = Field(description="whether the first line of data holds names")
    directed: bool = Field(description="false: each pair is one edge")
    duplicates: Literal["error", "sum", "max", "first"] = Field(
        "error", description="an edge that comes again: error, sum, max or first"
    )
    markup: Literal["pre"] | None = Field(
        None,
        description="pre: the lines between <PRE> and </PRE> of HTML pages in Latin-1, "
        "their fields padded with blanks",
    )


class Counts(Options):
    """What must be found in the file; None: not known, and not checked."""

    nodes: int | None = Field(None, gt=0, description="nodes that have an edge")
    edges: int = Field(gt=0, description="distinct edges; undirected ones count once")
    self_loops: int | None = Field(
        None, ge=0, description="edges from a node to itself"
    )
    negative: int | None = Field(None, ge=0, description="edges of negative sign")


class LabelFile(Options):
    """Where the classes of the nodes stand, see `nodeemb.io.labels`."""

    file: str = Field(description="path below NODEEMB_DATA")
    sha256: Sha256 = Field(description="checksum of the file")
    members: bool = Field(
        False, description="true: each line is a class and holds its nodes"
    )


class File(NamedTuple):
    """A file of a data set and its checksum, None where it is not known."""

    path: Path
    sha256: str | None


class Card(Options):
    """All that is known of a data set."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="the card's file name")
    title: str = Field(description="one line for people")
    group: Literal["directed", "undirected", "signed", "wordgraph"] = Field(
        description="kind of graph"
    )
    file: str = Field(description="path below datasets/, or below NODEEMB_DATA")
    parts: dict[str, Sha256] | None = Field(
        None, description="where file is a folder: its files in order, and checksums"
    )
    shipped: bool = Field(False, description="whether the file comes with nodeemb")
    sha256: Sha256 | None = Field(
        None, description="checksum of the file; none: the file was never seen here"
    )
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
    labels: LabelFile | None = Field(None, description="classes of the nodes, if any")
    make_again: str | None = Field(None, description="how to make the file again")
    notes: str | None = Field(None, description="what a user should know besides")

    @model_validator(mode="after")
    def _check(self) -> Card:
        if self.parts is not None and self.sha256 is not None:
            raise WrongUse("parts and sha256 are both given", allowed="One of them")
        if self.shipped and not self.verified:
            raise WrongUse("a file that comes with nodeemb needs its sha256")
        if not self.shipped and self.address is None:
            raise WrongUse("a file that comes from elsewhere needs its address")
        if (self.parts is None) != (self.reading.markup is None):
            raise WrongUse("parts are read as pages: markup and parts go together")
        return self

    @property
    def verified(self) -> bool:
        """Whether the checksum is known."""
        return self.sha256 is not None or self.parts is not None

    @property
    def path(self) -> Path | None:
        """Where the file or folder should be; None where no data folder is known."""
        if self.shipped:
            return resource_path("datasets", *self.file.split("/"))
        folder = data_folder()
        return None if folder is None else folder.joinpath(*self.file.split("/"))

    @property
    def files(self) -> list[File]:
        """All files; none where no data folder is known."""
        path = self.path
        if path is None:
            return []
        if self.parts is None:
            return [File(path, self.sha256)]
        return [File(path / name, sha256) for name, sha256 in self.parts.items()]

    @property
    def here(self) -> bool:
        """Whether every file is where it should be."""
        return bool(self.files) and all(file.path.is_file() for file in self.files)


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
        raise WrongUse(
            f'no data set "{name}". {did_you_mean(name, list_cards())}'.strip(),
            next_step="See them all: nodeemb datasets",
        )
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
    card = load_card(name)
    if not card.here:
        raise _absent(card)
    check_files(card)
    graph = _read(card)
    _check_counts(card, graph)
    return graph


def check_files(card: Card) -> None:
    """Compares the files with their checksums, as far as these are known.

    Raises:
        DataRefused: another file than the card describes.
    """
    for path, sha256 in card.files:
        if sha256 is not None:
            check_sha256(path, sha256, card.name)


def check_sha256(path: Path, sha256: str, name: str) -> None:
    """Compares a file with the checksum that the card `name` has for it.

    Raises:
        DataRefused: another file than the card describes.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise DataRefused(
            f'the file is not the one that the card "{name}" describes: its sha256 is '
            f"{found}",
            where=str(path),
            allowed=f"sha256 {sha256}",
            next_step="Get the file again, or read yours by its path",
        )


def _read(card: Card) -> Graph:
    from nodeemb.io.edges import read_edges
    from nodeemb.io.pages import read_pages

    reading = card.reading
    if reading.markup is not None:
        return read_pages(
            [file.path for file in card.files],
            reading.source,
            reading.target,
            reading.weight,
            reading.delimiter,
        )
    return read_edges(card.files[0].path, **reading.model_dump(exclude={"markup"}))


def where_to_put(card: Card, file: str | None = None) -> str:
    """What to do so that the files (or another file) are found, in a sentence."""
    folder = data_folder()
    what = card.file if card.parts is None else f"{card.file}/ (with all its files)"
    what = file or what
    if card.shipped:
        return f"Put it again: {card.path} came with nodeemb and is gone"
    if folder is not None:
        return f"Put it as {folder / what}"
    return f"Put it as {what} into a folder and set NODEEMB_DATA to that folder"


def _absent(card: Card) -> DataRefused:
    return DataRefused(
        f'the file of data set "{card.name}" is not there',
        allowed=f"It comes from {card.address or card.origin}",
        next_step=where_to_put(card),
    )


def _check_counts(card: Card, graph: Graph) -> None:
    report = graph.report.as_dict()
    next_step = "Correct the card's counts or its reading options"
    if not card.verified:
        next_step = (
            "This file was never seen when the card was written, and the counts are the "
            "publisher's: if the file is theirs and whole, read it by its path"
        )
    for name, expected in card.counts.model_dump().items():
        if expected is not None and report[name] != expected:
            raise DataRefused(
                f'the card "{card.name}" counts {expected:,} {name.replace("_", " ")}, '
                f"the file has {report[name]:,}",
                where=str(card.path),
                next_step=next_step,
            )
