"""Where training stands: everything besides the tables that decides how it goes on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

COUNTS = ("epoch", "step", "pairs", "loss", "weight", "seconds", "resumed")


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


@dataclass
class State:
    """Where training stands, between two steps.

    Attributes:
        epoch: the epoch that is being trained, from 0.
        step: the next step of it.
        pairs, loss, weight: of this epoch so far: pairs, and the loss and the weight of
            the pairs that were watched.
        seconds: of this epoch so far, in all sittings.
        resumed: how often training was taken up again.
        history: the epochs that are done.
        good: the table after the last epoch. In the first one, what training began with,
            or None where that can be made again.
        best: the table after the best epoch; None without validation.
    """

    epoch: int = 0
    step: int = 0
    pairs: int = 0
    loss: float = 0.0
    weight: float = 0.0
    seconds: float = 0.0
    resumed: int = 0
    history: History = field(default_factory=History)
    good: np.ndarray | None = None
    best: np.ndarray | None = None

    @property
    def total_seconds(self) -> float:
        """Of all epochs so far."""
        return self.seconds + sum(e.seconds for e in self.history.epochs)

    def next_epoch(self) -> None:
        """Moves to the first step of the next epoch."""
        self.epoch, self.step, self.pairs = self.epoch + 1, 0, 0
        self.loss = self.weight = self.seconds = 0.0

    def as_dict(self) -> dict[str, Any]:
        """All but the tables, for JSON."""
        return {
            **{name: getattr(self, name) for name in COUNTS},
            "history": asdict(self.history),
        }

    @staticmethod
    def from_dict(data: dict[str, Any]) -> State:
        """The reverse of `as_dict`.

        Raises:
            KeyError, TypeError: it is no such record.
        """
        past = data["history"]
        epochs = [Epoch(**epoch) for epoch in past["epochs"]]
        history = History(epochs, past["best_epoch"], past["stopped"])
        return State(**{name: data[name] for name in COUNTS}, history=history)
