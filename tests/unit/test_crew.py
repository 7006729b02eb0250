"""Threads that do shares of the same work."""

import gc
import os
import signal
import subprocess
import sys
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


@pytest.mark.parametrize("handed", [True, False], ids=["handed out", "awaited"])
def test_an_interrupt_is_raised_when_the_others_are_at_rest(handed):
    crew, ended, told = Crew(), [], []
    crew.share_out(lambda *_: None, 2, ())
    tasks = crew._tasks[0]

    class Interrupted:
        def put(self, task):
            tasks.put(task)
            if task.share:
                raise KeyboardInterrupt

    def work(share, _shares):
        if share:
            until = time.monotonic() + 30
            while not told and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.05)
            ended.append(share)
        else:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    if handed:
        crew._tasks[0] = Interrupted()
    # where tests run in the background of a shell, interrupts are ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            crew.share_out(work, 2, (), lambda: told.append("give up"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ended, told) == ([1], ["give up"])
    crew._tasks[0] = tasks
    assert crew.share_out(lambda share, _: share, 2, ()) == [0, 1]


def bad_shares(share, _shares):
    if share:
        raise ValueError("bad")


def test_the_threads_are_kept_and_end_with_the_crew():
    before, crew = set(threading.enumerate()), Crew()

    def own():
        return set(threading.enumerate()) - before

    crew.share_out(lambda *_: None, 1, ())
    assert not own()
    for threads in (4, 2, 4):
        crew.share_out(lambda *_: None, threads, ())
        assert len(own()) == 3
    with pytest.raises(ValueError, match="bad"):
        crew.share_out(bad_shares, 4, ())
    gc.disable()  # it ends without the help of one
    try:
        del crew
        until = time.monotonic() + 10
        while own() and time.monotonic() < until:
            time.sleep(0.01)
        assert not own()
    finally:
        gc.enable()


def test_a_thread_at_rest_holds_nothing_of_its_last_work():
    class Held:
        pass

    crew, held = Crew(), Held()
    ended = threading.Event()
    weakref.finalize(held, ended.set)
    crew.share_out(lambda *_: None, 3, (held,))
    del held
    assert ended.wait(10)


def test_a_crew_may_be_used_until_the_program_ends():
    code = (
        "import atexit\n"
        "from nodeemb.training.backends.crew import Crew\n"
        "kept = []\n"
        "atexit.register(lambda: print(kept[0].share_out(lambda t, n: t, 2, ())))\n"
        "kept.append(Crew())\n"
        "kept[0].share_out(lambda *_: None, 2, ())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[0, 1]\n", done.stderr
