"""A recipe and a graph made into what training needs: a feed of batches, and a backend."""

from __future__ import annotations

import os

import numpy as np

from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.recipe import Recipe
from nodeemb.roles.layout import Layout, lay_out
from nodeemb.sampling.noise import NoiseLaw, noise_law
from nodeemb.sampling.registry import plan
from nodeemb.sampling.sequences import Plan
from nodeemb.training.batches import Feed, make_feed
from nodeemb.training.tables import Tables
from nodeemb.training.trainer import Backend


def layout_of(recipe: Recipe) -> Layout:
    """The columns of a recipe's tables."""
    shifted = recipe.objective.shift != 0
    return lay_out(
        recipe.scheme(), recipe.width(), recipe.roles.biases, shifted=shifted
    )


def feed_of(graph: Graph, recipe: Recipe, seed: int) -> tuple[Feed, np.ndarray]:
    """The batches of a recipe on a graph, and what its objective adds to scores.

    Returns:
        (feed, shift), shift as the backends have it.
    """
    made = plan(graph, recipe.sampler, seed)
    laws = _laws(made, recipe)
    feed = make_feed(
        made,
        recipe.stencil,
        recipe.scheme(),
        recipe.noise,
        laws,
        recipe.training,
        seed,
    )
    return feed, _shift(recipe, laws[1], graph.num_nodes)


def make_backend(
    name: str,
    tables: Tables,
    layout: Layout,
    recipe: Recipe,
    shift: np.ndarray,
    threads: int | None,
    device: str,
) -> Backend:
    """The backend by name; torch is imported only for those that use it."""
    kind, optimizer = recipe.objective.kind, recipe.training.optimizer
    if name == "cpu":
        from nodeemb.training.backends.cpu import CpuBackend

        return CpuBackend(
            tables, layout, kind, optimizer, shift, count_threads(threads)
        )
    if name == "torch":
        from nodeemb.training.backends.torch import TorchBackend

        return TorchBackend(tables, layout, kind, optimizer, shift, device)
    from nodeemb.training.backends.reference import ReferenceBackend

    return ReferenceBackend(tables, layout, kind, optimizer, shift)


def count_threads(threads: int | None) -> int:
    """How many threads: as asked, else NODEEMB_THREADS, else all cores this process has.

    Raises:
        WrongUse: less than 1, or no number.
    """
    text = os.environ.get("NODEEMB_THREADS") if threads is None else str(threads)
    if text is None:
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    if not text.isdecimal() or int(text) < 1:
        raise WrongUse(f"threads is {text}", allowed="A whole number of at least 1")
    return int(text)


def _laws(made: Plan, recipe: Recipe) -> tuple[NoiseLaw | None, NoiseLaw | None]:
    """(left, right) noise laws; None where there is no noise.

    A window on both sides counts each pair both ways, so both sides then have the degrees
    of both.
    """
    left, right = made.left_degree, made.right_degree
    if recipe.stencil.kind == "window" and recipe.stencil.sides == "both":
        left = right = left + right
    if recipe.noise.per_pair == 0:
        return None, None
    power = recipe.noise.power
    return noise_law(left, power), noise_law(right, power)


def _shift(recipe: Recipe, law: NoiseLaw | None, nodes: int) -> np.ndarray:
    """(num_nodes,) what the objective adds to scores, by right node; empty for nothing."""
    shift = recipe.objective.shift
    if shift == "noise":
        assert law is not None
        with np.errstate(divide="ignore"):
            logs = np.log(recipe.noise.per_pair * law.q)
        # a node that noise never draws has no finite shift; it gets the lowest of the others
        return np.where(np.isfinite(logs), logs, logs[np.isfinite(logs)].min())
    return np.full(nodes, shift) if shift else np.empty(0)
