"""The commands joined to one program, and what it says when something goes wrong."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nodeemb import __version__
from nodeemb.cli.analogy import analogy
from nodeemb.cli.bench import bench
from nodeemb.cli.config import config
from nodeemb.cli.corpus import corpus
from nodeemb.cli.datasets import datasets
from nodeemb.cli.diagnose import diagnose
from nodeemb.cli.doctor import doctor
from nodeemb.cli.embed import embed
from nodeemb.cli.estimate import estimate
from nodeemb.cli.evaluate import evaluate
from nodeemb.cli.export import export
from nodeemb.cli.graph import graph
from nodeemb.cli.inspect import inspect
from nodeemb.cli.neighbors import neighbors
from nodeemb.cli.presets import presets
from nodeemb.cli.protocols import protocols
from nodeemb.cli.signs import signs
from nodeemb.cli.study import study
from nodeemb.cli.wordgraph import wordgraph
from nodeemb.errors import NodeembError

INTERRUPTED = "Interrupted. No half-written result is left."


class Commands(TyperGroup):
    """The commands; what goes wrong in one is told in a message and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Takes --debug wherever it stands."""
        ctx.obj = {"debug": "--debug" in args}
        return super().parse_args(ctx, [arg for arg in args if arg != "--debug"])

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
for _command in (
    embed,
    estimate,
    evaluate,
    export,
    graph,
    inspect,
    diagnose,
    neighbors,
    analogy,
    study,
    presets,
    signs,
    protocols,
    corpus,
    wordgraph,
    datasets,
    doctor,
    bench,
):
    app.command()(_command)
app.add_typer(config, name="config")


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
