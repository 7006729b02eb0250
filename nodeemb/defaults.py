"""Which preset is taken where none is named.

| what is embedded | preset |
|---|---|
| a corpus | sgns |
| an undirected graph | deepwalk |
| a directed graph | calibrated |
| one of more than a million links | nerd |
| one, with choices that only training has | nerd |

`calibrated` is above the others in nearly every question, and takes ten to twenty times as
long as `nerd`: about ten minutes of CPU on half a million links. It is no training, so it
has no epochs, noise, backend, checkpoint or validation links; who asks for one of these
and for no preset gets the best of those that are trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodeemb.factorise.options import CalibratedOptions
from nodeemb.layers import leaf_names

CORPUS, UNDIRECTED = "sgns", "deepwalk"
DIRECTED, TRAINED = "calibrated", "nerd"
MOST_LINKS = 1_000_000

_ABOUT = {"name", "title", "paper", "deviations", "popularity", "expected"}
_ANY = {"roles.dim", "roles.width", *_ABOUT} | {
    f"factorise.{name}" for name in CalibratedOptions.model_fields if name != "kind"
}


def default_preset(
    directed: bool, links: int | None = None, trains: bool = False
) -> str:
    """The preset of a graph.

    Args:
        directed: whether the graph is.
        links: how many it has; None where that is not known yet.
        trains: whether choices are made that only training has, as `only_training` tells.
    """
    if not directed:
        return UNDIRECTED
    return TRAINED if trains or (links or 0) > MOST_LINKS else DIRECTED


def only_training(*layers: Mapping[str, Any]) -> bool:
    """Whether some of these choices mean nothing to `calibrated`.

    layers: choices by group or by dotted name.
    """
    return any(name not in _ANY for layer in layers for name in leaf_names(layer))
