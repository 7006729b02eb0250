"""A half of the evidence as a matrix: what it holds beyond chance, on one scale for all nodes.

    M = D (N - r c' / m) D,    D = diag(1 / sqrt(d + tau)),    r = N 1, c = N' 1, m = 1' N 1

N are the counts of the half; r c' / m is what its own margins alone would give, so that a
text or graph without structure has M = 0 in expectation. D is of the whole evidence, the
same for rows and columns: d is a node's row and column sum, tau the mean of d: with
less, the leading vectors of sparse graphs are a few nodes with a few links. Were rows
and columns scaled apart, orientation by coin would seem to have structure, since what a node
has more of as a source it lacks as a target.

Popularity is not in it, of links as of events: every scheme may have biases beside its tables,
and a graph whose links depend on degrees alone needs no roles.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from nodeemb.diagnosis.evidence import Evidence
from nodeemb.factorise.matrix import Operator


class Centred(NamedTuple):
    """sparse - left right', an (n, n) matrix with an empty diagonal, never written out."""

    sparse: csr_array
    left: np.ndarray
    right: np.ndarray

    @property
    def T(self) -> Centred:
        """Transposed."""
        return Centred(self.sparse.T.tocsr(), self.right, self.left)

    def times(self, block: np.ndarray) -> np.ndarray:
        """(n, k): the matrix times an (n, k) block."""
        loops = (self.left * self.right)[:, None] * block
        return self.sparse @ block - self.left[:, None] * (self.right @ block) + loops

    def dense(self) -> np.ndarray:
        """(n, n)."""
        made = self.sparse.toarray() - np.outer(self.left, self.right)
        np.fill_diagonal(made, 0)
        return made


def scale_of(evidence: Evidence) -> np.ndarray:
    """(n,): 1 / sqrt(d + tau), 0 for nodes without evidence."""
    whole = evidence.whole
    degree = np.asarray(whole.sum(0) + whole.sum(1)).ravel()
    there = degree > 0
    tau = degree[there].mean() if there.any() else 1.0
    return np.where(there, 1 / np.sqrt(degree + tau), 0.0)


def operator(
    half: csr_array, scale: np.ndarray, hidden: csr_array | None = None
) -> Centred:
    """The matrix M of a half.

    Args:
        half: (n, n) counts.
        scale: (n,) of `scale_of`.
        hidden: (n, n) pairs that were dealt to another half whole, of which this one knows
            nothing: M is 0 there, either way round. Were it below 0 for links that are known
            to be elsewhere, what is noise in the other half would meet that, both ways alike.
    """
    sparse = csr_array(half.multiply(scale[:, None]).multiply(scale[None, :]))
    rows, columns = np.asarray(half.sum(1)).ravel(), np.asarray(half.sum(0)).ravel()
    root = np.sqrt(max(rows.sum(), 1.0))
    left, right = scale * rows / root, scale * columns / root
    if hidden is not None:
        pairs = (hidden + hidden.T).tocoo()
        given = left[pairs.row] * right[pairs.col]
        sparse = csr_array(sparse + csr_array((given, pairs.coords), shape=half.shape))
    return Centred(sparse, left, right)


def plain(one: Centred) -> Operator:
    """As factorisations take it."""
    back = one.T
    return Operator(len(one.left), one.times, back.times)


def symmetric_part(one: Centred) -> Operator:
    """(M + M') / 2."""
    back = one.T

    def times(block: np.ndarray) -> np.ndarray:
        return (one.times(block) + back.times(block)) / 2

    return Operator(len(one.left), times, times, True)


def skew_part(one: Centred) -> Operator:
    """(M - M') / 2."""
    back = one.T

    def times(block: np.ndarray) -> np.ndarray:
        return (one.times(block) - back.times(block)) / 2

    return Operator(len(one.left), times, lambda block: -times(block))


def products(one: Centred, other: Centred) -> np.ndarray:
    """(n,): each node's part of <one, other>, the sum over pairs of two different nodes.

    A pair gives half of its product to either node, so that the parts sum to the product.
    """
    both = one.sparse.multiply(other.sparse)
    rows = np.asarray(both.sum(1)).ravel() - _mixed(one, other) - _mixed(other, one)
    columns = (
        np.asarray(both.sum(0)).ravel()
        - _mixed(one.T, other.T)
        - _mixed(other.T, one.T)
    )
    left, right = one.left * other.left, one.right * other.right
    rows += left * (right.sum() - right)
    columns += right * (left.sum() - left)
    return (rows + columns) / 2


def _mixed(one: Centred, other: Centred) -> np.ndarray:
    """(n,): row sums of one's sparse part times other's product of margins."""
    return other.left * (one.sparse @ other.right)
