"""The reference backend: torch autograd of the loss, block by block. The definition.

Slow and plain on purpose; every other backend must agree with it step by step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from nodeemb.objectives.objectives import torch_value
from nodeemb.roles.layout import Layout, Map
from nodeemb.training.backends.one_thread import one_thread
from nodeemb.training.backends.rounding import rounded
from nodeemb.training.backends.step_by_step import StepByStep
from nodeemb.training.batch import Aligned, Band, Loss, Part
from nodeemb.training.tables import Tables, renew_images


class ReferenceBackend(StepByStep):
    """Steps of training by autograd, written back to numpy tables. Args as CpuBackend."""

    def __init__(
        self,
        tables: Tables,
        layout: Layout,
        objective: str,
        optimizer: str,
        shift: np.ndarray,
        threads: int = 1,
        nonnegative: bool = False,
        halved: bool = False,
    ) -> None:
        self._product = _Halved.apply if halved else _product
        self.tables, self.layout = tables, layout
        self.objective, self.optimizer = objective, optimizer
        self.nonnegative = nonnegative
        self.shift = torch.from_numpy(shift.astype(tables.table.dtype))

    @one_thread()
    def step(self, parts: list[Part], rate: float, loss_every: int = 0) -> Loss:
        """As CpuBackend.step."""
        table = torch.from_numpy(self.tables.table).clone().requires_grad_()
        whole = self._with_images(table)
        every = torch.zeros((), dtype=table.dtype)
        total = weight = 0.0
        pairs = 0
        for part in parts:
            for b in range(len(part.pairs.blocks) - 1):
                loss, mass, count = self._block(whole, part, b)
                every = every + loss
                pairs += count
                if loss_every and b % loss_every == 0:
                    total, weight = total + float(loss.detach()), weight + mass
        every.backward()
        if table.grad is not None:
            self._update(table.grad.numpy(), rate)
            renew_images(self.tables.table, self.layout)
        return Loss(total, weight, pairs)

    def _with_images(self, table: torch.Tensor) -> torch.Tensor:
        """The table with the images that follow from it, so that slopes go through them."""
        nodes = len(table) - self.layout.core_rows
        whole = table.clone()
        for image, role in self.layout.images.items():
            (a, b), (first, end) = self.layout.roles[role], self.layout.roles[image]
            core = table[nodes : nodes + b - a, a:b]
            whole[:nodes, first:end] = table[:nodes, a:b] @ core.T
        return whole

    def _block(
        self, table: torch.Tensor, part: Part, b: int
    ) -> tuple[torch.Tensor, float, int]:
        left_map, right_map = list(self.layout.channels.values())[part.channel]
        if part.reversed:
            left_map, right_map = right_map, left_map
        first, last = int(part.pairs.blocks[b]), int(part.pairs.blocks[b + 1])
        if isinstance(part.pairs, Band):
            left = right = torch.from_numpy(part.pairs.rows[first:last]).long()
            mask, count = _mask(part.pairs, first, last)
            label = torch.full(mask.shape, part.pairs.label, dtype=table.dtype)
        else:
            left = torch.from_numpy(part.pairs.left[first:last]).long()
            right = torch.from_numpy(part.pairs.right[first:last]).long()
            mask, label = _diagonal(part.pairs, first, last)
            count = last - first
        mask, label = mask.to(table.dtype), label.to(table.dtype)
        mask = mask * (left[:, None] != right[None, :])
        x = self._vectors(table, left, left_map)
        y = self._vectors(table, right, right_map)
        # of aligned pairs each is one inner product, and none of two matrices
        product = self._product if isinstance(part.pairs, Band) else _product
        loss = (mask * torch_value(self.objective, product(x, y), label)).sum()
        mass = mask * (label > 0)
        for noise, side, near, rows, weights in (
            (part.noise_right, right_map, x, left, mass.sum(1)),
            (part.noise_left, left_map, y, right, mass.sum(0)),
        ):
            far = torch.from_numpy(noise[b]).long()
            scores = self._product(near, self._vectors(table, far, side))
            weight = (
                part.noise_weight * weights[:, None] * (rows[:, None] != far[None, :])
            )
            loss = loss + (weight * torch_value(self.objective, scores, 0.0)).sum()
        return (loss, 0.0, 0) if part.reversed else (loss, float(mask.sum()), count)

    def _vectors(
        self, table: torch.Tensor, rows: torch.Tensor, side: Map
    ) -> torch.Tensor:
        """(len(rows), d): the vectors of one side of a channel."""
        length = max(
            [int(p + k) for p, k in zip(side.place, side.length, strict=True)]
            + [int(p) + 1 for p in side.ones]
            + [side.shift + 1]
        )
        columns = [torch.ones(len(rows), dtype=table.dtype)] * length
        for column, place, count, sign in zip(*side[:4], strict=True):
            for c in range(int(count)):
                columns[int(place) + c] = table[rows, int(column) + c] * float(sign)
        if side.shift >= 0:
            columns[side.shift] = self.shift[rows]
        return torch.stack(columns, dim=1)

    def _update(self, slopes: np.ndarray, rate: float) -> None:
        table, squares = self.tables
        for r, (a, b) in enumerate(self.layout.roles.values()):
            if a == b:
                continue
            g = slopes[:, a:b]
            if self.optimizer != "sgd":
                squares[:, r] += (g**2).mean(axis=1)
                g = g / (np.sqrt(squares[:, r : r + 1]) + 1e-10)
            table[:, a:b] -= rate * g
        if self.nonnegative:
            nodes = len(table) - self.layout.core_rows
            vectors = table[:nodes, : self.layout.width]
            vectors[vectors < 0] = 0


class _Halved(torch.autograd.Function):  # type: ignore[misc]
    """x @ y.T with x, y and, for their slopes, the product's own rounded to bfloat16."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(*map(rounded, (x, y)))
        return rounded(x) @ rounded(y).T

    @staticmethod
    def backward(ctx: Any, slopes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = ctx.saved_tensors
        return rounded(slopes) @ y, rounded(slopes).T @ x


def _product(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x @ y.T


def _mask(band: Band, first: int, last: int) -> tuple[torch.Tensor, int]:
    """(L, L) weights of the window's pairs, and how many there are."""
    size = last - first
    mask = torch.zeros((size, size), dtype=torch.float64)
    count = 0
    for i in range(size):
        if first + i - band.start[first + i] >= band.limit:
            continue
        for j in range(
            int(band.start[first + i]) - first, int(band.stop[first + i]) - first
        ):
            weights = band.after if j > i else band.before
            if j != i and abs(j - i) <= len(weights):
                mask[i, j] = weights[abs(j - i) - 1]
                count += bool(weights.max() > 0)
    for i, j in band.left_out.T.tolist():
        if first <= i < last:
            mask[i - first, j - first] = 0
    return mask, count


def _diagonal(
    pairs: Aligned, first: int, last: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Aligned pairs as an (P, P) mask and labels with the pairs on the diagonal."""
    mask = torch.diag(torch.from_numpy(pairs.weight[first:last]))
    label = torch.diag(torch.from_numpy(pairs.label[first:last]))
    return mask, label
