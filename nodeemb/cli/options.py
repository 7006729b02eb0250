"""Options that several commands share; their help comes from the models they fill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.options import parse_yaml
from nodeemb.settings import DEFAULT_DATA, Input, Settings

_READING = "Reading a file"
_METHOD = "Method"
_RUN = "Run"


def _read(name: str, *flags: str) -> Any:
    about = Input.model_fields[name].description
    return typer.Option(*flags, help=_sentence(about), rich_help_panel=_READING)


def _sentence(text: str | None) -> str:
    assert text
    return f"{text[0].upper()}{text[1:]}."


def _setting(name: str, flag: str) -> Any:
    about = Settings.model_fields[name].description
    return typer.Option(flag, help=_sentence(about), rich_help_panel=_RUN)


InputName = Annotated[
    str | None,
    typer.Argument(
        metavar="INPUT",
        help=f"{_sentence(Input.model_fields['name'].description)} Default: {DEFAULT_DATA}.",
        show_default=False,
    ),
]
Source = Annotated[str | None, _read("source", "--source")]
Target = Annotated[str | None, _read("target", "--target")]
Weight = Annotated[str | None, _read("weight", "--weight")]
Sign = Annotated[str | None, _read("sign", "--sign")]
Delimiter = Annotated[str | None, _read("delimiter", "--delimiter")]
Comment = Annotated[str | None, _read("comment", "--comment")]
Header = Annotated[bool | None, _read("header", "--header/--no-header")]
Duplicates = Annotated[str | None, _read("duplicates", "--duplicates")]
Undirected = Annotated[bool, _read("undirected", "--undirected")]

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any choice by its dotted name, such as training.epochs=5; repeatable. "
        "All names: nodeemb presets NAME.",
        rich_help_panel=_METHOD,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Choices in YAML, such as the config.yaml of a run.",
        rich_help_panel=_METHOD,
    ),
]
Seed = Annotated[int | None, _setting("seed", "--seed")]
Validation = Annotated[float | None, _setting("validation", "--validation")]
Backend = Annotated[str | None, _setting("backend", "--backend")]
Device = Annotated[str | None, _setting("device", "--device")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        help="At most so many; they change the time and not the result. "
        "Default: NODEEMB_THREADS, or all cores.",
        rich_help_panel=_RUN,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="The folder to make. Default: runs/DATE-NAME-HASH.",
        rich_help_panel=_RUN,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Only the result, on standard output.",
        rich_help_panel=_RUN,
    ),
]


def reading(
    name: str | None,
    source: str | None,
    target: str | None,
    weight: str | None,
    sign: str | None,
    delimiter: str | None,
    comment: str | None,
    header: bool | None,
    duplicates: str | None,
    undirected: bool,
) -> dict[str, Any]:
    """The fields of Input that were given. Columns in digits are positions."""
    columns = {"source": source, "target": target, "weight": weight, "sign": sign}
    given: dict[str, Any] = {
        "name": name,
        **{key: _column(text) for key, text in columns.items()},
        "delimiter": "\t" if delimiter == "\\t" else delimiter,
        "comment": comment,
        "header": header,
        "duplicates": duplicates,
        "undirected": undirected or None,
    }
    return {key: value for key, value in given.items() if value is not None}


def assignments(texts: list[str] | None) -> dict[str, Any]:
    """Dotted names and values of --set.

    Raises:
        WrongUse: a text without "=", or a name that is given twice.
    """
    found: dict[str, Any] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise WrongUse(
                f"--set {text}: there is no name and value",
                allowed="NAME=VALUE, such as training.epochs=5",
            )
        if name in found:
            raise WrongUse(f"--set {name} is given twice")
        found[name] = _value(value, name)
    return found


def _column(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text


def _value(text: str, name: str) -> Any:
    try:
        value = parse_yaml(f"value: {text}", f"--set {name}")["value"]
    except DataRefused as error:
        raise WrongUse(
            f'"{text}" is no value: {error.what}',
            where=f"--set {name}",
            allowed="A word, a number, or plain YAML such as {minus: 0.25}",
        ) from None
    if isinstance(value, str):  # YAML takes 1e-3 for text
        try:
            return float(value)
        except ValueError:
            return value
    return value
