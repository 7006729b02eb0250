"""Threads that do shares of the same work."""

import gc
import threading
import time
import weakref

import pytest

from nodeemb.training.backends.crew import Crew


def names_of(share, shares, barrier):
    """Waits until all are here, so that they must run side by side."""
    barrier.wait(10)
    return share, shares, threading.current_thread().name


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_share_is_done_side_by_side_by_a_thread_of_its_own(threads):
    done = Crew().share_out(names_of, threads, (threading.Barrier(threads),))
    assert done[0] == (0, threads, threading.current_thread().name)
    assert sorted(one[:2] for one in done) == [(t, threads) for t in range(threads)]
    assert len({one[2] for one in done}) == threads


@pytest.mark.parametrize("bad", [0, 1])
def test_an_error_is_raised_when_the_others_are_at_rest(bad):
    crew, ended = Crew(), []

    def work(share, _shares):
        if share == bad:
            raise ValueError(f"share {share}")
        time.sleep(0.05)
        ended.append(share)
        return "late"

    with pytest.raises(ValueError, match=f"share {bad}"):
        crew.share_out(work, 3, ())
    assert sorted(ended) == [t for t in range(3) if t != bad]
    assert crew.share_out(lambda share, _: share, 2, ()) == [0, 1]


def test_the_threads_are_kept_and_end_with_the_crew():
    before, crew = threading.active_count(), Crew()
    crew.share_out(lambda *_: None, 1, ())
    assert threading.active_count() == before
    for threads in (4, 2, 4):
        crew.share_out(lambda *_: None, threads, ())
        assert threading.active_count() == before + 3
    del crew
    gc.collect()
    until = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_a_thread_at_rest_holds_nothing_of_its_last_work():
    class Held:
        pass

    crew, held = Crew(), Held()
    ended = threading.Event()
    weakref.finalize(held, ended.set)
    crew.share_out(lambda *_: None, 3, (held,))
    del held
    assert ended.wait(10)
