"""Pairs that are no links, drawn so that each kind asks a model another question.

| kind | a negative is | what telling them apart takes |
|---|---|---|
| uniform | any two nodes | knowing which nodes are popular goes a long way |
| reversed | a test link turned round | direction; one number a node goes a long way |
| reversed:50 | 50 % of those, the rest uniform | both at once |
| degree | ends of test links, paired anew | who links to whom; degrees tell nothing |
| two_hop | the two ends of a path of two links | more than closeness |

No negative is a link of the whole graph, a node with itself, or given twice.

Source: the shares of reversed links follow Khosla, Leonhardt, Nejdl, Anand. Node
Representation Learning for Directed Graphs. ECML-PKDD 2019: at 100 % every one-way test
link is turned round and the mutual ones are replaced by uniform non-links.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nodeemb.errors import DataRefused, WrongUse, unknown_name
from nodeemb.graph.graph import Graph
from nodeemb.rng import integers, permutation, stream_key, units

# Proposals are drawn in rounds, at least 1,024 in the first and 65,536 in the last; after
# so many rounds the graph is called too dense.
_ROUNDS = 64
_FIRST_ROUND, _DOUBLINGS = 1024, 6

Propose: TypeAlias = Callable[[int, int], np.ndarray]


@dataclass(frozen=True, eq=False)
class Negatives:
    """Test pairs that are no links.

    Attributes:
        kind: as asked for, "reversed:50" for instance.
        pairs: (k, 2) int32 rows; undirected pairs have the smaller row first.
        facts: what the draw could and could not do, in numbers.
    """

    kind: str
    pairs: np.ndarray
    facts: dict[str, int]


def draw_negatives(
    kind: str, graph: Graph, positives: np.ndarray, seed: int = 0
) -> Negatives:
    """As many negatives of one kind as there are positives.

    Args:
        kind: a name in NEGATIVES, or "reversed:P" with P per cent of reversed links.
        graph: the whole graph, hidden links included: none of them is a negative.
        positives: (k, 2) rows of the links to be tested on.
        seed: of the draw.

    Raises:
        WrongUse: no such kind, or reversed links of an undirected graph.
        DataRefused: the graph holds too few such pairs.
    """
    name, colon, percent = kind.partition(":")
    if name not in NEGATIVES:
        raise unknown_name("kind of negatives", name, NEGATIVES)
    if not colon:
        return NEGATIVES[name](graph, positives, seed)
    if name != "reversed" or not percent.isdecimal() or not 0 <= int(percent) <= 100:
        raise WrongUse(
            f'"{kind}" is no kind of negatives',
            allowed='A share goes with reversed only, in per cent: "reversed:50"',
        )
    return reversed_links(graph, positives, seed, int(percent))


def uniform(graph: Graph, positives: np.ndarray, seed: int) -> Negatives:
    """Any two nodes, each pair as likely as any other."""
    keys = _fill(graph, len(positives), _any_two(graph, seed), "uniform")
    return Negatives("uniform", _unkeyed(graph, keys), {})


def reversed_links(
    graph: Graph, positives: np.ndarray, seed: int, percent: int = 100
) -> Negatives:
    """Test links turned round, up to `percent` of all negatives; the rest uniform.

    `facts["reversals"]` is how many were turned round: mutual links cannot be.
    """
    if not graph.directed:
        raise WrongUse(
            "an undirected graph has no reversed links",
            next_step='Choose negatives "uniform", "degree" or "two_hop"',
        )
    kind = "reversed" if percent == 100 else f"reversed:{percent}"
    count = len(positives)
    order = permutation(stream_key(seed, "negatives", 1), count)
    turned = positives[order, ::-1]
    turned = turned[~graph.has_edges(turned[:, 0], turned[:, 1])]
    turned = turned[: round(percent / 100 * count)]
    keys = _fill(graph, count, _any_two(graph, seed), kind, _keyed(graph, turned))
    return Negatives(kind, _unkeyed(graph, keys), {"reversals": len(turned)})


def degree_matched(graph: Graph, positives: np.ndarray, seed: int) -> Negatives:
    """The sources and targets of the test links, paired anew.

    Every node is a source and a target as often as among the positives, so that no
    number that belongs to one end (a degree, a popularity) tells the two sets apart.
    Where hubs leave no free partner, the last pairs are drawn one by one from the same
    sources and targets; `facts["drawn_singly"]` counts them.
    """
    order = permutation(stream_key(seed, "negatives", 2), len(positives))
    sources, targets = _ends(graph, positives, seed)
    targets = targets[order]
    unfit = _repair(graph, sources, targets, seed)
    keys = _keyed(graph, np.stack([sources, targets], 1)[~unfit])
    draws = stream_key(seed, "negatives", 3)

    def propose(first: int, count: int) -> np.ndarray:
        at = integers(draws, 2 * first, 2 * count, len(sources)).reshape(-1, 2)
        return np.stack([sources[at[:, 0]], targets[at[:, 1]]], 1)

    keys = _fill(graph, len(positives), propose, "degree", keys)
    return Negatives(
        "degree", _unkeyed(graph, keys), {"drawn_singly": int(unfit.sum())}
    )


def two_hop(graph: Graph, positives: np.ndarray, seed: int) -> Negatives:
    """From the source of a test link two random steps on, where that is no link.

    The steps are those of the whole graph, hidden links included, as for the positives.
    """
    starts, draws = _ends(graph, positives, seed)[0], stream_key(seed, "negatives", 4)

    def propose(first: int, count: int) -> np.ndarray:
        u = units(draws, 3 * first, 3 * count).reshape(-1, 3)
        start = starts[(u[:, 0] * len(starts)).astype(np.int64)]
        middle = _step(graph, start, u[:, 1])
        on = graph.out_degree[middle] > 0
        return np.stack([start[on], _step(graph, middle[on], u[on, 2])], 1)

    keys = _fill(graph, len(positives), propose, "two_hop")
    return Negatives("two_hop", _unkeyed(graph, keys), {})


NEGATIVES: dict[str, Callable[[Graph, np.ndarray, int], Negatives]] = {
    "uniform": uniform,
    "reversed": reversed_links,
    "degree": degree_matched,
    "two_hop": two_hop,
}


def _any_two(graph: Graph, seed: int) -> Propose:
    draws = stream_key(seed, "negatives", 0)

    def propose(first: int, count: int) -> np.ndarray:
        return integers(draws, 2 * first, 2 * count, graph.num_nodes).reshape(-1, 2)

    return propose


def _ends(
    graph: Graph, positives: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """((k,), (k,)) rows: sources and targets; undirected links get a random order."""
    sources, targets = positives[:, 0].copy(), positives[:, 1].copy()
    if not graph.directed:
        turn = units(stream_key(seed, "negatives", 5), 0, len(positives)) < 0.5
        sources[turn], targets[turn] = targets[turn], sources[turn]
    return sources, targets


def _step(graph: Graph, rows: np.ndarray, unit: np.ndarray) -> np.ndarray:
    place = graph.out.pointers[rows] + (unit * graph.out_degree[rows]).astype(np.int64)
    return graph.out.neighbours[place]


def _keyed(graph: Graph, pairs: np.ndarray) -> np.ndarray:
    """(k,) int64: one number a pair, the same for both orders of an undirected one."""
    if not graph.directed:
        pairs = np.sort(pairs, axis=1)
    return pairs[:, 0].astype(np.int64) * graph.num_nodes + pairs[:, 1]


def _unkeyed(graph: Graph, keys: np.ndarray) -> np.ndarray:
    return np.stack(np.divmod(keys, graph.num_nodes), 1).astype(np.int32)


def _is_no_link(graph: Graph, pairs: np.ndarray) -> np.ndarray:
    sources, targets = pairs[:, 0], pairs[:, 1]
    return (sources != targets) & ~graph.has_edges(sources, targets)


def _fill(
    graph: Graph,
    count: int,
    propose: Propose,
    kind: str,
    chosen: np.ndarray | None = None,
) -> np.ndarray:
    """(count,) keys: those chosen already, then fitting proposals in their order."""
    chosen = np.empty(0, np.int64) if chosen is None else chosen
    first = 0
    for turn in range(_ROUNDS):
        missing = count - len(chosen)
        if not missing:
            return chosen
        batch = max(2 * missing, _FIRST_ROUND << min(turn, _DOUBLINGS))
        pairs = propose(first, batch)
        first += batch
        keys = _keyed(graph, pairs[_is_no_link(graph, pairs)])
        chosen = _distinct(np.concatenate([chosen, keys]))[:count]
    if len(chosen) == count:
        return chosen
    raise DataRefused(
        f"only {len(chosen):,} of {count:,} {kind} negatives were found in {first:,} "
        "draws: too few pairs of that kind are no links",
        next_step="Hide fewer links, or choose another kind of negatives",
    )


def _distinct(keys: np.ndarray) -> np.ndarray:
    return keys[np.sort(np.unique(keys, return_index=True)[1])]


def _first_seen(keys: np.ndarray) -> np.ndarray:
    first = np.zeros(len(keys), bool)
    first[np.unique(keys, return_index=True)[1]] = True
    return first


def _repair(
    graph: Graph, sources: np.ndarray, targets: np.ndarray, seed: int
) -> np.ndarray:
    """Swaps targets, in place, until no pair is a link, a node with itself or a repeat.

    Each round offers every unfit pair one swap with a fit pair; a swap is made where
    both new pairs are fit, so that the number of unfit ones only falls.

    Returns:
        (k,) bool: the pairs that are still unfit.
    """
    pairs = np.stack([sources, targets], 1)
    unfit = ~(_is_no_link(graph, pairs) & _first_seen(_keyed(graph, pairs)))
    for turn in range(_ROUNDS):
        at = np.flatnonzero(unfit)
        if not len(at):
            break
        partners = _some(
            np.flatnonzero(~unfit), len(at), stream_key(seed, "swap", turn)
        )
        at = at[: len(partners)]
        new = np.concatenate(
            [
                np.stack([sources[at], targets[partners]], 1),
                np.stack([sources[partners], targets[at]], 1),
            ]
        )
        keys = _keyed(graph, new)
        current = _keyed(graph, np.stack([sources, targets], 1))
        fit = _is_no_link(graph, new) & _first_seen(keys) & ~np.isin(keys, current)
        good = fit[: len(at)] & fit[len(at) :]
        at, partners = at[good], partners[good]
        targets[at], targets[partners] = targets[partners], targets[at]
        unfit[at] = False
    return unfit


def _some(values: np.ndarray, count: int, key: np.uint64) -> np.ndarray:
    """Up to `count` of the values, each at most once, at random."""
    count = min(count, len(values))
    if not count:
        return values
    return values[_distinct(integers(key, 0, 2 * count, len(values)))][:count]
