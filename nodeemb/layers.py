"""Choices in groups within groups: laid over each other, and named by dots."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from nodeemb.errors import WrongUse


def leaf_names(choices: Mapping[str, Any], before: str = "") -> list[str]:
    """The dotted names of all leaves of choices in groups."""
    names: list[str] = []
    for key, value in choices.items():
        inner = isinstance(value, Mapping) and value
        names += leaf_names(value, f"{before}{key}.") if inner else [before + key]
    return names


def nested(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as groups within groups, whatever the order they come in."""
    layer: dict[str, Any] = {}
    for name, value in overrides.items():
        *path, last = name.split(".")
        group = layer
        for part in path:
            group = group.setdefault(part, {})
            if not isinstance(group, dict):
                raise WrongUse(f"{name} and a part of it are both given")
        if last in group:
            raise WrongUse(f"{name} is given twice")
        group[last] = deepcopy(value)
    return layer


def lay_over(data: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Lays `more` over `data`. Another `kind` starts its group anew, and a scheme is laid
    down whole; dim and width are two ways to say one thing, so giving one frees the other."""
    for key, value in more.items():
        old = data.get(key)
        if isinstance(value, Mapping) and isinstance(old, dict) and key != "scheme":
            if "kind" in old and value.get("kind", old["kind"]) != old["kind"]:
                data[key] = old = {}
            lay_over(old, value)
        else:
            data[key] = value
    roles = data.get("roles")
    if isinstance(roles, dict) and isinstance(more.get("roles"), Mapping):
        given = more["roles"]
        if given.get("width") is not None and "dim" not in given:
            roles["dim"] = None
        if given.get("dim") is not None and "width" not in given:
            roles["width"] = None


def given_by_name(
    dim: int | None, width: int | None, options: Mapping[str, Any] | None
) -> dict[str, Any]:
    """`dim` and `width` among the dotted names of `options`.

    Raises:
        WrongUse: one of them is given twice, or both.
    """
    if dim is not None and width is not None:
        raise WrongUse("both dim and width are given", allowed="One of them")
    overrides = dict(options or {})
    for name, value in (("roles.dim", dim), ("roles.width", width)):
        if value is not None:
            if name in overrides:
                raise WrongUse(f"{name} is given twice")
            overrides[name] = int(value) if isinstance(value, np.integer) else value
    return overrides
