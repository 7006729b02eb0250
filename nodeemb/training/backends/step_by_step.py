"""Backends that gain nothing by several steps at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from nodeemb.training.batch import Loss, Part


class StepByStep(ABC):
    """A backend that is asked for one step at a time, since each takes a while."""

    at_once = 1

    @abstractmethod
    def step(self, parts: list[Part], rate: float, loss_every: int = 0) -> Loss:
        """As CpuBackend.step."""

    def stacked(self, batches: list[list[Part]]) -> list[list[Part]]:
        """The batches, as `steps` takes them."""
        return batches

    def steps(
        self,
        stacked: list[list[Part]],
        rates: list[float],
        loss_every: list[int],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Loss]:
        """As CpuBackend.steps."""
        meanwhile()
        return [
            self.step(*given) for given in zip(stacked, rates, loss_every, strict=True)
        ]
