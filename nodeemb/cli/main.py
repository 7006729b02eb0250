"""`nodeemb`: embed a graph, evaluate methods, look into graphs, results and presets."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """The entry point of the program."""
    # Threads that wait for each other by spinning take the cores from those that work:
    # with any other program on the machine training was seven times slower than it had to
    # be. The OpenMP library reads this when numba loads it.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        from nodeemb.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
