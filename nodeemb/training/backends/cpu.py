"""The CPU backend: fused, any number of threads, always the same result."""

from __future__ import annotations

import numba as nb
import numpy as np

from nodeemb.errors import WrongUse
from nodeemb.objectives.objectives import OBJECTIVES
from nodeemb.prefetch import zeros_of
from nodeemb.roles.layout import Layout
from nodeemb.training.backends import kernels
from nodeemb.training.backends.crew import Crew
from nodeemb.training.backends.machine import padded
from nodeemb.training.batch import Band, Loss, Part
from nodeemb.training.tables import Tables

OPTIMIZERS = {"sgd": 0, "adagrad": 1, "damped": 1}
_A_THREAD = 512  # vectors of a batch from which on a further thread is worth its start


class CpuBackend:
    """Steps of training on numpy tables, in place.

    Args:
        tables: what is trained.
        layout: columns of roles, biases and channels.
        objective: "logistic" or "squared".
        optimizer: "adagrad", "damped" (its squares begin higher) or "sgd".
        shift: (num_nodes,) added to every score with that right node; empty for none.
        threads: at least 1; changes the speed and nothing else.
        nonnegative: columns of roles that an update takes below 0 are put back to 0.
        halved: products of blocks are of bfloat16.

    Raises:
        WrongUse: the scheme has a learned core, which the kernels know nothing of.
    """

    def __init__(
        self,
        tables: Tables,
        layout: Layout,
        objective: str,
        optimizer: str,
        shift: np.ndarray,
        threads: int,
        nonnegative: bool = False,
        halved: bool = False,
    ) -> None:
        if layout.images:
            raise WrongUse(
                f"the backend cpu cannot train the learned core of {min(layout.images)}",
                allowed="The backends torch and reference",
            )
        self.tables, self.layout = tables, layout
        self.objective = OBJECTIVES[objective]
        self.optimizer = OPTIMIZERS[optimizer]
        dtype = tables.table.dtype
        self.shift = shift.astype(dtype)
        self._halves = np.empty(0, np.int16) if halved else None
        self.threads = max(1, min(threads, nb.config.NUMBA_NUM_THREADS))
        self._crew = Crew()
        self._floored = layout.width if nonnegative else 0
        self._channels = list(layout.channels.values())
        self._lengths = list(layout.lengths.values())
        self._pitches = [padded(length, dtype.itemsize) for length in self._lengths]
        maps = [side for channel in self._channels for side in channel]
        ends = np.cumsum([0, *(len(m.column) for m in maps)])
        self._segments = kernels.Segments(
            pointers=ends.astype(np.int64),
            column=np.concatenate([m.column for m in maps]),
            place=np.concatenate([m.place for m in maps]),
            length=np.concatenate([m.length for m in maps]),
            sign=np.concatenate([m.sign for m in maps]),
            pitches=np.repeat(np.array(self._pitches), 2),
        )
        self._edges = np.array(
            [0, *(stop for _, stop in layout.roles.values())], dtype=np.int64
        )
        self._head = np.full(len(tables.table), -1, np.int32)
        self._slopes = _room_for(0, 0, dtype)
        self._grouped = np.empty((4, 0), np.int32)

    def step(self, parts: list[Part], rate: float, loss_every: int = 0) -> Loss:
        """One step: slopes of all parts from the same tables, summed, applied once.

        Args:
            parts: the batch.
            rate: learning rate.
            loss_every: measure the loss of every so many blocks; 0: none.
        """
        dtype = self.tables.table.dtype
        counts = [_count(part) for part in parts]
        sizes = [
            count * self._pitches[part.channel]
            for part, count in zip(parts, counts, strict=True)
        ]
        count, size = sum(counts), sum(sizes)
        if count > len(self._slopes.nodes) or size > len(self._slopes.values):
            self._slopes = _room_for(int(count * 1.1), int(size * 1.1), dtype)
            self._grouped = np.empty((4, int(count * 1.1)), np.int32)
        nb.set_num_threads(self.threads)  # the sampler's too
        threads = max(1, min(self.threads, count // _A_THREAD))
        total = weight = 0.0
        pairs = base = at = 0
        for part, size, count in zip(parts, sizes, counts, strict=True):
            losses, counted = self._slopes_of(part, at, base, loss_every, threads)
            if loss_every:
                total += losses[:, 0].sum()
                weight += losses[:, 1].sum()
            pairs, base, at = pairs + counted, base + size, at + count
        self._apply(at, rate, threads)
        return Loss(float(total), float(weight), int(pairs))

    def _slopes_of(
        self, part: Part, at: int, base: int, loss_every: int, threads: int
    ) -> tuple[np.ndarray, int]:
        """Slopes of a part, from number `at` and place `base` on; losses, and its pairs."""
        left, right = self._channels[part.channel]
        if part.reversed:
            left, right = right, left
        pairs = part.pairs
        losses = np.zeros((len(pairs.blocks) - 1, 2))
        about = (
            self.tables.table, self.shift, self._halves, left, right,
            2 * part.channel + part.reversed,
            self._lengths[part.channel], self._pitches[part.channel],
            *pairs,
            part.noise_right, part.noise_left, part.noise_weight, self.objective,
            self._slopes, at, base, loss_every, losses,
        )  # fmt: skip
        if isinstance(pairs, Band):
            counted = sum(self._crew.share_out(kernels.band_blocks, threads, about))
        else:
            self._crew.share_out(kernels.aligned_blocks, threads, about)
            counted = len(pairs.left)
        if part.reversed:
            losses[:, 1], counted = 0, 0
        return losses, counted

    def _apply(self, count: int, rate: float, threads: int) -> None:
        """Updates each node by the sum of its slopes, which are the first `count`."""
        following, touched, order, ends = self._grouped
        nodes = kernels.group(
            self._slopes.nodes[:count], self._head, following, touched, order, ends
        )
        about = (
            *self.tables, self._edges, self._slopes, self._segments,
            order, ends[:nodes], touched, self.optimizer, rate, self._floored,
        )  # fmt: skip
        self._crew.share_out(kernels.apply_share, threads, about)


def _count(part: Part) -> int:
    """How many slopes of vectors a part has."""
    return 2 * len(part.pairs[0]) + part.noise_right.size + part.noise_left.size


def _room_for(count: int, size: int, dtype: np.dtype) -> kernels.Slopes:
    """Room for the slopes of `count` vectors, of `size` numbers in all."""
    return kernels.Slopes(
        zeros_of(size, np.empty(0, dtype)),
        np.empty(count, np.int32),
        np.empty(count, np.int8),
        np.empty(count, np.int64),
    )
