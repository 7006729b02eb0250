"""Threads that do shares of the same work, which they are given within a tenth of a millisecond:
an executor's locks and futures take longer."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple


class _Task(NamedTuple):
    """What a thread is to do, and where it leaves what came of it."""

    work: Callable[..., Any]
    share: int
    shares: int
    about: tuple[Any, ...]
    give_up: Callable[[], object]
    done: SimpleQueue[tuple[Any, BaseException | None]]


class Crew:
    """Some threads, the caller's own the first of them. The others start when they are
    needed, and end with the crew. It is shared by no two callers at a time, its own
    work among them."""

    def __init__(self) -> None:
        self._tasks: list[SimpleQueue[_Task | None]] = []
        # at the program's end they may be needed until the last moment, and end with it
        weakref.finalize(self, _dismiss, self._tasks).atexit = False

    def share_out(
        self,
        work: Callable[..., Any],
        threads: int,
        about: tuple[Any, ...],
        give_up: Callable[[], object] = lambda: None,
    ) -> list[Any]:
        """Does work(t, threads, *about) for every t below `threads`, side by side.

        Args:
            work: what a share does.
            threads: how many shares there are.
            about: what all of them are given.
            give_up: called when a share has failed, so that the others need not wait for it.

        Returns:
            what each share returned, this thread's first, the others as they were done.

        Raises:
            BaseException: what a share raised, or an interrupt, once all the others are at
                rest.
        """
        while len(self._tasks) < threads - 1:
            tasks: SimpleQueue[_Task | None] = SimpleQueue()
            threading.Thread(target=_work_on, args=(tasks,), daemon=True).start()
            self._tasks.append(tasks)
        done: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        try:
            for share in range(1, threads):
                task = _Task(work, share, threads, about, give_up, done)
                self._tasks[share - 1].put(task)
            results = [work(0, threads, *about)]
            others = [done.get() for _ in range(threads - 1)]
        except BaseException:
            give_up()
            self._await_rest()
            raise
        for result, error in others:
            if error is not None:
                try:
                    raise error
                finally:
                    del error, others  # the error knows this frame, which else knows it
            results.append(result)
        return results

    def _await_rest(self) -> None:
        """Waits until the threads have done all they were given, which they do in turn."""
        done: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        for tasks in self._tasks:
            tasks.put(_Task(_nothing, 0, 0, (), _nothing, done))
        for _ in self._tasks:
            done.get()


def _nothing(*_: Any) -> None:
    """For a thread that is only asked whether it is at rest."""


def _work_on(tasks: SimpleQueue[_Task | None]) -> None:
    while (task := tasks.get()) is not None:
        try:
            task.done.put((task.work(task.share, task.shares, *task.about), None))
        except BaseException as error:  # noqa: BLE001  (raised where the work came from)
            task.give_up()
            task.done.put((None, error))
        del task  # its arrays are not held until the next


def _dismiss(crew: list[SimpleQueue[_Task | None]]) -> None:
    for tasks in crew:
        tasks.put(None)
