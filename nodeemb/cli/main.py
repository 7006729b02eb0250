"""`nodeemb`: embed a graph, evaluate methods, look into graphs, results and presets."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """The entry point of the program.

    What it begins with stays to its end, so that looking through it for garbage is in vain,
    and it has no use for plug-ins of pydantic: the two cost a sixth of a command's start.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()
    try:
        from nodeemb.cli.app import app

        gc.enable()

        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
