"""The CPU backend: fused, any number of threads, always the same result."""

from __future__ import annotations

import numba as nb
import numpy as np

from nodeemb.errors import WrongUse
from nodeemb.objectives.objectives import OBJECTIVES
from nodeemb.roles.layout import Layout
from nodeemb.training.backends import kernels
from nodeemb.training.backends.products import padded
from nodeemb.training.batch import Band, Loss, Part
from nodeemb.training.tables import Tables

OPTIMIZERS = {"sgd": 0, "adagrad": 1, "damped": 1}


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
    ) -> None:
        if layout.images:
            raise WrongUse(
                f"the backend cpu cannot train the learned core of {min(layout.images)}",
                allowed='backend="torch", which is also taken where none is named, or '
                '"reference" (slow)',
            )
        self.tables, self.layout = tables, layout
        self.objective = OBJECTIVES[objective]
        self.optimizer = OPTIMIZERS[optimizer]
        dtype = tables.table.dtype
        self.shift = shift.astype(dtype)
        self.threads = max(1, min(threads, nb.config.NUMBA_NUM_THREADS))
        self._floored = layout.width if nonnegative else 0
        self._channels = list(layout.channels.values())
        self._lengths = list(layout.lengths.values())
        self._pitches = [padded(length, dtype.itemsize) for length in self._lengths]
        maps = [side for channel in self._channels for side in channel]
        ends = np.cumsum([0, *(len(m.column) for m in maps)])
        self._segments = (
            ends.astype(np.int64),
            *(np.concatenate([m[i] for m in maps]) for i in range(4)),
        )
        self._side_pitches = np.repeat(np.array(self._pitches), 2)
        self._edges = np.array(
            [0, *(stop for _, stop in layout.roles.values())], dtype=np.int64
        )
        self._head = np.full(len(tables.table), -1, np.int32)
        self._slopes = np.empty(0, dtype)

    def step(self, parts: list[Part], rate: float, loss_every: int = 0) -> Loss:
        """One step: slopes of all parts from the same tables, summed, applied once.

        Args:
            parts: the batch.
            rate: learning rate.
            loss_every: measure the loss of every so many blocks; 0: none.
        """
        nb.set_num_threads(self.threads)
        sizes = [self._size(part) for part in parts]
        if sum(sizes) > len(self._slopes):
            self._slopes = np.empty(int(sum(sizes) * 1.1), self.tables.table.dtype)
        counts = [_count(part) for part in parts]
        rows = np.empty(sum(counts), np.int32)
        sides, offsets = np.empty_like(rows), np.empty(len(rows), np.int64)
        total = weight = 0.0
        pairs = base = at = 0
        for part, size, count in zip(parts, sizes, counts, strict=True):
            losses, counted = self._slopes_of(part, base, loss_every)
            total, weight = total + losses[:, 0].sum(), weight + losses[:, 1].sum()
            pairs += counted
            own = slice(at, at + count)
            kernels.name_slopes(
                *part.ends, part.noise_right, part.noise_left,
                2 * part.channel + part.reversed, base, self._pitches[part.channel],
                rows[own], sides[own], offsets[own],
            )  # fmt: skip
            base, at = base + size, at + count
        self._apply(rows, sides, offsets, rate)
        return Loss(float(total), float(weight), int(pairs))

    def _size(self, part: Part) -> int:
        """Floats that a part's slopes take."""
        return _count(part) * self._pitches[part.channel]

    def _slopes_of(
        self, part: Part, base: int, loss_every: int
    ) -> tuple[np.ndarray, int]:
        left, right = self._channels[part.channel]
        if part.reversed:
            left, right = right, left
        pairs = part.pairs
        losses = np.zeros((len(pairs.blocks) - 1, 2))
        head = (
            self.tables.table,
            self.shift,
            left,
            right,
            self._lengths[part.channel],
            self._pitches[part.channel],
        )
        tail = (
            part.noise_right,
            part.noise_left,
            part.noise_weight,
            self.objective,
            self._slopes,
            base,
            loss_every,
            losses,
            self.threads,
        )
        if isinstance(pairs, Band):
            counted = kernels.band_part(*head, *pairs, *tail)
        else:
            kernels.aligned_part(*head, *pairs, *tail)
            counted = len(pairs.left)
        if part.reversed:
            losses[:, 1], counted = 0, 0
        return losses, counted

    def _apply(
        self, rows: np.ndarray, sides: np.ndarray, offsets: np.ndarray, rate: float
    ) -> None:
        following, touched, order, ends = np.empty((4, len(rows)), np.int32)
        count = kernels.group(rows, self._head, following, touched, order, ends)
        kernels.apply(
            *self.tables,
            self._edges,
            self._slopes,
            offsets,
            sides,
            self._side_pitches,
            *self._segments,
            order,
            ends[:count],
            touched[:count],
            self.optimizer,
            rate,
            self._floored,
            self.threads,
        )


def _count(part: Part) -> int:
    """How many slopes of vectors a part has."""
    return 2 * len(part.pairs[0]) + part.noise_right.size + part.noise_left.size
