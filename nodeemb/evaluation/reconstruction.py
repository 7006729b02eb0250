"""How many of the best-scored pairs are links the model has seen: precision@K.

    precision@K = links of the training graph among the K best of all pairs u != v, / K

All ordered pairs are scored, in blocks; nothing of the size of all pairs is held. Above
ALL_PAIRS pairs a random sample of PAIRS of them is scored instead (drawn with
replacement), and K shrinks by the share that was drawn. Ties at the K-th place count
what a random order would give on average.

Source: Yin, Wei. Scalable Graph Embeddings via Sparse Transpose Proximities. KDD 2019
(all pairs below 100,000 nodes, the diagonal left out). Yang et al. Homogeneous Network
Embedding for Massive Graphs via Reweighted Personalized PageRank. PVLDB 2020 (a sample
of one pair in a hundred on large graphs).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nodeemb.evaluation.scorer import ScoreRows, score_pairs
from nodeemb.graph.graph import Graph
from nodeemb.rng import integers, stream_key

ALL_PAIRS = 100_000_000
PAIRS = 10_000_000
_BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class BestPairs:
    """The best-scored pairs, equal scores together, best first.

    Attributes:
        pairs: (t,) how many pairs have at least each score.
        links: (t,) how many of those are links.
        share: of all pairs that were scored, 1 where all were.
    """

    pairs: np.ndarray
    links: np.ndarray
    share: float

    def precision(self, k: int) -> float:
        """Share of links among the k best of all pairs; k as for the whole graph."""
        wanted = k * self.share
        ends = np.concatenate([[0], self.pairs])
        found = np.interp(wanted, ends, np.concatenate([[0], self.links]))
        return float(found / wanted)


def best_pairs(
    graph: Graph, score: ScoreRows, most: int, name: str = "the model", seed: int = 0
) -> BestPairs:
    """Scores all pairs, or a sample of them, and keeps the best.

    Args:
        graph: whose links are to be found; undirected pairs are asked for once.
        score: the scoring function.
        most: the largest K that will be asked for.
        name: what to call the scorer in a message.
        seed: of the sample.

    Raises:
        DataRefused: scores that are not finite, or another number of them.
    """
    share = scored_share(graph)
    wanted = most * share
    best = np.empty((3, 0))
    for sources, targets in _all(graph) if share == 1 else _some(graph, seed):
        pairs = np.stack([sources, targets], 1)
        values = score_pairs(score, pairs, name)
        if best.shape[1] and best[1].sum() >= wanted:
            values, pairs = _above(values, pairs, best[0, -1])
        links = graph.has_edges(pairs[:, 0], pairs[:, 1])
        best = _merged(best, np.stack([values, np.ones(len(values)), links]), wanted)
    return BestPairs(np.cumsum(best[1]), np.cumsum(best[2]), share)


def scored_share(graph: Graph) -> float:
    """Which share of all pairs of the graph `best_pairs` scores."""
    total = _total(graph)
    return 1.0 if total <= ALL_PAIRS else PAIRS / total


def _total(graph: Graph) -> int:
    ordered = graph.num_nodes * (graph.num_nodes - 1)
    return ordered if graph.directed else ordered // 2


def _above(
    values: np.ndarray, pairs: np.ndarray, bar: float
) -> tuple[np.ndarray, np.ndarray]:
    keep = values >= bar
    return values[keep], pairs[keep]


def _merged(best: np.ndarray, more: np.ndarray, wanted: float) -> np.ndarray:
    """(3, t) score, pairs and links of each distinct score, best first, to `wanted`."""
    both = np.concatenate([best, more], axis=1)
    values, place = np.unique(-both[0], return_inverse=True)
    counts = np.bincount(place, both[1], len(values))
    links = np.bincount(place, both[2], len(values))
    end = int(np.searchsorted(np.cumsum(counts), wanted)) + 1
    return np.stack([-values, counts, links])[:, :end]


def _all(graph: Graph) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    n = graph.num_nodes
    rows = max(1, _BLOCK // n)
    for start in range(0, n, rows):
        some = np.arange(start, min(start + rows, n), dtype=np.int32)
        sources = np.repeat(some, n)
        targets = np.tile(np.arange(n, dtype=np.int32), len(some))
        keep = sources != targets if graph.directed else sources < targets
        yield sources[keep], targets[keep]


def _some(graph: Graph, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    n, key = graph.num_nodes, stream_key(seed, "reconstruction")
    for start in range(0, PAIRS, _BLOCK):
        count = min(_BLOCK, PAIRS - start)
        # A number below n - 1 steps over the source, so that no pair is a node twice.
        sources = integers(key, 2 * start, count, n)
        targets = integers(key, 2 * start + count, count, n - 1)
        targets += targets >= sources
        low, high = np.minimum(sources, targets), np.maximum(sources, targets)
        ends = (sources, targets) if graph.directed else (low, high)
        yield ends[0].astype(np.int32), ends[1].astype(np.int32)
