"""The compiled code that is kept on disk: where it lies, how much, and what is no longer used.

Every change of a kernel, of numba or of Python gives its code another folder, and the old
ones stay: another installation may still use them, and nothing tells which. Cleaning
therefore removes what this installation does not use, and where another one did, it
compiles again at its next start.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from nodeemb.compiled import asked_folder, kept_folder, names_in_use

_NAME = re.compile(r"[0-9a-f]{20}")
_AT_WORK = 3600.0  # seconds after a change in which somebody may still be at work


class Kept(NamedTuple):
    """What is kept.

    folder: where it lies.
    writable: whether that is where it should lie; else it is a folder for temporary files.
    used, old: folders that this installation uses, and others.
    used_bytes, old_bytes: their sizes.
    """

    folder: Path
    writable: bool
    used: list[Path]
    old: list[Path]
    used_bytes: int
    old_bytes: int


def look() -> Kept:
    """Counts and measures what is kept, and removes nothing."""
    import numba

    folder, names = kept_folder(), names_in_use()
    found = [p for p in sorted(folder.iterdir()) if _is_ours(p)]
    used = [p for p in found if p.name in names]
    old = [p for p in found if p.name not in names]
    try:
        writable = folder == asked_folder(numba.config.CACHE_DIR)
    except RuntimeError:
        writable = False
    return Kept(folder, writable, used, old, _bytes(used), _bytes(old))


def clean() -> tuple[int, int, int]:
    """Removes the folders that this installation does not use.

    Those that changed within the last hour stay: another installation may be at work.

    Returns:
        how many were removed, their bytes, and how many were left.
    """
    removed = size = left = 0
    for path in look().old:
        if time.time() - _changed(path) < _AT_WORK:
            left += 1
            continue
        length = _bytes([path])
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():
            left += 1
        else:
            removed, size = removed + 1, size + length
    return removed, size, left


def _is_ours(path: Path) -> bool:
    """Whether nodeemb made the folder, by its name; links are never followed."""
    return bool(_NAME.fullmatch(path.name)) and path.is_dir() and not path.is_symlink()


def _bytes(folders: list[Path]) -> int:
    files = (path for folder in folders for path in folder.rglob("*"))
    return sum(found.st_size for path in files if (found := _stat(path)))


def _changed(folder: Path) -> float:
    """When anything in it changed last."""
    paths = [folder, *folder.rglob("*")]
    return max(
        (found.st_mtime for path in paths if (found := _stat(path))), default=0.0
    )


def _stat(path: Path) -> os.stat_result | None:
    """None where another process has just removed it."""
    try:
        return path.lstat()
    except OSError:
        return None
