"""Counts whose role structure is known: how much of it is skew and how much is repulsion.

    expected count of (u, v) = base (1 + M_uv),    base = 1 / (depth^2 noise)
    M = sqrt(1 - a) S + sqrt(a) K,   |S| = |K|,   counts are Poisson

S is symmetric of some rank, a share b of its squared eigenvalues belongs to ones below 0.
K is skew: `normal`, within the space of S, so that nodes alike as sources are alike as
targets; or `role`, between the space of S and another, as hubs and authorities are. Noise is
the variance of a count in shares of the structure's mean square.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from nodeemb.diagnosis.evidence import Evidence, of_matrix
from nodeemb.options import Options
from nodeemb.rng import stream_key

DEPTH = 0.25  # root mean square of M


class Dose(Options):
    """A matrix of counts to be drawn."""

    skew: float = Field(ge=0, le=0.5, description="a: share of the skew part, 0 to .5")
    negative: float = Field(
        default=0.0, ge=0, le=0.5, description="b: share of repulsion in S, 0 to .5"
    )
    kind: Literal["normal", "role"] = Field(
        default="normal", description="which space the skew part lives in"
    )
    noise: float = Field(
        default=1.0, gt=0, le=100, description="noise in shares of the structure"
    )
    nodes: int = Field(default=400, ge=20, le=5000, description="20 to 5,000")
    rank: int = Field(default=16, ge=2, le=500, description="of S, less than nodes / 2")
    seed: int = Field(default=0, description="of the drawing")


def structure(dose: Dose) -> np.ndarray:
    """(n, n): M with an empty diagonal, cut off at -0.9 so that counts stay above 0."""
    key = stream_key(dose.seed, "dose")
    draw = np.random.Generator(np.random.Philox(int(key)))
    size, rank = dose.nodes, dose.rank
    basis = np.linalg.qr(draw.normal(size=(size, 2 * rank)))[0]
    left, right = basis[:, :rank], basis[:, rank:]
    sizes = np.abs(draw.normal(size=rank)) + 0.5
    below = np.arange(rank) < rank // 2
    sizes[below] *= -np.sqrt(dose.negative) / np.linalg.norm(sizes[below])
    sizes[~below] *= np.sqrt(1 - dose.negative) / np.linalg.norm(sizes[~below])
    symmetric = (left * sizes) @ left.T
    if dose.kind == "normal":
        inner = draw.normal(size=(rank, rank))
        turned = left @ (inner - inner.T) @ left.T
    else:
        turned = left @ right.T - right @ left.T
    mean = np.sqrt(1 - dose.skew) * symmetric
    mean += np.sqrt(dose.skew) * turned / np.linalg.norm(turned)
    mean = np.clip(DEPTH * size * mean, -0.9, None)
    np.fill_diagonal(mean, 0)
    return mean


def drawn_counts(dose: Dose) -> Evidence:
    """The counts, as events without loops."""
    key = stream_key(dose.seed, "dose counts")
    draw = np.random.Generator(np.random.Philox(int(key)))
    base = 1 / (DEPTH**2 * dose.noise)
    counts = draw.poisson(base * (1 + structure(dose)))
    np.fill_diagonal(counts, 0)
    return of_matrix(csr_array(counts.astype(np.float64)), True, dose.seed)
