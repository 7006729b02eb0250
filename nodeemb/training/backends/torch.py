"""The torch backend: closed-form slopes in torch, on any torch device.

Blocks are padded to one length and run as one batched product, so a device with many cores
has enough to do. Slopes are summed by `index_put_` with accumulate, which sorts on CUDA and
so gives the same sums each time.
"""

from __future__ import annotations

import numpy as np
import torch

from nodeemb.errors import WrongUse
from nodeemb.roles.layout import Layout, Map
from nodeemb.training.backends.one_thread import one_thread
from nodeemb.training.backends.rounding import rounded
from nodeemb.training.backends.step_by_step import StepByStep
from nodeemb.training.batch import Aligned, Band, Loss, Part
from nodeemb.training.tables import Tables, renew_images


class TorchBackend(StepByStep):
    """Steps of training on a torch device. Args as CpuBackend, and:

    Args:
        device: a torch device, such as "cpu" or "cuda".

    Raises:
        WrongUse: torch does not have this device.
    """

    def __init__(
        self,
        tables: Tables,
        layout: Layout,
        objective: str,
        optimizer: str,
        shift: np.ndarray,
        device: str = "cpu",
        nonnegative: bool = False,
        halved: bool = False,
    ) -> None:
        try:
            self.device = torch.device(device)
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:
            raise WrongUse(
                f"torch {torch.__version__} cannot use the device {device}: {error}",
                next_step="Use the device cpu"
                + ("" if layout.images else ", or the backend cpu"),
            ) from None
        self.layout, self.objective, self.optimizer = layout, objective, optimizer
        self._nonnegative = nonnegative
        self._rounded = rounded if halved else _as_it_is
        self._host = tables
        self._table = torch.from_numpy(tables.table).to(self.device, copy=True)
        self._squares = torch.from_numpy(tables.squares).to(self.device, copy=True)
        self._shift = torch.from_numpy(shift.astype(tables.table.dtype)).to(self.device)
        self._channels = list(layout.channels.values())
        self._nodes = len(tables.table) - layout.core_rows
        self._cores = [
            (slice(*layout.roles[image]), slice(*layout.roles[role]))
            for image, role in layout.images.items()
        ]
        self._stale = False

    @property
    def tables(self) -> Tables:
        """The tables on the host, as numpy arrays that may be written to."""
        if self._stale:
            self._host.table[:] = self._table.cpu().numpy()
            self._host.squares[:] = self._squares.cpu().numpy()
            renew_images(self._host.table, self.layout)
            self._stale = False
        return self._host

    @one_thread()
    def step(self, parts: list[Part], rate: float, loss_every: int = 0) -> Loss:
        """As CpuBackend.step."""
        self._renew_images(parts)
        gathered: list[tuple[torch.Tensor, torch.Tensor]] = []
        total = weight = 0.0
        pairs = 0
        for part in parts:
            loss, mass, count = self._part(part, gathered, loss_every)
            total, weight, pairs = total + loss, weight + mass, pairs + count
        self._update(gathered, rate)
        self._stale = True
        return Loss(total, weight, pairs)

    def _part(
        self,
        part: Part,
        gathered: list[tuple[torch.Tensor, torch.Tensor]],
        loss_every: int,
    ) -> tuple[float, float, int]:
        left_map, right_map = self._channels[part.channel]
        if part.reversed:
            left_map, right_map = right_map, left_map
        left, right, real = self._padded(part.pairs)
        x, y = self._vectors(left, left_map), self._vectors(right, right_map)
        short_x, short_y = self._rounded(x), self._rounded(y)
        if isinstance(part.pairs, Band):
            mask, count = self._band_mask(part.pairs, left, real)
            scores, label = (
                short_x @ short_y.transpose(1, 2),
                torch.full_like(mask, part.pairs.label),
            )
        else:
            mask, label = self._pair_weights(part.pairs, left, right, real)
            scores, count = (x * y).sum(-1), len(part.pairs.left)
        slopes = mask * self._slope(scores, label)
        if isinstance(part.pairs, Band):
            short = self._rounded(slopes)
            dx, dy = short @ short_y, short.transpose(1, 2) @ short_x
        else:
            dx, dy = slopes[..., None] * y, slopes[..., None] * x
        positive = mask * (label > 0)
        losses = mask.new_zeros(len(mask))
        if loss_every:
            losses += (mask * self._value(scores, label)).flatten(1).sum(1)
        masses = (positive, positive)
        if isinstance(part.pairs, Band):
            masses = (positive.sum(2), positive.sum(1))
        for noise, side, near, rows, mass, slot in (
            (part.noise_right, right_map, short_x, left, masses[0], 0),
            (part.noise_left, left_map, short_y, right, masses[1], 1),
        ):
            if not noise.shape[1]:
                continue
            far = self._tensor(noise).long()
            z = self._rounded(self._vectors(far, side))
            noisy = near @ z.transpose(1, 2)
            factor = (
                part.noise_weight
                * mass[..., None]
                * (rows[:, :, None] != far[:, None, :])
            )
            g = self._rounded(factor * self._slope(noisy, torch.zeros_like(noisy)))
            if slot == 0:
                dx = dx + g @ z
            else:
                dy = dy + g @ z
            if loss_every:
                values = self._value(noisy, torch.zeros_like(noisy))
                losses += (factor * values).sum((1, 2))
            self._collect(
                gathered,
                far.reshape(-1),
                (g.transpose(1, 2) @ near).flatten(0, 1),
                side,
            )
        self._collect(gathered, left[real], dx[real], left_map)
        self._collect(gathered, right[real], dy[real], right_map)
        counted = not part.reversed
        if not loss_every:
            return 0.0, 0.0, count * counted
        shown = slice(None, None, loss_every)
        return (
            float(losses[shown].sum()),
            float(mask.flatten(1).sum(1)[shown].sum()) * counted,
            count * counted,
        )

    def _renew_images(self, parts: list[Part]) -> None:
        """The images of the nodes that a batch names, as the tables now have them."""
        if not self.layout.images:
            return
        named = [
            rows.ravel()
            for part in parts
            for rows in (*part.ends, part.noise_right, part.noise_left)
        ]
        rows = self._tensor(np.unique(np.concatenate(named))).long()
        for image, role in self._cores:
            vectors = self._table[rows, role]
            self._table[rows, image] = vectors @ self._core(role).T

    def _core(self, role: slice) -> torch.Tensor:
        """(k, k): the learned core of a role of k columns."""
        rows = slice(self._nodes, self._nodes + role.stop - role.start)
        return self._table[rows, role]

    def _through_cores(
        self, nodes: torch.Tensor, slopes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What slopes of images mean: for the roles they are made of, and for the cores.

            y = F x:    dx += F' dy,    dF += dy x'

        Args:
            nodes: (E,) rows, each once.
            slopes: (E, columns), changed in place.

        Returns:
            (E + core rows,) rows and (E + core rows, columns) slopes.
        """
        of_cores = slopes.new_zeros((self.layout.core_rows, slopes.shape[1]))
        for image, role in self._cores:
            of_image = slopes[:, image]
            of_cores[: role.stop - role.start, role] = (
                of_image.T @ self._table[nodes, role]
            )
            slopes[:, role] += of_image @ self._core(role)
        rows = self._nodes + torch.arange(len(of_cores), device=self.device)
        return torch.cat([nodes, rows]), torch.cat([slopes, of_cores])

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _padded(
        self, pairs: Band | Aligned
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(B, L) left and right rows, and which places are real."""
        sizes = np.diff(pairs.blocks)
        places = pairs.blocks[:-1, None] + np.arange(sizes.max())
        real = places < pairs.blocks[1:, None]
        places = np.where(real, places, 0)
        left = pairs.rows if isinstance(pairs, Band) else pairs.left
        right = pairs.rows if isinstance(pairs, Band) else pairs.right
        return (
            self._tensor(left[places]).long(),
            self._tensor(right[places]).long(),
            self._tensor(real),
        )

    def _band_mask(
        self, band: Band, rows: torch.Tensor, real: torch.Tensor
    ) -> tuple[torch.Tensor, int]:
        """(B, L, L) weights of pairs; and how many places there are in the windows."""
        dtype, wide = self._table.dtype, rows.shape[1]
        window = len(band.after)
        law = np.concatenate([band.before[::-1], [0.0], band.after])
        offset = torch.arange(wide, device=self.device)
        distance = offset[None, :] - offset[:, None]
        inside = distance.abs() <= window
        weights = self._tensor(law).to(dtype)[distance.clamp(-window, window) + window]
        weights = weights * inside
        places = np.minimum(
            band.blocks[:-1, None] + np.arange(wide), len(band.rows) - 1
        )
        start = self._tensor(band.start[places]).long()
        first = self._tensor(band.blocks[:-1]).long()[:, None]
        centre = (offset[None, :] + first - start < band.limit) & real
        same = (
            (start[:, :, None] == start[:, None, :])
            & real[:, None, :]
            & centre[:, :, None]
        )
        used = torch.zeros_like(inside)
        if band.after.max() > 0:
            used |= (distance > 0) & inside
        if band.before.max() > 0:
            used |= (distance < 0) & inside
        count = int((same & used).sum())
        i, j = band.left_out
        block = np.searchsorted(band.blocks, i, side="right") - 1
        same[
            self._tensor(block),
            self._tensor(i - band.blocks[block]),
            self._tensor(j - band.blocks[block]),
        ] = False
        return weights * same * (rows[:, :, None] != rows[:, None, :]), count

    def _pair_weights(
        self,
        pairs: Aligned,
        left: torch.Tensor,
        right: torch.Tensor,
        real: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        places = np.minimum(
            pairs.blocks[:-1, None] + np.arange(left.shape[1]), len(pairs.left) - 1
        )
        dtype = self._table.dtype
        weight = self._tensor(pairs.weight[places]).to(dtype) * real * (left != right)
        return weight, self._tensor(pairs.label[places]).to(dtype)

    def _vectors(self, rows: torch.Tensor, side: Map) -> torch.Tensor:
        """(..., d): the vectors of one side of a channel."""
        length = max(
            [int(p + n) for p, n in zip(side.place, side.length, strict=True)]
            + [int(p) + 1 for p in side.ones]
            + [side.shift + 1]
        )
        out = torch.ones(
            (*rows.shape, length), dtype=self._table.dtype, device=self.device
        )
        for column, place, count, sign in zip(*side[:4], strict=True):
            a, b, k = int(column), int(place), int(count)
            out[..., b : b + k] = self._table[rows, a : a + k] * float(sign)
        if side.shift >= 0:
            out[..., side.shift] = self._shift[rows]
        return out

    def _collect(
        self,
        gathered: list[tuple[torch.Tensor, torch.Tensor]],
        rows: torch.Tensor,
        slopes: torch.Tensor,
        side: Map,
    ) -> None:
        """Keeps slopes (E, d) of rows (E,) as slopes of table columns (E, columns)."""
        out = torch.zeros(
            (len(rows), self._table.shape[1]),
            dtype=self._table.dtype,
            device=self.device,
        )
        for column, place, count, sign in zip(*side[:4], strict=True):
            a, b, k = int(column), int(place), int(count)
            out[:, a : a + k] += slopes[:, b : b + k] * float(sign)
        gathered.append((rows, out))

    def _slope(self, scores: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return (
            scores if self.objective == "squared" else torch.sigmoid(scores)
        ) - label

    def _value(self, scores: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        if self.objective == "squared":
            return 0.5 * (scores - label) ** 2
        return torch.nn.functional.softplus(scores) - scores * label

    def _update(
        self, gathered: list[tuple[torch.Tensor, torch.Tensor]], rate: float
    ) -> None:
        rows = torch.cat([r for r, _ in gathered])
        slopes = torch.cat([s for _, s in gathered])
        touched, place = torch.unique(rows, return_inverse=True)
        total = torch.zeros(
            (len(touched), slopes.shape[1]), dtype=slopes.dtype, device=self.device
        )
        total.index_put_((place,), slopes, accumulate=True)
        if self.layout.images:
            touched, total = self._through_cores(touched, total)
        for r, (name, (a, b)) in enumerate(self.layout.roles.items()):
            if a == b or name in self.layout.images:
                continue
            g = total[:, a:b]
            if self.optimizer != "sgd":
                squares = self._squares[touched, r] + (g**2).mean(1)
                self._squares[touched, r] = squares
                g = g / (squares.sqrt() + 1e-10)[:, None]
            new = self._table[touched, a:b] - rate * g
            if self._nonnegative and b <= self.layout.width:
                new = torch.where(touched[:, None] < self._nodes, new.clamp(min=0), new)
            self._table[touched, a:b] = new


def _as_it_is(values: torch.Tensor) -> torch.Tensor:
    return values
