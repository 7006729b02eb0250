"""What a run is asked besides its method: which graph, how to read it, seed and machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from nodeemb.corpus.folder import is_corpus
from nodeemb.errors import WrongUse, did_you_mean
from nodeemb.options import Options

if TYPE_CHECKING:
    from nodeemb.corpus.corpus import Corpus
    from nodeemb.graph.graph import Graph
    from nodeemb.io.cards import Card

DEFAULT_DATA = "debian-depends"
CHECKPOINT_MINUTES = 10.0  # between two checkpoints, unless said otherwise
Column = int | str


class Input(Options):
    """A graph's file or data set, with the options of `read_edges`."""

    name: str = Field(
        default=DEFAULT_DATA,
        description="a file of edges or of `nodeemb graph`, the name of a data set, or a "
        "folder that `nodeemb corpus` made",
    )
    source: Column | None = Field(
        default=None,
        description="column of the source: a position from 0, or a header's name",
    )
    target: Column | None = Field(
        default=None, description="column of the target, likewise"
    )
    weight: Column | None = Field(
        default=None, description="column of the weight; none if not given"
    )
    sign: Column | None = Field(
        default=None, description="column of the sign; none if not given"
    )
    delimiter: str | None = Field(
        default=None,
        description="one character between columns; a space is any white space",
    )
    comment: str | None = Field(
        default=None, description="mark that begins a comment line; none if not given"
    )
    header: bool | None = Field(
        default=None, description="whether the first line holds names"
    )
    duplicates: Literal["error", "sum", "max", "first"] = Field(
        default="error",
        description="an edge that comes again: error, sum, max or first",
    )
    undirected: bool = Field(
        default=False, description="each line is one edge, both ways"
    )

    @property
    def card(self) -> Card | None:
        """The data set's card; None for a file.

        Raises:
            WrongUse: neither a file nor a data set, or reading options for a data set.
        """
        if os.path.isfile(self.name):  # noqa: PTH113 - False for a name no system takes
            return None
        from nodeemb.io.cards import list_cards, load_card

        if self.name in list_cards():
            self._refuse_options()
            return load_card(self.name)
        raise self._nothing()

    def material(self) -> Graph | Corpus:
        """The graph, or the corpus of a folder that `nodeemb corpus` made.

        Raises:
            WrongUse: as `read`, or options for reading edges with a corpus.
            DataRefused: the file or the folder cannot be taken as it is.
        """
        if not is_corpus(self.name):
            return self.read()
        self._refuse_options("corpus, and its folder says")
        from nodeemb.corpus.corpus import Corpus

        return Corpus.load(self.name)

    def read(self) -> Graph:
        """The graph.

        Raises:
            WrongUse: as `card`, or a column that does not exist.
            DataRefused: the file cannot be taken as it is.
        """
        if self.card is not None:
            from nodeemb.io.cards import read_dataset

            return read_dataset(self.name)
        from nodeemb.io.edges import read_edges

        return read_edges(
            self.name,
            self.source,
            self.target,
            self.weight,
            self.sign,
            self.delimiter,
            self.comment,
            not self.undirected,
            header=self.header,
            duplicates=self.duplicates,
        )

    def absolute(self) -> Input:
        """The same with a file's whole path, so that it is found from everywhere."""
        if not os.path.isfile(self.name) and not is_corpus(self.name):  # noqa: PTH113
            return self
        return self.model_copy(update={"name": str(Path(self.name).resolve())})

    def _refuse_options(self, what: str = "data set, and its card says") -> None:
        given = self.model_dump(exclude_defaults=True, exclude={"name", "duplicates"})
        if given:
            raise WrongUse(
                f"{self.name} is a {what} how it is read; "
                f"{', '.join(given)} cannot be given too",
                next_step="Give the path of a file to read it your way",
            )

    def _nothing(self) -> WrongUse:
        path = Path(self.name)
        if is_corpus(path):
            return WrongUse(
                f"{path} is an encoded corpus, and a graph is asked for",
                next_step=f"Make a graph of it: nodeemb wordgraph {path} --out FILE.parquet",
            )
        if os.path.isdir(path):  # noqa: PTH112
            return WrongUse(f"{path} is a folder", allowed="A file of edges")
        from nodeemb.io.cards import list_cards

        known = list_cards()
        if os.path.isdir(path.parent):  # noqa: PTH112
            known += [str(p) for p in path.parent.iterdir() if p.is_file()]
        return WrongUse(
            f'there is no file and no data set "{self.name}". '
            + did_you_mean(self.name, known),
            allowed="A file of edges, or a data set",
            next_step="See the data sets: nodeemb datasets",
        )


class Settings(Options):
    """Everything that decides a run's result, the recipe apart."""

    input: Input = Field(default=Input(), description="the graph")
    seed: int = Field(
        default=0, description="any whole number; it decides every random draw"
    )
    backend: Literal["cpu", "torch", "reference"] | None = Field(
        default=None,
        description="what computes: cpu (fast), torch (any torch device), reference (slow); "
        "none: cpu, or torch where the scheme has a learned core",
    )
    device: str = Field(
        default="cpu", description="for the torch backend, such as cuda"
    )
    dtype: Literal["float32", "float64"] = Field(
        default="float32", description="of the tables"
    )
    validation: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the links hidden to choose the best epoch",
    )
