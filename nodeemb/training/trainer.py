"""The one trainer: epochs of batches through a backend, watched, stopped when it should.

The trainer knows neither graphs nor methods; a sampler's plan, a stencil and a scheme made
the feed, and a backend does the steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from nodeemb.errors import Diverged
from nodeemb.progress import Progress, ProgressFn
from nodeemb.training.batch import Loss, Part
from nodeemb.training.batches import Feed, batches_ahead, num_batches
from nodeemb.training.state import Epoch, History, State
from nodeemb.training.tables import Tables, all_finite

# The loss is watched in about so many steps of an epoch, on every 16th block of a step:
# its logarithms cost as much as all else that is done for a block.
_LOSS_STEPS = 100
_LOSS_EVERY = 16
_ALL_DONE = History().stopped
_LAST_RATE = 1e-4  # the linear schedule ends at this share of the learning rate


class Backend(Protocol):
    """Something that does steps on tables: reference, cpu or torch.

    Attributes:
        at_once: how many steps it is asked for at a time, at most.
    """

    at_once: int

    @property
    def tables(self) -> Tables:
        """The tables as they are now, on the host."""

    def stacked(self, batches: list[list[Part]]) -> Any:
        """Batches, each with at least one part, as `steps` takes them; touches no table."""

    def steps(
        self,
        stacked: Any,
        rates: list[float],
        loss_every: list[int],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Loss]:
        """A step over each batch, one after another, in place; `meanwhile` is called once,
        and other threads may be at the steps by then."""


AfterSteps = Callable[[State, Backend], None]
Begin = Callable[[np.ndarray], object]


def train(
    backend: Backend,
    feed: Feed,
    progress: ProgressFn | None = None,
    validate: Callable[[np.ndarray], float] | None = None,
    state: State | None = None,
    after_steps: AfterSteps | None = None,
    begin: Begin | None = None,
) -> History:
    """Trains the backend's tables in place.

    Args:
        backend: holds the tables.
        feed: makes the batches.
        progress: called after every few steps.
        validate: table -> a score, higher is better; called after every epoch. The tables
            end as they were after the best epoch.
        state: where an earlier training stood; the backend's tables are of that moment.
        after_steps: called after every few steps; may raise to end training.
        begin: makes of a table, in place, what training began with; without it a copy is
            kept through the first epoch.

    Raises:
        Diverged: the loss became non-finite; the tables are back at the last good epoch.
    """
    state = State() if state is None else state
    if state.good is None and (begin is None or state.epoch > 0):
        state.good = backend.tables.table.copy()
    epochs, history = feed.training.epochs, state.history
    while state.epoch < epochs and history.stopped == _ALL_DONE:
        _run_epoch(backend, feed, state, progress, after_steps)
        _end_epoch(backend, feed, state, validate, begin)
    if len(history.epochs) < epochs and progress is not None:
        progress(_stopped(history, state.total_seconds))
    if state.best is not None:
        backend.tables.table[:] = state.best
    return history


def _end_epoch(
    backend: Backend,
    feed: Feed,
    state: State,
    validate: Callable[[np.ndarray], float] | None,
    begin: Begin | None,
) -> None:
    """Takes stock of an epoch: is it sound, is it the best, was it the last."""
    table, history, number = backend.tables.table, state.history, state.epoch + 1
    if not np.isfinite(state.loss) or not all_finite(table):
        if state.good is not None:
            table[:] = state.good
        elif begin is not None:
            begin(table)
        raise _diverged(feed, state.epoch)
    score = validate(table) if validate else None
    loss = state.loss / state.weight if state.weight else 0.0
    history.epochs.append(Epoch(number, state.pairs, loss, state.seconds, score))
    if number < feed.training.epochs:
        if state.good is None:
            state.good = np.empty_like(table)
        np.copyto(state.good, table)
    earlier = [epoch.validation for epoch in history.epochs[:-1]]
    if score is None:
        history.best_epoch = number
    elif score > max((v for v in earlier if v is not None), default=-np.inf):
        history.best_epoch, state.best = number, table.copy()
    elif number - history.best_epoch >= feed.training.patience:
        history.stopped = f"no better epoch in {feed.training.patience}"
    state.next_epoch()


def _run_epoch(
    backend: Backend,
    feed: Feed,
    state: State,
    progress: ProgressFn | None,
    after_steps: AfterSteps | None,
) -> None:
    """The rest of an epoch, counted in `state`; its loss is NaN where it broke off."""
    epochs, steps = feed.training.epochs, num_batches(feed)
    watched, latest = max(1, steps // _LOSS_STEPS), None
    earlier_pairs, earlier = state.history.pairs, state.total_seconds - state.seconds
    begun = time.monotonic() - state.seconds
    ahead = batches_ahead(feed, state.epoch, state.step, backend.at_once)
    several, following = _made(backend, next(ahead, [])), _Several(0, [], None)

    def go_ahead() -> None:
        nonlocal following
        following = _made(backend, next(ahead, []))

    while several.batches:
        numbers = range(state.step, state.step + several.batches)
        shares = [
            (state.epoch * steps + number) / (epochs * steps) for number in numbers
        ]
        losses = _train_on(
            backend,
            several,
            [_rate(feed, share) for share in shares],
            [0 if number % watched else _LOSS_EVERY for number in numbers],
            go_ahead,
        )
        several = following
        if not all(np.isfinite(loss.total) for loss in losses):
            state.loss = float("nan")
            return
        for loss in losses:
            state.step += 1
            state.pairs += loss.pairs
            state.loss, state.weight = (
                state.loss + loss.total,
                state.weight + loss.weight,
            )
            latest = loss.total / loss.weight if loss.weight else latest
        state.seconds = time.monotonic() - begun
        if progress is not None:
            seconds = earlier + state.seconds
            note = ""
            if state.history.epochs and state.history.epochs[-1].validation is not None:
                note = f"validation {state.history.epochs[-1].validation:.4f}"
            rate = (earlier_pairs + state.pairs) / max(seconds, 1e-9)
            done = (state.epoch * steps + state.step) / (epochs * steps)
            task = f"epoch {state.epoch + 1}/{epochs}"
            progress(Progress(task, done, rate, "pairs", latest, seconds, note))
        if after_steps is not None:
            after_steps(state, backend)


class _Several(NamedTuple):
    """Some batches: how many, which of them have pairs, and these as the backend takes them."""

    batches: int
    full: list[int]
    stacked: Any


def _made(backend: Backend, batches: list[list[Part]]) -> _Several:
    full = [k for k, batch in enumerate(batches) if batch]
    stacked = backend.stacked([batches[k] for k in full]) if full else None
    return _Several(len(batches), full, stacked)


def _train_on(
    backend: Backend,
    several: _Several,
    rates: list[float],
    loss_every: list[int],
    meanwhile: Callable[[], object],
) -> list[Loss]:
    """A step for each batch that has pairs."""
    full, losses = several.full, [Loss(0, 0, 0)] * several.batches
    if not full:
        meanwhile()
        return losses
    found = backend.steps(
        several.stacked,
        [rates[k] for k in full],
        [loss_every[k] for k in full],
        meanwhile,
    )
    for k, loss in zip(full, found, strict=True):
        losses[k] = loss
    return losses


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
