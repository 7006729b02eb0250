"""Compile the inner loops once and keep them on disk, so that later runs start at once.

Kept code is found again by the contents of what made it: the kernel's own file, every file
with kernels or with types they take that it imports, directly or not, numba and Python. numba itself looks at the
kernel's own file alone (older versions at its date), so a kernel that calls one of another
file would go on using the old one.

The code lies in `nodeemb` under NUMBA_CACHE_DIR, else XDG_CACHE_HOME, else ~/.cache, so that
an installation that nobody may write to works too; where none of these may be written to,
in a private folder for temporary files. A constant that kernels read must stand in a file
with kernels: other files are not looked at.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import prange

__all__ = ["njit", "prange"]

_PACKAGE = Path(__file__).resolve().parent
_MARKS = (b"njit", b"NamedTuple")  # a file with kernels, or with types they take


def njit(
    function: Callable[..., Any] | None = None,
    *,
    parallel: bool = False,
    inline: str = "never",
    fastmath: bool | set[str] = False,
    nogil: bool = False,
) -> Any:
    """Compiles a function at its first call, or takes the code kept on disk.

    Args:
        function: what to compile; None where the decorator is written with options.
        parallel, inline, fastmath, nogil: as numba has them.
    """
    options: dict[str, Any] = {
        "parallel": parallel,
        "inline": inline,
        "fastmath": fastmath,
        "nogil": nogil,
    }
    if function is None:
        return lambda f: njit(f, **options)
    chosen = numba.config.CACHE_DIR
    file = Path(function.__code__.co_filename)
    numba.config.CACHE_DIR = str(_home(chosen) / _digest(file))
    try:
        return numba.njit(function, cache=True, **options)
    finally:
        numba.config.CACHE_DIR = chosen


@functools.cache
def _digest(file: Path) -> str:
    """A hash of all that kernels of a file depend on."""
    made_by = f"numba {numba.__version__} python {platform.python_version()}"
    total = hashlib.blake2b(made_by.encode(), digest_size=10)
    for source in _sources(file):
        total.update(hashlib.blake2b(source.read_bytes()).digest())
    return total.hexdigest()


def _sources(file: Path) -> list[Path]:
    """The file, and the files with kernels that it imports, directly or not."""
    seen, waiting = {file}, [file]
    while waiting:
        for path in _imported(waiting.pop()):
            if path not in seen:
                seen.add(path)
                waiting.append(path)
    return [
        file,
        *sorted(p for p in seen - {file} if any(m in p.read_bytes() for m in _MARKS)),
    ]


@functools.cache
def _imported(file: Path) -> list[Path]:
    """The files of this package that a file names in its imports."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    paths = (
        _PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        for name in names
        if name.startswith("nodeemb.")
    )
    return [path for path in paths if path.is_file()]


def asked_folder(chosen: str = "") -> Path:
    """Where kept code should lie; `chosen` is what numba was told, or empty.

    Raises:
        RuntimeError: there is no home folder.
    """
    asked = chosen or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(asked) / "nodeemb"


def kept_folder() -> Path:
    """Where kept code does lie: the folder asked for, or a private one."""
    return _home(numba.config.CACHE_DIR)


def names_in_use() -> set[str]:
    """The names that this installation's code may have in that folder, one a file."""
    files = (p for p in _PACKAGE.rglob("*.py") if _MARKS[0] in p.read_bytes())
    return {_digest(file) for file in files}


@functools.cache
def _home(chosen: str) -> Path:
    """The folder of all kept code; `chosen` is the user's own choice, or empty."""
    try:
        folder = asked_folder(chosen)
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # nobody may write there, or there is no home
        return _private_folder()
    return folder


def _private_folder() -> Path:
    """A folder for temporary files that nobody else can have put code into."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"nodeemb-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        mine = not hasattr(os, "getuid") or (
            found.st_uid == user
            and not found.st_mode & 0o022
            and not folder.is_symlink()
        )
    except OSError:
        mine = False
    return folder if mine else Path(tempfile.mkdtemp(prefix="nodeemb-"))
