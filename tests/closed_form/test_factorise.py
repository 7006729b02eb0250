"""Every factorisation against the dense matrix that its paper writes down."""

from __future__ import annotations

import numpy as np
import planted
import pytest

from nodeemb.factorise import directed_netmf, nerd_closed, netmf, strap
from nodeemb.factorise.ase import augmented
from nodeemb.factorise.hope import katz, step_worth
from nodeemb.factorise.matrix import Sparse, adjacency, both_ways, stochastic
from nodeemb.factorise.nrp import approximate_pagerank, reweighted
from nodeemb.factorise.options import (
    AseOptions,
    DirectedNetmfOptions,
    HopeOptions,
    NerdClosedOptions,
    NetmfOptions,
    NrpOptions,
    PpmiSvdOptions,
    StrapOptions,
)
from nodeemb.factorise.push import arriving, push_all
from nodeemb.factorise.radius import spectral_radius
from nodeemb.factorise.registry import KINDS, factorise, role_tables
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph
from nodeemb.roles.schemes import SCHEMES

QUIET = Watch()
OPTIONS = [
    HopeOptions(),
    NetmfOptions(window=3),
    NetmfOptions(window=3, eigenpairs=4),
    DirectedNetmfOptions(window=3),
    NerdClosedOptions(),
    AseOptions(),
    AseOptions(diagonal=0, scaled=False),
    StrapOptions(),
    NrpOptions(),
    PpmiSvdOptions(smoothing=1),
]
DEGENERATE = [
    planted.directed_ring(3),
    planted.directed_ring(8),
    planted.star_out(),
    planted.star_in(),
    planted.source_target_bipartite(),
    planted.chain(),
    planted.isolated_and_dangling(),
    planted.reciprocal_cliques(),
    planted.small_digraph(),
    planted.small_undirected(weighted=True),
]


def named(options):
    return " ".join([options.kind, *sorted(options.model_fields_set)])


def dense(graph):
    matrix = np.zeros((graph.num_nodes, graph.num_nodes))
    weight = 1.0 if graph.weight is None else graph.weight
    matrix[graph.sources, graph.targets] = weight
    return matrix


def full(matrix: Sparse):
    return matrix.times(np.eye(matrix.size))


def rows_over_sum(matrix):
    sums = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, sums, out=np.zeros_like(matrix), where=sums > 0)


def transposed(graph):
    return Graph.from_edges(
        graph.targets,
        graph.sources,
        weight=graph.weight,
        num_nodes=graph.num_nodes,
    )


def log_above_one(ratio):
    return np.log(np.maximum(ratio, 1.0))


def middling(nodes=120, arcs=600, weighted=False):
    """A digraph with hubs, a little under the size that is taken apart exactly at once."""
    rng = np.random.default_rng(3)
    ends = (nodes * rng.random((2, arcs)) ** 2).astype(int)
    weight = rng.integers(1, 9, arcs) / 2 if weighted else None
    return Graph.from_edges(*ends, weight=weight, num_nodes=nodes, duplicates="first")


def tail(matrix, rank):
    values = np.linalg.svd(matrix, compute_uv=False)
    return np.sqrt(np.square(values[rank:]).sum())


# ---- the parts ----------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_products_are_those_of_the_dense_matrix(weighted):
    graph = middling(weighted=weighted)
    forward, back = adjacency(graph)
    block = np.random.default_rng(0).random((graph.num_nodes, 70))
    matrix = dense(graph)
    np.testing.assert_allclose(forward.times(block), matrix @ block, atol=1e-10)
    np.testing.assert_allclose(back.times(block), matrix.T @ block, atol=1e-10)
    turned = forward.transposed_times(block)
    np.testing.assert_allclose(turned, matrix.T @ block, atol=1e-10)
    np.testing.assert_allclose(full(stochastic(forward)), rows_over_sum(matrix))


@pytest.mark.parametrize("graph", DEGENERATE)
def test_directions_forgotten(graph):
    matrix = dense(graph)
    either = matrix + matrix.T if graph.directed else matrix
    np.fill_diagonal(either, np.diag(matrix))
    if graph.weight is None:
        either = np.minimum(either, 1)
    np.testing.assert_allclose(full(both_ways(graph)), either)


@pytest.mark.parametrize("graph", [*DEGENERATE, middling(weighted=True)])
def test_the_spectral_radius_is_the_largest_eigenvalue(graph):
    wanted = np.abs(np.linalg.eigvals(dense(graph))).max()
    got = spectral_radius(adjacency(graph)[0])
    # numpy's eigenvalues of a nilpotent matrix are small and not zero
    assert got == pytest.approx(wanted, rel=1e-8, abs=1e-3)
    if wanted < 1e-3:
        assert got == 0


# ---- each matrix --------------------------------------------------------------------


@pytest.mark.parametrize("graph", [*DEGENERATE, middling(weighted=True)])
def test_hope_is_the_katz_matrix(graph):
    beta, matrix = step_worth(graph, 0.5), dense(graph)
    size = graph.num_nodes
    wanted = np.linalg.inv(np.eye(size) - beta * matrix) - np.eye(size)
    operator = katz(graph, 0.5)
    np.testing.assert_allclose(operator.times(np.eye(size)), wanted, atol=1e-10)
    back = operator.transposed_times(np.eye(size))
    np.testing.assert_allclose(back, wanted.T, atol=1e-10)


def test_beta_on_a_graph_without_cycles_is_a_share_of_the_mean_weight():
    assert step_worth(planted.chain(), 0.5) == 0.5
    double = Graph.from_edges([0, 1, 0], [1, 2, 2], weight=[2.0, 6.0, 4.0])
    assert step_worth(double, 0.5) == 0.125
    assert step_worth(planted.directed_ring(7), 0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("rank", [4, 16, 40])
@pytest.mark.parametrize("nodes", [60, 300])
def test_the_error_of_hope_is_the_tail_of_the_singular_values(nodes, rank):
    graph = middling(nodes, 5 * nodes)
    beta, matrix = step_worth(graph, 0.5), dense(graph)
    katz_matrix = np.linalg.inv(np.eye(nodes) - beta * matrix) - np.eye(nodes)
    options = HopeOptions(passes=500, tolerance=1e-12)
    source, target = factorise(graph, options, rank)
    error = np.linalg.norm(katz_matrix - source @ target.T)
    assert error == pytest.approx(tail(katz_matrix, rank), rel=1e-6)
    ours = np.linalg.norm(source, axis=0) * np.linalg.norm(target, axis=0)
    values = np.linalg.svd(katz_matrix, compute_uv=False)[:rank]
    np.testing.assert_allclose(ours, values, rtol=1e-6)


@pytest.mark.parametrize("graph", [*DEGENERATE, middling()])
def test_netmf_is_the_log_of_the_mean_walk(graph):
    links = full(both_ways(graph))
    steps, degrees = rows_over_sum(links), links.sum(axis=1)
    options = NetmfOptions(window=4, shift=0.5)
    walks = sum(np.linalg.matrix_power(steps, r) for r in range(1, 5))
    with np.errstate(divide="ignore"):
        scale = np.where(degrees > 0, 1 / degrees, 0)
    wanted = log_above_one(links.sum() / (0.5 * 4) * walks * scale)
    got = full(netmf.log_matrix(graph, options, 0, QUIET))
    np.testing.assert_allclose(got, wanted, atol=1e-5)
    # all eigenpairs give the same
    pairs = NetmfOptions(window=4, shift=0.5, eigenpairs=graph.num_nodes)
    large = full(netmf.log_matrix(graph, pairs, 0, QUIET))
    np.testing.assert_allclose(large, wanted, atol=1e-5)


def rings(count, size=4):
    """So many rings that no link joins."""
    nodes = np.arange(count * size)
    ahead = nodes // size * size + (nodes + 1) % size
    return Graph.from_edges(nodes, ahead, num_nodes=count * size)


@pytest.mark.parametrize(("parts", "told"), [(30, True), (8, True), (3, False)])
def test_eigenpairs_that_only_tell_parts_apart_are_noted(parts, told):
    """Each part has an eigenvalue of 1: with as many parts as pairs nothing else is seen."""
    watch = Watch()
    options = NetmfOptions(window=3, eigenpairs=10)
    netmf.log_matrix(rings(parts), options, 0, watch)
    noted = [note for note in watch.notes if "only tell parts" in note]
    assert noted == watch.notes[: len(noted)] and bool(noted) == told
    if told:
        assert f"{min(parts, 10)} of 10 eigenpairs" in noted[0]


@pytest.mark.parametrize("graph", [*DEGENERATE, middling(weighted=True)])
def test_directed_netmf_is_the_log_of_the_walks_ahead(graph):
    steps, out = rows_over_sum(dense(graph)), dense(graph).sum(axis=1)
    walks = sum(np.linalg.matrix_power(steps, r) for r in range(1, 4))
    together = (out / out.sum())[:, None] * walks / 3
    chance = np.outer(together.sum(axis=1), together.sum(axis=0))
    ratio = np.zeros_like(chance)
    np.divide(together * together.sum(), chance, out=ratio, where=chance > 0)
    options = DirectedNetmfOptions(window=3, shift=0.3)
    got = full(directed_netmf.log_matrix(graph, options, QUIET))
    np.testing.assert_allclose(got, log_above_one(ratio / 0.3), atol=1e-5)


def test_directed_netmf_of_an_undirected_graph_is_netmf():
    graph = planted.small_undirected(weighted=True)
    one = netmf.log_matrix(graph, NetmfOptions(window=3), 0, QUIET)
    two = directed_netmf.log_matrix(graph, DirectedNetmfOptions(window=3), QUIET)
    np.testing.assert_allclose(full(one), full(two), atol=1e-5)


@pytest.mark.parametrize("graph", [*DEGENERATE, middling(weighted=True)])
def test_nerd_is_the_log_of_the_alternating_walk(graph):
    matrix = dense(graph)
    out, into = matrix.sum(axis=1), matrix.sum(axis=0)
    ahead, behind = rows_over_sum(matrix), rows_over_sum(matrix.T)
    met = sum(matrix @ np.linalg.matrix_power(behind @ ahead, i) for i in range(3))
    chance = np.outer(out, into)
    ratio = np.zeros_like(chance)
    np.divide(matrix.sum() * met, 3 * 0.5 * chance, out=ratio, where=chance > 0)
    options = NerdClosedOptions(contexts=3, shift=0.5)
    got = full(nerd_closed.log_matrix(graph, options, QUIET))
    np.testing.assert_allclose(got, log_above_one(ratio), atol=1e-5)


def test_a_row_keeps_its_largest_entries():
    graph = middling()
    everything = full(netmf.log_matrix(graph, NetmfOptions(window=3), 0, QUIET))
    kept = full(netmf.log_matrix(graph, NetmfOptions(window=3, entries=20), 0, QUIET))
    for row, some in zip(everything, kept, strict=True):
        assert (some > 0).sum() == min(20, (row > 0).sum())
        np.testing.assert_array_equal(some[some > 0], row[some > 0])
        if (some == 0).any():
            assert row[some == 0].max() <= max(some[some > 0].min(initial=1e9), 0)


@pytest.mark.parametrize("graph", DEGENERATE)
def test_ase_is_the_singular_value_decomposition(graph):
    size, matrix = graph.num_nodes, dense(graph)
    np.testing.assert_allclose(augmented(graph, 0).times(np.eye(size)), matrix)
    loops = np.diag(matrix).copy()
    np.fill_diagonal(matrix, 0)
    degrees = (matrix.sum(axis=0) + matrix.sum(axis=1)) / 2
    matrix += np.diag(degrees / (size - 1))
    got = augmented(graph, 1).times(np.eye(size))
    np.testing.assert_allclose(got, matrix, atol=1e-7)
    assert loops.sum() == 0 or not np.allclose(np.diag(got), loops)
    source, target = factorise(graph, AseOptions(), 3)
    left, values, right = np.linalg.svd(matrix)
    best = (left[:, :3] * values[:3]) @ right[:3]
    if values[2] - np.append(values, 0)[3] > 1e-6:
        np.testing.assert_allclose(source @ target.T, best, atol=1e-6)
    bare, other = factorise(graph, AseOptions(scaled=False), 3)
    lengths = (values[:3] > 1e-9).astype(float)
    np.testing.assert_allclose(np.linalg.norm(bare, axis=0), lengths, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(other, axis=0), lengths, atol=1e-9)


def pagerank(matrix, stop):
    """alpha (I - (1 - alpha) P)^-1; a node without out-link has a zero row in P."""
    size = len(matrix)
    return stop * np.linalg.inv(np.eye(size) - (1 - stop) * rows_over_sum(matrix))


@pytest.mark.parametrize("stop", [0.15, 0.5])
@pytest.mark.parametrize("graph", [*DEGENERATE, middling(weighted=True)])
def test_pushes_are_dense_personalised_pagerank(graph, stop):
    size, left = graph.num_nodes, 1e-5
    steps = arriving(*adjacency(graph))
    ends = push_all(steps, stop, left, 0.0, size * size, QUIET)
    got = full(ends.by_target).T
    wanted = pagerank(dense(graph), stop)
    assert (got <= wanted + 1e-6).all()
    assert (got >= wanted - left - 1e-6).all()


@pytest.mark.parametrize("graph", [*DEGENERATE, middling(weighted=True)])
def test_strap_is_the_log_of_both_pageranks(graph):
    matrix, delta = dense(graph), 1e-3
    both = pagerank(matrix, 0.5) + pagerank(matrix.T, 0.5).T
    np.fill_diagonal(both, 0)
    got = full(strap.log_matrix(graph, StrapOptions(delta=delta), QUIET))
    # an entry far above delta is within delta of the truth
    sure = both > 100 * delta
    wanted = np.log10(both[sure] / delta)
    np.testing.assert_allclose(got[sure], wanted, atol=0.01)
    assert (got[both < delta] == 0).all()
    assert (np.diag(got) == 0).all()


def test_strap_holds_no_more_than_there_is_room_for():
    graph = middling()
    size = graph.num_nodes
    steps = arriving(*adjacency(graph))
    everything = push_all(steps, 0.5, 1e-6, 1e-6, size * size, QUIET)
    room = 10 * size
    some = push_all(steps, 0.5, 1e-6, 1e-6, room, QUIET)
    count = len(some.by_target.columns)
    assert len(everything.by_target.columns) > room >= count > room / 2
    assert some.bar > everything.bar
    wanted, got = full(everything.by_target), full(some.by_target)
    # all that is well above the bar is there, and nothing below it
    assert (got[got > 0] >= np.float32(some.bar)).all()
    assert (got[wanted > 2.1 * some.bar] > 0).all()
    there = got > 0
    assert (np.abs(got - wanted)[there] <= some.bar + 1e-6).all()


@pytest.mark.parametrize("graph", [*DEGENERATE, middling(weighted=True)])
def test_nrp_before_its_weights_is_dense_personalised_pagerank(graph):
    """At full rank, the stop at once taken away; the sum ends after so many steps."""
    size, matrix = graph.num_nodes, dense(graph)
    options = NrpOptions(steps=200)
    near, far = approximate_pagerank(graph, options, size, 0, QUIET)
    wanted = pagerank(matrix, 0.15) - 0.15 * np.eye(size)
    np.testing.assert_allclose(near @ far.T, wanted, atol=1e-6)


def reweighting_loss(scores, f, g, out, into, penalty):
    weighted = f[:, None] * scores * g
    np.fill_diagonal(weighted, 0)
    rows, columns = weighted.sum(axis=1) - out, weighted.sum(axis=0) - into
    return (rows**2).sum() + (columns**2).sum() + penalty * ((f**2 + g**2).sum())


def test_each_weight_of_nrp_is_at_its_best_while_the_rest_stand():
    graph = middling(40, 200, weighted=True)
    matrix, n = dense(graph), graph.num_nodes
    out, into = matrix.sum(axis=1), matrix.sum(axis=0)
    near, far = approximate_pagerank(graph, NrpOptions(), 10, 0, QUIET)
    scores = near @ far.T
    losses = []
    for sweeps in (0, 1, 2, 60, 61):
        f, g = reweighted(graph, near, far, NrpOptions(sweeps=sweeps), 0, QUIET)
        if sweeps == 0:
            f, g = np.maximum(out, 1 / n), np.ones(n)
        losses.append(reweighting_loss(scores, f, g, out, into, 10.0))
    assert losses == sorted(losses, reverse=True)
    assert (f >= 1 / n).all() and (g >= 1 / n).all()
    for weights in (f, g):
        for node in range(n):
            kept = weights[node]
            for other in (kept * 1.01, max(kept * 0.99, 1 / n)):
                weights[node] = other
                loss = reweighting_loss(scores, f, g, out, into, 10.0)
                assert loss >= losses[-1] * (1 - 1e-9)
            weights[node] = kept


# ---- all of them ----------------------------------------------------------------------


def test_every_kind_is_tried():
    assert {options.kind for options in OPTIONS} == set(KINDS)


@pytest.mark.parametrize("options", OPTIONS, ids=named)
@pytest.mark.parametrize("dim", [2, 20])
def test_degenerate_graphs_have_finite_tables_of_the_right_shape(options, dim):
    for graph in DEGENERATE:
        source, target = factorise(graph, options, dim)
        assert source.shape == target.shape == (graph.num_nodes, dim)
        assert np.isfinite(source).all() and np.isfinite(target).all()
        lonely = (graph.out_degree == 0) & (graph.in_degree == 0)
        np.testing.assert_allclose(source[lonely] @ target.T, 0, atol=1e-9)


# forward walks of the reversed graph have other chances: these two see direction in time
ONE_WAY = ("directed_netmf", "nrp")


@pytest.mark.parametrize(
    "options", [o for o in OPTIONS if o.kind not in ONE_WAY], ids=named
)
def test_the_reversed_graph_with_roles_swapped_has_the_same_scores(options):
    graph = middling(weighted=True)
    size = graph.num_nodes
    source, target = factorise(graph, options, size)
    back_source, back_target = factorise(transposed(graph), options, size)
    scores = source @ target.T
    np.testing.assert_allclose(back_target @ back_source.T, scores, atol=1e-4)
    assert options.kind == "netmf" or not np.allclose(scores, scores.T, atol=1e-2)


@pytest.mark.parametrize("options", OPTIONS, ids=named)
def test_threads_change_nothing(options):
    graph = middling(300, 1500)
    one, two = factorise(graph, options, 8), factorise(graph, options, 8, threads=2)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_one_table_and_two_ends_are_the_best_of_their_kind():
    graph = middling(60)
    options = NetmfOptions(window=2, passes=500, tolerance=1e-13)
    matrix = full(netmf.log_matrix(graph, options, 0, QUIET))
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    top, low = values[-6:], values[:3]
    node = role_tables(graph, options, SCHEMES["single"], 6)["node"]
    best = (vectors[:, -6:] * top) @ vectors[:, -6:].T
    np.testing.assert_allclose(node @ node.T, best, atol=1e-5)
    ends = role_tables(graph, options, SCHEMES["signature"].with_shares({}), 6)
    assert {role: t.shape[1] for role, t in ends.items()} == {"plus": 3, "minus": 3}
    least = -(vectors[:, :3] * low) @ vectors[:, :3].T
    np.testing.assert_allclose(ends["minus"] @ ends["minus"].T, least, atol=1e-5)
