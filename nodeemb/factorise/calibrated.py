"""The chance of a link u -> v: that the two are close, times that the link runs this way.

    P(u -> v) = sigma(close(u, v)) sigma(way(u, v))

    close(u, v) = a <near(u), near(v)> + q(u)' M q(v) + l(u) + l(v) + c,   M symmetric
    way(u, v)   = e (<s(u), t(v)> - <t(u), s(v)>) + q(u)' K q(v) + p(u) - p(v),   K = -K'

    score(u, v) = log P(u -> v) + 0.05 close(u, v)

near: the log personalised PageRank of the graph without directions, by its eigenpairs at
both ends of the spectrum; s, t: that of the graph as it is (STRAP); q, l, p: the traits of
single nodes (`nodeemb.factorise.traits`). The few numbers a, c, e, M, K, l, p are two
logistic regressions on links hidden from the factorisations: links against random pairs,
and one-way links against their reverses. All of it is inner products, so the result is
four tables.

Why a product: a sum of closeness and direction that serves random pairs loses reversed
links, and the other way round; as probabilities they multiply. Why the last term (the
scheme's tilt): where two nodes are surely close, sigma(close) is 1 and direction alone
would order the pairs, though the closest of them still are the likeliest links.

c holds the odds of a link among random pairs that scores are calibrated for. High odds
let the direction decide among all close pairs, low odds keep closeness in the order. They
are chosen on the hidden links, to be good at all questions at once: the shares of wrong
answers to four questions are multiplied, and the product is to be least. The questions are
the AUC against random pairs, that against reversed links (to the power 1.25), and Hits@20
and Hits@100 against half as many random pairs as there are links. As products and not
sums, so that a tenth fewer mistakes count the same wherever they are made.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodeemb.errors import DataRefused
from nodeemb.factorise.held_out import HeldOut, folds, hide
from nodeemb.factorise.logistic import fit
from nodeemb.factorise.matrix import Operator, both_ways
from nodeemb.factorise.meetings import operator
from nodeemb.factorise.options import CalibratedOptions, StrapOptions
from nodeemb.factorise.push import arriving, push_all
from nodeemb.factorise.strap import log_matrix, logs_of_sums, transposed
from nodeemb.factorise.svd import Eigen, by_ends, eigen, singular
from nodeemb.factorise.traits import COUNT, traits
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph
from nodeemb.objectives.objectives import log_chance

MEET = COUNT + 2  # of what the forms between two nodes join: q, the linear part, 1
ODDS = np.arange(-6, 6.5, 0.5)
_HITS = (20, 100)
_REVERSED = 1.25  # power of the share of reversed links that score above links
_SHARE = 0.5  # random pairs that these are counted among, for each link of the graph
_UPPER = np.triu_indices(COUNT)
_ABOVE = np.triu_indices(COUNT, 1)
_LINE = 2 * COUNT + 2  # traits with a linear part


class Tables(NamedTuple):
    """plus, minus: (n, .) of closeness; source, target: (n, .) of the way a link runs."""

    plus: np.ndarray
    minus: np.ndarray
    source: np.ndarray
    target: np.ndarray


class Found(NamedTuple):
    """What the factorisations say of each node, and its traits (n, 14)."""

    tables: Tables
    traits: np.ndarray


class Forms(NamedTuple):
    """Weights of `close_columns` with their constant c, and of `way_columns`."""

    close: np.ndarray
    constant: float
    way: np.ndarray


class Asked(NamedTuple):
    """What was found of pairs: links that were hidden, and others that are no links.

    close, way: (links, .); close_others, way_others: (others, .) columns of the two forms.
    one_way: (links,) bool: those whose reverse is no link.
    """

    close: np.ndarray
    close_others: np.ndarray
    way: np.ndarray
    way_others: np.ndarray
    one_way: np.ndarray


class Columns(NamedTuple):
    """How many columns a table has: of plus, of minus, of source and of target each."""

    plus: int
    minus: int
    ways: int

    def near(self) -> Columns:
        """Those for the factorisations; the last ones, half at most, are the traits'."""
        return Columns(
            self.plus - min(MEET, self.plus // 2),
            self.minus - min(MEET, self.minus // 2),
            self.ways - min(MEET // 2, self.ways // 2),
        )


def calibrated(
    graph: Graph,
    options: CalibratedOptions,
    columns: Columns,
    tilt: float,
    seed: int,
    watch: Watch,
) -> Tables:
    """The four tables.

    Args:
        graph: directed.
        options: of the PageRanks, and the odds.
        columns: of the tables.
        tilt: how much of closeness is added to the log of its chance.
        seed: of hidden links and random blocks.
        watch: told how far it is.

    Raises:
        DataRefused: the graph has no directions.
    """
    if not graph.directed:
        raise DataRefused(
            "an undirected graph has no direction to learn",
            next_step="Choose a preset such as netmf or deepwalk",
        )
    options = options.model_copy(update={"delta": options.delta or threshold(graph)})
    times = folds(graph)
    part, asked = 1 / (times + 1), []
    for fold in range(times):
        held = hide(graph, seed, fold)
        stage = watch.part(fold * part, (fold + 1) * part)
        found = _found(held.rest, options, columns.near(), seed, stage)
        asked.append(_ask(found, held))
    forms = calibrate(
        Asked(*map(np.concatenate, zip(*asked, strict=True))),
        graph.num_arcs,
        options.odds,
        tilt,
    )
    stage = watch.part(1 - part, 1)
    return assemble(_found(graph, options, columns.near(), seed, stage), forms, columns)


def threshold(graph: Graph) -> float:
    """The delta of a graph of this density: 1e-5 up to three neighbours a node, 5e-5 from six.

    Where nodes have many neighbours a small PageRank is the sum of many accidents, and
    where they have few it is all that is known of a pair.
    """
    neighbours = both_ways(graph).columns.size / graph.num_nodes
    return float(np.clip(1.25e-6 * neighbours**2, 1e-5, 5e-5))


def _ask(found: Found, held: HeldOut) -> Asked:
    return Asked(
        close_columns(found, held.links),
        close_columns(found, held.others),
        way_columns(found, held.links),
        way_columns(found, held.others),
        held.one_way,
    )


def calibrate(asked: Asked, links: int, odds: float | None, tilt: float) -> Forms:
    """The few numbers, from links that the factorisations have not met.

    Args:
        asked: what was found of hidden links and of random pairs.
        links: of the graph.
        odds: taken off closeness; None: those that find the links best.
        tilt: as in `calibrated`.
    """
    x = np.concatenate([asked.close, asked.close_others])
    linked = np.arange(len(x)) < len(asked.close)
    close, constant = fit(x, linked, intercept=True)
    this = asked.way[asked.one_way]
    way = np.zeros(asked.way.shape[1])
    if len(this):
        both = np.concatenate([this, -this])
        way = fit(both, np.arange(len(both)) < len(this), intercept=False)[0]
    if odds is None:
        told = len(asked.close) and len(asked.close_others)
        odds = _odds(asked, links, close, constant, way, tilt) if told else 0.0
    return Forms(close, constant - odds, way)


def close_columns(found: Found, pairs: np.ndarray) -> np.ndarray:
    """(k, .): what says that two nodes are close, whichever comes first."""
    u, v = pairs.T
    plus, minus = found.tables[:2]
    near = _dots(plus, plus, u, v) - _dots(minus, minus, u, v)
    q = found.traits[:, :COUNT]
    i, j = _UPPER
    met = q[u][:, i] * q[v][:, j] + q[u][:, j] * q[v][:, i]
    return np.column_stack([near, met, found.traits[u] + found.traits[v]])


def way_columns(found: Found, pairs: np.ndarray) -> np.ndarray:
    """(k, .): what says which way a link runs; the reverse has the same with other sign."""
    u, v = pairs.T
    source, target = found.tables[2:]
    skew = _dots(source, target, u, v) - _dots(source, target, v, u)
    q = found.traits[:, :COUNT]
    i, j = _ABOVE
    met = q[u][:, i] * q[v][:, j] - q[u][:, j] * q[v][:, i]
    return np.column_stack([skew, met, found.traits[u] - found.traits[v]])


def assemble(found: Found, forms: Forms, columns: Columns) -> Tables:
    """Factorisations and forms side by side, scaled so that inner products are log-odds."""
    tables, q = found.tables, found.traits[:, :COUNT]
    ones = np.ones((len(q), 1))
    own, line = forms.close[1 : 1 + len(_UPPER[0])], found.traits @ forms.close[-_LINE:]
    form = _joined(own, _UPPER, forms.constant)
    values, vectors = np.linalg.eigh(form + form.T)
    ends = np.column_stack([q, line, ones]) @ (vectors * np.sqrt(np.abs(values)))
    root = np.sqrt(max(forms.close[0], 0.0))
    plus, minus = (
        _beside(root * table, ends[:, _largest(sign * values)], count)
        for table, sign, count in zip(tables[:2], (1, -1), columns[:2], strict=True)
    )
    own, line = forms.way[1 : 1 + len(_ABOVE[0])], found.traits @ forms.way[-_LINE:]
    form = _joined(own, _ABOVE, 0.0)
    values, turned = np.linalg.eigh(1j * (form - form.T))
    at = _largest(values)
    ends = np.column_stack([q, line, ones])
    root = np.sqrt(abs(forms.way[0]))
    source = _beside(
        np.sign(forms.way[0]) * root * tables.source,
        ends @ (turned.imag[:, at] * np.sqrt(2 * values[at])),
        columns.ways,
    )
    target = _beside(
        root * tables.target,
        ends @ (turned.real[:, at] * np.sqrt(2 * values[at])),
        columns.ways,
    )
    return Tables(plus, minus, source, target)


def _joined(
    own: np.ndarray, places: tuple[np.ndarray, np.ndarray], constant: float
) -> np.ndarray:
    """(8, 8): half of a form between (q, line, 1) of two nodes."""
    form = np.zeros((MEET, MEET))
    form[places] = own
    form[COUNT, COUNT + 1] = 1.0
    form[COUNT + 1, COUNT + 1] = constant / 2
    return form


def _largest(values: np.ndarray) -> np.ndarray:
    """Places of the values above 0, falling."""
    order = np.argsort(-values, kind="stable")
    return order[values[order] > 1e-12 * np.abs(values).max()]


def _beside(table: np.ndarray, traits: np.ndarray, columns: int) -> np.ndarray:
    """(n, columns): a factorisation, then as many of the traits' columns as there is room."""
    out = np.zeros((len(table), columns))
    wide = table.shape[1]
    some = traits[:, : columns - wide]
    out[:, :wide], out[:, wide : wide + some.shape[1]] = table, some
    return out


def _found(
    graph: Graph, options: CalibratedOptions, columns: Columns, seed: int, watch: Watch
) -> Found:
    """Factorisations and traits of one graph."""
    near = _near(graph, options, columns, seed, watch.part(0, 0.6))
    assert options.delta is not None
    directed = StrapOptions(
        stop=options.way_stop, delta=options.delta, entries=options.entries
    )
    matrix = log_matrix(graph, directed, watch.part(0.6, 0.9))
    left, values, right = singular(
        operator(matrix, False), columns.ways, options, seed, watch.part(0.9, 1)
    )
    root = np.sqrt(values)
    return Found(Tables(*near, left * root, right * root), traits(graph))


def _near(
    graph: Graph, options: CalibratedOptions, columns: Columns, seed: int, watch: Watch
) -> tuple[np.ndarray, np.ndarray]:
    """(plus, minus): eigenvectors of the log PageRank without directions."""
    links = both_ways(graph)
    assert options.delta is not None
    half, room = options.delta / 2, links.size * min(links.size, options.entries)
    steps = arriving(links, links)
    ends = push_all(steps, options.stop, half, half, room, watch.part(0, 0.7))
    matrix = logs_of_sums(
        transposed(ends.by_target), ends.by_target, 2 * ends.bar, options.delta
    )
    once = Operator(matrix.size, matrix.times, matrix.times, symmetric=True)
    order = by_ends(columns.plus, columns.minus)
    both = columns.plus + columns.minus
    found = eigen(once, both, options, seed, watch.part(0.7, 1), order)
    return _end(found, columns.plus, 1), _end(found, columns.minus, -1)


def _end(found: Eigen, columns: int, sign: int) -> np.ndarray:
    """(n, columns): eigenvectors of one end, by the roots of their values' size."""
    some = np.flatnonzero(sign * found.values > 0)[:columns]
    out = np.zeros((len(found.vectors), columns))
    out[:, : len(some)] = found.vectors[:, some] * np.sqrt(np.abs(found.values[some]))
    return out


def _odds(
    asked: Asked,
    links: int,
    close: np.ndarray,
    constant: float,
    way: np.ndarray,
    tilt: float,
) -> float:
    """The log-odds to take off closeness, by how the hidden links are found then."""
    near, ways = asked.close @ close + constant, asked.way @ way
    others = asked.close_others @ close + constant, asked.way_others @ way
    turned = near[asked.one_way], -ways[asked.one_way]
    among = [hits / max(_SHARE * links, hits) for hits in _HITS]
    missed = []
    for odds in ODDS:
        found, false, back = (
            log_chance(n - odds, tilt) + log_chance(w)
            for n, w in ((near, ways), others, turned)
        )
        missed.append(_missed(found, false, back, among))
    return float(ODDS[np.argmin(missed)])


def _missed(
    links: np.ndarray, others: np.ndarray, turned: np.ndarray, among: list[float]
) -> float:
    """Log of the product of the shares of wrong answers, each with one more than counted.

    among: shares of random pairs that are let before a link.
    """
    wrong, powers = [1 - auc(links, others)], [1.0]
    if len(turned):
        wrong.append(1 - auc(links, turned))
        powers.append(_REVERSED)
    bars = np.quantile(others, [1 - share for share in among])
    wrong += [float(np.mean(links <= bar)) for bar in bars]
    powers += [1.0] * len(bars)
    return float(np.log(np.array(wrong) + 1 / len(links)) @ powers)


def auc(links: np.ndarray, others: np.ndarray) -> float:
    """The chance that a link scores above another pair, ties counted half."""
    order = np.sort(others)
    below = np.searchsorted(order, links, "left") + np.searchsorted(
        order, links, "right"
    )
    return float(below.mean() / (2 * len(order)))


def _dots(a: np.ndarray, b: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a[u], b[v])
