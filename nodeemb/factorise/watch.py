"""How far a factorisation is: stages that share out the whole."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from nodeemb.progress import Progress, ProgressFn


@dataclass(frozen=True)
class Watch:
    """Tells progress of the part first..last of the whole; nothing where no one asks.

    notes: what the user should know of the result, gathered over all stages.
    """

    progress: ProgressFn | None = None
    first: float = 0.0
    last: float = 1.0
    begun: float = field(default_factory=time.monotonic)
    notes: list[str] = field(default_factory=list)

    def part(self, first: float, last: float) -> Watch:
        """A stage of this one, by its shares."""
        span = self.last - self.first
        return replace(
            self, first=self.first + first * span, last=self.first + last * span
        )

    def tell(self, task: str, share: float, note: str = "") -> None:
        """Says what is being done, and how much of this stage is behind."""
        if self.progress is not None:
            whole = self.first + share * (self.last - self.first)
            seconds = time.monotonic() - self.begun
            self.progress(Progress(task, whole, 0.0, "", None, seconds, note))
