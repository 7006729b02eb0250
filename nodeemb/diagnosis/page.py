"""A diagnosis as a page of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nodeemb.diagnosis.fits import SCHEMES
from nodeemb.diagnosis.recommend import by_chance, recommend

if TYPE_CHECKING:
    from nodeemb.diagnosis.ratio import Estimate
    from nodeemb.diagnosis.result import Diagnosis


def text(found: Diagnosis) -> str:
    """All numbers, then the scheme they speak for."""
    lines = [
        f"{found.nodes:,} nodes, {found.links:,} links; the evidence are {found.evidence}",
        "",
        *_rows(found),
        "",
        *_fits(found),
        "",
        *_advice(found),
    ]
    return "\n".join(lines)


def _rows(found: Diagnosis) -> list[str]:
    rows: list[tuple[str, str, str]] = [
        ("reciprocity", f"{found.reciprocity:.3f}", "links whose reverse is a link"),
        ("one role only", f"{found.one_role:.3f}", "nodes, sources or targets alone"),
    ]
    if found.directed:
        chance = by_chance(found)
        null = "undecided" if np.isnan(chance) else f"{chance:+.3f}"
        rows.append(
            (
                "skew",
                _told(found.skew),
                f"by chance {null}; raw, with noise, {found.skew_raw:.3f}",
            )
        )
    rows.append(
        (
            "negative",
            _told(found.negative),
            f"raw, with noise, {found.negative_raw:.3f}",
        )
    )
    if found.gradient is not None:
        rows.append(
            ("gradient", _told(found.gradient), "of the asymmetry is one number a node")
        )
    if found.told_by_potential is not None and found.told_by_vectors is not None:
        rows += [
            ("way, by a number", _told(found.told_by_potential), "a coin tells .500"),
            ("way, by vectors", _told(found.told_by_vectors), "beside that number"),
        ]
    rows.append(
        (
            "overlap",
            "undecided" if np.isnan(found.overlap) else f"{found.overlap:.3f}",
            "1: one space; 0: hubs, authorities",
        )
    )
    return [f"{name:<18}{value:<24}{about}" for name, value, about in rows]


def _told(one: Estimate) -> str:
    if np.isnan(one.value):
        return "undecided"
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def _fits(found: Diagnosis) -> list[str]:
    widths = list(found.fits)
    head = "fit to the hidden half, floats a node"
    lines = [f"{head:<40}" + "".join(f"{width:>8}" for width in widths)]
    for scheme in SCHEMES:
        fits = (found.fits[width][scheme] for width in widths)
        numbers = "".join(
            f"{'-' if np.isnan(fit) else f'{fit:.3f}':>8}" for fit in fits
        )
        lines.append(f"  {scheme:<38}{numbers}")
    return lines


def _advice(found: Diagnosis) -> list[str]:
    advice = recommend(found)
    return [f"Take roles.scheme={advice.scheme}.", *advice.reasons]
