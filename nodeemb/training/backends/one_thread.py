"""One thread of torch at a time, so that the number of threads decides no digit.

On the processor torch adds slopes that share a row in the order that its threads come to
them: two runs on two threads differ, measured from 256 pairs a batch on. Nor do steps of
this size gain by more threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it torch works on one thread of the processor; on a device it is as it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
