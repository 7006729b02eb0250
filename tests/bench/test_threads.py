"""Two threads beside one: the same tables, at what CPU-seconds and how much faster by the clock.

A processor runs faster while only one of its cores is at work, and cores share its memory. So
one thread is measured alone, and while another program does the same on the other core: what
two threads take beyond the latter is theirs, the rest is the machine's. All take turns, and the
median of the turns counts, since others use the machine, too.

The clock means something on an idle machine alone: python -m pytest -m bench -s
tests/bench/test_threads.py
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from nodeemb.bench.made import made_graph
from nodeemb.bench.measures import fast
from nodeemb.run import embed

pytestmark = pytest.mark.bench
CHOICES = {
    "deepwalk": ("deepwalk", {}),
    "deepwalk, fast": ("deepwalk", fast()),
    "line2": ("line2", {}),
    "nerd": ("nerd", {}),
}
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


def spent(graph, preset, options, threads):
    """(table, CPU-seconds, seconds by the clock)."""
    cpu, wall = time.process_time(), time.perf_counter()
    made = embed(graph, preset, seed=0, threads=threads, options=options)
    return made.table, time.process_time() - cpu, time.perf_counter() - wall


@pytest.mark.parametrize(
    "nodes, edges, times", [(10_000, 100_000, 7), (100_000, 1_000_000, 3)]
)
@pytest.mark.parametrize("choice", CHOICES)
def test_two_threads_do_the_same_in_less_time(choice, nodes, edges, times):
    preset, options = CHOICES[choice]
    graph = made_graph(nodes, edges)
    if preset != "deepwalk":
        options = options | {"training.epochs": 2}
    spent(made_graph(500, 2000), preset, options, 2)
    runs = []
    with other_program(preset, nodes, edges, options) as other:
        for _ in range(times):
            other(False)
            one, two = (spent(graph, preset, options, threads) for threads in (1, 2))
            other(True)
            runs.append((one, two, spent(graph, preset, options, 1)))
            np.testing.assert_array_equal(one[0], two[0])
            print(*(f"{x:.2f}" for run in runs[-1] for x in run[1:]), flush=True)
    (cpu, wall), (own_cpu, own_wall) = (
        [np.median([run[1][k] / run[one][k] for run in runs]) for k in (1, 2)]
        for one in (0, 2)
    )
    print(
        f"{choice}, {nodes:,} nodes: {cpu:.2f} times the CPU-seconds of one thread, "
        f"{1 / wall:.2f} times as fast; {own_cpu:.2f} and {1 / own_wall:.2f} of one beside "
        "another program",
        flush=True,
    )
    assert own_cpu <= 1.1
