"""When garbage is looked for: not while the program loads, nor in what stays to its end."""

from __future__ import annotations

import gc


def look_from_here() -> None:
    """Looks for garbage from here on, and not in what is here by now.

    `main` begins with the search off, and a command calls this when it has what it needs:
    a million objects stay to the end, and to look through them again and again took a
    quarter of a short run. Nothing where the search is on, as in a program that calls a
    command.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
