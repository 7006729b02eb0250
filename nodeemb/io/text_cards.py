"""Texts by name: a card each in datasets/text, which says what must be found in the files.

A card says where a text comes from, under what terms, whether its lines are sentences, and
what is in it. No text comes with nodeemb: put the files into a folder and name it in the
environment variable NODEEMB_DATA.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from nodeemb.errors import DataRefused, unknown_name
from nodeemb.io.cards import Sha256, check_sha256, data_folder
from nodeemb.options import Options, parse, read_yaml
from nodeemb.resources import list_resources, resource_path


class TextCounts(Options):
    """What must be found in the files, cut at white space."""

    texts: int = Field(gt=0, description="files, or members of archives")
    lines: int = Field(ge=0, description="line ends")
    tokens: int = Field(gt=0, description="tokens between white space")
    distinct: int = Field(gt=0, description="distinct tokens")


class TextCard(Options):
    """All that is known of a text."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="the card's file name")
    title: str = Field(description="one line for people")
    files: dict[str, Sha256] = Field(
        min_length=1, description="paths below NODEEMB_DATA, in order, and checksums"
    )
    origin: str = Field(description="where it was read, and changes")
    address: str = Field(description="the publisher's page")
    licence: str = Field(description="licence, or the terms stated by the publisher")
    citation: str = Field(description="what to cite")
    sentences: Literal["lines", "running"] = Field(
        description="whether each line is a sentence"
    )
    counts: TextCounts
    notes: str | None = Field(None, description="what a user should know besides")

    @property
    def paths(self) -> list[Path]:
        """Where the files should be; none where no data folder is known."""
        folder = data_folder()
        if folder is None:
            return []
        return [folder.joinpath(*file.split("/")) for file in self.files]

    @property
    def here(self) -> bool:
        """Whether every file is where it should be."""
        return bool(self.paths) and all(path.is_file() for path in self.paths)

    def checked(self) -> list[Path]:
        """The files, compared with their checksums.

        Raises:
            DataRefused: a file is not there, or is another one.
        """
        if not self.here:
            raise DataRefused(
                f'the files of the text "{self.name}" are not there',
                allowed=f"They come from {self.address}",
                next_step=self.where_to_put(),
            )
        for path, sha256 in zip(self.paths, self.files.values(), strict=True):
            check_sha256(path, sha256, self.name)
        return self.paths

    def where_to_put(self) -> str:
        """What to do so that the files are found, in a sentence."""
        folder = data_folder()
        names = ", ".join(self.files)
        if folder is None:
            return f"Put {names} into a folder and set NODEEMB_DATA to that folder"
        return f"Put {names} into {folder}"


def list_texts() -> list[str]:
    """The names of all texts that have a card."""
    return list_resources("texts")


def load_text_card(name: str) -> TextCard:
    """The card of a text.

    Raises:
        WrongUse: there is no such card, or it is not written as a card must be.
    """
    if name not in list_texts():
        raise unknown_name("text", name, list_texts())
    path = resource_path("datasets", "text", f"{name}.yaml")
    return parse(TextCard, read_yaml(path), str(path))
