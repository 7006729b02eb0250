"""Join the parts: a graph and a recipe in, an embedding out.

graph -> sampler and stencil -> feed of batches -> backend, trainer -> Embedding
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nodeemb import __version__
from nodeemb.corpus.corpus import Corpus
from nodeemb.defaults import only_training
from nodeemb.embedding.embedding import Embedding
from nodeemb.engine import (
    backend_of,
    count_threads,
    feed_of,
    layout_of,
    make_backend,
)
from nodeemb.errors import Diverged, WrongUse, unknown_name
from nodeemb.factorised import begun_table, check_untrained, factorised_table
from nodeemb.forecast import check_memory
from nodeemb.graph.graph import Graph
from nodeemb.interrupt import asked_to_stop
from nodeemb.layers import given_by_name
from nodeemb.manifest import environment
from nodeemb.material import (
    check_material,
    default_for,
    digest_of,
    material_size,
    notes,
)
from nodeemb.progress import ProgressFn, line_reporter
from nodeemb.recipe import Recipe, load_recipe, overridden
from nodeemb.roles.layout import Layout
from nodeemb.training.checkpoint import (
    Checkpoints,
    keeper,
    read_checkpoint,
    write_checkpoint,
)
from nodeemb.training.state import History, State
from nodeemb.training.tables import Tables, begin, new_tables
from nodeemb.training.trainer import train

if TYPE_CHECKING:
    from nodeemb.evaluation.split import Split

BACKENDS = ("cpu", "torch", "reference")
DTYPES = ("float32", "float64")
_LOG = logging.getLogger("nodeemb")
_LOG.addHandler(logging.NullHandler())


def embed(
    graph: Graph | Corpus,
    preset: str | Path | Recipe | None = None,
    *,
    dim: int | None = None,
    width: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    backend: Literal["cpu", "torch", "reference"] | None = None,
    device: str = "cpu",
    dtype: Literal["float32", "float64"] = "float32",
    options: Mapping[str, Any] | None = None,
    validation: Split | None = None,
    validation_negatives: Sequence[str] = ("uniform",),
    progress: ProgressFn | bool | None = None,
    checkpoint: str | Path | Checkpoints | None = None,
) -> Embedding:
    """Embeds the nodes of a graph, or the words of a corpus.

    Args:
        graph: every node gets a row, isolated ones too; or a corpus.
        preset: a preset's name, a path to a YAML recipe, or a Recipe. None: `calibrated`
            for a directed graph, but `nerd` for one of more than a million links or with
            choices that only training has; `deepwalk` for others, `sgns` for a corpus.
        dim: length of the vector of a role; or
        width: all floats of a node over its roles. Neither: as the recipe says.
        seed: any whole number; the same seed gives the same result on any number of
            threads.
        threads: at most so many; None: NODEEMB_THREADS, or all cores.
        backend: "cpu"; "torch" (any torch device); "reference" (autograd, slow). None:
            cpu, or torch where the scheme has a learned core, which cpu cannot train.
        device: for the torch backend, such as "cuda".
        dtype: "float32" or "float64".
        options: further choices by dotted name, such as {"training.epochs": 5}.
        validation: a split whose validation links choose the best epoch; `graph` is then
            its training graph.
        validation_negatives: kinds of negatives that validation links are told from.
        progress: True for a line on standard error, or a function of `Progress`.
        checkpoint: a file to keep the state of training in, every ten minutes and on
            Ctrl-C or SIGTERM (a `Checkpoints` says how often). If it is there already,
            training goes on from it, to the same result as without an interruption. It
            is not removed at the end. A factorisation has none, nor a backend nor
            validation links.

    Returns:
        the embedding; its manifest records recipe, seed, versions and timings.

    Raises:
        WrongUse: an unknown preset or option, choices that do not go together.
        DataRefused: a graph that the recipe cannot use.
        OutOfResources: the tables would not fit into memory; told before any is taken.
        Diverged: the loss became non-finite; `.embedding` has the last good tables.
        KeyboardInterrupt: with what was kept, where there is a checkpoint.
    """
    seed = _check_arguments(graph, seed, backend, dtype)
    trains = (
        backend not in (None, "cpu") or validation is not None or checkpoint is not None
    )
    recipe = choose_recipe(graph, preset, dim, width, options, trains)
    scheme, size = recipe.scheme(), recipe.width()
    check_material(graph, recipe)
    layout = layout_of(recipe)
    backend = backend or backend_of(recipe)
    _check_backend(backend, device, layout)
    if dtype != "float32" and recipe.training.bfloat16:
        raise WrongUse(
            f"tables of {dtype} and products of bfloat16",
            allowed="dtype float32 with rounded products",
            next_step="Set training.bfloat16=false, or dtype float32",
        )
    itemsize = np.dtype(dtype).itemsize
    check_memory(
        material_size(graph), recipe, itemsize, validation is not None, backend,
        count_threads(threads),
    )  # fmt: skip
    clock = time.monotonic()
    show = line_reporter() if progress is True else (progress or None)
    if recipe.factorise is not None:
        check_untrained(recipe, backend, validation, checkpoint)
        assert isinstance(graph, Graph)
        return _factorised(graph, recipe, seed, dtype, threads, show)
    feed, shift = feed_of(graph, recipe, seed)
    validate = None
    if validation is not None:
        if isinstance(graph, Corpus):
            raise WrongUse("a corpus has no links to validate on")
        from nodeemb.validation import make_validator

        validate = make_validator(
            validation, graph, scheme, layout, validation_negatives, seed
        )
    shown_backend = backend if backend != "torch" else f"torch on {device}"
    run = {
        "nodeemb": __version__,
        "recipe": recipe.model_dump(mode="json", exclude={"expected"}),
        "scheme": scheme.model_dump(mode="json"),
        "seed": seed,
        "backend": shown_backend,
        "dtype": dtype,
        "graph": digest_of(graph),
        "validation": None if validation is None else validation.manifest["hash"],
        "validation_negatives": list(validation_negatives),
    }
    kept = (
        Checkpoints(Path(checkpoint))
        if isinstance(checkpoint, (str, Path))
        else checkpoint
    )
    state, tables = _begin(kept, run, graph.num_nodes, layout)
    drawn = recipe.training.init == "random"
    if tables is None:
        tables = _new_tables(graph, recipe, layout, seed, dtype, threads, show)
    elif state.epoch == 0 and not drawn:
        begun = _new_tables(graph, recipe, layout, seed, dtype, threads, show)
        state.good = begun.table
    engine = make_backend(backend, tables, layout, recipe, shift, threads, device)

    def result(history: History | None) -> Embedding:
        record = {
            "recipe": recipe.model_dump(exclude={"expected"}),
            "seed": seed,
            "backend": shown_backend,
            "threads": getattr(engine, "threads", 1),
            "dtype": dtype,
            "graph": {"digest": digest_of(graph), **graph.report.as_dict()},
            "notes": notes(graph, recipe, scheme, feed.plan),
            "training": _told(history, time.monotonic() - clock, state.resumed),
            "environment": environment(),
        }
        table = engine.tables.table
        if layout.images:  # the cores, which the images are made of, end here
            table = table[: graph.num_nodes].copy()
        return Embedding(graph.ids, table, scheme, size, recipe.roles.biases, record)

    def begin_again(table: np.ndarray) -> None:
        begin(table, layout, seed, recipe.roles.nonnegative)

    again = begin_again if drawn else None
    try:
        if kept is None:
            return result(train(engine, feed, show, validate, begin=again))
        with asked_to_stop() as stop:
            if not kept.path.exists():
                kept.path.parent.mkdir(parents=True, exist_ok=True)
                write_checkpoint(kept.path, run, kept.about, state, None)
            after_steps = keeper(kept, run, stop)
            return result(
                train(engine, feed, show, validate, state, after_steps, again)
            )
    except Diverged as error:
        error.embedding = result(None)
        raise


def _new_tables(
    graph: Graph | Corpus,
    recipe: Recipe,
    layout: Layout,
    seed: int,
    dtype: str,
    threads: int | None,
    progress: ProgressFn | None,
) -> Tables:
    """What training begins with."""
    floor = recipe.roles.nonnegative
    damped = recipe.training.optimizer == "damped"
    tables = new_tables(graph.num_nodes, layout, seed, dtype, floor, damped)
    if isinstance(graph, Graph) and recipe.training.init != "random":
        begun_table(graph, recipe, tables.table, seed, threads, progress)
    return tables


def _factorised(
    graph: Graph,
    recipe: Recipe,
    seed: int,
    dtype: str,
    threads: int | None,
    progress: ProgressFn | None,
) -> Embedding:
    """The embedding of a recipe that is a factorisation."""
    clock = time.monotonic()
    table, told = factorised_table(graph, recipe, seed, dtype, threads, progress)
    for note in told:
        _LOG.warning(note)
    seconds = round(time.monotonic() - clock, 3)
    record = {
        "recipe": recipe.model_dump(exclude={"expected"}),
        "seed": seed,
        "backend": "cpu",
        "threads": count_threads(threads),
        "dtype": dtype,
        "graph": {"digest": graph.digest(), **graph.report.as_dict()},
        "notes": told,
        "training": {"state": "done", "seconds": seconds, "pairs": 0, "epochs": []},
        "environment": environment(),
    }
    scheme, size = recipe.scheme(), recipe.width()
    return Embedding(graph.ids, table, scheme, size, recipe.roles.biases, record)


def _check_arguments(
    graph: Graph | Corpus, seed: int, backend: str | None, dtype: str
) -> int:
    """Refuses what no recipe decides; the seed as a plain number."""
    if not isinstance(graph, (Graph, Corpus)):
        raise WrongUse(
            f"the graph is a {type(graph).__name__}",
            allowed="A nodeemb.Graph or a nodeemb.Corpus",
            next_step="Make one by read_edges or Graph.from_edges, from_networkx, "
            "from_scipy, or corpus_of",
        )
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise WrongUse(f"seed is {seed!r}", allowed="A whole number")
    if backend is not None and backend not in BACKENDS:
        raise unknown_name("backend", backend, BACKENDS)
    if dtype not in DTYPES:
        raise unknown_name("dtype", dtype, DTYPES)
    return int(seed)


def _check_backend(backend: str, device: str, layout: Layout) -> None:
    if backend == "cpu" and layout.images:
        raise WrongUse(
            f"the backend cpu cannot train the learned core of {min(layout.images)}",
            allowed="The backend torch, which is also taken where none is named, or "
            "reference (slow)",
        )
    if device != "cpu" and backend != "torch":
        raise WrongUse(
            f"the backend {backend} cannot use the device {device}",
            next_step='Use backend="torch", or leave the device out',
        )


def choose_recipe(
    graph: Graph | Corpus,
    preset: str | Path | Recipe | None,
    dim: int | None = None,
    width: int | None = None,
    options: Mapping[str, Any] | None = None,
    trains: bool = False,
) -> Recipe:
    """The recipe that `embed` will follow. Args and errors as there.

    trains: whether what is asked besides is for training only.
    """
    overrides = given_by_name(dim, width, options)
    if isinstance(preset, Recipe):
        return overridden(preset, overrides) if overrides else preset
    if preset is None:
        preset = default_for(graph, trains or only_training(overrides))
    return load_recipe(preset, overrides=overrides)


def _begin(
    checkpoints: Checkpoints | None,
    run: Mapping[str, Any],
    nodes: int,
    layout: Layout,
) -> tuple[State, Tables | None]:
    """Where training begins: as a checkpoint says, if there is one."""
    if checkpoints is None or not os.path.lexists(checkpoints.path):
        return State(), None
    rows = nodes + layout.core_rows
    shapes = {"table": (rows, layout.columns), "squares": (rows, len(layout.roles))}
    state, tables = read_checkpoint(checkpoints.path, run, shapes)
    state.resumed += 1
    return state, tables


def _told(history: History | None, seconds: float, resumed: int) -> dict[str, Any]:
    if history is None:
        return {"state": "diverged", "seconds": round(seconds, 3), "resumed": resumed}
    return {
        "state": "done",
        "seconds": round(seconds, 3),
        "resumed": resumed,
        "pairs": history.pairs,
        "best_epoch": history.best_epoch,
        "stopped": history.stopped,
        "epochs": [vars(epoch) for epoch in history.epochs],
    }
