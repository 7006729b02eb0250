"""`nodeemb`: embed a graph, evaluate methods, look into graphs, results and presets."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point of the program."""
    try:
        from nodeemb.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
