"""Puts this folder on the path, so that every test can import the twins and planted graphs."""

from __future__ import annotations

import os

from hypothesis import settings

# what some runners set makes programs write in colour to files, too
for name in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS"):
    os.environ.pop(name, None)

# the first example of a test may compile a kernel; and the same examples come every time
settings.register_profile("nodeemb", deadline=None, derandomize=True, database=None)
settings.load_profile("nodeemb")
