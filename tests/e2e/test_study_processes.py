"""The processes of a study that does several cells at a time end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BEGUN = """
import os, time
from nodeemb.study.parallel import _pool
if __name__ == "__main__":
    with _pool(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 600).result()
"""


def alive(number: int) -> bool:
    try:
        told = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return told.rsplit(")", 1)[1].split()[0] != "Z"


def listens() -> None:
    """A program begun in the background of a script would not hear SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_nothing_goes_on_after_the_study_was_ended(tmp_path, how):
    (tmp_path / "begun.py").write_text(BEGUN)
    with subprocess.Popen(
        [sys.executable, tmp_path / "begun.py"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=listens,
    ) as begun:  # fmt: skip
        assert begun.stdout is not None
        process = int(begun.stdout.readline())
        assert alive(process)
        begun.send_signal(how)
        begun.wait(timeout=60)
        end = time.monotonic() + 20
        while alive(process) and time.monotonic() < end:
            time.sleep(0.02)
        left = alive(process)
        if left:
            os.kill(process, signal.SIGKILL)
        assert not left
