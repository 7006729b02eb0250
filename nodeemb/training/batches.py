"""From a sampler's numbered sequences to the batches of an epoch.

Batch b of an epoch holds a fixed range of sequences, so it is a function of (seed, epoch,
b), whoever asks for it. Noise is drawn by the number of the block in the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nodeemb.graph.graph import Adjacency
from nodeemb.rng import stream_key
from nodeemb.roles.scheme import RoleScheme
from nodeemb.sampling.noise import NoiseLaw, draw_noise
from nodeemb.sampling.options import (
    FirstStencil,
    NoiseOptions,
    PairStencil,
    WindowStencil,
)
from nodeemb.sampling.sequences import Drawn, Pairs, Plan, Sequences, part_of
from nodeemb.sampling.signs import path_signs
from nodeemb.sampling.stencil import Window, first_pairs, make_window
from nodeemb.training.batch import (
    Aligned,
    Band,
    Packed,
    Part,
    counted_pairs,
    cut_pairs,
    pack_each,
    pack_sequences,
)
from nodeemb.training.options import ObjectiveOptions, TrainingOptions
from nodeemb.training.reversed import reversed_part
from nodeemb.training.unlinked import Unlinked, with_unlinked

BATCHES_AN_EPOCH = 50
DRAWN_AT_ONCE = 32
STEPS_AT_ONCE = 64  # of the CPU backend, in one call of compiled code
NODES_AHEAD = 131_072  # of batches that are made before the first of them is trained on


class Noise(NamedTuple):
    """The noise of a channel.

    left, right: laws of noise nodes at the two ends of a pair, None where there are none;
        `options.side` says which ends are replaced.
    """

    options: NoiseOptions
    left: NoiseLaw | None
    right: NoiseLaw | None


class Route(NamedTuple):
    """Pairs of one kind, and the channel that they train.

    channel, kind: their numbers. label: 1 or 0.
    window: of a band of these pairs, None where pairs are aligned.
    seen_from_right: of a pair's own kind "left"; aligned pairs are then turned round.
    noise: (side, law) of each end that noise replaces.
    shared, noise_weight: noise rows of a block on a side, and what each counts.
    reversed_pairs: how many reversed pairs each brings.
    """

    channel: int
    kind: int
    label: float
    window: Window | None
    seen_from_right: bool
    noise: tuple[tuple[str, NoiseLaw], ...]
    shared: int
    noise_weight: float
    reversed_pairs: float


class Feed(NamedTuple):
    """What makes batches: sampler, stencil, scheme, noise.

    routes: what is made of each batch.
    edges: of the training graph by source, which reversed noise leaves out; None for a
        corpus.
    per_batch: sequences (or edges) that a batch draws.
    unlinked: pairs without a link that every pair brings, if any.
    sign: (num_arcs,) of `edges`, or None.
    counts: the objective, where pairs have the logarithms of their weights as targets.
    """

    plan: Plan
    stencil: PairStencil | WindowStencil | FirstStencil
    window: Window | None
    scheme: RoleScheme
    routes: tuple[Route, ...]
    edges: Adjacency | None
    training: TrainingOptions
    per_batch: int
    seed: int
    unlinked: Unlinked | None = None
    sign: np.ndarray | None = None
    counts: ObjectiveOptions | None = None


def make_feed(
    plan: Plan,
    stencil: PairStencil | WindowStencil | FirstStencil,
    scheme: RoleScheme,
    noises: tuple[Noise, ...],
    edges: Adjacency | None,
    training: TrainingOptions,
    seed: int,
    unlinked: Unlinked | None = None,
    sign: np.ndarray | None = None,
    counts: ObjectiveOptions | None = None,
) -> Feed:
    """Sizes the batches. The mean length of walks is measured on the first thousand."""
    window = (
        make_window(stencil, plan.longest)
        if isinstance(stencil, WindowStencil)
        else None
    )
    if window is not None:
        probe = plan.draw(0, 0, min(plan.count, 1000))
        assert not isinstance(probe, Pairs)
        rows = len(pack_sequences(probe, training.block_rows)[0])
        block = training.block_rows * min(plan.count, 1000) / max(rows, 1)
    elif isinstance(stencil, FirstStencil):
        contexts = plan.longest // 2 if plan.alternating else plan.longest - 1
        block = training.block_pairs / contexts
    else:
        block = training.block_pairs
    most = block * training.batch_blocks
    if unlinked is not None:  # a batch is as large with the pairs that its pairs bring
        block, most = block / (1 + unlinked.per_pair), most / (1 + unlinked.per_pair)
    few = max(block, plan.count / BATCHES_AN_EPOCH)
    per_batch = max(1, min(int(most), int(few), plan.count))
    return Feed(
        plan, stencil, window, scheme, _routes(scheme, noises, window), edges,
        training, per_batch, seed, unlinked, sign, counts,
    )  # fmt: skip


def _routes(
    scheme: RoleScheme, noises: tuple[Noise, ...], window: Window | None
) -> tuple[Route, ...]:
    """One for each channel and each kind of pair that trains it."""
    routes = []
    for channel, spec in enumerate(scheme.channels.values()):
        noise, left, right = noises[channel]
        for kind, label in spec.labels.items():
            own = window
            if own is not None and kind == "left":
                own = own._replace(after=np.zeros_like(own.after))
            elif own is not None and kind == "right":
                own = own._replace(before=np.zeros_like(own.before))
            laws = {"right": right, "left": left}
            if window is None and kind == "left":  # its ends are turned round
                laws = {"right": left, "left": right}
            sides = {"target": ["right"], "source": ["left"], "both": ["right", "left"]}
            drawn = [
                (side, law)
                for side in sides[noise.side]
                if label and left is not None and (law := laws[side]) is not None
            ]
            weight = noise.node_pairs / (noise.shared * len(drawn)) if drawn else 0.0
            routes.append(
                Route(
                    channel, scheme.kinds.index(kind), float(label), own, kind == "left",
                    tuple(drawn), noise.shared, weight, noise.reversed_pairs if label else 0.0,
                )
            )  # fmt: skip
    return tuple(routes)


def num_batches(feed: Feed) -> int:
    """Batches of an epoch."""
    return -(-feed.plan.count // feed.per_batch)


def batches(feed: Feed, epoch: int, first: int = 0) -> Iterator[list[Part]]:
    """The batches of an epoch, from number `first` on."""
    for [parts] in batches_ahead(feed, epoch, first, 1):
        yield parts


def batches_ahead(
    feed: Feed, epoch: int, first: int = 0, most: int = STEPS_AT_ONCE
) -> Iterator[list[list[Part]]]:
    """The same, up to `most` at a time; of large batches fewer, at least one."""
    total = num_batches(feed)
    several: list[list[Part]] = []
    nodes = 0
    # several are drawn at once, which gives the same sequences for less overhead
    for ahead in range(first, total, DRAWN_AT_ONCE):
        begin = ahead * feed.per_batch
        count = min(DRAWN_AT_ONCE * feed.per_batch, feed.plan.count - begin)
        drawn = feed.plan.draw(epoch, begin, count)
        for number, own in enumerate(_each(feed, drawn, count), ahead):
            several.append(list(_parts(feed, own, epoch, number)))
            nodes += sum(len(part.pairs[0]) for part in several[-1])
            if nodes >= NODES_AHEAD or len(several) == most:
                yield several
                several, nodes = [], 0
    if several:
        yield several


def _each(feed: Feed, drawn: Drawn, count: int) -> Iterator[Drawn | Packed]:
    """What each batch has of `count` sequences, pieces or pairs; packed where it is a band."""
    rows = feed.training.block_rows
    if feed.window is not None and isinstance(drawn, Sequences):
        yield from pack_each(drawn, feed.per_batch, rows)
        return
    for a in range(0, count, feed.per_batch):
        own = part_of(drawn, a, min(a + feed.per_batch, count))
        if feed.window is None:
            yield own
        else:
            assert not isinstance(own, Pairs), (
                "check_stencil refuses a window over pairs"
            )
            yield pack_sequences(own, rows)


def _parts(
    feed: Feed, drawn: Drawn | Packed, epoch: int, number: int
) -> Iterator[Part]:
    """One part for each channel and each kind of pair that trains it."""
    if isinstance(drawn, Sequences) and isinstance(feed.stencil, FirstStencil):
        signs = None
        if feed.scheme.kind_of == "sign" and feed.sign is not None:
            signs = path_signs(drawn, _edges(feed), feed.sign)
        drawn = first_pairs(drawn, feed.stencil, feed.plan.alternating, signs)
    if isinstance(drawn, Pairs) and feed.unlinked is not None:
        key = stream_key(feed.seed, "unlinked", epoch, number)
        code = feed.scheme.kinds.index("none")
        drawn = with_unlinked(drawn, feed.unlinked, _edges(feed), key, code)
    if isinstance(drawn, Packed) and not len(drawn.rows):
        return
    for route in feed.routes:
        pairs: Band | Aligned | None
        if isinstance(drawn, Packed):
            assert route.window is not None
            pairs = Band(*drawn, *route.window, route.label)
        else:
            assert isinstance(drawn, Pairs)
            pairs = _aligned(feed, drawn, route)
        if pairs is None:
            continue
        yield _with_noise(feed, route, pairs, epoch, number)
        if route.reversed_pairs:
            yield reversed_part(
                route.channel, pairs, route.reversed_pairs, _edges(feed)
            )


def _edges(feed: Feed) -> Adjacency:
    assert feed.edges is not None, "a recipe of a corpus is refused what needs edges"
    return feed.edges


def _aligned(feed: Feed, drawn: Pairs, route: Route) -> Aligned | None:
    if feed.scheme.kind_of == "sign":
        keep = drawn.kind == route.kind
        drawn = Pairs(*(column[keep] for column in drawn))
    elif route.seen_from_right:  # seen from the target, the source is the left context
        drawn = Pairs(drawn.right, drawn.left, drawn.weight, drawn.kind)
    if not len(drawn.left):
        return None
    size = feed.training.block_pairs
    if feed.counts is not None:
        told = feed.counts
        return counted_pairs(drawn, told.x_max, told.x_power, told.absent, size)
    return cut_pairs(drawn, route.label, size)


def _with_noise(
    feed: Feed, route: Route, pairs: Band | Aligned, epoch: int, number: int
) -> Part:
    blocks = len(pairs.blocks) - 1
    left = right = np.empty((blocks, 0), np.int32)
    for side, law in route.noise:
        key = stream_key(
            feed.seed, f"noise {side}", epoch, number, route.channel, route.kind
        )
        rows = draw_noise(law, key, 0, blocks, route.shared)
        left, right = (left, rows) if side == "right" else (rows, right)
    return Part(route.channel, pairs, right, left, route.noise_weight)
