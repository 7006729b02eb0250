"""Four roles, by side, on a window of both sides: source and target on each side alone.

A control of the study (configs/studies/roles.yaml): what four roles at twice the floats learn
of the words after is what two roles learn of them, and no more.
"""

from __future__ import annotations

import numpy as np
import pytest
from test_two_doors import WINDOW, WORDS, text

from nodeemb.corpus.made import corpus_of
from nodeemb.run import embed
from nodeemb.sampling.stencil import distance_weights

SAME = {
    "stencil.window": WINDOW,
    "sampler.subsample": 0,
    "noise.per_pair": 2,
    "noise.power": 1.0,
    "noise.shared": 32,
    "roles.width": None,
    "training.learning_rate": 0.1,
    "training.epochs": 150,
}


def counts_after(corpus):
    """(n, n): the weight of each word with those that follow it within the window."""
    weights = distance_weights("linear", WINDOW, 0.5)
    matrix = np.zeros((corpus.num_nodes, corpus.num_nodes))
    for a, b in zip(corpus.starts[:-1], corpus.starts[1:], strict=True):
        for i in range(a, b):
            for j in range(i + 1, min(b, i + WINDOW + 1)):
                matrix[corpus.tokens[i], corpus.tokens[j]] += weights[j - i - 1]
    np.fill_diagonal(matrix, 0)
    return matrix


def gain(scores, matrix):
    """The mean log likelihood of pairs and of two noise targets each, less that of zeros."""
    law = matrix.sum(0, keepdims=True) / matrix.sum()  # of noise: how often a target
    noise = 2 * matrix.sum(1, keepdims=True) * law
    found = -matrix * np.logaddexp(0, -scores) - noise * np.logaddexp(0, scores)
    return (found.sum() + np.log(2) * (matrix + noise).sum()) / matrix.sum()


@pytest.mark.parametrize("dim", [3, WORDS])
def test_four_roles_by_side_are_two_roles_on_each_side(dim):
    corpus = corpus_of(text(), 1)
    options = {**SAME, "roles.dim": dim}
    four = embed(
        corpus, "sgns", options={**options, "roles.scheme": "four_side"}, threads=1
    )
    after = counts_after(corpus)
    u, v = (axis.ravel() for axis in np.indices(after.shape))
    names = [(corpus.ids[i], corpus.ids[j]) for i, j in zip(u, v, strict=True)]
    told = {}
    for side, sides, matrix in (("right", "after", after), ("left", "before", after.T)):
        two = embed(
            corpus, "sgns", options={**options, "stencil.sides": sides}, threads=1
        )
        assert four.table.shape[1] == 2 * two.table.shape[1]
        told[side] = four.score(names, channel=side).reshape(matrix.shape)
        alone = two.score_rows(u, v).reshape(matrix.shape)
        gains = gain(told[side], matrix), gain(alone, matrix)
        assert gains[0] > 0.1
        assert gains[0] == pytest.approx(gains[1], rel=0.04)
        if dim == WORDS:
            often = matrix > 2
            assert np.corrcoef(told[side][often], alone[often])[0, 1] > 0.98
    # the other side's scores would not do
    assert gain(told["left"], after) < 0.5 * gain(told["right"], after)
