"""What a result was made with: versions and machine, for manifests and reports."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata
from typing import Any

from nodeemb import __version__

_PACKAGES = ("numpy", "scipy", "numba", "torch", "scikit-learn", "pyarrow")


def environment() -> dict[str, Any]:
    """Versions of nodeemb, Python and the packages that decide numbers, and the machine."""
    return {
        "nodeemb": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
    }


@cache  # a package's own sheet takes 4 ms to read
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
