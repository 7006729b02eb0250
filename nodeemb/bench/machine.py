"""What a figure was made with: the machine, the commit or version, and the packages."""

from __future__ import annotations

import os
import subprocess
from importlib import metadata
from typing import Any

from nodeemb import __version__
from nodeemb.doctor import processor
from nodeemb.resources import checkout_folder

_PACKAGES = ("numpy", "numba", "torch")


def made_with() -> dict[str, Any]:
    """What is told of a figure beside its value; `machine` says which are compared."""
    return {
        "machine": processor(),
        "nodeemb": __version__,
        "commit": _commit(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _commit() -> str | None:
    """The checkout's commit, "+" behind it where files differ; None where there is none."""
    folder = checkout_folder()
    if folder is None:
        return None
    try:
        commit, changed = (
            subprocess.run(
                ["git", "-C", os.fspath(folder), *args],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for args in (
                ("rev-parse", "--short=12", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no"),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+" if changed else commit


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
