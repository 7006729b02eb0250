"""Word sets by name: a card each in datasets/words, and the questions it describes.

A card says where a set comes from, under what terms, how its file is read, and what must
be found in it. No file comes with nodeemb: put them into a folder and name it in the
environment variable NODEEMB_DATA. A set may be made of a graph that has a card.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from nodeemb.errors import DataRefused, WrongUse, did_you_mean, unknown_name
from nodeemb.graph.graph import Graph
from nodeemb.io.cards import (
    Sha256,
    check_sha256,
    data_folder,
    list_cards,
    load_card,
    read_dataset,
)
from nodeemb.io.word_sets import (
    Analogies,
    PairColumns,
    WordPairs,
    pairs_of_graph,
    read_analogies,
    read_pairs,
)
from nodeemb.options import Options, parse, read_yaml
from nodeemb.resources import list_resources, resource_path


class WordCard(Options):
    """All that is known of a word set."""

    name: str = Field(pattern=r"^[a-z0-9-]+$", description="the card's file name")
    title: str = Field(description="one line for people")
    kind: Literal["similarity", "directed", "analogies", "graph"] = Field(
        description="similarity: pairs without direction; directed: pairs with one"
    )
    file: str | None = Field(None, description="path below NODEEMB_DATA")
    sha256: Sha256 | None = Field(None, description="checksum of the file")
    graph: str | None = Field(None, description="the data set it is made of")
    questions: int = Field(gt=0, description="pairs or analogies in it")
    origin: str | None = Field(None, description="where it was read, and changes")
    address: str | None = Field(None, description="the publisher's page")
    licence: str = Field(description="licence, or the terms stated by the publisher")
    citation: str = Field(description="what to cite")
    direction: str | None = Field(None, description="what first -> second means")
    columns: PairColumns = Field(PairColumns(), description="where what stands")
    notes: str | None = Field(None, description="what a user should know besides")

    @model_validator(mode="after")
    def _check(self) -> WordCard:
        if (self.graph is None) == (self.file is None or self.sha256 is None):
            raise WrongUse("a card names a graph, or else a file and its sha256")
        if (self.kind == "graph") != (self.graph is not None):
            raise WrongUse("the kind graph and a graph go together")
        if (self.direction is None) != (self.kind in ("similarity", "analogies")):
            raise WrongUse(
                "direction is said of directed sets and graphs, and no other"
            )
        return self

    @property
    def path(self) -> Path | None:
        """Where the file should be; None where no data folder is known, or for a graph."""
        folder = data_folder()
        if folder is None or self.file is None:
            return None
        return folder.joinpath(*self.file.split("/"))

    @property
    def here(self) -> bool:
        """Whether what it is read from is where it should be."""
        if self.graph is not None:
            return load_card(self.graph).here
        return self.path is not None and self.path.is_file()


def list_word_sets() -> list[str]:
    """The names of all word sets that have a card."""
    return list_resources("words")


def load_word_card(name: str) -> WordCard:
    """The card of a word set.

    Raises:
        WrongUse: there is no such card, or it is not written as a card must be.
    """
    if name not in list_word_sets():
        raise unknown_name("word set", name, list_word_sets())
    path = resource_path("datasets", "words", f"{name}.yaml")
    return parse(WordCard, read_yaml(path), str(path))


def read_word_set(name: str) -> WordPairs | Analogies:
    """The questions of a word set, checked against its card.

    Raises:
        WrongUse: there is no such set.
        DataRefused: the file is not there, is another one, or holds another number.
    """
    card = load_word_card(name)
    found = _read(card)
    if len(found) != card.questions:
        raise DataRefused(
            f'the card "{name}" counts {card.questions:,} questions, and there are '
            f"{len(found):,}",
            next_step="Correct the card's count or its columns",
        )
    return found


def _read(card: WordCard) -> WordPairs | Analogies:
    if card.graph is not None:
        return pairs_of_graph(read_dataset(card.graph), card.name)
    if card.path is None or not card.path.is_file() or card.sha256 is None:
        folder = data_folder() or "a folder that NODEEMB_DATA names"
        raise DataRefused(
            f'the file of word set "{card.name}" is not there',
            allowed=f"It comes from {card.address or card.origin}",
            next_step=f"Put it as {card.file} into {folder}",
        )
    check_sha256(card.path, card.sha256, card.name)
    if card.kind == "analogies":
        return read_analogies(card.path, card.name)
    return read_pairs(
        card.path, card.name, directed=card.kind == "directed", columns=card.columns
    )


def find_word_set(text: str) -> WordPairs | Analogies:
    """A word set by name, or the user's own from a file.

    | text | meaning |
    |---|---|
    | NAME | a set that has a card |
    | FILE | word, word, number: similarity, the same both ways |
    | directed:FILE | word, word, number: first to second |
    | graph:FILE | word, word, count of all ordered pairs; a pair that is not there counts 0 |
    | graph:NAME | a directed graph of words that has a card |
    | analogies:FILE | four words a line, sections begin with ":" |

    Raises:
        WrongUse: neither a set nor a file.
        DataRefused: what there is cannot be read.
    """
    kind, colon, rest = text.partition(":")
    if not colon or kind not in ("directed", "graph", "analogies"):
        if text in list_word_sets():
            return read_word_set(text)
        _check_file(text, list_word_sets())
        return read_pairs(text)
    if kind == "graph" and rest in list_cards():
        return pairs_of_graph(read_dataset(rest), rest)
    _check_file(rest, list_cards() if kind == "graph" else [])
    if kind == "analogies":
        return read_analogies(rest)
    pairs = read_pairs(rest, directed=True)
    if kind == "directed":
        return pairs
    graph = Graph.from_edges(
        pairs.first, pairs.second, weight=pairs.values, duplicates="sum"
    )
    return pairs_of_graph(graph, pairs.name)


def _check_file(text: str, names: list[str]) -> None:
    if not os.path.isfile(text):  # noqa: PTH113 - False for a name no system takes
        raise WrongUse(
            f'there is no file and no word set "{text}". {did_you_mean(text, names)}'.strip(),
            allowed=f"A file of pairs, or one of: {', '.join(names)}" if names else "",
        )
