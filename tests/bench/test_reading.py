"""Edge lists are read at their speed, in at most three times the memory of the graph.

Each file is read in a process of its own, once a small one of its kind has brought in
libraries and compiled code. Memory is the process's peak beyond what it held then; the
graph's is its arrays and its ids. Files are made here, with some nodes more popular than
others.
"""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from nodeemb.rng import integers, stream_key, units

pytestmark = pytest.mark.bench

EDGES, NODES = 6_000_000, 1_000_000

JOB = """
import json, resource, sys, time
import numpy as np
import nodeemb as ne

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def now():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def held(graph):
    arrays = [*graph.out, *graph.into, graph.weight, graph.sign]
    ids = graph.ids.to_numpy()
    kept = sum(a.nbytes for a in arrays if a is not None) + ids.nbytes
    return kept + (sum(map(sys.getsizeof, graph.ids)) if ids.dtype == object else 0)

small, big, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
ne.read_edges(small, duplicates="first", **options)
before, wall, cpu = now(), time.perf_counter(), time.process_time()
graph = ne.read_edges(big, duplicates="first", **options)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
rows = graph.num_edges + graph.report.duplicates
print(json.dumps({
    "rows": rows, "nodes": graph.num_nodes,
    "million_edges_a_second": rows / wall / 1e6,
    "million_edges_a_cpu_second": rows / cpu / 1e6,
    "graph_mib": held(graph) / 2**20,
    "times_the_graph": (peak() - before) / held(graph),
}))
"""


def ends(count):
    """Two columns of rows."""
    sources = integers(stream_key(0, "source"), 0, count, NODES)
    targets = (units(stream_key(0, "target"), 0, count) ** 2 * NODES).astype(np.int64)
    return sources, targets


def write_text(path, form, count):
    sources, targets = ends(count)
    with path.open("w") as file:
        for at in range(0, count, 100_000):
            part = slice(at, at + 100_000)
            rows = zip(sources[part].tolist(), targets[part].tolist(), strict=True)
            file.write("".join(form.format(a, b, a % 97 + 1) for a, b in rows))


def write_parquet(path, form, count):
    sources, targets = ends(count)
    parquet.write_table(pa.table({"source": sources, "target": targets}), path)


# name: writer, line, options, million edges a second to reach (None: no promise)
FILES = {
    "whole numbers": (write_text, "{}\t{}\n", {}, 2.0),
    "whole numbers far apart": (
        write_text,
        "7{:07d}0000003\t7{:07d}0000003\n",
        {},
        2.0,
    ),
    "whole numbers, weighted": (write_text, "{},{},{}.125\n", {"weight": 2}, None),
    "text": (write_text, "user-{:07d}\titem/{}\n", {}, 0.7),
    "short text": (write_text, "u{} u{}\n", {}, 0.7),
    "Parquet": (write_parquet, "", {}, None),
}


@pytest.mark.parametrize("name", FILES)
def test_reading(tmp_path, name):
    write, form, options, promised = FILES[name]
    write(tmp_path / "small", form, 1000)
    write(tmp_path / "big", form, EDGES)
    files = [str(tmp_path / "small"), str(tmp_path / "big")]
    done = subprocess.run(
        [sys.executable, "-c", JOB, *files, json.dumps(options)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    print(f"\n{name}: {json.dumps(told, indent=2)}")
    assert told["rows"] == EDGES
    assert told["times_the_graph"] <= 3
    if promised is not None:
        assert told["million_edges_a_second"] >= promised
