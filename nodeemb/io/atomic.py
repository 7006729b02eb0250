"""Write a file whole or not at all: no reader ever sees half of it.

The bytes go to a new file in the same folder, are forced to disk, and only then take
the name asked for. An existing file is kept unless the caller says otherwise.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from nodeemb.errors import NodeembError, OutOfResources, RunFailed, WrongUse


def write_bytes_atomically(
    path: str | os.PathLike[str],
    content: bytes | memoryview,
    *,
    overwrite: bool = False,
) -> Path:
    """Write bytes to a path.

    Args:
        path: the file to make; its folder must exist.
        content: all of the file.
        overwrite: replace a file of this name. Without it an existing file is refused,
            also one that another process makes at the same moment.

    Returns:
        The path.

    Raises:
        WrongUse: the file exists already, or its folder does not.
        OutOfResources: the disk is full.
        RunFailed: the system refuses for another reason.
    """
    with new_file(path, overwrite=overwrite) as file:
        file.write(content)
    return Path(path)


@contextmanager
def new_file(
    path: str | os.PathLike[str], *, overwrite: bool = False
) -> Iterator[BinaryIO]:
    """A file to write bytes into; it gets its name when the block ends without an error.

    Args, Raises: as `write_bytes_atomically`. After an error nothing is left.

    Yields:
        the open file, in a hidden place beside its name.
    """
    path = Path(path)
    # os.link decides in the end, but nobody should wait for a large file to be refused
    if not overwrite:
        check_new_file(path)
    # short, since the system limits how long a name may be
    temporary = path.with_name(f".{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            temporary.replace(path)
        else:
            _name_new(temporary, path)
        _sync_folder(path.parent)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise _refused(error, path) from error
    finally:
        with suppress(OSError):  # a read-only place refuses also where nothing is
            temporary.unlink(missing_ok=True)


def check_new_file(path: str | os.PathLike[str]) -> None:
    """Refuses a file that exists, or one without a folder, before any work is done for it.

    Raises:
        WrongUse: as `write_bytes_atomically`.
    """
    if os.path.lexists(path):
        raise _exists(Path(path))
    if not os.path.isdir(Path(path).parent):  # noqa: PTH112 - False for odd names
        raise _no_folder(Path(path))


def write_text_atomically(
    path: str | os.PathLike[str], text: str, *, overwrite: bool = False
) -> Path:
    """As `write_bytes_atomically`, for text in UTF-8."""
    return write_bytes_atomically(path, text.encode(), overwrite=overwrite)


def write_json(
    path: str | os.PathLike[str], value: Any, *, overwrite: bool = False
) -> Path:
    """As `write_bytes_atomically`, for a value as indented JSON.

    Raises:
        ValueError: the value holds NaN or an infinity, which JSON cannot say.
        TypeError: the value holds something that JSON cannot say.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return write_text_atomically(path, text + "\n", overwrite=overwrite)


def _name_new(temporary: Path, path: Path) -> None:
    """Give the file its name unless the name is taken, in one step where possible."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        temporary.rename(path)


def _sync_folder(folder: Path) -> None:
    """Force the new name itself to disk, where the system can open folders."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems refuse; the file itself is safe
    finally:
        os.close(handle)


def _exists(path: Path) -> WrongUse:
    return WrongUse(
        f"{path} exists",
        allowed="Nothing is overwritten",
        next_step="Choose another name, or remove the file first",
    )


def _no_folder(path: Path) -> WrongUse:
    return WrongUse(
        f"{path} could not be written: there is no folder {path.parent}",
        next_step="Make the folder, or choose another",
    )


def _refused(error: OSError, path: Path) -> NodeembError:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutOfResources(
            f"{path} could not be written: {reason}",
            next_step="Free some space, or write elsewhere; nothing half is left",
        )
    if not path.parent.is_dir():
        return _no_folder(path)
    return RunFailed(
        f"{path} could not be written: {reason}",
        next_step="Check the permissions, or write elsewhere",
    )
