"""What the commands print: blocks about a run before it starts, and plain tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from nodeemb.embedding.embedding import Embedding
    from nodeemb.graph.report import GraphReport
    from nodeemb.recipe import Recipe
    from nodeemb.sampling.options import NoiseOptions

_LABEL = 10


def console(err: bool = False) -> Console:
    """Where to print; outside a terminal nothing is cut to its width."""
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else 10_000
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def block(label: str, lines: Sequence[str]) -> None:
    """A label and lines beside it, on standard error: standard output is for results."""
    out = console(err=True)
    for number, line in enumerate(lines):
        head = Text((label if number == 0 else "").ljust(_LABEL), style="bold")
        out.print(head + Text(line), soft_wrap=True)


def say(text: str) -> None:
    """A line on standard error."""
    typer.echo(text, err=True)


def result(text: str) -> None:
    """Text on standard output, as it is."""
    typer.echo(text)


def loaded(run: Path) -> Embedding:
    """A run's vectors; said where the run failed."""
    from nodeemb.embedding.embedding import DIVERGED, load

    embedding = load(run)
    if embedding.diverged:
        say(f"Note: {DIVERGED}.")
    return embedding


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: int = 0
) -> None:
    """A table on standard output; the last `numbers` columns stand to the right."""
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for place, head in enumerate(heads):
        right = place >= len(heads) - numbers
        shown.add_column(head, justify="right" if right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    out = console()
    out.print(shown)


def graph_lines(name: str, report: GraphReport) -> list[str]:
    """A graph in two lines."""
    kinds = ["directed" if report.directed else "undirected"]
    kinds.append("weighted" if report.weighted else "unweighted")
    if report.signed:
        kinds.append(f"signed ({report.negative:,} negative)")
    lines = [
        f"{name}   {report.nodes:,} nodes   {report.edges:,} edges   {', '.join(kinds)}"
    ]
    parts = []
    if report.directed:
        parts += [
            f"sinks {_percent(report.sinks, report.nodes)}",
            f"sources {_percent(report.sources, report.nodes)}",
            f"reciprocal {100 * report.reciprocity:.1f} %",
        ]
    parts += [
        f"isolated {report.isolated:,}",
        f"duplicates {report.duplicates:,}"
        + (f" ({report.duplicates_rule})" if report.duplicates else ""),
        f"self loops {report.self_loops:,} (kept)",
    ]
    return [*lines, "   ".join(parts)]


def method_lines(recipe: Recipe, changes: Mapping[str, object]) -> list[str]:
    """A method in two lines, with what was changed in it by name."""
    noise, training = recipe.noise, recipe.training
    scheme, channels = recipe.scheme(), recipe.scheme().channels
    told = "no noise"
    if noise.per_pair:
        told = f"{noise.per_pair:g} noise a pair (side {noise.side}, {mixture(noise)})"
    elif noise.unlinked:
        told = f"{noise.unlinked} pairs without a link a pair (side {noise.side})"
    biases = scheme.told_biases(recipe.roles.biases)
    size = f"{scheme.name}, width {recipe.width()}, biases {biases}"
    parts = [
        recipe.sampler.kind,
        f"stencil {recipe.stencil.kind}",
        size,
        recipe.objective.kind,
        told,
        *(
            f"channel {name}: {own.per_pair:g} noise a pair ({mixture(own)})"
            for (name, channel), own in zip(
                channels.items(), recipe.noises(), strict=True
            )
            if channel.noise is not None
        ),
        f"{training.optimizer} {training.learning_rate:g}",
        f"{training.epochs} epochs",
    ]
    if training.init != "random":
        parts.append(f"begun with {training.init}")
    if recipe.factorise is not None:
        rest = recipe.factorise.model_dump(exclude={"kind"}, exclude_none=True)
        chosen = [f"{name} {value:g}" for name, value in rest.items()]
        parts = [f"factorise {recipe.factorise.kind}", size, *chosen]
    title = f": {recipe.title}" if recipe.title else ""
    changed = ", ".join(f"{name}={value}" for name, value in changes.items())
    head = f"{recipe.name} with {changed}" if changed else f"{recipe.name}{title}"
    return [head, "   ".join(parts)]


def mixture(noise: NoiseOptions) -> str:
    """What noise is drawn from, in a few words."""
    by_degree = 1 - noise.uniform - noise.reversed
    shares = {
        f"power {noise.power:g}": by_degree,
        "uniform": noise.uniform,
        "reversed": noise.reversed,
    }
    told = [
        name if share == 1 else f"{100 * share:.3g} % {name}"
        for name, share in shares.items()
        if share > 1e-9
    ]
    return ", ".join(told)


def size(count: float) -> str:
    """Bytes for people."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def duration(seconds: float) -> str:
    """Seconds for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"
