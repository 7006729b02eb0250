"""Write a folder of files whole or not at all.

The files are made in a hidden folder beside the one asked for, forced to disk, and the
folder then gets its name in one step. An existing folder is never touched.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodeemb.errors import RunFailed, WrongUse


def check_new_folder(path: str | Path) -> Path:
    """Refuses a folder that exists or cannot be made, before any work is done for it.

    Raises:
        WrongUse: it exists (nothing is overwritten), its parent is no folder, or its name
            is one that the system does not take.
    """
    path = Path(path)
    if _exists(path):
        raise WrongUse(
            f"{path} exists",
            allowed="Nothing is overwritten",
            next_step="Choose another folder",
        )
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise WrongUse(f"{path} cannot be made: {parent} is not a folder")
    if not os.access(parent, os.W_OK):
        raise WrongUse(
            f"{path} cannot be made: {parent} may not be written to",
            next_step="Choose another folder",
        )
    return path


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """A folder to write into; it gets its name when the block ends without an error.

    Args:
        path: the folder to make; parents are made.

    Yields:
        a hidden folder beside it. After an error it is removed, and nothing is left.

    Raises:
        WrongUse: as `check_new_folder`.
        RunFailed: the system refuses the folder or its new name.
    """
    path = check_new_folder(path)
    # short, since the system limits how long a name may be
    hidden = path.with_name(f".{secrets.token_hex(4)}.part")
    _make(hidden, path)
    try:
        yield hidden
        handle = os.open(hidden, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        check_new_folder(path)
        try:
            hidden.rename(path)
        except OSError as error:
            raise RunFailed(f"{path} could not be named: {error.strerror}") from None
    finally:
        if hidden.exists():
            shutil.rmtree(hidden, ignore_errors=True)


def _exists(path: Path) -> bool:
    """Is there anything of this name.

    Raises:
        WrongUse: the system takes no such name, one that is too long for example.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WrongUse(
            f"{path} cannot be made: {reason}", next_step="Choose another folder"
        ) from None
    return True


def _make(hidden: Path, path: Path) -> None:
    try:
        hidden.parent.mkdir(parents=True, exist_ok=True)
        hidden.mkdir()
    except OSError as error:
        raise RunFailed(
            f"{path} could not be made: {error.strerror}",
            next_step="Choose another folder",
        ) from None
