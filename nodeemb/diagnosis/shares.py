"""Shares of skewness and of negative eigenvalues in what two halves of the evidence share.

M = S + K, S = S', K = -K'. What is noise in a half is not in the other, so that products of
the halves hold the structure alone:

    skew     = <K_A, K_B> / <M_A, M_B> = (1 - <M_A, M_B'> / <M_A, M_B>) / 2
    negative = sum over lambda_i < 0 of lambda_i q_i / sum of lambda_i q_i,
               q_i = u_i' S_B u_i,  S_A = U diag(lambda) U'

Where no pair is in both halves (links), products of elements vanish, and M_A is replaced by
its leading singular triplets: <M_A, M_B> becomes sum_k s_k p_k' M_B q_k, and <M_A, M_B'>
sum_k s_k q_k' M_B p_k.

Raw shares, of one matrix with itself, are one half for pure noise: K and the negative part
take their half of whatever has no structure.
"""

from __future__ import annotations

import numpy as np

from nodeemb.diagnosis.operators import Centred, products
from nodeemb.diagnosis.parts import Spectrum
from nodeemb.diagnosis.ratio import Ratio
from nodeemb.factorise.svd import Svd


def skew_of_counts(one: Centred, other: Centred) -> Ratio:
    """Parts of the skew share, by elements."""
    straight, crossed = products(one, other), products(one, other.T)
    return Ratio((straight - crossed) / 2, straight)


def skew_of_links(found: Svd, other: Centred) -> Ratio:
    """Parts of the skew share, by the leading singular triplets of one half."""
    straight = _pairings(found, other)
    crossed = _pairings(Svd(found.right, found.values, found.left), other)
    return Ratio((straight - crossed) / 2, straight)


def _pairings(found: Svd, other: Centred) -> np.ndarray:
    """(n,): each node's part of sum_k s_k left_k' M right_k, half from either end."""
    ahead = (found.left * other.times(found.right)) @ found.values
    back = (found.right * other.T.times(found.left)) @ found.values
    return (ahead + back) / 2


def negative_of(symmetric: Spectrum, rank: int | None = None) -> Ratio:
    """Parts of the share of negative eigenvalues, of all or of the largest `rank`."""
    values, met = symmetric.values[:rank], symmetric.met[:, :rank]
    below = values < 0
    return Ratio(met[:, below] @ values[below], met @ values)


def raw_skew(whole: Centred) -> float:
    """Skew share of a matrix with itself: noise is in it."""
    straight, crossed = products(whole, whole).sum(), products(whole, whole.T).sum()
    return float((1 - crossed / straight) / 2) if straight else float("nan")


def raw_negative(values: np.ndarray) -> float:
    """Share of negative eigenvalues in the squares of all: noise is in it."""
    squares = values**2
    below = float(squares[values < 0].sum())
    return below / float(squares.sum()) if squares.any() else float("nan")
