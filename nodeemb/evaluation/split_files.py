"""Save a split as a folder and read it back, for the graph it was made from.

The folder holds `links.safetensors` (the hidden links as rows) and `manifest.json`. It
appears whole or not at all, and is read only with a graph of the same hash.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nodeemb.errors import DataRefused
from nodeemb.evaluation.split import Split, assemble_split, split_hash
from nodeemb.graph.graph import Graph
from nodeemb.io.atomic import write_bytes_atomically, write_json
from nodeemb.io.folders import new_folder

_LINKS, _MANIFEST = "links.safetensors", "manifest.json"


def save_split(split: Split, path: str | Path) -> Path:
    """Writes the split into a new folder.

    Raises:
        WrongUse: the folder exists; nothing is overwritten.
    """
    from safetensors.numpy import save

    links = save({"test": split.test, "validation": split.validation})
    with new_folder(path) as folder:
        write_bytes_atomically(folder / _LINKS, links)
        write_json(folder / _MANIFEST, split.manifest)
    return Path(path)


def load_split(path: str | Path, graph: Graph) -> Split:
    """Reads a saved split of this graph.

    Args:
        path: the folder `save_split` wrote.
        graph: the whole graph it was made from.

    Raises:
        DataRefused: no split there, one of another graph, or one that was changed.
    """
    path = Path(path)
    manifest = _read_manifest(path)
    if manifest.get("graph_hash") != graph.digest():
        raise DataRefused(
            f"the split belongs to the graph {manifest.get('graph_hash')}, this one is "
            f"{graph.digest()}",
            where=str(path),
            next_step="Read the graph as it was when the split was made: same file, "
            "same options",
        )
    links = _read_links(path)
    if split_hash(manifest, **links) != manifest.get("hash"):
        raise DataRefused(
            "the split is not what was saved: its hash differs",
            where=str(path),
            next_step="Make the split again with split_edges and its seed",
        )
    split = assemble_split(graph, links["test"], links["validation"], {})
    return replace(split, manifest=manifest)


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataRefused(f"no saved split: {error}", where=str(path)) from None
    if not isinstance(manifest, dict) or manifest.get("kind") != "nodeemb split":
        raise DataRefused("its manifest is not that of a split", where=str(path))
    if manifest.get("format") != 1:
        raise DataRefused(
            f"the split has format {manifest.get('format')}",
            where=str(path),
            allowed="Format 1",
            next_step="Read it with the version of nodeemb that wrote it",
        )
    return manifest


def _read_links(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        links = load((path / _LINKS).read_bytes())
        return {name: links[name] for name in ("test", "validation")}
    except (OSError, SafetensorError, KeyError) as error:
        raise DataRefused(
            f"the links of the split cannot be read: {error}", where=str(path)
        ) from None
