"""`nodeemb wordgraph`: a text as a graph of words, for every command that takes a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nodeemb.cli import corpus as reading
from nodeemb.cli import show
from nodeemb.cli.options import Quiet
from nodeemb.cli.progress import progress
from nodeemb.corpus.options import PairOptions, TextOptions
from nodeemb.errors import WrongUse


def _pair(name: str, *flags: str) -> Any:
    about = PairOptions.model_fields[name].description or ""
    return typer.Option(
        *flags, help=f"{about[0].upper()}{about[1:]}.", rich_help_panel="Pairs of words"
    )


File = Annotated[
    Path,
    typer.Option("--out", metavar="FILE", help="The file to make, ending in .parquet."),
]
Window = Annotated[int, _pair("window", "--window")]
Weights = Annotated[str, _pair("weights", "--weights")]
Sides = Annotated[str, _pair("sides", "--sides")]
SelfPairs = Annotated[str, _pair("self_pairs", "--self-pairs")]
Memory = Annotated[int, _pair("memory", "--memory")]


def wordgraph(
    sources: reading.Sources,
    out: File,
    window: Window = 5,
    weights: Weights = "linear",
    sides: Sides = "both",
    self_pairs: SelfPairs = "keep",
    memory: Memory = 512,
    tokens: reading.Tokens = "whitespace",
    lower: reading.Lower = False,
    sentences: reading.Sentences = None,
    max_length: reading.MaxLength = 10_000,
    errors: reading.Errors = "refuse",
    min_count: reading.MinCount = 5,
    max_size: reading.MaxSize = None,
    quiet: Quiet = False,
) -> None:
    """Count which words stand near which, into a file of weighted directed edges.

    SOURCES are texts, or one folder that nodeemb corpus made.
    """
    from nodeemb.corpus.corpus import Corpus
    from nodeemb.corpus.folder import is_corpus
    from nodeemb.corpus.reading import read_corpus
    from nodeemb.corpus.word_graph import write_word_graph

    given: dict[str, Any] = {
        "tokens": tokens,
        "lower": lower,
        "sentences": sentences,
        "max_length": max_length,
        "errors": errors,
        "min_count": min_count,
        "max_size": max_size,
    }
    with progress(quiet) as shown:
        if any(map(is_corpus, sources)):
            _check_alone(sources, given)
            corpus = Corpus.load(sources[0])
        else:
            corpus = read_corpus(sources, **given, progress=shown)
        report = write_word_graph(
            corpus,
            out,
            window=window,
            weights=weights,
            sides=sides,
            self_pairs=self_pairs,
            memory=memory,
            progress=shown,
        )
    show.result(report.text())
    if not quiet:
        show.say(f"Written to {out}. Look: nodeemb inspect {out} --weight weight")


def _check_alone(sources: list[str], given: dict[str, Any]) -> None:
    """Refuses other sources and reading options beside an encoded corpus (WrongUse)."""
    if len(sources) > 1:
        raise WrongUse("an encoded corpus is counted alone", allowed="One folder")
    usual = {**TextOptions().model_dump(), "sentences": None}
    asked = [name for name, value in given.items() if value != usual[name]]
    if asked:
        raise WrongUse(
            f"{sources[0]} is encoded already, and {', '.join(asked)} cannot be given",
            next_step="Encode the text again, or leave such options away",
        )
