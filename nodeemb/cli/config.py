"""`nodeemb config`: where each value of a run comes from, and whether a file is valid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodeemb.cli import options, show
from nodeemb.cli.embed import Dim, Preset, Width
from nodeemb.errors import WrongUse

if TYPE_CHECKING:
    from nodeemb.provenance import Value

config = typer.Typer(
    help="Show where each value of a run comes from, or check a file of choices.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_LONG = 100  # characters of a value in one row


@config.command("show")
def show_values(
    name: options.InputName = None,
    preset: Preset = None,
    file: options.ConfigFile = None,
    set_: options.Sets = None,
    dim: Dim = None,
    width: Width = None,
    seed: options.Seed = None,
    validation: options.Validation = None,
    threads: options.Threads = None,
    backend: options.Backend = None,
    device: options.Device = None,
    source: options.Source = None,
    target: options.Target = None,
    weight: options.Weight = None,
    sign: options.Sign = None,
    delimiter: options.Delimiter = None,
    comment: options.Comment = None,
    header: options.Header = None,
    duplicates: options.Duplicates = None,
    undirected: options.Undirected = False,
) -> None:
    """Show every value that `nodeemb embed` would use, and where it comes from.

    Later ones win: default, preset, file (--config), override (a flag or --set). Nothing is
    read but the files of choices, and nothing is run.
    """
    from nodeemb.choices import read_config
    from nodeemb.provenance import explain

    graph = options.reading(
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
    given = {
        "seed": seed,
        "validation": validation,
        "backend": backend,
        "device": device,
    }
    explained = explain(
        graph,
        given,
        preset,
        config=None if file is None else read_config(file),
        dim=dim,
        width=width,
        options=options.assignments(set_),
        threads=threads,
    )
    rows = [row for value in explained.values for row in _rows(value)]
    show.table(["value", "is", "from"], rows)


@config.command("check")
def check(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Choices for embed, a comparison, or a role scheme."
        ),
    ],
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="NAME",
            help="What the choices will be laid over. Default: what embed takes by itself.",
        ),
    ] = None,
) -> None:
    """Say whether a file is valid, with all its faults at once; exit code 2 if it is not."""
    from nodeemb.config_check import check_file

    checked = check_file(file, preset)
    for fault in checked.faults:
        show.say(f"- {fault}")
    if checked.faults:
        count = len(checked.faults)
        raise WrongUse(
            f"{file} is not valid: {count} fault{'s' if count > 1 else ''} as {checked.kind}"
        )
    show.result(f"{file} is valid ({checked.kind}). To use it:")
    for use in checked.uses:
        show.result(f"  nodeemb {use}")


def _rows(value: Value) -> list[list[str]]:
    """A row; for a value that is a group too long for one, a row for each of its parts."""
    shown = _shown(value.value)
    if len(shown) <= _LONG or not isinstance(value.value, dict):
        return [[value.name, shown, value.origin]]
    parts = ((f"{value.name}.{name}", part) for name, part in value.value.items())
    return [
        row
        for name, part in parts
        for row in _rows(value._replace(name=name, value=part))
    ]


def _shown(value: Any) -> str:
    """A value in a line, as YAML has it."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")
