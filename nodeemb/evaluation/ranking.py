"""The rank of a link u -> v among all nodes that u might link to, and what ranks say.

    rank(u -> v) = 1 + #{w: s(u, w) > s(u, v)} + #{w: s(u, w) = s(u, v)} / 2

w goes over all nodes but u, v and the other nodes that u links to in the whole graph: what is
a link is no wrong answer (the filtered setting). A tie is half a place, so that a model that
gives all nodes the same score gets the rank of chance.

Every node is looked at. An embedding's scores are compared by matrix products where its
scheme sums channels (`nodeemb.embedding.places`), with the same ranks as by scoring every
pair; a scheme that joins chances, and any other scorer, is asked for every pair.

Source: Bordes, Usunier, Garcia-Duran, Weston, Yakhnenko. Translating embeddings for modeling
multi-relational data. NeurIPS 2013, section 4.2 (filtered ranks); ties: the realistic rank
of Berrendorf, Faerman, Vermue, Tresp. On the ambiguity of rank-based evaluation of entity
alignment or link prediction methods. 2020, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.scorer import ScoreRows, door, score_pairs
from nodeemb.graph.graph import Graph

_PAIRS = 1 << 18  # asked of a scorer at a time


def rank_links(result: Any, links: np.ndarray, graph: Graph) -> np.ndarray:
    """The rank of each link's target among all nodes, best 1; see the formula above.

    Args:
        result: an embedding, or a function (source rows, target rows) -> scores.
        links: (k, 2) rows, source and target, such as `split.test`.
        graph: the whole graph, such as `split.graph`: its links are no wrong answers.

    Returns:
        (k,) float64, in the order of the links; a tie is half a place.

    Raises:
        WrongUse: something that is no graph, no links, or cannot score.
        DataRefused: ids of another graph, links outside it or from a node to itself,
            scores that are not finite.
    """
    if not isinstance(graph, Graph):
        raise WrongUse(
            f"the graph is a {type(graph).__name__}",
            allowed="A nodeemb.Graph: the whole one, such as split.graph",
        )
    links, score = _checked(links, graph), door(result, graph)
    order = np.argsort(links[:, 0], kind="stable")
    ordered = links[order]
    above = None
    if isinstance(result, Embedding):
        above = _by_products(result, ordered, graph)
    if above is None:
        above = _by_pairs(score, ordered, graph)
    ranks = np.empty(len(links))
    ranks[order] = 1 + above
    return ranks


def ranking_metrics(
    ranks: np.ndarray, hits_at: Sequence[int] = (1, 10, 100)
) -> dict[str, float]:
    """What (k,) ranks say: mrr, the mean of 1 / rank, and hits@K, the share of at most K.

    Raises:
        DataRefused: there are no ranks.
    """
    if not len(ranks):
        raise DataRefused("there are no ranks to average", allowed="At least one")
    hits = {f"hits@{k}": float(np.mean(ranks <= k)) for k in hits_at}
    return {"mrr": float(np.mean(1 / ranks)), **hits}


def _checked(links: Any, graph: Graph) -> np.ndarray:
    found = np.asarray(links)
    if found.ndim != 2 or found.shape[1] != 2 or found.dtype.kind not in "iu":
        raise WrongUse(
            f"links are of shape {found.shape} and of {found.dtype}",
            allowed="Whole numbers of shape (k, 2): rows of source and target",
        )
    outside = (found < 0) | (found >= graph.num_nodes)
    if outside.any():
        raise DataRefused(
            f"{int(outside.any(axis=1).sum()):,} of {len(found):,} links have an end that "
            "is no row of the graph",
            allowed=f"0 to {graph.num_nodes - 1:,}",
        )
    loops = int((found[:, 0] == found[:, 1]).sum())
    if loops:
        raise DataRefused(
            f"{loops:,} of {len(found):,} links go from a node to itself",
            allowed="Links between two nodes: a node itself is no answer",
        )
    return found.astype(np.int64)


def _by_products(
    embedding: Embedding, links: np.ndarray, graph: Graph
) -> np.ndarray | None:
    """(k,) places above each link, ordered by source; None where products cannot tell."""
    from nodeemb.embedding.nearest import sides
    from nodeemb.embedding.places import count_above

    made = sides(embedding.table, embedding.scheme, embedding.layout, True)
    if made is None:
        return None
    out = graph.out
    sources, targets = np.ascontiguousarray(links.T)
    found = count_above(made, sources, targets, out.pointers, out.neighbours)
    return None if found is None else found.above + found.level / 2


def _by_pairs(score: ScoreRows, links: np.ndarray, graph: Graph) -> np.ndarray:
    """The same for any scorer: every node is scored for every source, some at a time."""
    above, nodes = np.empty(len(links)), graph.num_nodes
    sources, begins = np.unique(links[:, 0], return_index=True)
    ends = np.append(begins[1:], len(links))
    step = max(1, _PAIRS // nodes)
    for first in range(0, len(sources), step):
        some = sources[first : first + step]
        others = np.tile(np.arange(nodes), len(some))
        pairs = np.column_stack([np.repeat(some, nodes), others])
        scores = score_pairs(score, pairs, "the scorer").reshape(-1, nodes)
        for row, source, begin, end in zip(
            scores, some, begins[first:], ends[first:], strict=False
        ):
            targets = links[begin:end, 1]
            above[begin:end] = _above(row, int(source), targets, graph)
    return above


def _above(
    scores: np.ndarray, source: int, targets: np.ndarray, graph: Graph
) -> np.ndarray:
    """(k,) places above each target of a source, of (num_nodes,) scores."""
    counts = np.ones(len(scores), bool)
    counts[graph.out.neighbours[slice(*graph.out.pointers[source : source + 2])]] = (
        False
    )
    counts[source] = False
    others, own = np.sort(scores[counts]), scores[targets]
    higher = len(others) - np.searchsorted(others, own, side="right")
    level = len(others) - higher - np.searchsorted(others, own, side="left")
    return higher + (level - counts[targets]) / 2
