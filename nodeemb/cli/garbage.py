"""When garbage is looked for: not while the program loads, nor in what stays to its end."""

from __future__ import annotations

import gc


def look_from_here() -> None:
    """Looks for garbage from here on, and not in what is here by now.

    `main` begins with the search off, and a command calls this when it has what it needs:
    most of what is made until then stays to the end, and to look through it again and again
    took a third of a short run. Nothing where the search is on, as in a program that calls a
    command.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
