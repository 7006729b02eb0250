"""The commands joined to one program, and what it says when something goes wrong."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nodeemb import __version__
from nodeemb.cli.garbage import look_from_here
from nodeemb.errors import NodeembError

COMMANDS = {
    "embed": "Embed a graph or a corpus: a folder with vectors for every node or word.",
    "estimate": "Tell the memory and the time that a run will take, or a word graph and a run on it.",
    "evaluate": "Hide half of a graph's links, train on the rest, and see who finds them.",
    "export": "Write vectors for other programs: gensim, pandas, numpy, the projector.",
    "graph": "Read a graph once and keep it in a file that every command opens at once.",
    "inspect": "Show what is in a graph: counts, direction, duplicates, dead ends.",
    "diagnose": "Tell how much role structure a graph, or a folder of nodeemb corpus, holds.",
    "neighbors": "Show the nodes with the highest score beside a node.",
    "analogy": "Show the words that fit best where words are added and taken away.",
    "study": "Compare methods over graphs, kinds of split and seeds, to one table.",
    "presets": "List the presets, or show one with its paper and all its choices.",
    "signs": "Ask models of signed graphs: friend or foe, linked or not, which way.",
    "protocols": "List the published tests, or show one: its rule, what it asks, its defects.",
    "corpus": "Read text once and keep it as a vocabulary and a stream of word rows.",
    "wordgraph": "Count which words stand near which, into a file of weighted directed edges.",
    "datasets": "List the data sets, show the card of one, or verify the files that are here.",
    "doctor": "Show versions, machine, data and caches, and make a two-second self-test.",
    "bench": "Measure the speed of sampling, training, reading, opening, starting, searching, ranking.",
    "config": "Show where each value of a run comes from, or check a file of choices.",
}
"""Command -> the first line of its help. It is nodeemb.cli.COMMAND.COMMAND, and loaded when it
is called, so that help and refusals come at once."""

LOADS_MORE = {"embed", "evaluate"}
"""Commands that call `look_from_here` themselves, when the graph is read."""

INTERRUPTED = "Interrupted. No half-written result is left."


class Commands(TyperGroup):
    """The commands; what goes wrong in one is told in a message and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Takes --debug wherever it stands."""
        ctx.obj = {"debug": "--debug" in args}
        return super().parse_args(ctx, [arg for arg in args if arg != "--debug"])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command that is meant, loaded now."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _loaded(str(name)), rest

    def invoke(self, ctx: Any) -> Any:
        """Runs a command. Exit codes: see `nodeemb.errors`; 130 when interrupted."""
        try:
            return super().invoke(ctx)
        except NodeembError as error:
            if ctx.obj["debug"]:
                traceback.print_exc()
            raise _stop(str(error), error.exit_code) from None
        except MemoryError:
            raise _stop("There is not enough memory for this.", 4) from None
        except KeyboardInterrupt as error:
            raise _stop(str(error) or INTERRUPTED, 130) from None


app = typer.Typer(
    cls=Commands,
    name="nodeemb",
    help="Embeddings for directed graphs, with roles.",
    epilog="Start with: nodeemb evaluate. Every command: nodeemb COMMAND --help",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _line in COMMANDS.items():
    app.command(_name, help=_line)(lambda: None)


def _loaded(name: str) -> Any:
    """A command; one that loads little more begins to look for garbage."""
    made = getattr(import_module(f"nodeemb.cli.{name}"), name)
    if name not in LOADS_MORE:
        look_from_here()
    if isinstance(made, typer.Typer):
        return typer.main.get_command(made)
    one = typer.Typer(add_completion=False)
    one.command(name)(made)
    return typer.main.get_command(one)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"nodeemb {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error came from.")
    ] = False,
) -> None:
    pass


def _stop(message: str, code: int) -> typer.Exit:
    sys.stdout.flush()
    typer.echo(message if code == 130 else f"Error: {message}", err=True)
    return typer.Exit(code)
