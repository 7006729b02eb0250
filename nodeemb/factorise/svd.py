"""The leading singular vectors of a large matrix, from its products with blocks alone.

Subspace iteration from a random block, a little wider than asked, until what it explains
(the sum of squared singular values) stops growing; small matrices are written out and
taken apart exactly. Signs are fixed: the first of a left vector's largest entries is
positive. Values that are zero but for rounding get zero vectors.

Dense steps run on one BLAS thread and sparse ones in fixed order, so that results do not
depend on the number of threads.

Source: Halko, Martinsson, Tropp. Finding structure with randomness: probabilistic
algorithms for constructing approximate matrix decompositions. SIAM Review 53(2), 2011.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.factorise.matrix import Operator
from nodeemb.factorise.options import Decomposition
from nodeemb.factorise.watch import Watch
from nodeemb.rng import stream_key, units

EXTRA = 32  # columns of the block over those asked for
_ZERO = 1e-12  # of the largest singular value


class Svd(NamedTuple):
    """left, right: (n, rank) float64. values: (rank,), falling."""

    left: np.ndarray
    values: np.ndarray
    right: np.ndarray


class Eigen(NamedTuple):
    """values: (k,), those of largest size found. vectors: (n, k)."""

    values: np.ndarray
    vectors: np.ndarray


def block_width(size: int, rank: int) -> int:
    """Columns of the block that is worked with."""
    return min(size, rank + EXTRA)


def singular(
    matrix: Operator, rank: int, options: Decomposition, seed: int, watch: Watch
) -> Svd:
    """The `rank` largest singular values and their vectors.

    Args:
        matrix: known by its products.
        rank: how many; columns beyond the matrix's size or rank are zero.
        options: passes and tolerance.
        seed: of the block that is begun with.
        watch: told after each pass.
    """
    from scipy.linalg import svd

    size, wide = matrix.size, block_width(matrix.size, rank)
    if wide == size:
        left, values, right = svd(matrix.times(np.eye(size)), overwrite_a=True)
        return _finished(left, values, right.T, rank)
    block = _orthonormal(matrix.times(_start(size, wide, seed)))
    explained = gain = 0.0
    for number in range(options.passes):
        right = _orthonormal(matrix.transposed_times(block))
        block, small = _factors(matrix.times(right))
        inner, values, outer = svd(small)
        now = float(np.square(values[:rank]).sum())
        watch.tell(f"singular vectors, pass {number + 1}", _share(number, options))
        if now - explained <= options.tolerance * now:
            break
        explained, gain = now, now - explained
    else:
        _unfinished(watch, options, gain / max(explained, 1e-300))
    return _finished(block @ inner, values, right @ outer.T, rank)


def eigen(
    matrix: Operator, rank: int, options: Decomposition, seed: int, watch: Watch
) -> Eigen:
    """At least `rank` eigenvalues of largest size of a symmetric matrix, falling.

    Args: as `singular`.
    """
    from scipy.linalg import eigh

    size, wide = matrix.size, block_width(matrix.size, rank)
    if wide == size:
        dense = matrix.times(np.eye(size))
        return _sorted(*eigh((dense + dense.T) / 2, overwrite_a=True))
    block = _orthonormal(matrix.times(_start(size, wide, seed)))
    explained = gain = 0.0
    for number in range(options.passes):
        product = matrix.times(block)
        small = block.T @ product
        values, turn = eigh((small + small.T) / 2)
        now = float(np.sort(np.square(values))[-rank:].sum())
        watch.tell(f"eigenvectors, pass {number + 1}", _share(number, options))
        if now - explained <= options.tolerance * now:
            break
        explained, gain = now, now - explained
        if number + 1 < options.passes:
            block = _orthonormal(product)
    else:
        _unfinished(watch, options, gain / max(explained, 1e-300))
    return _sorted(values, block @ turn)


def _unfinished(watch: Watch, options: Decomposition, gain: float) -> None:
    watch.notes.append(
        f"after {options.passes} passes the vectors still gained {gain:.1e} of what they "
        "explain in a pass (factorise.passes, factorise.tolerance)"
    )


def _share(number: int, options: Decomposition) -> float:
    """How much is done after a pass: most matrices need a dozen or fewer."""
    return min(0.99, (number + 1) / min(options.passes, 12))


def _start(size: int, wide: int, seed: int) -> np.ndarray:
    """(size, wide): random numbers around 0."""
    return (
        units(stream_key(seed, "factorise"), 0, size * wide).reshape(size, wide) - 0.5
    )


def _orthonormal(block: np.ndarray) -> np.ndarray:
    return _factors(block)[0]


def _factors(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.linalg import qr

    q, r = qr(block, mode="economic", overwrite_a=True, check_finite=False)
    return np.ascontiguousarray(q), r


def _sorted(values: np.ndarray, vectors: np.ndarray) -> Eigen:
    order = np.argsort(-np.abs(values), kind="stable")
    vectors = vectors[:, order]
    return Eigen(values[order], vectors * _signs(vectors))


def _finished(
    left: np.ndarray, values: np.ndarray, right: np.ndarray, rank: int
) -> Svd:
    """Signs fixed, zeros made zero, and as many columns as were asked for."""
    size, found = len(left), min(rank, len(values))
    values = np.where(values > _ZERO * max(values[0], 1e-300), values, 0.0)[:found]
    out = Svd(np.zeros((size, rank)), np.zeros(rank), np.zeros((size, rank)))
    signs = _signs(left[:, :found]) * (values > 0)
    out.left[:, :found] = left[:, :found] * signs
    out.right[:, :found] = right[:, :found] * signs
    out.values[:found] = values
    return out


def _signs(vectors: np.ndarray) -> np.ndarray:
    """(k,) 1 or -1: that of the first entry that is largest but for rounding."""
    sizes = np.abs(vectors)
    first = (sizes >= (1 - 1e-6) * sizes.max(axis=0)).argmax(axis=0)
    return np.where(vectors[first, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)
