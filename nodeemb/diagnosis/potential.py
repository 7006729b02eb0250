"""What one number a node, a potential, tells of the way that links go.

The net flow F = N - N' of a half is compared with differences of potentials f (the gradient
part of Hodge's decomposition of a flow on a graph; what is left runs in cycles, or depends on
who the other node is). With w the traffic of a pair in a half,

    f = argmin sum over pairs of (F_uv - w_uv (f_u - f_v))^2 / w_uv,    L f = F 1

Events, where both halves know a pair: over the pairs that half A knows,
gradient share = sum of F_B (f_u - f_v) / sum of F_B F_A / w_A, in which noise of the halves
does not meet. (With the traffic of both in place of w_A it would: of a single event one half has
the way, and neither sum both, but only the lower one would lose by it.) Links, where no pair is in both halves: the share of
the other half's one-way links whose way f_A tells.

Source: Jiang, Lim, Yao, Ye. Statistical ranking and combinatorial Hodge theory. Math.
Program. 127, 2011.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import cg

from nodeemb.diagnosis.ratio import Ratio
from nodeemb.factorise.svd import Svd

_RIDGE = 1e-6  # of a node's traffic, so that every connected part has one solution
_PULL = 1.0  # links that say a node's potential is 0, where pairs are seen once
_PASSES = 2000


class Ways(NamedTuple):
    """One-way links of the other half: which share of them is told.

    potential: parts of the nodes, by the potential alone.
    vectors: the same by least squares on the potential's step and on how much more the
        leading triplets give one way than the other.
    """

    potential: Ratio
    vectors: Ratio


def gradient_of_events(one: csr_array, other: csr_array) -> Ratio:
    """Parts of the share of the asymmetry that is a gradient."""
    traffic = csr_array(one + one.T)
    flow = csr_array(one - one.T)
    potential = _solve(traffic, _sums(flow), _RIDGE * _sums(traffic))
    inverse = traffic.copy()
    inverse.data = 1 / inverse.data
    known = traffic.copy()
    known.data[:] = 1
    theirs = csr_array(csr_array(other - other.T).multiply(known))
    shared = csr_array(flow.multiply(theirs).multiply(inverse))
    # either node of a pair has half of it
    return Ratio(potential * _sums(theirs), _sums(shared) / 2)


def ways_of_links(
    one: csr_array, other: csr_array, triplets: Svd, scale: np.ndarray
) -> Ways:
    """Parts of the shares of one-way links whose way is told."""
    flow = csr_array(one - one.T)
    traffic = csr_array(one + one.T)
    potential = _solve(traffic, _sums(flow), np.full(len(scale), _PULL))
    net = csr_array(other - other.T).tocoo()
    kept = net.data > 0
    source, target = net.row[kept], net.col[kept]
    step = potential[source] - potential[target]
    there, back = _at(triplets, source, target), _at(triplets, target, source)
    size = np.maximum(np.abs(there) + np.abs(back), 1e-300)
    turn = (there - back) / size
    beside = np.stack([step, turn], axis=1)
    both = beside @ np.linalg.lstsq(beside, np.ones(len(beside)), rcond=None)[0]
    return Ways(_told(step, source, target, scale), _told(both, source, target, scale))


def _at(found: Svd, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(k,): entries of the matrix that some triplets make."""
    scaled = found.left * found.values
    return np.einsum("ij,ij->i", scaled[rows], found.right[columns])


def _told(
    step: np.ndarray, source: np.ndarray, target: np.ndarray, nodes: np.ndarray
) -> Ratio:
    """A link told right counts 1, one about which nothing is said a half."""
    right = (np.sign(step) + 1) / 2
    size = len(nodes)
    upper = np.bincount(source, right, size) + np.bincount(target, right, size)
    lower = np.bincount(source, minlength=size) + np.bincount(target, minlength=size)
    return Ratio(upper / 2, lower / 2)


def _solve(traffic: csr_array, flow: np.ndarray, pull: np.ndarray) -> np.ndarray:
    laplacian = diags_array(_sums(traffic) + pull) - traffic
    diagonal = laplacian.diagonal()
    jacobi = diags_array(1 / np.where(diagonal > 0, diagonal, 1.0))
    return cg(laplacian, flow, rtol=1e-6, maxiter=_PASSES, M=jacobi)[0]


def _sums(matrix: csr_array) -> np.ndarray:
    return np.asarray(matrix.sum(1)).ravel()


def overlap(one: Svd, other: Svd) -> float:
    """How far nodes that are alike as sources are alike as targets: 1 fully, 0 as by chance.

        <M_A M_A', M_B' M_B> / sqrt(<M_A M_A', M_B M_B'> <M_A' M_A, M_B' M_B>)

    of the leading triplets, with what chance would give taken off each product. 1 says that
    left and right subspaces are the same (a normal matrix), 0 that hubs and authorities are
    apart.
    """

    def meet(left: np.ndarray, right: np.ndarray) -> float:
        a, b = one.values**2, other.values**2
        chance = a.sum() * b.sum() / len(left)
        return float(a @ (left.T @ right) ** 2 @ b - chance)

    crossed = (meet(one.left, other.right) + meet(one.right, other.left)) / 2
    alike = meet(one.left, other.left) * meet(one.right, other.right)
    return crossed / np.sqrt(alike) if alike > 0 else float("nan")
