"""The CPU backend: fused, any number of threads, always the same result."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numba as nb
import numpy as np

from nodeemb.errors import WrongUse
from nodeemb.objectives.objectives import OBJECTIVES
from nodeemb.prefetch import zeros_of
from nodeemb.roles.layout import Layout, Map
from nodeemb.training.backends.crew import Crew
from nodeemb.training.backends.groups import Chains, Groups, new_chains, new_groups
from nodeemb.training.backends.kernels import Segments
from nodeemb.training.backends.machine import padded
from nodeemb.training.backends.pieces import call_off, new_phases
from nodeemb.training.backends.stack import (
    AlignedPairs,
    Bands,
    Stack,
    ends_of,
    stack_of,
)
from nodeemb.training.backends.steps import Model, Told, do_steps
from nodeemb.training.batch import Loss, Part
from nodeemb.training.batches import STEPS_AT_ONCE
from nodeemb.training.tables import Tables

OPTIMIZERS = {"sgd": 0, "adagrad": 1, "damped": 1}
_A_THREAD = 512  # vectors of a batch from which on a further thread is worth its start
# A thread whose others are long in coming lets whoever wants it have its core, which takes no
# time where nobody does; after so many times in vain it sleeps for so many seconds, too.
_SHORT_RESTS = 50
_REST = 1e-3


class Stacked(NamedTuple):
    """Some batches as `steps` takes them: see `stack_of` and `new_groups`."""

    stack: Stack
    bands: Bands | None
    aligned: AlignedPairs | None
    groups: Groups
    size: int


class About(NamedTuple):
    """What all threads are given, as `do_steps` has it."""

    model: Model
    stack: Stack
    bands: Bands | None
    aligned: AlignedPairs | None
    groups: Groups
    slopes: np.ndarray
    told: Told


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

    at_once = STEPS_AT_ONCE

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
        dtype = tables.table.dtype
        self.threads = max(1, min(threads, nb.config.NUMBA_NUM_THREADS))
        self._crew = Crew()
        self._lengths = list(layout.lengths.values())
        self._pitches = [padded(length, dtype.itemsize) for length in self._lengths]
        self._model = Model(
            *tables,
            edges=np.array([0, *(stop for _, stop in layout.roles.values())], np.int64),
            shift=shift.astype(dtype),
            halves=np.empty(0, np.int16) if halved else None,
            segments=_segments(layout, self._pitches),
            objective=OBJECTIVES[objective],
            optimizer=OPTIMIZERS[optimizer],
            floored=layout.width if nonnegative else 0,
        )
        self._slopes = np.empty(0, dtype)
        self._chains: list[Chains] = []

    def step(self, parts: list[Part], rate: float, loss_every: int = 0) -> Loss:
        """One step: slopes of all parts from the same tables, summed, applied once.

        Args:
            parts: the batch, at least one.
            rate: learning rate.
            loss_every: measure the loss of every so many blocks; 0: none.
        """
        [loss] = self.steps(self.stacked([parts]), [rate], [loss_every])
        return loss

    def stacked(self, batches: list[list[Part]]) -> Stacked:
        """Batches, each with at least one part, as `steps` takes them.

        It touches nothing that steps work on, so it may be called while others are done,
        but not twice at a time.
        """
        stack, bands, aligned, size = stack_of(batches, self._lengths, self._pitches)
        unit = padded(1, self.tables.table.itemsize)
        groups = new_groups(stack, bands, aligned, unit)
        return Stacked(stack, bands, aligned, groups, size)

    def steps(
        self,
        stacked: Stacked,
        rates: list[float],
        loss_every: list[int],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Loss]:
        """One step after another, in one call of compiled code; as `step`, for each batch.

        Where it is interrupted, or fails, the tables may be left in the middle of a step.

        Args:
            stacked: the batches, as `stacked` makes them.
            rates, loss_every: of each.
            meanwhile: called once; the other threads are at the steps by then. This one
                joins them when it is back.
        """
        about = self.about(stacked, rates, loss_every)
        _let_use(self.threads)  # the sampler's too
        threads = max(1, min(self.threads, int(about.stack.counts.max()) // _A_THREAD))
        phases = new_phases(2 * len(rates), threads, every=2)
        chains = self.chains(about.stack, threads)
        done = self._crew.share_out(
            _share,
            threads,
            (meanwhile, phases, chains, *about),
            lambda: call_off(phases),
        )
        return _losses(about.stack, about.told, sum(done))

    def chains(self, stack: Stack, threads: int) -> list[Chains]:
        """Room for each thread to group the slopes of some steps in."""
        most, kept = int(stack.counts.max()), self._chains
        if len(kept) < threads or len(kept[0].before) < most:
            nodes = len(self.tables.table)
            self._chains = [new_chains(nodes, int(most * 1.1)) for _ in range(threads)]
        return self._chains

    def about(
        self, stacked: Stacked, rates: list[float], loss_every: list[int]
    ) -> About:
        """What the threads are given for some steps."""
        stack, bands, aligned, groups, size = stacked
        if size > len(self._slopes):
            self._slopes = zeros_of(int(size * 1.1), self._slopes)
        told = Told(
            np.array(rates, np.float64),
            np.array(loss_every, np.int64),
            np.zeros((len(stack.blocks), 2)),
        )
        return About(self._model, stack, bands, aligned, groups, self._slopes, told)


def _share(
    t: int,
    threads: int,
    meanwhile: Callable[[], object],
    phases: np.ndarray,
    chains: list[Chains],
    *about: Any,
) -> np.ndarray:
    """A thread's share of some steps; the pairs that it did of each part."""
    if t == 0:
        before = nb.get_num_threads()
        try:
            if threads > 1:  # the others are at the steps already
                _let_use(max(1, before // 2))
            meanwhile()
        finally:
            _let_use(before)
    pairs, place = np.zeros(len(about[1].band), np.int64), np.zeros(2, np.int64)
    while not do_steps(t, phases, place, pairs, chains[t], *about):
        if place[1] > _SHORT_RESTS:
            time.sleep(_REST)
        else:
            _let_others_run()
    return pairs


def _let_use(threads: int) -> None:
    """The number of threads of kernels that have some of their own."""
    if nb.get_num_threads() != threads:
        nb.set_num_threads(threads)


def _let_others_run() -> None:
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    else:
        time.sleep(0)


def _losses(stack: Stack, told: Told, pairs_of: np.ndarray) -> list[Loss]:
    """What each step came to; pairs_of: of each part."""
    turned = stack.sides % 2 > 0  # their pairs are noise
    first = stack.steps[:-1]
    pairs = np.add.reduceat(np.where(turned, 0, pairs_of), first)
    own = np.add.reduceat(told.losses, stack.opened[:-1])
    total = np.add.reduceat(own[:, 0], first)
    weight = np.add.reduceat(np.where(turned, 0, own[:, 1]), first)
    return list(map(Loss, total.tolist(), weight.tolist(), pairs.tolist()))


def _segments(layout: Layout, pitches: list[int]) -> Segments:
    """The maps of all sides of all channels."""
    maps = [side for channel in layout.channels.values() for side in channel]
    wholes = [_whole_roles(side, list(layout.roles.values())) for side in maps]
    role, role_place, role_sign = zip(
        *(one for own in wholes for one in own), strict=True
    )
    return Segments(
        ends_of([len(m.column) for m in maps]),
        np.concatenate([m.column for m in maps]),
        np.concatenate([m.place for m in maps]),
        np.concatenate([m.length for m in maps]),
        np.concatenate([m.sign for m in maps]),
        np.concatenate([m.ones for m in maps]),
        ends_of([len(m.ones) for m in maps]),
        np.array([m.shift for m in maps]),
        np.repeat(np.array(pitches), 2),
        ends_of([len(own) for own in wholes]),
        np.array(role),
        np.array(role_place),
        np.array(role_sign),
    )


def _whole_roles(
    side: Map, roles: list[tuple[int, int]]
) -> list[tuple[int, int, float]]:
    """(number, place, sign) of each role in a side's segments, in their order."""
    return [
        (r, int(place + first - column), float(sign))
        for column, place, length, sign in zip(*side[:4], strict=True)
        for r, (first, end) in enumerate(roles)
        if column <= first < end <= column + length
    ]
