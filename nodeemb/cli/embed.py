"""`nodeemb embed`: one run, from a graph to a folder with vectors."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodeemb.cli import options, show
from nodeemb.cli.garbage import look_from_here
from nodeemb.cli.progress import progress
from nodeemb.errors import WrongUse
from nodeemb.settings import CHECKPOINT_MINUTES

if TYPE_CHECKING:
    from nodeemb.runs import Done, Job


Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="The method, or a YAML file of one. Default: calibrated for directed "
        "graphs, deepwalk for others, sgns for a corpus. See: nodeemb presets.",
        rich_help_panel="Method",
    ),
]
Dim = Annotated[
    int | None,
    typer.Option(
        "--dim", help="Length of the vector of a role.", rich_help_panel="Method"
    ),
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        help="All floats of a node over its roles; instead of --dim.",
        rich_help_panel="Method",
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        "--resume",
        metavar="FILE",
        help="Go on with an interrupted run: the .checkpoint file beside the folder it "
        "would have made. Everything else is as it was begun with; --threads may differ.",
        rich_help_panel="Run",
    ),
]
Minutes = Annotated[
    float,
    typer.Option(
        "--checkpoint-minutes",
        min=0,
        help="Minutes between two checkpoints; 0: none, and an interrupted run is lost. A "
        "factorisation keeps none.",
        rich_help_panel="Run",
    ),
]


def embed(
    ctx: typer.Context,
    name: options.InputName = None,
    preset: Preset = None,
    config: options.ConfigFile = None,
    set_: options.Sets = None,
    dim: Dim = None,
    width: Width = None,
    seed: options.Seed = None,
    validation: options.Validation = None,
    threads: options.Threads = None,
    backend: options.Backend = None,
    device: options.Device = None,
    out: options.Out = None,
    quiet: options.Quiet = False,
    resume: Resume = None,
    checkpoint_minutes: Minutes = CHECKPOINT_MINUTES,
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
    """Embed a graph or a corpus: a folder with vectors for every node or word."""
    from nodeemb import choices, runs
    from nodeemb.engine import count_threads

    count_threads(threads)
    if resume is not None:
        _alone(ctx)
        _carry_out(runs.resume(resume), threads, quiet, checkpoint_minutes)
        return
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
    chosen = None if config is None else choices.read_config(config)
    settings = choices.read_settings(chosen, graph, given)
    job = runs.prepare(
        settings,
        preset,
        config=chosen,
        dim=dim,
        width=width,
        options=options.assignments(set_),
        out=out,
    )
    _carry_out(job, threads, quiet, checkpoint_minutes)


def _carry_out(job: Job, threads: int | None, quiet: bool, minutes: float) -> None:
    from nodeemb import runs
    from nodeemb.engine import count_threads

    if not quiet:
        _before(job, count_threads(threads))
    look_from_here()
    with progress(quiet) as shown:
        done = runs.carry_out(job, threads, shown, minutes)
    if quiet:
        show.result(str(done.folder))
    else:
        _after(job, done)


def _alone(ctx: typer.Context) -> None:
    """Refuses what cannot be given together with --resume."""
    free = {"resume", "threads", "quiet", "checkpoint_minutes"}
    for parameter in ctx.command.params:
        chosen = ctx.get_parameter_source(parameter.name or "")
        given = chosen is not None and chosen.name == "COMMANDLINE"
        if given and parameter.name not in free:
            raise WrongUse(
                f"{parameter.opts[0]} cannot be given together with --resume",
                allowed="--threads, --quiet, --checkpoint-minutes",
                next_step="A run goes on with what it was begun with",
            )


def _before(job: Job, threads: int) -> None:
    """The four blocks that people paste when they ask for help."""
    from nodeemb.corpus.corpus import Corpus
    from nodeemb.memory import memory_bytes

    settings = job.settings
    if isinstance(job.graph, Corpus):
        show.block("Corpus", [str(job.graph)[7:-1]])
    else:
        show.block("Graph", show.graph_lines(settings.input.name, job.graph.report))
    show.block("Method", show.method_lines(job.recipe, job.changes))
    material = "vocabulary" if isinstance(job.graph, Corpus) else "graph"
    needed = job.memory(threads)
    memory = [
        f"tables {show.size(needed.tables)}",
        f"{material} {show.size(needed.graph)}",
    ]
    if job.recipe.factorise is not None:
        made = needed.sampler + needed.batch
        memory.append(f"matrix and its factorisation {show.size(made)}")
    if (total := memory_bytes()) is not None:
        memory.append(f"of {show.size(total)}")
    show.block("Memory", ["   ".join(memory)])
    parts = [
        f"seed {settings.seed}",
        f"threads {threads}",
        f"backend {settings.backend}",
    ]
    if settings.backend == "torch":
        parts.append(f"device {settings.device}")
    if job.split is not None:
        parts.append(f"{len(job.split.validation):,} links hidden for validation")
    show.block("Run", ["   ".join(parts)])


def _after(job: Job, done: Done) -> None:
    from nodeemb.role_table import role_rows

    training = done.embedding.manifest["training"]
    show.say("")
    for note in done.notes:
        show.say(f"Note: {note}.")
    nodes = job.graph.num_nodes
    show.table(
        ["role", "columns", "mean length", "nodes trained in it"],
        [
            [
                row.role,
                str(row.columns),
                f"{row.norm:.3f}",
                f"{row.trained:,} of {nodes:,}",
            ]
            for row in role_rows(done.embedding, job.training_graph)
        ],
        numbers=3,
    )
    best = ""
    if job.split is not None:
        best = f", best epoch {training['best_epoch']} of {len(training['epochs'])}"
    show.result(
        f"Done in {show.duration(done.seconds)}{best}. Written to {done.folder}"
    )
    show.say(f"Next: nodeemb neighbors {done.folder} {shlex.quote(_example(job))}")


def _example(job: Job) -> str:
    """An id worth a look: one that links to many and is linked to by many."""
    import numpy as np

    from nodeemb.corpus.corpus import Corpus

    graph = job.training_graph
    if isinstance(graph, Corpus):  # a word that is frequent and yet has a meaning
        return str(graph.ids[min(200, graph.num_nodes // 2)])
    both = np.minimum(graph.out_degree, graph.in_degree)
    return str(graph.ids[int(both.argmax())])
