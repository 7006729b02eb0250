"""One half of the evidence taken apart, and each part held against the other half.

    M = S + K    S = sum_i lambda_i u_i u_i'    K = sum_j kappa_j x_j y_j'    M = sum_k s_k p_k q_k'

A part meets the other half in u' S_B u, x' K_B y, p' M_B q. What is noise in one half meets
nothing in the other, on average.

No evidence is about a node and itself, and a diagonal of zeros would itself look like a
repulsive part: it is filled in from what both halves hold, the diagonal of
sum_i h_i u_i u_i' with h_i = u_i' S_B u_i kept between 0 and lambda_i, three times over. Of
more than 10,000 nodes the diagonal is too small a part to count, and is left empty.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.diagnosis.operators import Centred, plain, skew_part, symmetric_part
from nodeemb.factorise.matrix import Operator
from nodeemb.factorise.options import Decomposition
from nodeemb.factorise.svd import Svd, eigen, singular
from nodeemb.factorise.watch import Watch

WHOLE = 1200  # nodes up to which the symmetric part is taken apart in full
LARGE = 10_000  # nodes beyond which the diagonal is left empty and searches are brief
_FILLS = 3
_SEARCH = Decomposition(tolerance=1e-2)
_BRIEF = Decomposition(
    tolerance=1e-2, passes=12
)  # of large matrices; the least parts are rough


class Spectrum(NamedTuple):
    """Parts of a half, the largest in size first.

    values: (k,).
    met: (n, k): what each node adds to a part's meeting with the other half.
    """

    values: np.ndarray
    met: np.ndarray


class Parts(NamedTuple):
    """A half taken apart.

    symmetric, skew, whole: the three sums above; symmetric has all parts of a small matrix.
    triplets: vectors of the whole.
    filled: (n,) the diagonal.
    """

    symmetric: Spectrum
    skew: Spectrum
    whole: Spectrum
    triplets: Svd
    filled: np.ndarray


def take_apart(one: Centred, other: Centred, width: int, seed: int) -> Parts:
    """Takes a half apart.

    Args:
        one, other: the halves.
        width: symmetric and skew parts; half as many of the whole.
        seed: of the block that searches begin with.
    """
    symmetric, filled = _symmetric(one, other, width, seed)
    size = len(filled)
    none = np.zeros((size, 0))
    skew = Spectrum(np.zeros(0), none)
    if abs(one.sparse - one.sparse.T).sum() > 0:
        found = singular(skew_part(one), min(width, size), _search(size), seed, Watch())
        skew = Spectrum(found.values, _meets(found, skew_part(other)))
    triplets = singular(
        _filled(plain(one), filled), min(width // 2, size), _SEARCH, seed, Watch()
    )
    whole = _meets(triplets, _filled(plain(other), filled))
    return Parts(symmetric, skew, Spectrum(triplets.values, whole), triplets, filled)


def _search(size: int) -> Decomposition:
    return _SEARCH if size <= LARGE else _BRIEF


def leading(one: Centred, rank: int, seed: int) -> Svd:
    """The leading singular triplets of a half, its diagonal empty."""
    size = len(one.left)
    return singular(plain(one), min(rank, size), _search(size), seed, Watch())


def leading_values(one: Centred, rank: int, seed: int) -> np.ndarray:
    """(k,) the eigenvalues of its symmetric part that are largest in size."""
    part = symmetric_part(one)
    some = min(rank, part.size)
    return eigen(part, some, _search(part.size), seed, Watch()).values[:rank]


def _meets(found: Svd, other: Operator) -> np.ndarray:
    ahead = found.left * other.times(found.right)
    back = found.right * other.transposed_times(found.left)
    return (ahead + back) / 2


def _symmetric(
    one: Centred, other: Centred, width: int, seed: int
) -> tuple[Spectrum, np.ndarray]:
    size = len(one.left)
    ours, theirs = symmetric_part(one), symmetric_part(other)
    if size <= WHOLE:
        ours = _written(ours)
    filled = np.zeros(size)
    for _ in range(_FILLS):
        found = eigen(
            _filled(ours, filled), min(width, size), _search(size), seed, Watch()
        )
        values, vectors = found.values[:width], found.vectors[:, :width]
        met = vectors * _filled(theirs, filled).times(vectors)
        if size > LARGE:
            return Spectrum(values, met), filled
        held = np.clip(met.sum(0) * np.sign(values), 0, np.abs(values))
        filled = vectors**2 @ (held * np.sign(values))
    if size <= WHOLE:
        values, vectors = np.linalg.eigh(_filled(ours, filled).times(np.eye(size)))
        order = np.argsort(-np.abs(values), kind="stable")
        values, vectors = values[order], vectors[:, order]
    return Spectrum(values, vectors * _filled(theirs, filled).times(vectors)), filled


def _filled(matrix: Operator, diagonal: np.ndarray) -> Operator:
    def times(block: np.ndarray) -> np.ndarray:
        return matrix.times(block) + diagonal[:, None] * block

    def transposed_times(block: np.ndarray) -> np.ndarray:
        return matrix.transposed_times(block) + diagonal[:, None] * block

    return Operator(matrix.size, times, transposed_times, matrix.symmetric)


def _written(matrix: Operator) -> Operator:
    dense = matrix.times(np.eye(matrix.size))
    dense = (dense + dense.T) / 2
    return Operator(matrix.size, dense.__matmul__, dense.__matmul__, True)
