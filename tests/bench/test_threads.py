"""Two threads beside one: the same tables, at what CPU-seconds and how much faster by the clock.

The clock means something on an idle machine alone: python -m pytest -m bench -s
tests/bench/test_threads.py
"""

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
TIMES = 5


def spent(graph, preset, options, threads):
    """(table, CPU-seconds, seconds by the clock)."""
    cpu, wall = time.process_time(), time.perf_counter()
    made = embed(graph, preset, seed=0, threads=threads, options=options)
    return made.table, time.process_time() - cpu, time.perf_counter() - wall


@pytest.mark.parametrize("nodes, edges", [(10_000, 100_000), (100_000, 1_000_000)])
@pytest.mark.parametrize("choice", CHOICES)
def test_two_threads_do_the_same_in_less_time(choice, nodes, edges):
    preset, options = CHOICES[choice]
    graph = made_graph(nodes, edges)
    if preset == "deepwalk":
        options = options | {"sampler.walks_per_node": 10 * 10_000 // nodes}
    else:
        options = options | {"training.epochs": 2}
    spent(made_graph(500, 2000), preset, options, 2)
    runs = [[spent(graph, preset, options, n) for n in (1, 2)] for _ in range(TIMES)]
    for one, two in runs:
        np.testing.assert_array_equal(one[0], two[0])
    cpu, wall = (
        min(pair[1][k] for pair in runs) / min(pair[0][k] for pair in runs)
        for k in (1, 2)
    )
    print(
        f"\n{choice}, {nodes:,} nodes: {cpu:.2f} times the CPU-seconds, {1 / wall:.2f} times as fast"
    )
    assert cpu <= 1.1
