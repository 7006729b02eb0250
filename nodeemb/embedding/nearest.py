"""The nearest nodes of many, by matrix products: exactly the answers of scoring every pair.

A product of blocks, in any order of its sums, gives bounds from above instead of scores:

    bound(u, v) = <x, y> + 4 r eps |x| |y|  >=  score(u, v)

x and y are the vectors of all channels side by side, r the roundings on the way to a score
(one more than places and channels need), eps half of what 1 and the next number differ by.
Both the score and the product are sums of the same terms, each within r eps / (1 - r eps)
times sum |x_i y_i| <= |x| |y| of the true sum, so the added part is more than both errors
and its own. Only where the bound is above the worst of the best answers so far, a pair is
scored, and by the form of every other score; so the answers are the same, digit for digit.

Norms too long for this, where a product might overflow, are met by refusing (`sides` gives
None), too short ones, whose terms round to nothing, by a larger bound: that costs time and no
answer. Memory holds some 2^22 bounds, the norms of all nodes and the pairs that are left,
about 100 MB in all, however large the table is and however many questions are asked.

Source: Higham. Accuracy and Stability of Numerical Algorithms. 2002, eq. 3.5 (inner
products in any order), 3.1 (products and sums of rounding errors).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.embedding.scoring import (
    rows_at_once,
    score_rows,
    side_vectors,
    used_channels,
)
from nodeemb.roles.layout import Layout
from nodeemb.roles.scheme import RoleScheme

_LONGEST = 2.0**40  # norm; products of two stay far from overflow in float32
_FLOOR = 2.0**-50  # of what is not zero: two of them are far above what underflow loses
_NUMBERS = 2**22  # bounds at a time
_QUESTIONS = 2048  # at a time
MOST = 512  # answers of a question; for more of them bounds save little


class Sides(NamedTuple):
    """What bounds are made of: a table with its scheme, and the norms of the answers.

    forward: True: questions are sources and answers targets; False: the reverse.
    far_norms: (num_nodes,) norms of the answers' vectors, rounded up.
    places: length of a vector, all channels side by side.
    share: the 4 r eps of the formula.
    """

    table: np.ndarray
    scheme: RoleScheme
    layout: Layout
    forward: bool
    far_norms: np.ndarray
    places: int
    share: float

    def scores(self, asked: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """(k,) scores of k questions' rows against k answers' rows."""
        ends = (asked, nodes) if self.forward else (nodes, asked)
        return score_rows(self.table, self.scheme, self.layout, *ends)


def sides(
    table: np.ndarray, scheme: RoleScheme, layout: Layout, forward: bool
) -> Sides | None:
    """What `nearest` needs; None where bounds cannot be had by one product: joined by
    probability, vectors too long for it, numbers that are not finite, other dtypes."""
    if scheme.join != "sum" or table.dtype not in (np.float32, np.float64):
        return None
    channels = used_channels(scheme)
    places = sum(layout.lengths[name] for name in channels)
    eps = float(np.finfo(table.dtype).eps) / 2
    made = Sides(
        table, scheme, layout, forward,
        np.empty(len(table), table.dtype), places,
        4 * (places + 2 * len(channels) + 8) * eps,
    )  # fmt: skip
    step = rows_at_once(places)
    for first in range(0, len(table), step):
        part = slice(first, first + step)
        far = _vectors(made, part, True)
        made.far_norms[part] = _norms(far)
    longest = made.far_norms.max(initial=0)
    return made if longest <= _LONGEST else None


class Found(NamedTuple):
    """Answers to q questions.

    rows: (q, count) int64, best first, of equal scores the lower row first; -1 where there
        are no more nodes.
    scores: (q, count).
    given_up: (q,) bool: questions without answer, since so many nodes come near in score
        that bounds save no work.
    """

    rows: np.ndarray
    scores: np.ndarray
    given_up: np.ndarray


def questions_at_once(count: int) -> int:
    """How many questions `nearest` should be asked together, for its memory."""
    return max(1, min(_QUESTIONS, _NUMBERS // (10 * count + 64)))


def questions(made: Sides, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """What (q,) rows ask with: (q, places) vectors, and (q,) 4 r eps |x| of the formula;
    None where a vector is too long for bounds."""
    near = _vectors(made, rows, False)
    norms = _norms(near)
    if not norms.max(initial=0) <= _LONGEST:
        return None
    return near, _above(norms * made.share)


def answers(made: Sides, part: slice) -> np.ndarray:
    """(b, places): what a range of nodes answers with."""
    return _vectors(made, part, True)


def nearest(made: Sides, rows: np.ndarray, count: int) -> Found | None:
    """The best `count` other nodes for each of (q,) rows; None where a question's vector
    is too long for bounds."""
    asks = questions(made, rows)
    if asks is None:
        return None
    near, added = asks
    near = np.column_stack([near, added])
    size = min(max(_NUMBERS // len(rows), 4 * count), rows_at_once(made.places + 1))
    space = np.empty(len(rows) * min(size, len(made.table)), made.table.dtype)
    seen = np.empty(len(space), bool)
    pool = _Pool(len(rows), count, made.table.dtype)
    for first in range(0, len(made.table), size):
        part = slice(first, min(first + size, len(made.table)))
        shape = len(rows), part.stop - first
        bounds, higher = (
            a[: shape[0] * shape[1]].reshape(shape) for a in (space, seen)
        )
        np.matmul(near, _far(made, part).T, out=bounds)
        _exclude(bounds, rows, part)
        np.greater(bounds, pool.limits[:, np.newaxis], out=higher)
        if np.count_nonzero(higher) > pool.most:
            pool.raise_limits(bounds, higher, added * made.far_norms[part].max())
        asked, nodes = np.divmod(np.flatnonzero(higher), shape[1])
        found = bounds[asked, nodes]
        pool.add(
            asked, nodes + first, found, added[asked] * made.far_norms[part][nodes]
        )
    return _answers(made, rows, pool)


class _Pool:
    """Pairs that may be among the best `count` of q questions, each with its bound.

    limits: (q,) below the worst score of the best answers: pairs whose bound is not above
        it are out.
    """

    def __init__(self, questions: int, count: int, dtype: np.dtype) -> None:
        self.count, self.each = count, 8 * count + 64
        self.most = questions * self.each
        self.limits = np.full(questions, -np.inf, dtype)
        self.given_up = np.zeros(questions, bool)
        self._tops = np.full((questions, count), -np.inf, dtype)
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._held = 0

    def raise_limits(
        self, bounds: np.ndarray, higher: np.ndarray, added: np.ndarray
    ) -> None:
        """Makes `higher` fewer, by what (q, b) bounds of a block themselves say."""
        many = np.flatnonzero(np.count_nonzero(higher, axis=1) > self.each)
        limits = _limits(bounds[many], added[many], self.count)
        self.limits[many] = np.maximum(self.limits[many], limits)
        higher[many] = bounds[many] > self.limits[many, np.newaxis]
        self._give_up(many, np.count_nonzero(higher[many], axis=1))
        higher[self.given_up] = False

    def add(
        self,
        asked: np.ndarray,
        nodes: np.ndarray,
        bounds: np.ndarray,
        added: np.ndarray,
    ) -> None:
        """Takes pairs, ordered by question, and raises the limits of their questions."""
        self._parts.append((asked, nodes, bounds))
        self._held += len(asked)
        numbers = np.bincount(asked, minlength=len(self.limits))
        changed = np.flatnonzero(numbers)
        numbers = numbers[changed]
        wide = self.count + int(numbers.max(initial=0))
        tops = np.full((len(changed), wide), -np.inf, bounds.dtype)
        tops[:, : self.count] = self._tops[changed]
        line = np.repeat(np.arange(len(changed)), numbers)
        place = np.arange(len(asked)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
        tops[line, self.count + place] = _at_least(bounds, added)
        cut = wide - self.count
        self._tops[changed] = np.partition(tops, cut, axis=1)[:, cut:]
        worst = self._tops[changed, 0]
        self.limits[changed] = np.maximum(self.limits[changed], worst)
        if self._held > 2 * self.most:
            asked, _, _ = self.pairs()
            held = np.bincount(asked, minlength=len(self.limits))
            self._give_up(np.arange(len(held)), held)

    def pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pairs that are not out: question, node, bound."""
        asked, nodes, bounds = (
            np.concatenate(p) for p in zip(*self._parts, strict=True)
        )
        keep = (bounds > self.limits[asked]) & ~self.given_up[asked]
        self._parts = [(asked[keep], nodes[keep], bounds[keep])]
        self._held = len(self._parts[0][0])
        return self._parts[0]

    def _give_up(self, questions: np.ndarray, numbers: np.ndarray) -> None:
        worse = questions[numbers > self.each]
        self.given_up[worse] = True
        self.limits[worse] = np.inf


def _answers(made: Sides, rows: np.ndarray, pool: _Pool) -> Found:
    """Scores what is left, and orders it."""
    asked, nodes, _ = pool.pairs()
    values = made.scores(rows[asked], nodes)
    order = np.lexsort((nodes, -values, asked))
    asked, nodes, values = asked[order], nodes[order], values[order]
    numbers = np.bincount(asked, minlength=len(rows))
    place = np.arange(len(asked)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
    best = place < pool.count
    kept = np.full((len(rows), pool.count), -1)
    scores = np.full(kept.shape, -np.inf, values.dtype)
    kept[asked[best], place[best]] = nodes[best]
    scores[asked[best], place[best]] = values[best]
    return Found(kept, scores, pool.given_up)


def _vectors(made: Sides, rows: np.ndarray | slice, far: bool) -> np.ndarray:
    """(k, places): the vectors of one side, coefficients on the questions' side."""
    parts = []
    for name in used_channels(made.scheme):
        side = made.layout.channels[name][made.forward == far]
        part = side_vectors(made.table, side, made.layout.lengths[name], rows)
        coefficient = made.scheme.channels[name].coefficient
        with np.errstate(over="ignore"):
            parts.append(part if far or coefficient == 1 else part * coefficient)
    return parts[0] if len(parts) == 1 else np.hstack(parts)


def _far(made: Sides, part: slice) -> np.ndarray:
    """(b, places + 1): answers' vectors, and their norms."""
    out = np.empty((part.stop - part.start, made.places + 1), made.table.dtype)
    out[:, :-1] = _vectors(made, part, True)
    out[:, -1] = made.far_norms[part]
    return out


def _norms(vectors: np.ndarray) -> np.ndarray:
    """(k,) norms, rounded up; 0 only for vectors of zeros."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        norms *= vectors.dtype.type(
            1 + (vectors.shape[1] + 8) * np.finfo(vectors.dtype).eps
        )
    short = np.flatnonzero(norms < _FLOOR)
    norms[short] = np.where(vectors[short].any(axis=1), _FLOOR, 0)
    return norms


def _above(shares: np.ndarray) -> np.ndarray:
    """The same numbers, none but zero below the floor."""
    return np.where(shares > 0, np.maximum(shares, shares.dtype.type(_FLOOR)), shares)


def _exclude(bounds: np.ndarray, rows: np.ndarray, part: slice) -> None:
    """A node is no answer to itself."""
    inside = np.flatnonzero((rows >= part.start) & (rows < part.stop))
    bounds[inside, rows[inside] - part.start] = -np.inf


def _limits(bounds: np.ndarray, added: np.ndarray, count: int) -> np.ndarray:
    """(q,) below what the best `count` of (q, b) nodes score: of groups of nodes that share
    none, the best bound stands for one node each."""
    if bounds.shape[1] <= count:
        return np.full(len(bounds), -np.inf, bounds.dtype)
    groups = min(bounds.shape[1], 16 * count)
    whole = bounds[:, : bounds.shape[1] // groups * groups]
    tops = whole.reshape(len(bounds), -1, groups).max(axis=1)
    best = np.partition(tops, groups - count, axis=1)[:, groups - count]
    return _at_least(best, added)


def _at_least(bounds: np.ndarray, added: np.ndarray) -> np.ndarray:
    """Below the scores of these bounds. A score is below its bound by twice the added part
    at most, and a hundredth of it for roundings of second order; three times leaves room
    for this subtraction's own."""
    return np.nextafter(bounds - 3 * added, -np.inf)
