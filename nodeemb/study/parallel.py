"""Do the cells of a study in several processes, each on its share of the threads.

Small graphs cannot keep two threads busy, two cells can. A process takes all cells of one
split of one graph, so that each is read and dealt once, and writes each result itself: what
was done stays done whatever becomes of the others. Numbers do not depend on any of this.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import groupby
from multiprocessing.connection import wait as wait_for_any
from pathlib import Path
from typing import Any

from nodeemb.engine import count_threads
from nodeemb.errors import OutOfResources
from nodeemb.progress import Progress, ProgressFn
from nodeemb.study.cells import do_cell, keep, read_result
from nodeemb.study.options import Study
from nodeemb.study.plan import Cell, Graphs
from nodeemb.study.work import CellDone, Forecast, Job, rounds, share_done

_OFTEN = 0.5  # seconds between looks at what is done
# libraries that would take every core in each process
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Group = tuple[Cell, ...]


def carry_out_in_parts(
    job: Job,
    told: Forecast,
    jobs: int,
    threads: int | None = None,
    progress: ProgressFn | None = None,
    cell_done: CellDone | None = None,
) -> None:
    """Does every cell that is not done, in several processes.

    Args:
        jobs: how many processes, 2 or more; they share the threads.
        job, told, threads, progress, cell_done: as `nodeemb.study.work.carry_out`; cells
            are told of in the order that they end.

    Raises:
        KeyboardInterrupt: with what was kept.
        OutOfResources: a process was ended from outside, such as for its memory.
    """
    each = max(1, count_threads(threads) // jobs)
    left: dict[str, Cell] = {}
    old: dict[str, dict[str, Any] | None] = {}
    done: list[str] = []
    total = job.left
    began = time.monotonic()

    def look() -> None:
        for key, cell in list(left.items()):
            result = read_result(job.folder, key)
            if result is not None and result != old[key]:
                del left[key]
                done.append(key)
                if cell_done is not None:
                    cell_done(len(done), total, cell, result)
        if progress is not None:
            behind = sum(told.cells[key].seconds for key in done)
            task = f"{len(done)} of {total} cells, {jobs} at a time"
            share = share_done(behind, told, len(done) == total)
            progress(Progress(task, share, 0.0, "", None, time.monotonic() - began))

    try:
        with _few_threads(each), _pool(jobs) as pool:
            for cells in rounds(job):
                left |= {cell.key: cell for cell in cells}
                old |= {cell.key: read_result(job.folder, cell.key) for cell in cells}
                parts = {
                    pool.submit(_do, *_sent(job, group, each))
                    for group in _groups(cells)
                }
                while parts:
                    ended, parts = wait(parts, _OFTEN, FIRST_COMPLETED)
                    look()
                    for part in ended:
                        part.result()
    except BrokenProcessPool:
        look()
        raise OutOfResources(
            f"a process was ended from outside, perhaps for its memory; "
            f"{len(done)} of {total} cells are done and kept in {job.folder}",
            next_step="Run fewer at a time: --jobs. The same command goes on",
        ) from None
    except KeyboardInterrupt:
        look()
        raise KeyboardInterrupt(
            f"Interrupted: {len(done)} of {total} cells were done and are kept in "
            f"{job.folder}. The same command goes on."
        ) from None


def _groups(cells: Group) -> Iterator[Group]:
    """Cells of one split of one graph and one seed."""
    for _, alike in groupby(cells, key=lambda c: (c.dataset, c.split, c.seed)):
        yield tuple(alike)


def _sent(
    job: Job, group: Group, threads: int
) -> tuple[dict[str, Any], Group, str, int]:
    return (
        job.study.as_written(),
        group,
        str(job.folder),
        threads,
    )


def _do(
    study: dict[str, Any],
    group: Group,
    folder: str,
    threads: int,
) -> None:
    """What a process does."""
    graphs = Graphs(Study.model_validate(study))
    first = group[0]
    task = graphs.task(first.dataset, first.split, first.seed)
    for cell in group:
        keep(Path(folder), do_cell(cell, task, threads))


@contextmanager
def _few_threads(each: int) -> Iterator[None]:
    """Processes begun within have so many threads in libraries that ask the environment."""
    before = {name: os.environ.get(name) for name in _POOLS}
    os.environ.update(dict.fromkeys(_POOLS, str(each)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with this one, whatever ends it, and at once if interrupted."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepared)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()  # files are written whole or not at all
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepared() -> None:
    """Ctrl-C is the parent's to answer; it ends the others, and its own end is theirs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A process whose parent was killed would go on with what it holds, and then wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait_for_any([parent.sentinel])
    os._exit(1)  # files are written whole or not at all
