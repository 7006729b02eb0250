"""What speaks for a link, and how it is dealt out to two halves that share no piece of it.

- *events*: a graph whose whole-number weights count things that happened, and a corpus, whose
  pairs of words are counted sentence by sentence. Events are dealt one by one, sentences whole.
  Counts that are the same both ways are of events without direction, each dealt once.
- *links*: a graph that says of each pair whether there is a link and no more. Pairs are dealt
  whole, with both of their directions, so that no half knows the way of the other's links.

Loops are left out: a node stands to itself in no way that has a direction.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, triu

from nodeemb.corpus.corpus import Corpus
from nodeemb.diagnosis.counting import count_in_groups
from nodeemb.graph.graph import Graph
from nodeemb.rng import permutation, stream_key

GROUPS = 8  # of sentences; halves are four of them
_HALVES = (GROUPS // 2, GROUPS // 2)
_REPEATED = 1.05  # events a link, at least, where weights are taken as counts

Halves = tuple[csr_array, csr_array]
Shares = tuple[int, ...]


class Evidence(NamedTuple):
    """Evidence that can be dealt to halves, again and again.

    whole: (n, n) counts or weights, without loops.
    events: whether a pair may be in both halves.
    parts: number of a deal, eighths for each part -> (n, n) arrays that sum to the whole.
    null: number -> the same evidence without direction or order, as chance would have it.
    names: of the rows; None: they have none but their numbers.
    """

    whole: csr_array
    events: bool
    parts: Callable[[int, Shares], tuple[csr_array, ...]]
    null: Callable[[int], Evidence]
    names: Sequence[Hashable] | None = None

    def deal(self, number: int) -> Halves:
        """Two halves."""
        one, other = self.parts(number, _HALVES)
        return one, other


def of_matrix(whole: csr_array, events: bool, seed: int) -> Evidence:
    """Evidence of a graph, from its weights without loops.

    Args:
        whole: (n, n); whole numbers where they are events.
        events: as in `Evidence`.
        seed: of deals and coins.
    """

    def parts(number: int, shares: Shares) -> tuple[csr_array, ...]:
        draw = _generator(seed, "diagnose deal", number)
        return (_deal_events if events else _deal_pairs)(whole, shares, draw)

    def null(number: int) -> Evidence:
        draw = _generator(seed, "diagnose coin", number)
        turned = (_turn_events if events else _turn_pairs)(whole, draw)
        return of_matrix(turned, events, seed)

    return Evidence(whole, events, parts, null)


def of_graph(graph: Graph, seed: int) -> Evidence:
    """Evidence of a graph: events if its weights count, links if not; signs do not count."""
    whole = without_loops(abs(graph.to_scipy().astype(np.float64)))
    return of_matrix(whole, counts(whole), seed)


def counts(whole: csr_array) -> bool:
    """Whether weights are whole numbers, and some of them more than 1."""
    values = whole.data
    if len(values) == 0 or values.mean() < _REPEATED:
        return False
    return bool(np.all(values == np.rint(values)))


def of_corpus(
    corpus: Corpus, words: int, window: int, sides: str, seed: int
) -> Evidence:
    """Evidence of a text: which of its most frequent words stand near each other.

    Args:
        corpus: an encoded text.
        words: how many of the most frequent ones.
        window: words on a side; one at distance d weighs window - d + 1.
        sides: after (which word follows which) or both.
        seed: of deals and shuffles.

    The null has the words of each sentence in another order.
    """
    size = min(words, corpus.num_nodes)
    key = stream_key(seed, "diagnose sentences")

    def counted(shuffle: int) -> Evidence:
        groups = count_in_groups(corpus, size, window, GROUPS, key, shuffle)
        if sides == "both":
            groups = groups + groups.transpose(0, 2, 1)
        for group in groups:
            np.fill_diagonal(group, 0)

        def parts(number: int, shares: Shares) -> tuple[csr_array, ...]:
            order = permutation(stream_key(seed, "diagnose deal", number), GROUPS)
            dealt = np.split(order, np.cumsum(shares)[:-1])
            return tuple(_sparse(groups[one].sum(0)) for one in dealt)

        return Evidence(
            _sparse(groups.sum(0)),
            True,
            parts,
            lambda n: counted(n + 1),
            list(corpus.ids[:size]),
        )

    return counted(0)


def _sparse(dense: np.ndarray) -> csr_array:
    return csr_array(dense.astype(np.float64))


def without_loops(whole: csr_array) -> csr_array:
    """The matrix with an empty diagonal."""
    found = whole.tocoo()
    kept = (found.row != found.col) & (found.data != 0)
    return _matrix(found.row[kept], found.col[kept], found.data[kept], whole.shape[0])


def _generator(seed: int, stream: str, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(int(stream_key(seed, stream, number))))


def _matrix(
    rows: np.ndarray, columns: np.ndarray, values: np.ndarray, size: int
) -> csr_array:
    made = csr_array((values, (rows, columns)), shape=(size, size))
    made.sum_duplicates()
    return made


def _deal_events(
    whole: csr_array, shares: Shares, draw: np.random.Generator
) -> tuple[csr_array, ...]:
    if (whole - whole.T).nnz == 0 and whole.nnz:
        # an event that is both u -> v and v -> u would be in two parts
        parts = _deal_events(csr_array(triu(whole)), shares, draw)
        return tuple(csr_array(part + part.T) for part in parts)
    left, made = whole.data.astype(np.int64), []
    rest = sum(shares)
    for share in shares:
        taken = draw.binomial(left, share / rest) if share < rest else left
        left, rest = left - taken, rest - share
        part = whole.copy()
        part.data = taken.astype(np.float64)
        part.eliminate_zeros()
        made.append(part)
    return tuple(made)


def _deal_pairs(
    whole: csr_array, shares: Shares, draw: np.random.Generator
) -> tuple[csr_array, ...]:
    found = whole.tocoo()
    bounds = np.cumsum(shares) / sum(shares)
    part = np.searchsorted(bounds, draw.random(len(found.data)), side="right")
    part = part[_pair_numbers(found.row, found.col, whole.shape[0])]
    return tuple(
        _matrix(found.row[kept], found.col[kept], found.data[kept], whole.shape[0])
        for kept in (part == number for number in range(len(shares)))
    )


def _turn_events(whole: csr_array, draw: np.random.Generator) -> csr_array:
    """Each event one way or the other by a coin."""
    both = (whole + whole.T).tocoo()
    upper = both.row < both.col
    rows, columns = both.row[upper], both.col[upper]
    total = both.data[upper]
    kept = draw.binomial(total.astype(np.int64), 0.5).astype(np.float64)
    made = _matrix(
        np.concatenate([rows, columns]),
        np.concatenate([columns, rows]),
        np.concatenate([kept, total - kept]),
        whole.shape[0],
    )
    made.eliminate_zeros()
    return made


def _turn_pairs(whole: csr_array, draw: np.random.Generator) -> csr_array:
    """Each pair as it is or the other way round, by a coin; mutual links stay mutual."""
    found = whole.tocoo()
    turned = draw.random(len(found.data)) < 0.5
    turned = turned[_pair_numbers(found.row, found.col, whole.shape[0])]
    rows = np.where(turned, found.col, found.row)
    columns = np.where(turned, found.row, found.col)
    return _matrix(rows, columns, found.data, whole.shape[0])


def _pair_numbers(rows: np.ndarray, columns: np.ndarray, size: int) -> np.ndarray:
    """(k,): a number for each unordered pair, alike for both of its directions."""
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    return np.unique(low.astype(np.int64) * size + high, return_inverse=True)[1]
