"""`nodeemb`: embed a graph, evaluate methods, look into graphs, results and presets."""

from __future__ import annotations

import gc
import os
import sys

from nodeemb.cli.garbage import look_for_none


def main() -> None:
    """The entry point of the program.

    What it begins with stays to its end, so that looking through it for garbage is in vain,
    at the end too (commands begin to look when they have loaded what they need: see
    `nodeemb.cli.garbage`), and it has no use for plug-ins of pydantic.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    look_for_none()
    try:
        from nodeemb.cli.later import load_later

        load_later()
        from nodeemb.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
