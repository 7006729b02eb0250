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
DRAWN_AT_ONCE = 16
NODES_AHEAD = 65_536  # of batches that are made before the first of them is trained on


class Noise(NamedTuple):
    """The noise of a channel.

    left, right: laws of noise nodes at the two ends of a pair, None where there are none;
        `options.side` says which ends are replaced.
    """

    options: NoiseOptions
    left: NoiseLaw | None
    right: NoiseLaw | None


class Feed(NamedTuple):
    """What makes batches: sampler, stencil, scheme, noise.

    noises: of each channel.
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
    noises: tuple[Noise, ...]
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
        plan, stencil, window, scheme, noises, edges, training, per_batch, seed,
        unlinked, sign, counts,
    )  # fmt: skip


def num_batches(feed: Feed) -> int:
    """Batches of an epoch."""
    return -(-feed.plan.count // feed.per_batch)


def batches(feed: Feed, epoch: int, first: int = 0) -> Iterator[list[Part]]:
    """The batches of an epoch, from number `first` on."""
    for [parts] in batches_ahead(feed, epoch, first, 1):
        yield parts


def batches_ahead(
    feed: Feed, epoch: int, first: int = 0, most: int = DRAWN_AT_ONCE
) -> Iterator[list[list[Part]]]:
    """The same, up to `most` at a time; of large batches fewer, at least one."""
    total = num_batches(feed)
    # several are drawn at once, which gives the same sequences for less overhead
    for ahead in range(first, total, DRAWN_AT_ONCE):
        begin = ahead * feed.per_batch
        count = min(DRAWN_AT_ONCE * feed.per_batch, feed.plan.count - begin)
        drawn = feed.plan.draw(epoch, begin, count)
        several: list[list[Part]] = []
        nodes = 0
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
    for channel, spec in enumerate(feed.scheme.channels.values()):
        for kind, label in spec.labels.items():
            code = feed.scheme.kinds.index(kind)
            pairs: Band | Aligned | None
            if isinstance(drawn, Packed):
                pairs = _band(feed, drawn, kind, float(label))
            else:
                assert isinstance(drawn, Pairs)
                pairs = _aligned(feed, drawn, kind, code, float(label))
            if pairs is None:
                continue
            yield _with_noise(feed, channel, pairs, label, epoch, number, kind)
            reversed_pairs = feed.noises[channel].options.reversed_pairs
            if label and reversed_pairs:
                yield reversed_part(channel, pairs, reversed_pairs, _edges(feed))


def _edges(feed: Feed) -> Adjacency:
    assert feed.edges is not None, "a recipe of a corpus is refused what needs edges"
    return feed.edges


def _band(feed: Feed, packed: Packed, kind: str, label: float) -> Band:
    assert feed.window is not None
    after, before, limit = feed.window
    if kind == "left":
        after = np.zeros_like(after)
    elif kind == "right":
        before = np.zeros_like(before)
    return Band(*packed, after, before, limit, label)


def _aligned(
    feed: Feed, drawn: Pairs, kind: str, code: int, label: float
) -> Aligned | None:
    if feed.scheme.kind_of == "sign":
        keep = drawn.kind == code
        drawn = Pairs(*(column[keep] for column in drawn))
    elif kind == "left":  # seen from the target, the source is the left context
        drawn = Pairs(drawn.right, drawn.left, drawn.weight, drawn.kind)
    if not len(drawn.left):
        return None
    size = feed.training.block_pairs
    if feed.counts is not None:
        told = feed.counts
        return counted_pairs(drawn, told.x_max, told.x_power, told.absent, size)
    return cut_pairs(drawn, label, size)


def _with_noise(
    feed: Feed,
    channel: int,
    pairs: Band | Aligned,
    label: int,
    epoch: int,
    number: int,
    kind: str,
) -> Part:
    code = feed.scheme.kinds.index(kind)
    blocks = len(pairs.blocks) - 1
    noise, left, right = feed.noises[channel]
    shared = noise.shared if label and left is not None else 0
    if isinstance(pairs, Aligned) and kind == "left":  # its ends are turned round
        left, right = right, left
    laws = {"right": right, "left": left}
    replaced = {"target": ["right"], "source": ["left"], "both": ["right", "left"]}
    none = np.empty((blocks, 0), np.int32)
    drawn = dict.fromkeys(laws, none)
    sides = replaced[noise.side] if shared else []
    for side in sides:
        law = laws[side]
        assert law is not None
        key = stream_key(feed.seed, f"noise {side}", epoch, number, channel, code)
        drawn[side] = draw_noise(law, key, 0, blocks, shared)
    weight = noise.node_pairs / (shared * len(sides)) if sides else 0.0
    return Part(channel, pairs, drawn["right"], drawn["left"], weight)
