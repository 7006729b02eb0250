"""Threads that wait for each other in compiled code, and what becomes of those left alone."""

import threading
import time

import numpy as np
import planted
import pytest

from nodeemb import embed
from nodeemb.compiled import njit
from nodeemb.training.backends import cpu
from nodeemb.training.backends.meeting import (
    CALLED_OFF,
    CLOSED,
    OPEN,
    arrive,
    call_off,
    new_meeting,
    open_after,
    wait_after,
)

TIMES = 2000


@njit(nogil=True)
def meet_again_and_again(t, threads, meeting, sums, seen, times):
    """Each adds to a place of its own; the last to arrive adds these up for all to see."""
    for k in range(times):
        sums[t] += t + k
        if arrive(meeting, k, threads):
            seen[0] = sums.sum()
            open_after(meeting, k)
        while wait_after(meeting, k) == CLOSED:
            pass
        seen[1 + t] += seen[0]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_all_see_what_the_last_to_arrive_has_made(threads):
    meeting, sums = new_meeting(), np.zeros(threads, np.int64)
    seen = np.zeros(threads + 1, np.int64)
    times = TIMES if threads < 3 else 50  # there may be fewer cores
    meet_again_and_again(
        0, 1, new_meeting(), np.zeros(1, np.int64), np.zeros(2, np.int64), 1
    )
    others = [
        threading.Thread(
            target=meet_again_and_again, args=(t, threads, meeting, sums, seen, times)
        )
        for t in range(threads)
    ]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
        assert not other.is_alive()
    k = np.arange(times)
    added = threads * k + threads * (threads - 1) // 2
    assert (seen[1:] == np.cumsum(added).sum()).all()


def test_who_is_last_who_waits_and_who_is_told_that_nobody_comes():
    meeting = new_meeting()
    assert [bool(arrive(meeting, 0, 3)) for _ in range(3)] == [False, False, True]
    assert wait_after(meeting, 0) == CLOSED
    open_after(meeting, 0)
    assert wait_after(meeting, 0) == OPEN
    assert not arrive(meeting, 1, 3)
    assert wait_after(meeting, 1) == CLOSED
    call_off(meeting)
    assert wait_after(meeting, 0) == wait_after(meeting, 1) == CALLED_OFF


def trained(threads):
    graph = planted.block_model((40, 40))
    options = {"roles.dim": 8, "sampler.walks_per_node": 20}
    return embed(graph, "deepwalk", seed=0, threads=threads, options=options).table


@pytest.mark.parametrize("late", [0, 1])
def test_a_late_thread_changes_nothing(late, monkeypatch):
    want, whole = trained(1), cpu.do_steps
    begun = []

    def slow(t, *about):
        if t == late and len(begun) < 3:
            begun.append(t)
            time.sleep(0.1)
        return whole(t, *about)

    monkeypatch.setattr(cpu, "do_steps", slow)
    monkeypatch.setattr(cpu, "_A_THREAD", 1)
    np.testing.assert_array_equal(trained(2), want)
    assert len(begun) == 3


@pytest.mark.parametrize("bad", [0, 1])
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_when_a_thread_fails_the_others_do_not_wait_for_it(bad, error, monkeypatch):
    whole, ended = cpu.do_steps, []

    def failing(t, *about):
        if t == bad:
            raise error("no room")
        ended.append(whole(t, *about))
        return ended[-1]

    monkeypatch.setattr(cpu, "do_steps", failing)
    monkeypatch.setattr(cpu, "_A_THREAD", 1)
    with pytest.raises(error, match="no room"):
        trained(2)
    assert ended and ended[-1]
