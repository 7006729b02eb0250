"""How text is read: what a token, a sentence and a word of the vocabulary are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nodeemb.options import Options


class TextOptions(Options):
    """The options of `read_corpus`."""

    tokens: Literal["whitespace", "words"] = Field(
        default="whitespace",
        description="whitespace: what stands between white space; words: runs of letters "
        "and digits of any script, apostrophes inside kept, everything else left out",
    )
    lower: bool = Field(default=False, description="put every token in lower case")
    sentences: Literal["lines", "running"] = Field(
        default="lines",
        description="lines: each line is a sentence; running: each file is one running "
        "text, whose lines mean nothing; if not given, as a text's card says, else lines",
    )
    max_length: int = Field(
        default=10_000,
        ge=2,
        le=1_000_000,
        description="tokens in a sentence; longer ones are cut, 2 to 1,000,000",
    )
    errors: Literal["refuse", "replace", "skip"] = Field(
        default="refuse",
        description="bytes that are not UTF-8: refuse them with their place, replace them "
        "with U+FFFD, or skip them",
    )
    min_count: int = Field(
        default=5, ge=1, description="words that come less often are left out; from 1"
    )
    max_size: int | None = Field(
        default=None,
        ge=2,
        description="at most so many words, the most frequent; from 2, all if not given",
    )


class PairOptions(Options):
    """The options of a word graph: which pairs of words are counted, with what weight."""

    window: int = Field(
        default=5, ge=1, le=1000, description="words on each side; 1 to 1000"
    )
    weights: Literal["flat", "linear", "inverse"] = Field(
        default="linear",
        description="weight at distance d of window w: flat 1; linear (w - d + 1)/w; "
        "inverse 1/d",
    )
    sides: Literal["both", "after", "before"] = Field(
        default="both",
        description="edges from a word to those after it, to those before it, or both "
        "(then each edge and its reverse weigh the same)",
    )
    self_pairs: Literal["keep", "drop"] = Field(
        default="keep",
        description="a word that comes again in its own window: keep (a self loop) or drop",
    )
    memory: int = Field(
        default=512,
        ge=1,
        le=1_000_000,
        description="MiB for counting, some 250 for the program besides; what is beyond waits "
        "on disk",
    )
