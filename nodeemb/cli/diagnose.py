"""`nodeemb diagnose`: how much role structure a graph or a text holds, before training."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from nodeemb.cli import options, show
from nodeemb.cli.progress import progress
from nodeemb.corpus.folder import is_corpus
from nodeemb.diagnosis.options import DiagnoseOptions
from nodeemb.errors import WrongUse

_TEXT = {"words", "window", "sides"}


def _option(name: str, panel: str) -> Any:
    field = DiagnoseOptions.model_fields[name]
    about = f"{str(field.description).capitalize()}. Default: {field.default}."
    return typer.Option(f"--{name}", help=about, rich_help_panel=panel)


_HOW, _CORPUS = "How", "A corpus"
Width = Annotated[int | None, _option("width", _HOW)]
Deals = Annotated[int | None, _option("deals", _HOW)]
Nulls = Annotated[int | None, _option("nulls", _HOW)]
Words = Annotated[int | None, _option("words", _CORPUS)]
Window = Annotated[int | None, _option("window", _CORPUS)]
Sides = Annotated[str | None, _option("sides", _CORPUS)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def diagnose(
    name: options.InputName = None,
    source: options.Source = None,
    target: options.Target = None,
    weight: options.Weight = None,
    sign: options.Sign = None,
    delimiter: options.Delimiter = None,
    comment: options.Comment = None,
    header: options.Header = None,
    duplicates: options.Duplicates = None,
    undirected: options.Undirected = False,
    width: Width = None,
    deals: Deals = None,
    nulls: Nulls = None,
    words: Words = None,
    window: Window = None,
    sides: Sides = None,
    seed: options.Seed = None,
    as_json: Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Tell how much role structure a graph, or a folder of nodeemb corpus, holds.

    Nothing is trained. The evidence is dealt to two halves at random; what both agree on is
    told with intervals and beside chance, and which role scheme it speaks for.
    """
    from nodeemb.diagnosis.diagnose import diagnose as measure
    from nodeemb.options import parse
    from nodeemb.settings import Input

    made = {
        "width": width,
        "deals": deals,
        "nulls": nulls,
        "words": words,
        "window": window,
        "sides": sides,
    }
    given = {key: value for key, value in made.items() if value is not None}
    chosen = parse(DiagnoseOptions, given, "options")
    reading = options.reading(
        name,
        source,
        target,
        weight,
        sign,
        delimiter,
        comment,
        header,
        duplicates,
        undirected,
    )
    if name is not None and is_corpus(name):
        _refuse(set(reading) - {"name"}, "how to read edges", "a corpus")
        from nodeemb.corpus.corpus import Corpus

        read: Any = Corpus.load(name)
    else:
        _refuse(_TEXT & set(given), "for a corpus", "a graph")
        read = parse(Input, reading, "options").read()
    with progress(quiet) as shown:
        found = measure(read, chosen, 0 if seed is None else seed, shown)
    show.result(json.dumps(found.as_dict()) if as_json else found.text())


def _refuse(given: set[str], what: str, where: str) -> None:
    if given:
        named = ", ".join(f"--{name}" for name in sorted(given))
        raise WrongUse(
            f"{named}: {what}, and the input is {where}",
            next_step="Leave it out; a corpus is a folder that nodeemb corpus made",
        )
