"""Two threads beside one: the same tables, at what CPU-seconds and how much faster by the clock.

A processor runs faster while only one of its cores is at work, and cores share its memory. So
one thread is measured alone, and while another program does the same on the other core: what
two threads take beyond the latter is theirs, the rest is the machine's. All take turns, and the
median of the turns counts, since others use the machine, too.

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


def middle(runs):
    """In words, the medians of the turns."""
    ratios = [
        np.median([run[1][k] / run[one][k] for run in runs])
        for one in (0, 2)
        for k in (1, 2)
    ]
    cpu, wall, own_cpu, own_wall = ratios
    return own_cpu, (
        f"{cpu:.2f} times the CPU-seconds of one thread, {1 / wall:.2f} times as fast; "
        f"{own_cpu:.2f} and {1 / own_wall:.2f} of one beside another program"
    )


def spent(graph, preset, options, threads):
    """(table, CPU-seconds, seconds by the clock)."""
    cpu, wall = time.process_time(), time.perf_counter()
    made = embed(graph, preset, seed=0, threads=threads, options=options)
    return made.table, time.process_time() - cpu, time.perf_counter() - wall


@pytest.mark.parametrize(
    "nodes, edges, walks, times", [(10_000, 100_000, 10, 5), (100_000, 1_000_000, 3, 5)]
)
@pytest.mark.parametrize("choice", CHOICES)
def test_two_threads_do_the_same_in_less_time(choice, nodes, edges, walks, times):
    preset, options = CHOICES[choice]
    graph = made_graph(nodes, edges)
    if preset == "deepwalk":
        options = options | {"sampler.walks_per_node": walks}
    else:
        options = options | {"training.epochs": 2}
    spent(made_graph(500, 2000), preset, options, 2)
    runs = []
    with other_program(preset, nodes, edges, options) as other:
        for _ in range(times):
            other(False)
            one, before = spent(graph, preset, options, 1), distance()
            two, after = spent(graph, preset, options, 2), distance()
            other(True)
            beside = spent(graph, preset, options, 1)
            runs.append((one, two, beside, max(before, after) < NEAR))
            np.testing.assert_array_equal(one[0], two[0])
            seconds = (f"{x:.2f}" for run in (one, two, beside) for x in run[1:])
            print(*seconds, f"cores {before:.0f} and {after:.0f} ns apart", flush=True)
    own_cpu, told = middle(runs)
    print(f"{choice}, {nodes:,} nodes: {told}", flush=True)
    for near, words in ((True, "near each other"), (False, "far apart")):
        some = [run for run in runs if run[3] == near]
        if some:
            print(
                f"  {len(some)} turns with cores {words}: {middle(some)[1]}", flush=True
            )
    assert own_cpu <= 1.1
