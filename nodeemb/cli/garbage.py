"""When garbage is looked for: not while the program loads, nor in what stays to its end."""

from __future__ import annotations

import gc

_off = False  # by `look_for_none`


def look_for_none() -> None:
    """Looks for no garbage until `look_from_here`."""
    global _off
    _off = gc.isenabled()
    gc.disable()


def look_from_here() -> None:
    """Looks for garbage from here on, and not in what is here by now.

    `main` begins with the search off, and a command calls this when it has what it needs:
    most of what is made until then stays to the end, and to look through it again and again
    took a third of a short run. Nothing where `main` was not called, as in a program that
    calls a command.
    """
    global _off
    if _off:
        _off = False
        gc.freeze()
        gc.enable()
