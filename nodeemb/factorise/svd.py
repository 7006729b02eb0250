"""The leading singular vectors of a large matrix, from its products with blocks alone.

A Krylov basis is grown by a few columns at a time, each made orthogonal to all before, and
the small matrix between the bases is taken apart:

    A V = U B,   A' U = V B' + R        (singular; block Golub-Kahan)
    A Q = Q H + R                       (eigen; block Lanczos)

R has the columns of one block only, so what each vector misses is known without a further
product. A basis that is full is shrunk to its best vectors and grown again. Small matrices
are written out and taken apart exactly. Signs are fixed: the first of a left vector's
largest entries is positive. Values that are zero but for rounding get zero vectors.

Dense steps run on one BLAS thread and sparse ones in fixed order, so that results do not
depend on the number of threads.

Source: Golub, Luk, Overton. A block Lanczos method for computing the singular values and
corresponding singular vectors of a matrix. ACM TOMS 7(2), 1981. Wu, Simon. Thick-restart
Lanczos method for large symmetric eigenvalue problems. SIAM J. Matrix Anal. 22(2), 2000.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nodeemb.factorise.matrix import Operator
from nodeemb.factorise.options import Decomposition
from nodeemb.factorise.watch import Watch
from nodeemb.rng import stream_key, units

BLOCK = 16  # columns that a basis grows by
_SPARE = 128  # columns of a basis beyond twice those asked for
_TIMES = 4  # of the columns asked for, that most matrices are multiplied with
_LOOK = 4  # blocks between looks at what is found
_KEPT = 32  # columns that stay beyond those asked for once it is full
_ZERO = 1e-12  # of the largest singular value
_LITTLE = 1e-6  # of a block, that is left outside a basis


class Svd(NamedTuple):
    """left, right: (n, rank) float64. values: (rank,), falling."""

    left: np.ndarray
    values: np.ndarray
    right: np.ndarray


class Eigen(NamedTuple):
    """values: (k,), the first of an order first. vectors: (n, k)."""

    values: np.ndarray
    vectors: np.ndarray


Order = Callable[[np.ndarray], np.ndarray]


def basis_width(size: int, rank: int) -> int:
    """Columns of a basis, at most; all of a matrix that is little wider."""
    most = 2 * rank + _SPARE
    return most if most + BLOCK < size else size


def singular(
    matrix: Operator, rank: int, options: Decomposition, seed: int, watch: Watch
) -> Svd:
    """The `rank` largest singular values and their vectors.

    Args:
        matrix: known by its products.
        rank: how many; columns beyond the matrix's size or rank are zero.
        options: passes and tolerance.
        seed: of the block that is begun with.
        watch: told of each block.
    """
    from scipy.linalg import svd

    size, most = matrix.size, basis_width(matrix.size, rank)
    if most == size:
        left, values, right = svd(matrix.times(np.eye(size)), overwrite_a=True)
        return _finished(left, values, right.T, rank)
    lefts, rights = _Basis(size, most, seed), _Basis(size, most, seed)
    between, search = np.zeros((most, most)), _Search(rank, most, options, watch)
    block = rights.outside(matrix.transposed_times(_start(size, seed)))[1]
    while True:
        right = rights.add(block)
        parts, block, more = lefts.outside(matrix.times(block))
        between[: lefts.count, right] = parts
        left = lefts.add(block)
        between[left, right] = more
        _, block, over = rights.outside(matrix.transposed_times(block))
        if not search.looks(lefts.count):
            continue
        inner, values, outer = svd(between[: lefts.count, : rights.count])
        if search.found(values, np.linalg.norm(over @ inner[left], axis=0)):
            break
        if search.doubts:
            block = rights.outside(np.zeros_like(block))[1]
        if search.full(lefts.count):
            lefts.turn(inner[:, : search.kept])
            rights.turn(outer[: search.kept].T)
            between = _diagonal(values[: search.kept], most)
    lefts.turn(inner[:, :rank])
    rights.turn(outer[:rank].T)
    return _finished(lefts.columns, values, rights.columns, rank)


def by_size(values: np.ndarray) -> np.ndarray:
    """Places of eigenvalues, the largest in size first."""
    return np.argsort(-np.abs(values), kind="stable")


def by_ends(high: int, low: int) -> Order:
    """Places of so many of the highest above 0, of the lowest below 0, then the others."""

    def order(values: np.ndarray) -> np.ndarray:
        rising = np.argsort(values, kind="stable")
        zero = _ZERO * np.abs(values).max(initial=0)
        above = rising[::-1][: min(high, int(np.sum(values > zero)))]
        below = rising[: min(low, int(np.sum(values < -zero)))]
        ends = np.concatenate([above, below])
        others = np.setdiff1d(rising, ends)
        return np.concatenate([ends, others[by_size(values[others])]])

    return order


def eigen(
    matrix: Operator,
    rank: int,
    options: Decomposition,
    seed: int,
    watch: Watch,
    order: Order = by_size,
) -> Eigen:
    """At least `rank` eigenvalues of a symmetric matrix, the first of an order first.

    Args:
        order: eigenvalues -> their places, those asked for first.

    Others: as `singular`.
    """
    from scipy.linalg import eigh

    size, most = matrix.size, basis_width(matrix.size, rank)
    if most == size:
        dense = matrix.times(np.eye(size))
        values, vectors = eigh((dense + dense.T) / 2, overwrite_a=True)
        places = order(values)
        return Eigen(values[places], _signed(vectors[:, places]))
    basis, search = _Basis(size, most, seed), _Search(rank, most, options, watch)
    between = np.zeros((most, most))
    block = basis.outside(matrix.times(_start(size, seed)))[1]
    while True:
        new = basis.add(block)
        parts, block, over = basis.outside(matrix.times(block))
        between[: basis.count, new] = parts
        between[new, : basis.count] = parts.T
        if not search.looks(basis.count):
            continue
        values, turned = eigh(between[: basis.count, : basis.count])
        places = order(values)
        values, turned = values[places], turned[:, places]
        if search.found(values, np.linalg.norm(over @ turned[new], axis=0)):
            break
        if search.doubts:
            block = basis.outside(np.zeros_like(block))[1]
        if search.full(basis.count):
            basis.turn(turned[:, : search.kept])
            between = _diagonal(values[: search.kept], most)
    basis.turn(turned[:, :rank])
    return Eigen(values[:rank], _signed(basis.columns))


class _Basis:
    """Orthonormal columns, with room for some number of them.

    scale: the largest column that was ever set beside them.
    """

    def __init__(self, size: int, most: int, seed: int) -> None:
        self.room = np.empty((size, most), order="F")
        self.count, self.scale, self.seed = 0, 0.0, seed

    @property
    def columns(self) -> np.ndarray:
        """(n, count)."""
        return self.room[:, : self.count]

    def add(self, block: np.ndarray) -> slice:
        """Takes on the columns of a block; where they stand."""
        place = slice(self.count, self.count + block.shape[1])
        self.room[:, place] = block
        self.count = place.stop
        return place

    def turn(self, turned: np.ndarray) -> None:
        """Combinations of its columns in place of them."""
        self.room[:, : turned.shape[1]] = self.columns @ turned
        self.count = turned.shape[1]

    def outside(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(parts, q, r): block = columns @ parts + q @ r, with q orthonormal and outside.

        Where a column has nothing outside, q has a random one there and r zeros.
        """
        from scipy.linalg import qr

        self.scale = max(self.scale, float(np.linalg.norm(block, axis=0).max()))
        parts, block = self._without(block)
        q, r = qr(block, mode="economic", overwrite_a=True, check_finite=False)
        if np.abs(np.diag(r)).min() <= _LITTLE * self.scale:
            inside, q = self._without(q)  # in little that is left, rounding counts
            q, again = qr(q, mode="economic", overwrite_a=True, check_finite=False)
            parts, r = parts + inside @ r, again @ r
        none = np.abs(np.diag(r)) <= _ZERO * self.scale
        if none.any():
            key = stream_key(self.seed, "factorise, outside", self.count)
            shape = len(q), int(none.sum())
            random = units(key, 0, shape[0] * shape[1]).reshape(shape) - 0.5
            q[:, none], r[none] = 0.0, 0.0
            for _ in range(2):
                random = self._without(random - q @ (q.T @ random))[1]
            q[:, none] = qr(random, mode="economic")[0]
        return parts, q, r

    def _without(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(how much of each column, what is left of the block)."""
        whole = self.columns.T @ block
        block = block - self.columns @ whole
        rest = self.columns.T @ block  # what rounding left there
        return whole + rest, block - self.columns @ rest


class _Search:
    """When the vectors are good enough, and when the basis is to be shrunk.

    A basis meets no more vectors of one value than a block has columns. Where that many
    are found, there may be more: the search goes on from random columns for as long again,
    until that changes no value.

    kept: columns of a basis that was full.
    doubts: whether to go on from random columns.
    """

    def __init__(
        self, rank: int, most: int, options: Decomposition, watch: Watch
    ) -> None:
        self.rank, self.most, self.options, self.watch = rank, most, options, watch
        self.kept = min(rank + _KEPT, most - BLOCK)
        self.blocks, self.until, self.doubts = 0, 0, False
        self.before = np.zeros(0)

    def looks(self, count: int) -> bool:
        """After one more block: whether it is time to look."""
        self.blocks += 1
        wanted = self.rank / BLOCK * _TIMES
        share = min(0.99, self.blocks / min(self.options.passes, wanted))
        self.watch.tell(f"singular vectors, block {self.blocks}", share)
        enough = count >= self.rank
        last = self.blocks >= self.options.passes
        return enough and (last or self.blocks % _LOOK == 0 or self.full(count))

    def full(self, count: int) -> bool:
        """Whether there is no room for another block."""
        return count + BLOCK > self.most

    def found(self, values: np.ndarray, missed: np.ndarray) -> bool:
        """Whether what each wanted vector misses is little, or there was time enough."""
        worst, largest = missed[: self.rank].max(), np.abs(values).max()
        near = self.options.tolerance * largest
        good = worst <= near and self.blocks >= self.until
        self.doubts = good and self._crowded(values[: self.rank], near)
        if good and not self.doubts:
            return True
        if self.doubts:
            self.until = 2 * self.blocks
        if self.blocks < self.options.passes:
            return False
        self.watch.notes.append(
            f"after {self.options.passes} passes a vector still misses "
            f"{worst / largest:.1e} of the largest value (factorise.passes, "
            "factorise.tolerance)"
        )
        return True

    def _crowded(self, values: np.ndarray, near: float) -> bool:
        """Whether a block's columns have one value, and have not had it before."""
        before, self.before = self.before, values
        if len(before) and np.abs(before - values).max() <= near:
            return False
        rising = np.sort(values)
        return bool((rising[BLOCK - 1 :] - rising[: 1 - BLOCK] <= near).any())


def _diagonal(values: np.ndarray, size: int) -> np.ndarray:
    return np.diag(np.pad(values, (0, size - len(values))))


def _start(size: int, seed: int) -> np.ndarray:
    """(size, BLOCK): random numbers around 0."""
    numbers = units(stream_key(seed, "factorise"), 0, size * BLOCK)
    return numbers.reshape(size, BLOCK) - 0.5


def _signed(vectors: np.ndarray) -> np.ndarray:
    return vectors * column_signs(vectors)


def _finished(
    left: np.ndarray, values: np.ndarray, right: np.ndarray, rank: int
) -> Svd:
    """Signs fixed, zeros made zero, and as many columns as were asked for."""
    size, found = len(left), min(rank, len(values))
    values = np.where(values > _ZERO * max(values[0], 1e-300), values, 0.0)[:found]
    out = Svd(np.zeros((size, rank)), np.zeros(rank), np.zeros((size, rank)))
    signs = column_signs(left[:, :found]) * (values > 0)
    out.left[:, :found] = left[:, :found] * signs
    out.right[:, :found] = right[:, :found] * signs
    out.values[:found] = values
    return out


def column_signs(vectors: np.ndarray) -> np.ndarray:
    """(k,) 1 or -1: that of the first entry that is largest but for rounding."""
    if not len(vectors):
        return np.ones(vectors.shape[1])
    first = first_largest(np.abs(vectors))
    return np.where(vectors[first, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)


def first_largest(sizes: np.ndarray) -> np.ndarray:
    """(k,) the row of the first entry of each column that is largest but for rounding."""
    return (sizes >= (1 - 1e-6) * sizes.max(axis=0)).argmax(axis=0)
