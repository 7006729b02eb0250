"""Two threads beside one: the same tables, at what CPU-seconds and how much faster by the clock.

A processor runs faster while only one of its cores is at work, and cores share its memory. So
one thread is measured alone, and while another program does the same on the other core: what
two threads take beyond the latter is theirs, the rest is the machine's. All take many short
turns, in an order that changes, and the median of the turns counts, since others use the
machine, too: the same work takes up to 1.3 times as long a moment later. How much of the clock
the hypervisor gave to other machines meanwhile (steal, where Linux tells) is told of each turn.

The cores of a virtual machine may share a cache now and lie far from each other a second later,
whatever it says of itself. What one core wrote and the other reads then takes 400 to 700 ns to
come, not 70, so each turn tells how long that was before and after.

The clock means something on an idle machine alone: python -m pytest -m bench -s
tests/bench/test_threads.py
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from nodeemb.bench.made import made_graph
from nodeemb.bench.measures import fast
from nodeemb.run import embed
from nodeemb.training.backends.pieces import _read, _write

pytestmark = pytest.mark.bench
CHOICES = {
    "deepwalk": ("deepwalk", {}),
    "deepwalk, fast": ("deepwalk", fast()),
    "line2": ("line2", {}),
    "nerd": ("nerd", {}),
}
NEAR = 150.0  # nanoseconds
IDLE = 0.01  # of the clock
OTHER = """
import json, logging, sys
from nodeemb.bench.made import made_graph
from nodeemb.run import embed
logging.disable(50)
preset, nodes, edges, options = json.loads(sys.argv[1])
graph = made_graph(nodes, edges)
while True:
    embed(graph, preset, seed=0, threads=1, options=options)
    print(flush=True)
"""


@contextlib.contextmanager
def other_program(*about):
    """A program that trains again and again on one thread; called with True it goes on, with
    False it rests."""
    command = [sys.executable, "-c", OTHER, json.dumps(about)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline()  # it has trained once: all is compiled
            yield lambda on: os.kill(
                other.pid, signal.SIGCONT if on else signal.SIGSTOP
            )
        finally:
            other.kill()


@numba.njit(nogil=True)
def hand_to_and_fro(line, me, times):
    for k in range(times):
        while _read(line, 0) != 2 * k + me:
            pass
        _write(line, 0, 2 * k + me + 1)


def distance(times=20_000):
    """Nanoseconds in which what a core writes reaches the other."""
    line = np.zeros(64, np.int64)
    hand_to_and_fro(line, 0, 0)  # compiled
    both = [
        threading.Thread(target=hand_to_and_fro, args=(line, me, times))
        for me in (0, 1)
    ]
    begun = time.perf_counter()
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    return 1e9 * (time.perf_counter() - begun) / times / 2


def taken():
    """Seconds of all cores that the hypervisor has given to others; 0 where nothing tells."""
    try:
        with Path("/proc/stat").open() as stat:
            return int(stat.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0.0


def middle(turns):
    """The medians of what two threads take: (times the CPU-seconds of one thread, times its
    speed), beside one thread alone and beside one while another program is at work."""
    return [
        (
            float(np.median([turn["two"][0] / turn[one][0] for turn in turns])),
            float(np.median([turn[one][1] / turn["two"][1] for turn in turns])),
        )
        for one in ("one", "beside")
    ]


def in_words(turns):
    (cpu, speed), (own_cpu, own_speed) = middle(turns)
    return (
        f"{cpu:.2f} times the CPU-seconds of one thread, {speed:.2f} times as fast; "
        f"{own_cpu:.2f} and {own_speed:.2f} of one beside another program"
    )


def spent(graph, preset, options, threads):
    """(table, (CPU-seconds, seconds by the clock))."""
    cpu, wall = time.process_time(), time.perf_counter()
    made = embed(graph, preset, seed=0, threads=threads, options=options)
    return made.table, (time.process_time() - cpu, time.perf_counter() - wall)


WAYS = [("one", 1, False), ("two", 2, False), ("beside", 1, True)]
GROUPS = {
    "near cores": lambda turn: turn["apart"] < NEAR,
    "far cores": lambda turn: turn["apart"] >= NEAR,
    "hardly anything stolen": lambda turn: turn["stolen"] < IDLE,
}


@pytest.mark.parametrize(
    "nodes, edges, walks, times",
    [(10_000, 100_000, 5, 31), (100_000, 1_000_000, 1, 15)],
)
@pytest.mark.parametrize("choice", CHOICES)
def test_two_threads_do_the_same_in_less_time(choice, nodes, edges, walks, times):
    preset, options = CHOICES[choice]
    graph = made_graph(nodes, edges)
    if preset == "deepwalk":
        options = options | {"sampler.walks_per_node": walks}
    else:
        options = options | {"training.epochs": 2}
    first, _ = spent(graph, preset, options, 2)  # all is compiled
    turns = []
    with other_program(preset, nodes, edges, options) as other:
        other(False)
        for k in range(times):
            turn, before, lost = {}, distance(), taken()
            begun = time.perf_counter()
            for name, threads, in_company in WAYS[k % 3 :] + WAYS[: k % 3]:
                other(in_company)
                table, turn[name] = spent(graph, preset, options, threads)
                np.testing.assert_array_equal(table, first)
            other(False)
            cores = os.cpu_count() * (time.perf_counter() - begun)
            turn["stolen"] = (taken() - lost) / cores
            turn["apart"] = max(before, distance())
            turns.append(turn)
            seconds = (f"{x:.2f}" for name, *_ in WAYS for x in turn[name])
            print(
                *seconds, f"cores {turn['apart']:.0f} ns apart, "
                f"{turn['stolen']:.1%} of the clock stolen", flush=True,
            )  # fmt: skip
    print(f"{choice}, {nodes:,} nodes: {in_words(turns)}", flush=True)
    for words, belongs in GROUPS.items():
        if some := [turn for turn in turns if belongs(turn)]:
            print(f"  {len(some)} turns, {words}: {in_words(some)}", flush=True)
    assert middle(turns)[1][0] <= 1.1
