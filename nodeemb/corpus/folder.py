"""How a folder with an encoded corpus is known; loads nothing heavy, for the program's start."""

from __future__ import annotations

import os

MANIFEST = "corpus.json"


def is_corpus(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder with an encoded corpus.

    False for a name that no system takes, where pathlib raises.
    """
    return os.path.isfile(os.path.join(path, MANIFEST))  # noqa: PTH113, PTH118
