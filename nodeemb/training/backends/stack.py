"""The parts of several steps one behind the other, so that one call does them all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.training.batch import Aligned, Band, Part

Array = np.ndarray


class Stack(NamedTuple):
    """Some steps and their P parts.

    steps: (S + 1,): step s has the parts steps[s] .. steps[s + 1] - 1.
    counts: (S,) slopes of vectors of a step.
    band: (P,) bool: is a part a band, or aligned pairs.
    sides: (P,): the number of the left side's map; the right side's is its neighbour.
    lengths, pitches: (P,) numbers of a vector, and from one to the next.
    at, base: (P,): among a step's slopes the part's first, and where its numbers begin.
    first, last: (P,): its rows, or pairs, among those of its form.
    blocks: of all parts, B + 1 ends each, from `opened` on; opened: (P + 1,).
    noise_right, noise_left: of all parts, block after block; the part's own begin at
        right_at, left_at: (P + 1,).
    noise_weight: (P,) float64.
    longest, noise, wide: rows of the longest block, noise rows of a block on a side, and
        places from the first context of a node to the last, at most: single numbers.
    All numbers are int64 where nothing else is said.
    """

    steps: Array
    counts: Array
    band: Array
    sides: Array
    lengths: Array
    pitches: Array
    at: Array
    base: Array
    first: Array
    last: Array
    blocks: Array
    opened: Array
    noise_right: Array
    noise_left: Array
    right_at: Array
    left_at: Array
    noise_weight: Array
    longest: int
    noise: int
    wide: int


class Bands(NamedTuple):
    """The columns of all bands; those of part p's window begin at windows[p], its pairs left
    out at gaps[p], both (P + 1,)."""

    rows: Array
    start: Array
    stop: Array
    after: Array
    before: Array
    windows: Array
    limits: Array
    labels: Array
    left_out: Array
    gaps: Array


class AlignedPairs(NamedTuple):
    """The columns of all aligned parts."""

    left: Array
    right: Array
    weight: Array
    label: Array


def stack_of(
    batches: list[list[Part]], lengths: list[int], pitches: list[int]
) -> tuple[Stack, Bands | None, AlignedPairs | None, int]:
    """The parts of some batches; lengths, pitches: of each channel's vectors.

    Returns:
        the stack, its bands and its aligned parts, None where there are none, and the
        numbers of the slopes of the largest step.
    """
    parts = [part for batch in batches for part in batch]
    band = [isinstance(part.pairs, Band) for part in parts]
    first, last, at, base = [], [], [], []
    ends, counts, size = [0, 0], [], 0
    for batch in batches:
        count = numbers = 0
        for part in batch:
            own, form = len(part.pairs[0]), isinstance(part.pairs, Band)
            first.append(ends[form])
            ends[form] += own
            last.append(ends[form])
            at.append(count)
            base.append(numbers)
            some = 2 * own + part.noise_right.size + part.noise_left.size
            count, numbers = count + some, numbers + some * pitches[part.channel]
        counts.append(count)
        size = max(size, numbers)
    blocks = np.concatenate([part.pairs.blocks for part in parts])
    windows = [len(p.pairs.after) for p in parts if isinstance(p.pairs, Band)]
    noises = [max(p.noise_right.shape[1], p.noise_left.shape[1]) for p in parts]
    stack = Stack(
        steps=ends_of([len(batch) for batch in batches]),
        counts=np.array(counts),
        band=np.array(band),
        sides=np.array([2 * part.channel + part.reversed for part in parts]),
        lengths=np.array([lengths[part.channel] for part in parts]),
        pitches=np.array([pitches[part.channel] for part in parts]),
        at=np.array(at),
        base=np.array(base),
        first=np.array(first),
        last=np.array(last),
        blocks=blocks,
        opened=ends_of([len(part.pairs.blocks) for part in parts]),
        noise_right=np.concatenate([part.noise_right.ravel() for part in parts]),
        noise_left=np.concatenate([part.noise_left.ravel() for part in parts]),
        right_at=ends_of([part.noise_right.size for part in parts]),
        left_at=ends_of([part.noise_left.size for part in parts]),
        noise_weight=np.array([part.noise_weight for part in parts], np.float64),
        longest=max(1, int(np.diff(blocks).max())),  # a part's blocks begin at 0 again
        noise=max(noises),
        wide=2 * max(windows, default=0) + 1,
    )
    return stack, _bands(parts, band), _aligned(parts), size


def _bands(parts: list[Part], band: list[bool]) -> Bands | None:
    if not any(band):
        return None
    pairs = [part.pairs for part in parts]
    bands = [one for one in pairs if isinstance(one, Band)]
    windows = [len(one.after) if isinstance(one, Band) else 0 for one in pairs]
    gaps = [one.left_out.shape[1] if isinstance(one, Band) else 0 for one in pairs]
    return Bands(
        np.concatenate([one.rows for one in bands]),
        np.concatenate([one.start for one in bands]),
        np.concatenate([one.stop for one in bands]),
        np.concatenate([one.after for one in bands]),
        np.concatenate([one.before for one in bands]),
        ends_of(windows),
        np.array([one.limit if isinstance(one, Band) else 0 for one in pairs]),
        np.array([float(one.label) if isinstance(one, Band) else 0.0 for one in pairs]),
        np.concatenate([one.left_out for one in bands], axis=1),
        ends_of(gaps),
    )


def _aligned(parts: list[Part]) -> AlignedPairs | None:
    aligned = [part.pairs for part in parts if isinstance(part.pairs, Aligned)]
    if not aligned:
        return None
    return AlignedPairs(
        *(np.concatenate([one[k] for one in aligned]) for k in range(4))
    )


def ends_of(sizes: list[int]) -> Array:
    """(len + 1,) int64: where each begins, and the end."""
    return np.cumsum([0, *sizes])
