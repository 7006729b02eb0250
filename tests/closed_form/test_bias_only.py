"""Biases alone: every backend learns how often nodes are sources and targets, and no more."""

import numpy as np
import pytest

import nodeemb as ne
from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph

NODES = 20
CHOICES = {
    "roles.scheme": "bias_only",
    "roles.biases": "free",
    "noise.power": 1.0,
    "training.learning_rate": 0.3,
    "training.epochs": 400,
}


def counted():
    """Counts near r(u) c(v) and, upon them, structure that biases cannot hold."""
    draw = np.random.default_rng(0)
    often = draw.uniform(1, 6, (2, NODES))
    mean = np.outer(*often) * np.where(np.add.outer(np.arange(NODES), np.arange(NODES)) % 2, 1.5, 0.5)  # fmt: skip
    counts = draw.poisson(mean)
    np.fill_diagonal(counts, 0)
    u, v = np.nonzero(counts)
    return Graph.from_edges(u, v, weight=counts[u, v], num_nodes=NODES), counts


def test_scores_are_a_sum_of_what_each_end_is():
    graph, counts = counted()
    model = ne.embed(graph, "line2", options=CHOICES, threads=1)
    assert model.width == 0 and model.table.shape == (NODES, 2)
    assert model.roles == ("source_bias", "target_bias")
    u, v = np.divmod(np.arange(NODES**2), NODES)
    scores = model.score_rows(u, v).reshape(NODES, NODES)
    alone = scores - scores[:1] - scores[:, :1] + scores[0, 0]
    np.testing.assert_allclose(alone, 0, atol=1e-5)
    # the optimum makes what is expected of each source and of each target what it was
    columns = counts.sum(0)
    wanted = counts + 5 * np.outer(counts.sum(1), columns / columns.sum())
    np.fill_diagonal(wanted, 0)
    told = wanted / (1 + np.exp(-scores))
    for axis in (0, 1):
        np.testing.assert_allclose(told.sum(axis), counts.sum(axis), rtol=0.06)


@pytest.mark.parametrize("biases", ["free", "tied"])
def test_backends_agree(biases):
    graph, _ = counted()
    choices = {**CHOICES, "roles.biases": biases, "training.epochs": 5}
    tables = [
        ne.embed(graph, "line2", options=choices, threads=1, backend=backend).table
        for backend in ("cpu", "torch", "reference")
    ]
    for other in tables[1:]:
        np.testing.assert_allclose(tables[0], other, rtol=1e-4, atol=1e-5)


def test_it_is_kept_and_what_it_has_not_is_told(tmp_path):
    graph, _ = counted()
    model = ne.embed(graph, "line2", options={**CHOICES, "training.epochs": 3}, threads=1)  # fmt: skip
    model.save(tmp_path / "run")
    again = ne.load(tmp_path / "run")
    np.testing.assert_array_equal(again.table, model.table)
    assert again.width == 0
    with pytest.raises(WrongUse, match="source_bias, target_bias"):
        again.vectors("in")
    for wrong, why in (
        ({"roles.biases": "none"}, "biases alone"),
        ({"training.init": "hope"}, "biases alone"),
    ):
        with pytest.raises(WrongUse, match=why):
            ne.embed(graph, "line2", options={**CHOICES, **wrong})
    with pytest.raises(WrongUse, match="no vectors"):
        ne.embed(graph, "hope", options={"roles.scheme": "bias_only"})
