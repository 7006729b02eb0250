"""Puts this folder on the path, so that every test can import the twins and planted graphs."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# what some runners set makes programs write in colour to files, too
for name in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS"):
    os.environ.pop(name, None)

# the first example of a test may compile a kernel; and the same examples come every time
settings.register_profile("nodeemb", deadline=None, derandomize=True, database=None)
settings.load_profile("nodeemb")


@pytest.fixture(scope="session", autouse=True)
def kernels_of_its_own(request):
    """Of two processes that test side by side each first compiles what the other does not:
    on a new machine both would compile the same at once, and it is a third of their time."""
    worker = getattr(request.config, "workerinput", {}).get("workerid")
    preset = {"gw0": "deepwalk", "gw1": "line2"}.get(worker)
    if preset is not None:
        import planted

        from nodeemb.run import embed

        short = {"training.epochs": 1}
        for dtype in ("float32", "float64"):
            embed(planted.directed_ring(5), preset, dim=4, dtype=dtype, options=short)
