"""What `diagnose` finds: numbers with their intervals, to JSON and back, and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from nodeemb.diagnosis.options import DiagnoseOptions
from nodeemb.diagnosis.ratio import Estimate
from nodeemb.errors import DataRefused, WrongUse


@dataclass(frozen=True)
class Diagnosis:
    """Shares are of what two halves of the evidence agree on, with 95 % intervals.

    Attributes:
        nodes: that have evidence.
        links: pairs u -> v with evidence; without direction, pairs.
        evidence: "events", "links" or "sentences".
        directed: whether the evidence has a direction at all.
        reciprocity: share of links whose reverse is a link.
        one_role: share of nodes that are only source or only target.
        skew: share of the asymmetric part. skew_null: the same where direction (or the order
            of words) is left to chance, one a draw. skew_raw: with noise, for comparison.
        negative: share of repulsive parts in the symmetric part; skewless evidence can
            need them too. negative_raw: with noise.
        gradient: share of the asymmetry that one number a node explains (events).
        told_by_potential, told_by_vectors: share of hidden one-way links whose way is told
            by one number a node, and by vectors beside it (links); a coin tells .5.
        overlap: 1 where nodes alike as sources are alike as targets, 0 where hubs and
            authorities are apart; nan where the halves agree on nothing.
        fits: width -> scheme -> fit to the other half, the best of all being 1; nan where
            the halves agree on nothing.
        two_tables: fit of source_target less that of the better single table, each at its
            best width, in shares of the best fit.
    """

    nodes: int
    links: int
    evidence: str
    directed: bool
    reciprocity: float
    one_role: float
    skew: Estimate
    skew_null: tuple[float, ...]
    skew_raw: float
    negative: Estimate
    negative_raw: float
    gradient: Estimate | None
    told_by_potential: Estimate | None
    told_by_vectors: Estimate | None
    overlap: float
    fits: dict[int, dict[str, float]]
    two_tables: Estimate
    skew_form: Estimate
    signature: Estimate
    options: DiagnoseOptions
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; what is undecided is None."""
        from nodeemb.diagnosis.recommend import recommend

        advice = recommend(self)
        told = {name: _plain(value) for name, value in self.__dict__.items()}
        return told | {"scheme": advice.scheme, "why": list(advice.reasons)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Diagnosis:
        """What `as_dict` gave, also by way of JSON.

        Raises:
            DataRefused: something is missing or of another shape, as in what an earlier
                version wrote.
        """
        missing = [one.name for one in fields(cls) if one.name not in told]
        if missing:
            raise DataRefused(
                f"a diagnosis without {', '.join(missing)}",
                next_step="Diagnose anew: nodeemb diagnose",
            )
        names = [one.name for one in fields(cls)]
        try:
            return cls(**{name: _read_back(name, told[name]) for name in names})
        except (TypeError, AttributeError, ValueError, WrongUse) as error:
            raise DataRefused(
                f"a diagnosis of another shape: {error}",
                next_step="Diagnose anew: nodeemb diagnose",
            ) from None

    def text(self) -> str:
        """A page for people."""
        from nodeemb.diagnosis.page import text

        return text(self)


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        return _plain(value._asdict())
    if isinstance(value, DiagnoseOptions):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and np.isnan(value) else value


_NOT_ALWAYS = ("gradient", "told_by_potential", "told_by_vectors")


def _read_back(name: str, value: Any) -> Any:
    """An attribute of a diagnosis from plain data; what is undecided is nan again."""
    if name == "options":
        return DiagnoseOptions(**value)
    if name == "fits":
        return {int(width): _numbers(told) for width, told in value.items()}
    if isinstance(value, Mapping):
        return Estimate(**_numbers(value))
    if isinstance(value, list):
        return tuple(_number(one) for one in value)
    return value if name in _NOT_ALWAYS else _number(value)


def _numbers(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(value) for name, value in told.items()}


def _number(value: Any) -> Any:
    return float("nan") if value is None else value
