"""Which role scheme the numbers of a diagnosis speak for, and why, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from nodeemb.diagnosis.result import Diagnosis

LOOKED_AT = (
    "telegram", "email-Eu-core", "cora_ml", "california-web", "wiki-Vote", "advogato",
    "chameleon", "facebook-combined", "soc-Epinions1", "brown", "dose",
)  # fmt: skip
"""Data sets whose diagnoses or winners were seen while this rule was made: no test of it."""
_LITTLE = 0.02  # skew share, and share of the best fit, that is not worth a table
_MOSTLY = 0.9  # of the asymmetry


class Advice(NamedTuple):
    """scheme: a name of `roles.scheme`. reasons: sentences."""

    scheme: str
    reasons: tuple[str, ...]


def recommend(found: Diagnosis) -> Advice:
    """The scheme that says most of the half it has not seen, the smaller one in doubt."""
    if np.isnan(found.two_tables.value):
        return Advice(
            "single",
            (
                "The halves agree on nothing: there is too little evidence to tell roles "
                "apart, and the smallest scheme asks least of it.",
            ),
        )
    if not found.directed:
        return _one_table(found, "The evidence has no direction.")
    if np.isnan(found.skew.value):
        return _one_table(found, "Whether it is asymmetric is undecided.")
    null = by_chance(found)
    level = _LITTLE + (0 if np.isnan(null) else max(null, 0))
    if not found.skew.low > level:
        return _one_table(
            found,
            f"Its asymmetry is not told from chance: skew {_share(found.skew.value)}"
            + (
                "."
                if np.isnan(null)
                else f", with direction left to chance {_share(null)}."
            ),
        )
    asymmetry = f"{_share(found.skew.value)} of the structure is asymmetric."
    two, skewed = found.two_tables, found.skew_form
    if max(two.value, skewed.value) <= 0 or max(two.low, skewed.low) <= 0:
        return _direction_only(found, asymmetry)
    if two.value >= skewed.value - _LITTLE:
        return Advice(
            "source_target",
            (
                asymmetry,
                f"Two tables of half the rank say {_points(two.value)} more of the hidden "
                "half than the better single table of full rank.",
                *_kind(found),
            ),
        )
    return Advice(
        "sign_skew",
        (
            asymmetry,
            f"A symmetric and a skew part say {_points(skewed.value)} more of the hidden "
            f"half than the better single table, and {_points(skewed.value - two.value)} "
            "more than two tables.",
            *_kind(found),
        ),
    )


def by_chance(found: Diagnosis) -> float:
    """Mean skew share with direction left to chance; nan where none can be told."""
    told = [null for null in found.skew_null if not np.isnan(null)]
    return float(np.mean(told)) if told else float("nan")


def _one_table(found: Diagnosis, why: str) -> Advice:
    gain = found.signature
    if gain.low > 0 and gain.value > _LITTLE:
        return Advice(
            "signature",
            (
                why,
                f"Parts that repel say {_points(gain.value)} more of the hidden half.",
            ),
        )
    return Advice("single", (why, "Parts that repel say no more of the hidden half."))


def _direction_only(found: Diagnosis, asymmetry: str) -> Advice:
    kept = _one_table(
        found,
        "A second table does not pay for the rank that it takes: at equal width it says "
        f"{_points(-found.two_tables.value)} less of who is linked to whom."
        if found.two_tables.value < 0
        else "A second table says no more of who is linked to whom than chance.",
    )
    reasons = [asymmetry, *kept.reasons]
    told, more = found.told_by_potential, found.told_by_vectors
    if told is not None and more is not None:
        reasons.append(
            f"Which way a link goes is told for {_share(told.value)} by one number a node "
            f"(roles.biases=free), for {_share(more.value)} with vectors beside it."
        )
        if more.low > told.high:
            reasons.append("For that question take source_target.")
    elif found.gradient is not None and found.gradient.value >= _MOSTLY:
        reasons.append(
            f"{_share(found.gradient.value)} of the asymmetry is one number a node: "
            "roles.biases=free."
        )
    else:
        reasons.append(
            "For which way a link goes, where that is the question, take source_target."
        )
    return Advice(kept.scheme, tuple(reasons))


def _kind(found: Diagnosis) -> list[str]:
    if np.isnan(found.overlap):
        return []
    told = f"(overlap {found.overlap:.2f})"
    if found.overlap >= 0.5:
        return [
            f"Nodes alike as sources are alike as targets {told}: order within one space, "
            "rather than hubs and authorities."
        ]
    return [
        f"Nodes alike as sources are not alike as targets {told}: hubs and authorities."
    ]


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    return f"{100 * value:.1f} points"
