"""P(close) times P(this way | close): scores, search, files, the closed form, and a graph
where it is the truth."""

from __future__ import annotations

import json

import numpy as np
import planted
import pytest
from optimum import Exact, exact, gap

from nodeemb.comparison import load_comparison, with_roles
from nodeemb.config_check import check_file
from nodeemb.embedding.embedding import load
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.split import split_edges
from nodeemb.recipe import load_recipe
from nodeemb.run import embed

GRAPH = planted.small_digraph()
PRODUCT = {"roles.scheme": "close_direction"}


@pytest.fixture(scope="module")
def embedding():
    return embed(GRAPH, "nerd", width=8, options=PRODUCT | {"training.epochs": 3})


def log_chance(x):
    return -np.log1p(np.exp(-x))


def by_hand(embedding, u, v):
    """The scores of both channels, from roles and biases by name."""
    role = {
        name: embedding.vectors(name).astype(np.float64) for name in embedding.roles
    }
    close = role["node"][u] @ role["node"][v]
    close += role["bias:close"][u, 0] + role["bias:close"][v, 0]
    way = role["a"][u] @ role["b"][v] - role["b"][u] @ role["a"][v]
    way += role["source_bias:direction"][u, 0] + role["target_bias:direction"][v, 0]
    return close, way


def test_the_score_is_the_log_of_a_product(embedding):
    pairs = [(u, v) for u in range(7) for v in range(7) if u != v]
    scores = embedding.score(pairs)
    for (u, v), score in zip(pairs, scores, strict=True):
        close, way = by_hand(embedding, u, v)
        assert score == pytest.approx(log_chance(close) + log_chance(way), rel=1e-4)
    close = embedding.score(pairs, channel="close")
    assert np.array_equal(
        close, embedding.score([p[::-1] for p in pairs], channel="close")
    )
    assert np.ptp(embedding.score(pairs, channel="direction")) > 0.01
    assert "biases tied (close), free (direction)" in repr(embedding)


def test_the_nearest_nodes_are_those_of_the_product(embedding):
    for role in ("target", "source"):
        best = embedding.most_similar(3, role, topn=6)
        others = [n for n in range(7) if n != 3]
        pairs = [(3, n) if role == "target" else (n, 3) for n in others]
        scores = embedding.score(pairs)
        order = np.lexsort((others, -scores))
        assert [node for node, _ in best] == [others[i] for i in order]
        assert [score for _, score in best] == [float(scores[i]) for i in order]


def test_it_is_stored_with_noise_and_biases_of_its_channels(embedding, tmp_path):
    embedding.save(tmp_path / "kept")
    again = load(tmp_path / "kept")
    assert again.scheme == embedding.scheme and again.roles == embedding.roles
    pairs = [(0, 1), (5, 3)]
    assert np.array_equal(again.score(pairs), embedding.score(pairs))
    sheet = tmp_path / "kept" / "embedding.json"
    told = json.loads(sheet.read_text())
    told["scheme"]["channels"]["close"]["biases"] = "free"
    sheet.write_text(json.dumps(told))
    with pytest.raises(DataRefused, match="source_bias:close is missing"):
        load(tmp_path / "kept")


def test_a_scheme_stored_before_channels_had_noise_is_read(tmp_path):
    embedding = embed(GRAPH, "line2", dim=2, options={"training.epochs": 1})
    embedding.save(tmp_path / "kept")
    sheet = tmp_path / "kept" / "embedding.json"
    told = json.loads(sheet.read_text())
    for channel in told["scheme"]["channels"].values():
        del channel["noise"], channel["biases"]
    sheet.write_text(json.dumps(told))
    assert load(tmp_path / "kept").scheme == embedding.scheme


def test_arms_of_a_comparison_say_that_the_biases_are_its_own():
    schemes = ["single", "close_direction"]
    arms = with_roles(load_comparison(), schemes, ["none", "free"]).arms
    assert [arm.name for arm in arms] == [
        "single, no biases",
        "single, free biases",
        "close_direction, its own biases",
    ]


def test_a_scheme_file_with_noise_is_checked(tmp_path):
    path = tmp_path / "mine.yaml"
    text = """
name: mine
roles: {node: 2.0, a: 1.0, b: 1.0}
channels:
  close: {terms: node.node, biases: tied, noise: {uniform: 0.5}}
  direction: {terms: a.b - b.a, noise: {reversed: 1.0, per_pair: %s}}
join: probability
"""
    path.write_text(text % "1.0")
    checked = check_file(path)
    assert (checked.kind, checked.faults) == ("role scheme", [])
    recipe = load_recipe("nerd", overrides={"roles.scheme": str(path), "roles.dim": 4})
    assert [n.reversed for n in recipe.noises()] == [0, 1]
    path.write_text(text % "-1.0")
    (fault,) = check_file(path).faults
    assert "channels.direction.noise.per_pair" in str(fault) and "0 to 1000" in str(
        fault
    )


def test_a_graph_walked_both_ways_has_no_direction_to_learn():
    with pytest.raises(WrongUse, match="window on both sides"):
        load_recipe("deepwalk", overrides=PRODUCT)


# ---- what it ends at ----------------------------------------------------------------


def test_each_channel_ends_at_its_own_closed_form():
    """close: log(w+ / w-) of a pair and its reverse together; direction: log(P / P'),
    P = w+ and the noise of the reverse, since s(v, u) = -s(u, v)."""
    graph, n = planted.block_model((6, 6, 6)), 18
    scheme = load_recipe("nerd", overrides=PRODUCT).scheme().model_dump()
    scheme["roles"] = {"node": 1.0, "a": 1.0, "b": 1.0}
    for channel in scheme["channels"].values():
        channel["biases"] = "none"
    options = {
        "roles.scheme": scheme,
        "roles.dim": None,
        "roles.width": 3 * n,
        "training.epochs": 300,
        "training.learning_rate": 0.3,
        "training.batch_blocks": 1,
    }
    recipe = load_recipe("nerd", overrides=options)
    embedding = embed(graph, recipe, threads=1)
    pairs = np.column_stack(np.divmod(np.arange(n * n), n))
    targets = {}
    for channel, noise in zip(("close", "direction"), recipe.noises(), strict=True):
        choices = noise.model_dump(exclude={"side", "shared"})
        own = {f"noise.{name}": value for name, value in choices.items()}
        targets[channel] = exact(graph, load_recipe("nerd", overrides=own))
    close = Exact(*(m + m.T for m in targets["close"]))
    there = targets["direction"].positive + targets["direction"].negative.T
    for channel, seen in (("close", close), ("direction", Exact(there, there.T))):
        scores = embedding.score(pairs, channel=channel).reshape(n, n)
        found = gap(scores.astype(np.float64), seen.scores, seen)
        assert found.correlation > 0.98, channel
        assert found.above < 0


def test_where_links_are_close_and_ordered_it_serves_every_kind_of_negative():
    """No other scheme of as many floats is above it under each kind, or in the mean."""
    split = split_edges(planted.ordered_blocks(), test=0.3, seed=0)
    kinds = ("uniform", "reversed:50", "reversed:100")
    drawn = [draw_negatives(k, split.graph, split.test, 0).pairs for k in kinds]
    arms = {
        "product": PRODUCT,
        "one table": {"roles.scheme": "single", "roles.biases": "tied"},
        "one table and a potential": {"roles.scheme": "single", "roles.biases": "free"},
        "two tables": {"roles.biases": "free"},
        "two tables, mixed noise": {"roles.biases": "free", "noise.reversed": 0.5},
        "skew": {"roles.scheme": "sign_skew", "roles.biases": "free"},
    }
    found = {}
    for name, options in arms.items():
        short = options | {"training.epochs": 10}
        result = embed(split.train, "nerd", width=16, threads=1, options=short)
        positive = result.score_rows(*split.test.T)
        found[name] = [auc(positive, result.score_rows(*pairs.T)) for pairs in drawn]
    product = np.array(found.pop("product"))
    assert product.min() > 0.87 and product.mean() > 0.91
    for columns in map(np.array, found.values()):
        assert product.mean() > columns.mean() + 0.015
        assert (product > columns - 0.01).all()
