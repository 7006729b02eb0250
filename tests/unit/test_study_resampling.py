"""Columns with other nodes: against resampling by hand, and in the answers of a study."""

from __future__ import annotations

import numpy as np
import planted
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import roc_auc_score

from nodeemb.evaluation.bootstrap import auc_of_clusters
from nodeemb.evaluation.questions import Answers, Questions
from nodeemb.evaluation.split import split_edges
from nodeemb.options import parse
from nodeemb.rng import integers, stream_key, units
from nodeemb.study.likelihood import gain, gains
from nodeemb.study.only import part_of
from nodeemb.study.options import Study
from nodeemb.study.resampling import (
    RANKED,
    drawn_nodes,
    resampled_columns,
    resampled_ratio,
)


def test_as_many_nodes_are_drawn_as_there_are():
    counts = drawn_nodes(50, 400, 3)
    assert counts.shape == (400, 50) and (counts.sum(1) == 50).all()
    assert abs(counts.mean() - 1) < 1e-12 and abs(counts.var() - 49 / 50) < 0.05
    assert np.array_equal(counts, drawn_nodes(50, 400, 3))
    assert not np.array_equal(counts, drawn_nodes(50, 400, 4))


def test_auc_of_clusters_is_that_of_pairs_said_again():
    clusters, rounds = 12, 30
    positive = np.round(units(stream_key(0, "p"), 0, 70), 1)  # with ties
    negative = np.round(units(stream_key(0, "n"), 0, 90) - 0.2, 1)
    of = [
        integers(stream_key(0, name), 0, count, clusters)
        for name, count in (("of p", 70), ("of n", 90))
    ]
    counts = drawn_nodes(clusters, rounds, 0)
    counts[0] = 0  # nothing was drawn
    found = auc_of_clusters(positive, negative, *of, counts)
    assert np.isnan(found[0])
    for one, drawn in zip(found[1:], counts[1:], strict=True):
        again = [
            np.repeat(scores, drawn[cluster])
            for scores, cluster in zip((positive, negative), of, strict=True)
        ]
        label = np.repeat([1, 0], [len(part) for part in again])
        assert one == pytest.approx(roc_auc_score(label, np.concatenate(again)))


def test_columns_of_all_nodes_once_are_the_columns():
    split = split_edges(planted.small_digraph(), test=0.3, seed=1)

    def score(u, v):
        return np.sin(3.0 * u + 1) * np.cos(2.0 * v) + 0.1 * u

    answers = Answers(Questions(split, 0), score, "it")
    once = np.ones((1, split.train.num_nodes), np.uint16)
    asked = [*RANKED, "pair_accuracy", "hits@20"]
    told = resampled_columns(answers, asked, once)
    from nodeemb.evaluation.columns import measure_columns

    whole = measure_columns(split, score, list(told), 0)
    assert set(told) == {"auc", "auc_reversed", "pair_accuracy"}
    for column, (value,) in told.items():
        assert value == pytest.approx(whole[column], abs=1e-6)


def test_a_ratio_is_of_what_was_drawn():
    above, below = np.array([1.0, 5.0, 0.0]), np.array([2.0, 5.0, 3.0])
    counts = np.array([[1, 1, 1], [3, 0, 0], [0, 1, 2]], np.uint16)
    assert resampled_ratio(above, below, counts) == pytest.approx(
        [0.6, 0.5, 5 / 11], abs=1e-6
    )


def test_a_node_counts_with_the_links_that_it_is_the_source_of():
    split = split_edges(planted.small_digraph(), test=0.3, seed=1)

    def score(u, v):
        return np.sin(3.0 * u + 1) * np.cos(2.0 * v)

    answers = Answers(Questions(split, 0), score, "it")
    one_way = answers.questions.pairs("one_way")
    counts = drawn_nodes(split.train.num_nodes, 40, 0)
    counts = counts[counts[:, one_way[:, 0]].sum(1) > 0]
    told = resampled_columns(answers, ["pair_accuracy"], counts)["pair_accuracy"]
    for value, drawn in zip(told, counts, strict=True):
        again = np.repeat(one_way, drawn[one_way[:, 0]], axis=0)
        u, v = again.T
        right = np.where(score(u, v) == score(v, u), 0.5, score(u, v) > score(v, u))
        assert value == pytest.approx(right.mean(), abs=1e-6)


def test_gains_are_of_each_source():
    hidden, train = (
        csr_array(np.floor(6 * units(stream_key(0, name), 0, 100)).reshape(10, 10) + 1)
        for name in ("hidden", "train")
    )

    def score(u, v):
        return np.sin(1.0 + u * 3 + v)

    total, events = gains(score, hidden, train, 2.0, 1.0)
    for row in range(10):
        alone = hidden.toarray()
        alone[np.arange(10) != row] = 0
        one = gain(score, csr_array(alone), train, 2.0, 1.0)
        assert total[row] / events[row] == pytest.approx(one)
        assert events[row] == alone[row].sum() - alone[row, row]


def test_a_part_of_a_study_has_no_arms_of_the_rest():
    groups = {"x": {"arms": ["a"]}, "y": {"arms": ["b"]}}
    made = parse(
        Study,
        {
            "name": "p",
            "title": "P",
            "groups": groups,
            "datasets": [
                {"input": "one", "group": "x"},
                {"input": "two", "group": "y"},
            ],
            "arms": [{"name": "a", "preset": "line2"}, {"name": "b", "preset": "nerd"}],
            "splits": ["half"],
            "columns": ["auc"],
            "seeds": [0],
            "width": 8,
        },
        "test",
    )
    assert made.all_arms() == ["a", "b"]
    assert part_of(made, ["y"]).all_arms() == ["b"]
    assert made.all_arms() == ["a", "b"]
