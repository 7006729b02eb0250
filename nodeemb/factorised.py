"""Tables that a factorisation makes: as a whole result, or for training to begin with."""

from __future__ import annotations

from typing import Any

import numpy as np

from nodeemb.engine import count_threads, layout_of
from nodeemb.errors import WrongUse
from nodeemb.factorise.options import Factorise, options_of
from nodeemb.factorise.registry import role_tables
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph
from nodeemb.progress import ProgressFn
from nodeemb.recipe import Recipe
from nodeemb.roles.layout import Layout
from nodeemb.roles.scheme import RoleScheme

_BEGUN_AT = (
    2.0  # the mean score of a training link before training; a probability of 0.88
)


def check_untrained(
    recipe: Recipe, backend: str, validation: Any, checkpoint: Any
) -> None:
    """Refuses what only training has.

    Raises:
        WrongUse: a backend, a validation split or a checkpoint for a factorisation.
    """
    kind = None if recipe.factorise is None else recipe.factorise.kind
    if kind is None:
        return
    if backend != "cpu":
        raise WrongUse(
            f"the factorisation {kind} has no backend {backend}",
            allowed="The backend cpu",
        )
    if validation is not None:
        raise WrongUse(
            f"the factorisation {kind} has no epochs that validation links could choose "
            "from",
            next_step="Leave the validation links out",
        )
    if checkpoint is not None:
        raise WrongUse(
            f"the factorisation {kind} is made in one go and has no state to keep",
            next_step="Leave the checkpoint out",
        )


def factorised_table(
    graph: Graph,
    recipe: Recipe,
    seed: int,
    dtype: str,
    threads: int | None,
    progress: ProgressFn | None,
) -> tuple[np.ndarray, list[str]]:
    """(num_nodes, columns) of a recipe that is a factorisation, and what to tell of it."""
    assert recipe.factorise is not None
    watch = Watch(progress)
    table = _filled(graph, recipe.factorise, recipe, seed, dtype, threads, watch)
    watch.tell("done", 1.0)
    return table, [*watch.notes, *_notes(graph, recipe, table)]


def begun_table(
    graph: Graph,
    recipe: Recipe,
    table: np.ndarray,
    seed: int,
    threads: int | None,
    progress: ProgressFn | None,
) -> None:
    """Adds a factorisation to tables that training begins with, in place.

    All roles are scaled alike, so that the mean score of the training links is 2 (where it
    is not above 0, so that the mean size of a score is); what was there, small random
    numbers, stays, so that columns and nodes that the factorisation leaves at zero learn.
    """
    assert recipe.training.init != "random"
    options = options_of(recipe.training.init)
    watch = Watch(progress)
    made = _filled(graph, options, recipe, seed, table.dtype.name, threads, watch)
    scheme, layout = recipe.scheme(), layout_of(recipe)
    scores = _link_scores(made, scheme, layout, graph)
    mean = float(scores.mean())
    mean = mean if mean > 0 else float(np.abs(scores).mean())
    if mean > 0:
        made *= np.sqrt(_BEGUN_AT / mean)
    table += made


def _link_scores(
    table: np.ndarray, scheme: RoleScheme, layout: Layout, graph: Graph
) -> np.ndarray:
    from nodeemb.embedding.scoring import score_rows

    return score_rows(table, scheme, layout, graph.sources, graph.targets)


def _filled(
    graph: Graph,
    options: Factorise,
    recipe: Recipe,
    seed: int,
    dtype: str,
    threads: int | None,
    watch: Watch,
) -> np.ndarray:
    """The factorisation's tables in the columns of their roles; biases are zero."""
    layout, count = layout_of(recipe), count_threads(threads)
    made = role_tables(
        graph, options, recipe.scheme(), recipe.width(), seed, count, watch
    )
    table = np.zeros((graph.num_nodes, layout.columns), np.dtype(dtype))
    for role, values in made.items():
        first, end = layout.roles[role]
        table[:, first:end] = values
    return table


def _notes(graph: Graph, recipe: Recipe, table: np.ndarray) -> list[str]:
    """What the user should know of these tables, in sentences."""
    told, layout, nodes = [], layout_of(recipe), graph.num_nodes
    for role, (first, end) in layout.roles.items():
        part = table[:, first:end]
        silent = nodes - int(part.any(axis=1).sum())
        if silent:
            told.append(f"{silent:,} of {nodes:,} nodes have a {role} vector of zeros")
        empty = end - first - int(part.any(axis=0).sum())
        if empty:
            told.append(
                f"{empty:,} of {end - first:,} {role} columns are zero: the matrix has "
                "no more that differ"
            )
    if graph.directed and recipe.factorise is not None:
        if recipe.factorise.kind == "netmf":
            told.append("directions are ignored, as this recipe asks")
        if graph.report.reciprocity == 1 and "target" in layout.roles:
            told.append(
                "every edge has its reverse: source and target roles cannot differ in "
                "what they know"
            )
    if graph.sign is not None:
        told.append("signs are not used by this recipe: all edges count as links")
    return told
