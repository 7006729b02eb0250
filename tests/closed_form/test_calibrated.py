"""The calibrated chance of a link: each part against a slow or a dense twin, and the whole."""

from __future__ import annotations

import networkx as nx
import numpy as np
import planted
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.factorise import calibrated as whole
from nodeemb.factorise.held_out import folds, hide
from nodeemb.factorise.logistic import fit
from nodeemb.factorise.options import CalibratedOptions
from nodeemb.factorise.registry import factorise
from nodeemb.factorise.traits import traits
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.rng import integers, stream_key, units
from nodeemb.run import embed

QUIET, COLUMNS = Watch(), whole.Columns(24, 18, 10)
DEGENERATE = {
    "ring": planted.directed_ring(3),
    "longer ring": planted.directed_ring(8),
    "star out": planted.star_out(),
    "star in": planted.star_in(),
    "bipartite": planted.source_target_bipartite(),
    "chain": planted.chain(),
    "isolated and dangling": planted.isolated_and_dangling(),
    "cliques": planted.reciprocal_cliques(),
    "small": planted.small_digraph(),
}


def ordered_groups(nodes=300, groups=6, seed=1):
    """Links inside groups only, from later nodes to earlier ones, some to a few hubs."""
    u = integers(stream_key(seed, "u"), 0, 40 * nodes, nodes)
    v = (units(stream_key(seed, "v"), 0, 40 * nodes) ** 2 * nodes).astype(int)
    keep = (u % groups == v % groups) & (u > v)
    pairs = np.unique(np.stack([u, v], 1)[keep], axis=0)
    return Graph.from_edges(pairs[:, 0], pairs[:, 1])


def found(graph, columns=COLUMNS):
    return whole._found(graph, CalibratedOptions(delta=1e-5), columns.near(), 0, QUIET)


def test_traits_are_counts_of_links():
    graph = planted.small_digraph()
    told, other = traits(graph), nx.DiGraph(graph.to_networkx())
    both = other.to_undirected()

    def neighbours(node):  # a loop makes a node its own neighbour, once
        return len(both[node])

    for row, node in enumerate(graph.ids):
        own = [other.out_degree(node), other.in_degree(node), neighbours(node)]
        around = [
            np.mean([np.log1p(count(n)) for n in both[node]] if both[node] else [0.0])
            for count in (other.out_degree, other.in_degree, neighbours)
        ]
        q = [*np.log1p(own), *around]
        none = [own[0] == 0, own[1] == 0]
        np.testing.assert_allclose(told[row], [*q, *np.square(q), *none], atol=1e-12)


@pytest.mark.parametrize("intercept", [True, False])
def test_logistic_regression_is_that_of_a_peer(intercept):
    x = units(stream_key(3, "x"), 0, 3000).reshape(-1, 3) * [1, 5, 0.1] - [0.2, 1, 0]
    answers = units(stream_key(3, "y"), 0, 1000) < 1 / (1 + np.exp(-x @ [1, -0.5, 9]))
    weights, constant = fit(x, answers, intercept=intercept, ridge=2.0)
    peer = LogisticRegression(C=0.5, fit_intercept=intercept, tol=1e-10)
    middle = x.mean(0) if intercept else 0.0
    peer.fit((x - middle) / x.std(0), answers)
    np.testing.assert_allclose(weights * x.std(0), peer.coef_[0], atol=1e-5)
    asked = peer.intercept_[0] if intercept else 0.0
    assert constant + np.mean(x @ weights) * intercept == pytest.approx(asked, abs=1e-5)


def test_logistic_regression_of_constant_columns_and_of_one_answer():
    x = np.column_stack([np.ones(50), np.arange(50.0)])
    weights, _ = fit(x, np.arange(50) > 20, intercept=True)
    assert weights[0] == 0
    assert weights[1] > 0
    assert not fit(x, np.ones(50, bool), intercept=True)[0].any()


def test_hidden_links_are_links_and_the_others_are_none():
    graph = ordered_groups()
    held = hide(graph, 0, 0)
    assert len(held.links) == round(0.1 * graph.num_arcs)
    assert graph.has_edges(*held.links.T).all()
    assert not held.rest.has_edges(*held.links.T).any()
    assert held.rest.num_arcs == graph.num_arcs - len(held.links)
    for pairs in (held.others, held.others[:, ::-1]):
        assert not graph.has_edges(*pairs.T).any()
    assert (held.one_way == ~graph.has_edges(*held.links[:, ::-1].T)).all()
    again, other = hide(graph, 0, 0), hide(graph, 0, 1)
    assert (again.links == held.links).all()
    assert (other.links != held.links).any()


def test_no_node_that_has_links_loses_all_where_none_is_alone():
    graph = ordered_groups()
    joined = graph.keep_arcs(np.ones(graph.num_arcs, bool))
    alone = (joined.out_degree + joined.in_degree) == 0
    assert not alone.any()
    rest = hide(joined, 0, 0).rest
    assert ((rest.out_degree + rest.in_degree) > 0).all()
    before = nx.number_weakly_connected_components(nx.DiGraph(joined.to_networkx()))
    after = nx.number_weakly_connected_components(nx.DiGraph(rest.to_networkx()))
    assert before == after


def test_links_are_hidden_more_often_where_there_are_few():
    assert folds(planted.small_digraph()) == 8
    assert folds(ordered_groups(20_000)) < 8


def test_closeness_is_the_log_pagerank_without_directions():
    graph, options = planted.small_digraph(), CalibratedOptions(delta=1e-7)
    plus, minus = whole._near(graph, options, whole.Columns(40, 40, 8), 0, QUIET)
    dense = graph.to_scipy().toarray().astype(float)
    links = dense + dense.T - np.diag(np.diag(dense))
    degrees = links.sum(1)
    steps = np.divide(
        links, degrees[:, None], out=np.zeros_like(links), where=degrees[:, None] > 0
    )
    pagerank = 0.2 * np.linalg.inv(np.eye(len(links)) - 0.8 * steps)
    total = pagerank + pagerank.T
    expected = np.where(total > 1e-7, np.log10(np.maximum(total, 1e-7) / 1e-7), 0.0)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(plus @ plus.T - minus @ minus.T, expected, atol=0.05)


def test_the_tables_are_the_two_forms():
    graph = ordered_groups()
    told = found(graph)
    draws = iter(range(10**6))
    weights = [
        units(stream_key(5, "w", next(draws)), 0, columns.shape[1]) - 0.3
        for columns in (
            whole.close_columns(told, np.zeros((1, 2), int)),
            whole.way_columns(told, np.zeros((1, 2), int)),
        )
    ]
    forms = whole.Forms(weights[0], -1.5, weights[1])
    plus, minus, source, target = whole.assemble(told, forms, COLUMNS)
    pairs = integers(stream_key(6, "p"), 0, 400, graph.num_nodes).reshape(-1, 2)
    u, v = pairs.T
    near = np.sum(plus[u] * plus[v], 1) - np.sum(minus[u] * minus[v], 1)
    if weights[0][0] > 0:
        expected = whole.close_columns(told, pairs) @ weights[0] - 1.5
        np.testing.assert_allclose(near, expected, atol=1e-8)
    way = np.sum(source[u] * target[v], 1) - np.sum(target[u] * source[v], 1)
    expected = whole.way_columns(told, pairs) @ weights[1]
    np.testing.assert_allclose(way, expected, atol=1e-8)


def test_the_threshold_grows_with_the_density():
    def ring(each, n=40):
        nodes = np.arange(n)
        ends = [(nodes + k) % n for k in range(1, each + 1)]
        return Graph.from_edges(np.tile(nodes, each), np.concatenate(ends))

    for each, neighbours in ((1, 2), (2, 4), (3, 6), (9, 18)):
        expected = min(max(1.25e-6 * neighbours**2, 1e-5), 5e-5)
        assert whole.threshold(ring(each)) == pytest.approx(expected)
    back = ring(2)
    both = Graph.from_edges(
        np.r_[back.sources, back.targets], np.r_[back.targets, back.sources]
    )
    assert whole.threshold(both) == whole.threshold(back), "a mutual pair is one edge"


def test_the_rule_is_what_a_graph_gets():
    graph = planted.small_digraph()
    by_rule = embed(graph, "calibrated", width=16)
    known = {"factorise.delta": whole.threshold(graph)}
    assert (
        by_rule.table == embed(graph, "calibrated", width=16, options=known).table
    ).all()
    other = {"factorise.delta": 0.01}
    assert (
        by_rule.table != embed(graph, "calibrated", width=16, options=other).table
    ).any()


def test_auc_counts_ties_half():
    links = np.array([3.0, 1, 1, 2, 0])
    others = np.array([1.0, 0, 2, -1])
    answers = np.r_[np.ones(5), np.zeros(4)]
    expected = roc_auc_score(answers, np.r_[links, others])
    assert whole.auc(links, others) == pytest.approx(expected)


def test_odds_are_taken_off_closeness():
    graph = ordered_groups()
    held = hide(graph, 0, 0)
    asked = whole._ask(found(held.rest), held)
    links = graph.num_arcs
    at, free = (whole.calibrate(asked, links, odds, 0.05) for odds in (3.0, 0.0))
    assert at.constant == pytest.approx(free.constant - 3)
    chosen = whole.calibrate(asked, links, None, 0.05)
    assert free.constant - chosen.constant in whole.ODDS


def hidden_links(seed, near, way, count=4000):
    """Closeness and direction of links, and of random pairs, as columns of one number."""

    def normal(name, size, middle):
        one, two = (units(stream_key(seed, name, i), 0, size) for i in (1, 2))
        drawn = np.sqrt(-2 * np.log(one + 1e-12)) * np.cos(2 * np.pi * two)
        return (drawn + middle)[:, None]

    return whole.Asked(
        close=normal("close", count, near),
        close_others=normal("others", 4 * count, -3.0),
        way=normal("way", count, way),
        way_others=normal("ways of others", 4 * count, 0.0),
        one_way=np.ones(count, bool),
    )


@pytest.mark.parametrize("tilt", [0.0, 0.3])
@pytest.mark.parametrize(("near", "way"), [(0.0, 2.0), (1.0, 1.0), (0.0, 0.3)])
def test_odds_are_those_with_the_least_product_of_wrong_answers(near, way, tilt):
    asked = hidden_links(7, near, way)
    m = 3000  # links: half as many random pairs, of which 20 and 100 may come before

    def chance(odds, close, way):
        return (
            tilt * (close[:, 0] - odds)
            - np.logaddexp(0, odds - close[:, 0])
            - np.logaddexp(0, -way[:, 0])
        )

    def wrong(odds):
        links = chance(odds, asked.close, asked.way)
        turned = chance(odds, asked.close, -asked.way)
        others = chance(odds, asked.close_others, asked.way_others)
        falling = np.sort(others)[::-1]
        bars = [falling[int(k / (m / 2) * len(falling))] for k in (20, 100)]
        ones, zeros = np.ones(len(links)), np.zeros(len(turned))
        both = np.r_[ones, zeros], np.r_[ones, np.zeros(len(others))]
        return np.prod(
            [
                (1 - roc_auc_score(both[0], np.r_[links, turned])) ** 1.25,
                1 - roc_auc_score(both[1], np.r_[links, others]),
                *(np.mean(links <= bar) for bar in bars),
            ]
        )

    best = min(whole.ODDS, key=wrong)
    one = np.ones(1)
    assert abs(whole._odds(asked, m, one, 0.0, one, tilt) - best) <= 0.5


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_graphs(name):
    result = embed(DEGENERATE[name], "calibrated", width=16)
    n = len(result.ids)
    rows = np.arange(n)
    scores = result.score_rows(np.repeat(rows, n), np.tile(rows, n))
    assert np.isfinite(scores).all()


def test_random_and_reversed_links_at_once():
    """Both questions, where a symmetric and a two-table model each answer one."""
    split = split_edges(ordered_groups(), test=0.3, seed=0)
    kinds = ("uniform", "reversed:50", "reversed")
    told = {}
    for preset in ("calibrated", "netmf", "strap"):
        result = embed(split.train, preset, width=48)
        positive = result.score_rows(*split.test.T)
        told[preset] = [
            whole.auc(
                positive,
                result.score_rows(
                    *draw_negatives(kind, split.graph, split.test, 0).pairs.T
                ),
            )
            for kind in kinds
        ]
    assert min(told["calibrated"]) > 0.9, told
    assert min(told["netmf"]) < 0.8, told
    assert min(told["strap"]) < min(told["calibrated"]) - 0.05, told


def test_what_cannot_be():
    with pytest.raises(DataRefused, match="undirected"):
        embed(planted.small_undirected(), "calibrated")
    with pytest.raises(WrongUse, match="Two channels"):
        load_recipe("calibrated", overrides={"roles.scheme": "source_target"})
    with pytest.raises(WrongUse, match="four tables"):
        factorise(planted.small_digraph(), CalibratedOptions(), 4)
