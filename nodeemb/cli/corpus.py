"""`nodeemb corpus`: encode a text once, to be trained on and counted as often as wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodeemb.cli import show
from nodeemb.cli.options import Quiet
from nodeemb.cli.progress import progress
from nodeemb.corpus.options import TextOptions

if TYPE_CHECKING:
    from nodeemb.corpus.corpus import Corpus

_READING = "Reading text"
_TOP = 20


def _text(name: str, *flags: str) -> Any:
    about = TextOptions.model_fields[name].description or ""
    return typer.Option(
        *flags, help=f"{about[0].upper()}{about[1:]}.", rich_help_panel=_READING
    )


Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCES...",
        help="Files (plain, gzip, zstd, tar archives), folders, - for standard input, or "
        "names of texts: nodeemb datasets.",
        show_default=False,
    ),
]
Tokens = Annotated[str, _text("tokens", "--tokens")]
Lower = Annotated[bool, _text("lower", "--lower")]
Sentences = Annotated[str | None, _text("sentences", "--sentences")]
MaxLength = Annotated[int, _text("max_length", "--max-length")]
Errors = Annotated[str, _text("errors", "--errors")]
MinCount = Annotated[int, _text("min_count", "--min-count")]
MaxSize = Annotated[int | None, _text("max_size", "--max-size")]
Folder = Annotated[
    Path,
    typer.Option("--out", metavar="FOLDER", help="The folder to make."),
]


def corpus(
    sources: Sources,
    out: Folder,
    tokens: Tokens = "whitespace",
    lower: Lower = False,
    sentences: Sentences = None,
    max_length: MaxLength = 10_000,
    errors: Errors = "refuse",
    min_count: MinCount = 5,
    max_size: MaxSize = None,
    quiet: Quiet = False,
) -> None:
    """Read text once and keep it as a vocabulary and a stream of word rows."""
    from nodeemb.corpus.reading import read_corpus

    with progress(quiet) as shown:
        made = read_corpus(
            sources,
            out=out,
            tokens=tokens,
            lower=lower,
            sentences=sentences,
            max_length=max_length,
            errors=errors,
            min_count=min_count,
            max_size=max_size,
            progress=shown,
        )
    show.result(_told(made))
    if not quiet:
        show.say(
            f"Written to {out}. Its word graph: nodeemb wordgraph {out} --out FILE"
        )


def _told(corpus: Corpus) -> str:
    """The report, and the most frequent words."""
    words, counts = corpus.vocabulary.words, corpus.vocabulary.counts
    top = zip(words[:_TOP], counts[:_TOP].tolist(), strict=True)
    told = "  ".join(f"{word} {count:,}" for word, count in top)
    return f"{corpus.report.text()}\n{'most'.ljust(12)}{told}"
