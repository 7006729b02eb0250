"""How much memory a run may take: the machine's, or the container's where that is less.

What is read of a mapped file counts as memory of the process, page by page, for as long as
it is mapped: `let_go` gives such pages back, so that a file larger than memory can be read
to its end.
"""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

import numpy as np

_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_bytes() -> int | None:
    """Bytes of memory in all, or None where the system does not tell."""
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, OSError, ValueError):
        found = []
    for path in _LIMITS:
        try:
            found.append(int(path.read_text()))
        except (OSError, ValueError):  # no such file, or it says "max"
            continue
    return min(found, default=None)


def peak_bytes() -> int:
    """The most memory that this process has held at once."""
    try:
        # what getrusage tells begins with the memory of the process that started this one
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def let_go(array: np.ndarray) -> None:
    """Gives back the pages of a mapped file; they are read again when they are asked for.

    Args:
        array: a whole map that cannot be written to, or any other array, which stays as it is.
    """
    mapped = array.base
    if not isinstance(mapped, mmap.mmap) or array.flags.writeable:
        return
    if hasattr(mmap, "MADV_DONTNEED"):  # elsewhere the system alone decides
        mapped.madvise(mmap.MADV_DONTNEED)
