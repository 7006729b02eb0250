"""Where the files that come with nodeemb are: presets, studies and data sets.

In a checkout they are the top-level folders `configs` and `datasets`; in an installed
package the same folders stand inside it, under `_data`. The inside is looked at first:
beside an installed package there may be a folder `datasets` that belongs to another.
"""

from __future__ import annotations

from pathlib import Path

from nodeemb.errors import WrongUse

_PACKAGE = Path(__file__).resolve().parent
KINDS = {
    "presets": ("configs", "presets"),
    "studies": ("configs", "studies"),
    "datasets": ("datasets",),
    "texts": ("datasets", "text"),
    "words": ("datasets", "words"),
}


def resource_path(*parts: str) -> Path:
    """The path of a file or folder that comes with nodeemb; it may not exist.

    Args:
        parts: steps from the top, such as "configs", "presets", "nerd.yaml".
    """
    inside = _PACKAGE / "_data"
    return (inside if inside.is_dir() else _PACKAGE.parent).joinpath(*parts)


def list_resources(kind: str) -> list[str]:
    """The names of all YAML files of a kind, without their ending, sorted.

    Args:
        kind: one of `KINDS`.

    Raises:
        WrongUse: there is no such kind.
    """
    if kind not in KINDS:
        raise WrongUse(f'no kind of resource "{kind}"', allowed=f"Kinds: {list(KINDS)}")
    return sorted(path.stem for path in resource_path(*KINDS[kind]).glob("*.yaml"))


def checkout_folder() -> Path | None:
    """The project's top folder where nodeemb runs from a checkout, else None."""
    return _PACKAGE.parent if (_PACKAGE.parent / "pyproject.toml").is_file() else None
