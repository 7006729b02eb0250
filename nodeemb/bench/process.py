"""A measure in a process of its own, with one thread: nothing before it counts.

    python -m nodeemb.bench.process MEASURE SIZES FILE

SIZES is a JSON list of the fields of `Sizes`; the figures are written to FILE.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from nodeemb.bench.figures import Figure, Sizes
from nodeemb.errors import RunFailed

ONE_THREAD = dict.fromkeys(
    (
        "NODEEMB_THREADS",
        "NUMBA_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "RAYON_NUM_THREADS",
    ),
    "1",
)


def measured(name: str, sizes: Sizes) -> list[Figure]:
    """The figures of a measure or a peer.

    Raises:
        RunFailed: the process failed; its last words are told.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "figures.json")
        command = [sys.executable, "-m", __name__, name, json.dumps(sizes), str(out)]
        done = subprocess.run(
            command,
            env=os.environ | ONE_THREAD,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            words = done.stderr.strip().splitlines()
            last = words[-1] if words else f"exit code {done.returncode}"
            raise RunFailed(f"the measure {name} failed: {last}")
        return [Figure(*row) for row in json.loads(out.read_text())]


def _main(name: str, sizes: str, out: str) -> None:
    from nodeemb.bench.measures import MEASURES
    from nodeemb.bench.peers import PEERS
    from nodeemb.io.atomic import write_json

    figures = (MEASURES | PEERS)[name].run(Sizes(*json.loads(sizes)))
    write_json(out, figures)


if __name__ == "__main__":
    _main(*sys.argv[1:])
