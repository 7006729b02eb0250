"""The one trainer: epochs of batches through a backend, watched, stopped when it should.

The trainer knows neither graphs nor methods; a sampler's plan, a stencil and a scheme made
the feed, and a backend does the steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from nodeemb.errors import Diverged
from nodeemb.progress import Progress, ProgressFn
from nodeemb.training.batch import Loss, Part
from nodeemb.training.batches import Feed, batches, num_batches
from nodeemb.training.tables import Tables

# The loss is watched in about so many steps of an epoch, on every 16th block of a step:
# its logarithms cost as much as all else that is done for a block.
_LOSS_STEPS = 100
_LOSS_EVERY = 16
_LAST_RATE = 1e-4  # the linear schedule ends at this share of the learning rate


class Backend(Protocol):
    """Something that does steps on tables: reference, cpu or torch."""

    @property
    def tables(self) -> Tables:
        """The tables as they are now, on the host."""

    def step(self, parts: list[Part], rate: float, loss_every: int = 0) -> Loss:
        """One step over a batch, in place."""


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to. validation is None where there are no validation links."""

    number: int
    pairs: int
    loss: float
    seconds: float
    validation: float | None


@dataclass
class History:
    """All epochs, the best of them, and why training ended."""

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    stopped: str = "all epochs done"

    @property
    def pairs(self) -> int:
        """Positive pairs trained on in all."""
        return sum(e.pairs for e in self.epochs)


def train(
    backend: Backend,
    feed: Feed,
    progress: ProgressFn | None = None,
    validate: Callable[[np.ndarray], float] | None = None,
) -> History:
    """Trains the backend's tables in place.

    Args:
        backend: holds the tables.
        feed: makes the batches.
        progress: called after every batch.
        validate: table -> a score, higher is better; called after every epoch. The tables
            end as they were after the best epoch.

    Raises:
        Diverged: the loss became non-finite; the tables are back at the last good epoch.
    """
    history, started = History(), time.monotonic()
    epochs, patience = feed.training.epochs, feed.training.patience
    good = backend.tables.table.copy()
    best, best_score = None, -np.inf
    for number in range(epochs):
        begun = time.monotonic()
        pairs, loss = _run_epoch(backend, feed, number, history, started, progress)
        if not np.isfinite(loss) or not np.isfinite(backend.tables.table).all():
            backend.tables.table[:] = good
            raise _diverged(feed, number)
        score = validate(backend.tables.table) if validate else None
        history.epochs.append(
            Epoch(number + 1, pairs, loss, time.monotonic() - begun, score)
        )
        if number + 1 < epochs:
            np.copyto(good, backend.tables.table)
        if score is None:
            history.best_epoch = number + 1
            continue
        if score > best_score:
            best_score, best = score, backend.tables.table.copy()
            history.best_epoch = number + 1
        elif number + 1 - history.best_epoch >= patience:
            history.stopped = f"no better epoch in {patience}"
            if progress is not None:
                progress(_stopped(history, time.monotonic() - started))
            break
    if best is not None:
        backend.tables.table[:] = best
    return history


def _run_epoch(
    backend: Backend,
    feed: Feed,
    number: int,
    history: History,
    started: float,
    progress: ProgressFn | None,
) -> tuple[int, float]:
    """One epoch; its pairs and its mean loss a pair (NaN where it broke off)."""
    epochs, steps = feed.training.epochs, num_batches(feed)
    before, watch, latest = history.pairs, max(1, steps // _LOSS_STEPS), None
    pairs, total, weight = 0, 0.0, 0.0
    for step, parts in enumerate(batches(feed, number)):
        share = (number * steps + step) / (epochs * steps)
        every = 0 if step % watch else _LOSS_EVERY
        loss = Loss(0, 0, 0)
        if parts:
            loss = backend.step(parts, _rate(feed, share), every)
        if not np.isfinite(loss.total):
            return pairs, float("nan")
        pairs, total, weight = (
            pairs + loss.pairs,
            total + loss.total,
            weight + loss.weight,
        )
        if progress is not None:
            seconds = time.monotonic() - started
            latest = loss.total / loss.weight if loss.weight else latest
            note = ""
            if history.epochs and history.epochs[-1].validation is not None:
                note = f"validation {history.epochs[-1].validation:.4f}"
            rate = (before + pairs) / max(seconds, 1e-9)
            done = (number * steps + step + 1) / (epochs * steps)
            progress(
                Progress(
                    f"epoch {number + 1}/{epochs}",
                    done,
                    rate,
                    "pairs",
                    latest,
                    seconds,
                    note,
                )
            )
    return pairs, total / weight if weight else 0.0


def _stopped(history: History, seconds: float) -> Progress:
    """The last word of a run that ends before its last epoch."""
    last = history.epochs[-1]
    note = f"epoch {history.best_epoch} was the best"
    rate = history.pairs / max(seconds, 1e-9)
    task = f"stopped after epoch {last.number}"
    return Progress(task, 1.0, rate, "pairs", last.loss, seconds, note)


def _rate(feed: Feed, share: float) -> float:
    start = feed.training.learning_rate
    if feed.training.schedule == "constant":
        return start
    return start * (1 - (1 - _LAST_RATE) * share)


def _diverged(feed: Feed, number: int) -> Diverged:
    rate = feed.training.learning_rate
    kept = (
        f"the tables of epoch {number}" if number else "the tables training began with"
    )
    return Diverged(
        f"the loss became non-finite in epoch {number + 1} (learning_rate {rate:g}, "
        f"optimizer {feed.training.optimizer}); kept {kept}",
        next_step=f"Try training.learning_rate={rate / 10:g}"
        + (
            " or training.optimizer=adagrad" if feed.training.optimizer == "sgd" else ""
        ),
    )
