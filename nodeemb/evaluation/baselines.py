"""What a model has to beat: scores made of the training graph's links alone.

A = adjacency of the training graph, out and in = its degrees, u -> v the pair asked for.

| name | score of u -> v |
|---|---|
| random | a random number |
| in_degree | in(v) |
| degree_sum | log(1 + out(u)) + log(1 + in(v)) |
| potential | phi(u) - phi(v), phi = log(1 + out) - log(1 + in) |
| preferential_attachment | out(u) in(v) |
| common_neighbours | nodes w with u -> w -> v |
| adamic_adar | the same, each w counting 1 / log(out(w) + in(w)) |
| katz | the walks from u to v of 1, 2 and 3 links, each counting 0.05^length |
| ppr | how likely a walk from u that stops with 0.15 at each node stops at v |

Links are counted: weights and signs are not used. In an undirected graph out, in and
degree are the same number, and the potential is zero.

Source: Liben-Nowell, Kleinberg. The Link-Prediction Problem for Social Networks. JASIST
2007 (there undirected; here every path follows the links). Adamic, Adar. Friends and
Neighbors on the Web. Social Networks 2003.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nodeemb.compiled import njit
from nodeemb.errors import unknown_name
from nodeemb.evaluation.scorer import Heuristic
from nodeemb.graph.graph import Graph
from nodeemb.rng import stream_key, unit

KATZ_BETA = 0.05


def random(train: Graph) -> Heuristic:
    """A random number a pair, the same each time it is asked for."""
    key = stream_key(0, "random baseline")

    def score(sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return _units_at(key, sources.astype(np.int64) * train.num_nodes + targets)

    return Heuristic(train.ids, score)


def in_degree(train: Graph) -> Heuristic:
    """How many links the target has already."""
    return _of_ends(train, np.zeros(train.num_nodes), train.in_degree)


def degree_sum(train: Graph) -> Heuristic:
    """How busy the source and how popular the target is."""
    return _of_ends(train, np.log1p(train.out_degree), np.log1p(train.in_degree))


def potential(train: Graph) -> Heuristic:
    """How much more of a source u is, and how much more of a target v."""
    phi = np.log1p(train.out_degree) - np.log1p(train.in_degree)
    return _of_ends(train, phi, -phi)


def preferential_attachment(train: Graph) -> Heuristic:
    """The product of the degrees, as links made at random would have it."""
    out, into = train.out_degree.astype(float), train.in_degree.astype(float)
    return Heuristic(train.ids, lambda s, t: out[s] * into[t])


def common_neighbours(train: Graph) -> Heuristic:
    """How many nodes are one step from u and one step before v."""
    return _of_paths(train, np.ones(train.num_nodes), two=1.0)


def adamic_adar(train: Graph) -> Heuristic:
    """Common neighbours, each the less the more links it has."""
    degree = train.out_degree + (train.in_degree if train.directed else 0)
    # A node between two others has two links or more: what log 1 or log 0 would give
    # is never asked for.
    return _of_paths(train, 1 / np.log(np.maximum(degree, 2)), two=1.0)


def katz(train: Graph) -> Heuristic:
    """Walks of up to three links, the shorter the more they count. Exact."""
    beta = KATZ_BETA
    ones = np.ones(train.num_nodes)
    return _of_paths(train, ones, one=beta, two=beta**2, three=beta**3)


def ppr(train: Graph) -> Heuristic:
    """Personalised PageRank of v for u. See `nodeemb.evaluation.pagerank`."""

    def score(sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        from nodeemb.evaluation.pagerank import personalised_pagerank

        return personalised_pagerank(train, sources, targets)

    return Heuristic(train.ids, score)


BASELINES: dict[str, Callable[[Graph], Heuristic]] = {
    "random": random,
    "in_degree": in_degree,
    "degree_sum": degree_sum,
    "potential": potential,
    "preferential_attachment": preferential_attachment,
    "common_neighbours": common_neighbours,
    "adamic_adar": adamic_adar,
    "katz": katz,
    "ppr": ppr,
}
# Those that know nothing but how many links each end has.
DEGREE_BASELINES = ("in_degree", "degree_sum", "potential", "preferential_attachment")


def chosen_baselines(chosen: bool | Sequence[str]) -> list[str]:
    """Names of baselines: all, none, or those named.

    Raises:
        WrongUse: a name that does not exist.
    """
    if isinstance(chosen, bool):
        return list(BASELINES) if chosen else []
    for name in chosen:
        if name not in BASELINES:
            raise unknown_name("baseline", name, BASELINES)
    return list(chosen)


def _of_ends(train: Graph, left: np.ndarray, right: np.ndarray) -> Heuristic:
    return Heuristic(train.ids, lambda s, t: left[s] + right[t])


def _of_paths(
    train: Graph,
    middle: np.ndarray,
    *,
    one: float = 0.0,
    two: float = 0.0,
    three: float = 0.0,
) -> Heuristic:
    def score(sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        from nodeemb.evaluation.paths import count_paths

        return count_paths(train, sources, targets, middle, (one, two, three))

    return Heuristic(train.ids, score)


@njit
def _units_at(key: np.uint64, index: np.ndarray) -> np.ndarray:
    out = np.empty(len(index))
    for i in range(len(index)):
        out[i] = unit(key, index[i])
    return out
