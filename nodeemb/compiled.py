"""Compile the inner loops once and keep them on disk, so that later runs start at once.

Kept code is found again by the contents of what made it: the kernel's own file, every file
with kernels or with types they take that it imports, directly or not, numba with its choices, and Python. numba itself looks at the
kernel's own file alone (older versions at its date), so a kernel that calls one of another
file would go on using the old one; and it looks at where the file lies, so that each
environment with the same version of this package would compile its own.

The code lies in `nodeemb` under NUMBA_CACHE_DIR, else XDG_CACHE_HOME, else ~/.cache, so that
an installation that nobody may write to works too; where none of these may be written to,
in a private folder for temporary files. What cannot be kept is compiled again at the next
start. A constant that kernels read must stand in a file
with kernels: other files are not looked at.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import re
import secrets
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import numba
import numpy as np
from numba import prange
from numba.core import caching

__all__ = ["njit", "prange"]

_PACKAGE = Path(__file__).resolve().parent
_MARKS = (b"njit", b"NamedTuple")  # a file with kernels, or with types they take
# choices of numba's that its own record of kept code leaves out
_ASKED = (
    "USING_SVML",
    "BOUNDSCHECK",
    "OPT",
    "DEBUGINFO_DEFAULT",
    "LOOP_VECTORIZE",
    "SLP_VECTORIZE",
)
# comments, and ends of lines that go on, which are no part of an import
_BESIDE = re.compile(r"#[^\n\r]*|\\\r?\n")
_IMPORT = re.compile(
    r"\b(nodeemb(?:[ \t]*\.[ \t]*\w+)*)(?:[ \t]+import\b[ \t]*(\([^)]*\)|[^\n\r;]*))?"
)
_NAME = re.compile(r"\w+")


def njit(
    function: Callable[..., Any] | None = None,
    *,
    parallel: bool = False,
    inline: str = "never",
    fastmath: bool | set[str] = False,
    nogil: bool = False,
    borrowing: bool = False,
) -> Any:
    """Compiles a function at its first call, or takes the code kept on disk.

    Args:
        function: what to compile; None where the decorator is written with options.
        parallel, inline, fastmath, nogil: as numba has them.
        borrowing: the arrays that it is given stay its caller's. numba otherwise counts who
            holds each of them, by instructions that lock memory, whenever a function is
            called. Such a function may neither make arrays nor return any; for those that
            are called for a few rows.
    """
    options: dict[str, Any] = {
        "parallel": parallel,
        "inline": inline,
        "fastmath": fastmath,
        "nogil": nogil,
    }
    if function is None:
        return lambda f: njit(f, **options, borrowing=borrowing)
    kernel = numba.njit(function, _nrt=not borrowing, **options)
    if kernel is not function:  # else the user has turned compiling off
        kernel._cache = _Kept(function)
    return kernel


class _Place(caching._CacheLocator):  # type: ignore[misc]
    """Where the code of a kernel is kept: by contents, wherever its own file lies."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._py_file = function.__code__.co_filename
        self._folder = kept_folder() / _digest(Path(self._py_file).resolve())
        self._line = function.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return self._folder.name

    def get_disambiguator(self) -> str:
        return str(self._line)


class _KeptResult(caching.CompileResultCacheImpl):  # type: ignore[misc]
    """What numba keeps of a kernel, at our place whatever the user's own are."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Place(function)
        name = f"{Path(self._locator._py_file).stem}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))


class _Kept(caching.FunctionCache):  # type: ignore[misc]
    """Code that is kept as long as the disk allows it, and made anew where it is damaged."""

    _impl_class = _KeptResult

    def load_overload(self, *about: Any) -> Any:
        try:
            return super().load_overload(*about)
        except Exception:  # noqa: BLE001  (what a torn pickle raises is anything)
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, *about: Any) -> None:
        # numba numbers the files: two programs that keep at once would take the same number,
        # and one find the other's code in its place
        own = f"{self._impl.filename_base}.{{number:d}}.{secrets.token_hex(4)}.nbc"
        self._cache_file._data_name_pattern = own
        with contextlib.suppress(OSError):
            super().save_overload(*about)


@functools.cache
def _digest(file: Path) -> str:
    """A hash of all that kernels of a file depend on."""
    inside = file.is_relative_to(_PACKAGE)
    where = file.relative_to(_PACKAGE).as_posix() if inside else str(file)
    total = hashlib.blake2b(f"{where} {_made_by()}".encode(), digest_size=10)
    for source in _sources(file):
        total.update(_read(source).digest)
    return total.hexdigest()


def _made_by() -> str:
    """What compiles: another of these makes other code, or code that needs what is not there."""
    asked = {name: int(getattr(numba.config, name, None) or 0) for name in _ASKED}
    return (
        f"numba {numba.__version__} llvmlite {llvmlite.__version__} "
        f"numpy {np.__version__} python {platform.python_version()} {asked}"
    )


class _Source(NamedTuple):
    """A file of this package: a hash of it, has it kernels or their types, its imports."""

    digest: bytes
    marked: bool
    imports: list[Path]


def _sources(file: Path) -> list[Path]:
    """The file, and the files with kernels that it imports, directly or not."""
    seen, waiting = {file}, [file]
    while waiting:
        for path in _read(waiting.pop()).imports:
            if path not in seen:
                seen.add(path)
                waiting.append(path)
    return [file, *sorted(path for path in seen - {file} if _read(path).marked)]


@functools.cache
def _read(file: Path) -> _Source:
    content = file.read_bytes()
    return _Source(
        hashlib.blake2b(content).digest(),
        any(mark in content for mark in _MARKS),
        _imported(content),
    )


def _imported(content: bytes) -> list[Path]:
    """The files of this package that a file imports, and those that its texts name.

    To take a file apart as Python does would take longer than to start the program; one
    file too many only makes a kernel be compiled once more than it need be.
    """
    modules = _modules(_PACKAGE)
    names: list[str] = []
    text = _BESIDE.sub("", content.decode(errors="replace"))
    for module, listed in _IMPORT.findall(text):
        name = "".join(module.split())
        names += [name, *(f"{name}.{one}" for one in _NAME.findall(listed))]
    return [modules[name] for name in names if name in modules]


@functools.cache
def _modules(package: Path) -> dict[str, Path]:
    """The files of a package by the names of their modules."""
    paths = [
        Path(folder, file)
        for folder, _, files in os.walk(package, followlinks=True)
        for file in files
        if file.endswith(".py")
    ]
    return {
        ".".join(("nodeemb", *path.relative_to(package).with_suffix("").parts)): path
        for path in paths
    }


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
    files = (p for p in _modules(_PACKAGE).values() if _MARKS[0] in p.read_bytes())
    return {_digest(file.resolve()) for file in files}


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
