"""A million nodes and 16 million edges train at dim 64 in under 4 GiB.

Run in a process of its own, so that the peak is this job's alone.
"""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.bench

JOB = """
import json, resource, time
import numpy as np
from nodeemb.graph.build import from_edges
from nodeemb.rng import integers, stream_key, units
from nodeemb.run import embed

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

n, m = 1_000_000, 16_000_000
begun = time.monotonic()
# ends with a skew: squares of uniform numbers make low rows popular
targets = (units(stream_key(0, "target"), 0, m) ** 2 * n).astype(np.int32)
sources = integers(stream_key(0, "source"), 0, m, n).astype(np.int32)
graph = from_edges(sources, targets, num_nodes=n, duplicates="first")
del sources, targets
built, after_build = time.monotonic() - begun, peak()
result = embed(graph, "line2", dim=64, seed=0, options={"training.epochs": 1})
told = result.manifest["training"]
print(json.dumps({
    "edges": graph.num_edges, "build_seconds": built, "build_gib": after_build,
    "seconds": told["seconds"], "pairs": told["pairs"], "peak_gib": peak(),
    "loss": told["epochs"][-1]["loss"],
}))
"""


def test_a_million_nodes_in_four_gib():
    done = subprocess.run(
        [sys.executable, "-c", JOB], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout.splitlines()[-1])
    print("\n" + json.dumps(told, indent=2))
    assert told["peak_gib"] < 4
    assert told["pairs"] == told["edges"]
