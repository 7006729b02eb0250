"""A recipe and a graph made into what training needs: a feed of batches, and a backend."""

from __future__ import annotations

import os
from typing import Literal

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.recipe import Recipe
from nodeemb.roles.layout import Layout, lay_out
from nodeemb.sampling.corpus import Stream, plan_corpus
from nodeemb.sampling.noise import NoiseLaw, noise_law
from nodeemb.sampling.registry import plan
from nodeemb.sampling.sequences import Plan
from nodeemb.training.batches import Feed, Noise, make_feed
from nodeemb.training.tables import Tables
from nodeemb.training.trainer import Backend
from nodeemb.training.unlinked import Unlinked


def layout_of(recipe: Recipe) -> Layout:
    """The columns of a recipe's tables."""
    shifted = recipe.objective.shift != 0
    return lay_out(
        recipe.scheme(), recipe.width(), recipe.roles.biases, shifted=shifted
    )


def feed_of(
    material: Graph | Corpus, recipe: Recipe, seed: int
) -> tuple[Feed, np.ndarray]:
    """The batches of a recipe on a graph or a corpus, and what its objective adds to scores.

    Returns:
        (feed, shift), shift as the backends have it.
    """
    if isinstance(material, Corpus):
        assert recipe.sampler.kind == "corpus"
        counts = np.asarray(material.vocabulary.counts)
        stream = Stream(material.tokens, material.starts, counts)
        made, edges, sign = plan_corpus(stream, recipe.sampler, seed), None, None
    else:
        made = plan(material, recipe.sampler, seed)
        edges, sign = material.out, material.sign
    noises = _noises(made, recipe)
    feed = make_feed(
        made,
        recipe.stencil,
        recipe.scheme(),
        noises,
        edges,
        recipe.training,
        seed,
        _unlinked(made, recipe),
        sign,
        recipe.objective if recipe.objective.target == "log_weight" else None,
    )
    return feed, _shift(recipe, noises, material.num_nodes)


def backend_of(recipe: Recipe) -> Literal["cpu", "torch"]:
    """The backend of who names none: cpu, but torch where there is a core to learn."""
    return "torch" if recipe.scheme().images else "cpu"


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
    floor, halved = recipe.roles.nonnegative, recipe.training.bfloat16
    if name == "cpu":
        from nodeemb.training.backends.cpu import CpuBackend

        return CpuBackend(
            tables,
            layout,
            kind,
            optimizer,
            shift,
            count_threads(threads),
            floor,
            halved,
        )
    if name == "torch":
        from nodeemb.training.backends.torch import TorchBackend

        return TorchBackend(
            tables, layout, kind, optimizer, shift, device, floor, halved
        )
    from nodeemb.training.backends.reference import ReferenceBackend

    return ReferenceBackend(
        tables, layout, kind, optimizer, shift, nonnegative=floor, halved=halved
    )


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


def _noises(made: Plan, recipe: Recipe) -> tuple[Noise, ...]:
    """The noise of each channel, with its laws; channels alike share them.

    A window on both sides counts each pair both ways, so both sides then have the degrees
    of both.
    """
    left, right = made.left_degree, made.right_degree
    if recipe.stencil.kind == "window" and recipe.stencil.sides == "both":
        left = right = left + right
    laws: dict[tuple[float, float], tuple[NoiseLaw, NoiseLaw]] = {}
    noises = []
    for noise in recipe.noises():
        kind = noise.power, noise.uniform_share
        if noise.node_pairs == 0:
            noises.append(Noise(noise, None, None))
            continue
        if kind not in laws:
            laws[kind] = noise_law(left, *kind), noise_law(right, *kind)
        noises.append(Noise(noise, *laws[kind]))
    return tuple(noises)


def _unlinked(made: Plan, recipe: Recipe) -> Unlinked | None:
    """The law of pairs without a link, None where the recipe has none."""
    noise = recipe.noise
    if not noise.unlinked:
        return None
    laws = [
        noise_law(degree, noise.power, noise.uniform_share)
        for degree in (made.left_degree, made.right_degree)
    ]
    return Unlinked(noise.unlinked, noise.side, *laws)


def _shift(recipe: Recipe, noises: tuple[Noise, ...], nodes: int) -> np.ndarray:
    """(num_nodes,) what the objective adds to scores, by right node; empty for nothing."""
    shift = recipe.objective.shift
    if shift == "noise":
        noise, _, law = noises[0]
        assert law is not None
        with np.errstate(divide="ignore"):
            logs = np.log(noise.node_pairs * law.q)
        # a node that noise never draws has no finite shift; it gets the lowest of the others
        return np.where(np.isfinite(logs), logs, logs[np.isfinite(logs)].min())
    return np.full(nodes, shift) if shift else np.empty(0)
