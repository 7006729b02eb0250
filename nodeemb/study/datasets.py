"""What a study is done on: graphs as they are or without what is to be tested, texts, doses.

| data set | is read as |
|---|---|
| input | a graph: links, or events where its weights are counts |
| text | which of the most frequent words stand near each other, counted by sentences |
| dose | counts drawn around a matrix whose role structure is known (nodeemb.study.doses) |
| blocks | links, signed or not, drawn between groups of nodes (nodeemb.study.blocks) |

Events, text and doses are `Evidence`, which is dealt to parts event by event or sentence by
sentence.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.reading import read_corpus
from nodeemb.diagnosis.evidence import Evidence, of_corpus
from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.io.labels import labels_path
from nodeemb.options import Options
from nodeemb.settings import Input
from nodeemb.study.blocks import Blocks, drawn_blocks
from nodeemb.study.doses import Dose, drawn_counts
from nodeemb.study.nulls import NULLS, null_of
from nodeemb.study.senses import graph_of_words, read_words

Material = Graph | Evidence


def short_for(key: str) -> Any:
    """A plain word in place of a group with one key."""
    return BeforeValidator(
        lambda given: {key: given} if isinstance(given, str) else given
    )


class Text(Options):
    """Counts of words that stand near each other in a text."""

    corpus: str = Field(description="a text's name, a file, or a folder of a corpus")
    words: int = Field(
        default=1000, ge=10, le=5000, description="most frequent words, 10 to 5,000"
    )
    window: int = Field(
        default=5,
        ge=1,
        le=100,
        description="words on a side; one at distance d weighs window - d + 1",
    )
    sides: Literal["after", "both"] = Field(
        default="after",
        description="after: which word follows which; both: which stands near which",
    )
    shuffled: bool = Field(
        default=False, description="whether each sentence's words are in another order"
    )
    tokens: Literal["whitespace", "words"] = Field(
        default="whitespace", description="how a text is cut, as nodeemb corpus does"
    )

    def read(self) -> Evidence:
        """The counts. Raises: as `read_corpus`."""
        return self.of(self.words_read())

    def words_read(self) -> Corpus:
        """The text itself. Raises: as `read_corpus`."""
        return read_corpus(self.corpus, tokens=self.tokens, lower=True)

    def of(self, corpus: Corpus) -> Evidence:
        """The counts of a text that is read."""
        found = of_corpus(corpus, self.words, self.window, self.sides, 0)
        return found.null(0) if self.shuffled else found


def first_word(name: str) -> str:
    """The letters and digits it begins with, in small letters; all of it for none."""
    found = re.match(r"[^\W_]+", name)
    return (found[0] if found else name).lower()


class Dataset(Options):
    """A data set of a study."""

    input: Annotated[Input, short_for("name")] | None = Field(
        default=None, description="a data set's name, or a file and how to read it"
    )
    text: Annotated[Text, short_for("corpus")] | None = Field(
        default=None, description="a text, read as counts"
    )
    dose: Dose | None = Field(
        default=None, description="counts with a known role structure"
    )
    blocks: Blocks | None = Field(
        default=None, description="links drawn between groups of nodes"
    )
    null: Literal["", "coin", "configuration", "permuted"] = Field(
        default="",
        description="of a graph, to take its structure away. coin: each pair's way by a "
        "coin; configuration: links drawn anew with the same degrees; permuted: targets "
        "have each other's names",
    )
    words: str = Field(
        default="",
        description="of a data set whose nodes are senses: the column of its labels that holds "
        "their words, with | between them; words are nodes then, in place of senses",
    )
    name: str = Field(default="", description="what it is called in the table")
    group: str = Field(default="", description="one of the study's groups")

    @model_validator(mode="after")
    def _check(self) -> Dataset:
        kinds = {
            "input": self.input,
            "text": self.text,
            "dose": self.dose,
            "blocks": self.blocks,
        }
        given = [kind for kind, value in kinds.items() if value is not None]
        if len(given) != 1:
            raise WrongUse(
                f"a data set is given as {' and '.join(given) or 'nothing'}",
                allowed=f"One of {', '.join(kinds)}",
            )
        if self.null and self.input is None:
            raise WrongUse(
                f"null {self.null} is for graphs that are read",
                next_step="Give it with input; texts have shuffled, doses a skew of 0",
            )
        if self.words and (self.input is None or self.null):
            raise WrongUse("words are for data sets of senses as they are")
        if not self.called:
            raise WrongUse(f"a data set of {given[0]} needs a name")
        return self

    @property
    def called(self) -> str:
        """Its name, given or not."""
        if self.name or self.input is None:
            return self.name
        name = Path(self.input.name).stem
        return f"{name}, {self.null}" if self.null else name

    @property
    def origin(self) -> str:
        """The first word of what it is read from or drawn as, in small letters.

        Data sets of one origin are of one text, are nulls of one graph, or are drawn by one
        program: what is learned from some says something of the others. It joins too much
        rather than too little: soc-anybeat and soc-Epinions1 have one as well.
        """
        if self.input is not None:
            read = Path(self.input.name).stem
        elif self.text is not None:
            read = Path(self.text.corpus).stem
        else:
            read = "dose" if self.dose is not None else "blocks"
        return first_word(read)

    def check(self) -> None:
        """Refuses a graph's name that is nothing, before any work.

        Raises:
            WrongUse: with the closest names.
        """
        if self.input is not None:
            _ = self.input.card

    def read(self) -> Material:
        """A graph, or evidence that can be dealt.

        Raises:
            DataRefused: what is there cannot be taken as it is.
        """
        if self.text is not None:
            return self.text.read()
        if self.dose is not None:
            return drawn_counts(self.dose)
        if self.blocks is not None:
            return drawn_blocks(self.blocks)
        assert self.input is not None
        graph = self.input.read()
        if self.words:
            found = read_words(labels_path(self.input.name), self.words)
            return graph_of_words(graph, found)
        return null_of(graph, self.null) if self.null else graph


__all__ = ["NULLS", "Dataset", "Material", "Text", "short_for"]
