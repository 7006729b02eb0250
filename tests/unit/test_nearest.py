"""Search by products of blocks: the same answers, digit for digit, as scoring every pair."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from test_embedding import ALL, brute_force, made

from nodeemb.embedding import nearest, scoring, search
from nodeemb.embedding.embedding import Embedding
from nodeemb.graph.ids import Ids
from nodeemb.rng import integers, stream_key, units

SUMS = [name for name, scheme in ALL.items() if scheme.join == "sum"]
NODES = 400


@pytest.fixture
def never_pair_by_pair(monkeypatch):
    """Every question must be answered by products."""

    def refuse(table, scheme, layout, rows, *_):
        assert len(rows) == 0
        return iter(())

    monkeypatch.setattr(search, "_each", refuse)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(nearest, "_NUMBERS", 2**14)


def answers_agree(embedding: Embedding, asked, count: int = 7) -> None:
    for role in ("target", "source"):
        found = embedding.most_similar_each(asked, role, count)
        for row, answers in zip(asked, found, strict=True):
            assert answers == brute_force(embedding, row, role)[:count]


def of_rows(table: np.ndarray, scheme: str = "single") -> Embedding:
    """An embedding of a table, without biases, with ids 0, 1, ..."""
    return Embedding(Ids(len(table)), table, ALL[scheme], table.shape[1], "none")


def numbers(*shape: int) -> np.ndarray:
    """Random numbers around 0, float32."""
    drawn = units(stream_key(0, "nearest"), 0, int(np.prod(shape)))
    return (drawn.reshape(shape) - 0.5).astype(np.float32)


@pytest.mark.usefixtures("never_pair_by_pair")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("biases", ["none", "tied", "free"])
@pytest.mark.parametrize("scheme", SUMS)
def test_every_scheme_has_the_answers_of_scoring_every_pair(scheme, biases, dtype):
    if biases == "none" and not ALL[scheme].roles:
        pytest.skip("every score is 0, and bounds leave nothing out")
    embedding = made(scheme, biases, nodes=NODES, dtype=dtype)
    answers_agree(embedding, [0, 5, 5, *range(100, 130), NODES - 1])


def test_near_ties_closer_than_rounding_are_told_apart():
    """Hundreds of copies of a vector, each with last digits moved: their products differ
    in another order than their scores, and some scores are equal."""
    table = numbers(NODES, 24)
    moved = integers(stream_key(0, "moved"), 0, 200 * 24, 3).reshape(200, 24) - 1
    near = table[1].view(np.int32) + moved.astype(np.int32)
    table[np.arange(100, 300)] = near.view(np.float32)
    embedding = of_rows(table)
    ranked = brute_force(embedding, 1, "target")
    scores = [score for _, score in ranked[:100]]
    products = table @ table[1]
    order = np.lexsort((np.arange(NODES), -products))
    assert [i for i, _ in ranked] != [i for i in order if i != 1]
    assert len(set(scores)) < 100
    answers_agree(embedding, [1, *range(90, 120)], 100)


@pytest.mark.parametrize("copies", [2, 40, NODES])
def test_equal_vectors_come_by_row(copies):
    table = numbers(NODES, 16)
    table[:] = table[np.arange(NODES) % (NODES // copies)]
    answers_agree(of_rows(table), range(30))


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_vectors_of_zeros_are_equal(share):
    table = numbers(NODES, 16)
    table[: int(share * NODES)] = 0
    answers_agree(of_rows(table), range(190, 220))


def test_vectors_of_zeros_after_answers_are_not_scored(monkeypatch):
    table = numbers(4000, 8)
    table[::2] = 0
    embedding = of_rows(table)
    taken = []
    scores = nearest.Sides.scores
    monkeypatch.setattr(
        nearest.Sides, "scores", lambda *a: taken.append(len(a[1])) or scores(*a)
    )
    embedding.most_similar_each(range(1, 40, 2))
    assert sum(taken) < 20 * 30


@pytest.mark.parametrize(
    "power", [-148, -126, -100, -68, -64, -60, -30, 38, 62, 100, 127]
)
def test_norms_of_any_size(power):
    """Products of the smallest are 0, those of the largest beyond float32."""
    table = numbers(NODES, 16)
    table *= np.float32(2.0**power)
    assert table.any() and np.isfinite(table).all()
    embedding = of_rows(table)
    if power < 100:
        answers_agree(embedding, range(20))
    with np.errstate(over="ignore", invalid="ignore"):
        found = embedding.most_similar_each(range(20))
        assert found == [embedding.most_similar(row) for row in range(20)]


def test_norms_of_all_sizes_at_once():
    table = numbers(NODES, 16)
    table *= np.float32(2) ** (np.arange(NODES) % 121 - 90)[:, np.newaxis]
    answers_agree(of_rows(table), range(130))
    table *= np.float32(2) ** (np.arange(NODES) % 50)[:, np.newaxis]
    answers_agree(of_rows(table), range(130))


def test_scores_that_cancel():
    """Terms of 10^6 whose sum is some hundredths: rounding is as large as the scores."""
    table = np.zeros((NODES, 4), np.float32)
    table[:, 0] = table[:, 1] = 1000 + numbers(NODES)
    table[:, 2:] = numbers(NODES, 2)
    embedding = of_rows(table, "signature")
    left, right = (made_side(embedding, far) for far in (False, True))
    exact = left.astype(float) @ right.astype(float).T
    scores = embedding.score_rows(np.zeros(NODES, int), np.arange(NODES))
    assert np.abs(scores - exact[0]).max() > 0.01
    answers_agree(embedding, range(60), 20)


def made_side(embedding: Embedding, far: bool) -> np.ndarray:
    made = nearest.sides(embedding.table, embedding.scheme, embedding.layout, True)
    assert made is not None
    return nearest._vectors(made, slice(None), far)


@pytest.mark.parametrize("scheme", SUMS)
def test_a_bound_is_above_the_score_and_not_far(scheme):
    embedding = made(scheme, "free", nodes=NODES, dtype="float32")
    made_ = nearest.sides(embedding.table, embedding.scheme, embedding.layout, True)
    rows = np.arange(50)
    near = nearest._vectors(made_, rows, False)
    added = nearest._above(nearest._norms(near) * made_.share)
    near = np.column_stack([near, added])
    bounds = near @ nearest._far(made_, slice(0, NODES)).T
    asked, nodes = (part.ravel() for part in np.indices(bounds.shape))
    scores = made_.scores(asked, nodes).reshape(bounds.shape)
    assert (bounds > scores).all()
    at_least = nearest._at_least(bounds, added[:, np.newaxis] * made_.far_norms)
    assert (at_least < scores).all()
    assert (bounds - at_least).max() < 1e-3


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_go_pair_by_pair(odd):
    table = numbers(NODES, 16)
    table[7, 3] = odd
    embedding = of_rows(table)
    assert nearest.sides(table, embedding.scheme, embedding.layout, True) is None
    with np.errstate(invalid="ignore"):
        found = embedding.most_similar_each(range(20, 40))
        each = [embedding.most_similar(row) for row in range(20, 40)]
    assert repr(found) == repr(each)


def test_a_question_too_long_for_bounds_goes_pair_by_pair():
    table = numbers(NODES, 16)
    table[3, :8] = 2.0**60
    answers_agree(of_rows(table, "source_target"), range(20))


@pytest.mark.usefixtures("never_pair_by_pair")
@pytest.mark.parametrize("count", [1, NODES - 2, NODES - 1, NODES, 512])
def test_any_number_of_answers(count):
    answers_agree(of_rows(numbers(NODES, 16)), range(20), count)


def test_more_answers_than_bounds_help_with():
    answers_agree(of_rows(numbers(NODES, 16)), range(20), nearest.MOST + 1)


@pytest.mark.usefixtures("never_pair_by_pair")
@pytest.mark.parametrize("falling", [False, True])
def test_nodes_in_the_order_of_their_scores(falling):
    """Each block holds better answers than all before it: limits come from the block."""
    table = numbers(6000, 4)
    table[:, 0] = np.sort(np.abs(table[:, 0]))[:: -1 if falling else 1]
    table[:, 1:] /= 100
    answers_agree(of_rows(table), [0, 1, *range(3000, 3015), 5999])


def test_memory_holds_blocks(monkeypatch):
    monkeypatch.setattr(nearest, "_NUMBERS", 2**18)
    monkeypatch.setattr(scoring, "_NUMBERS", 2**18)
    table = numbers(60_000, 32)
    table[::3] = table[0]
    embedding = of_rows(table)
    rows = np.arange(1, 300)
    embedding.most_similar_each(rows[:20])
    tracemalloc.start()
    embedding.most_similar_each(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 * 2**18 + 16 * len(table)


def test_one_node_and_two():
    assert of_rows(numbers(1, 4)).most_similar_each([0] * 20) == [[]] * 20
    answers_agree(of_rows(numbers(2, 4)), [0, 1] * 10)


def test_the_shortest_vectors_have_bounds_above_what_underflow_loses():
    table = numbers(50, 4) * np.float32(2.0**-110)
    table[7] = 0
    norms = nearest._norms(table)
    assert norms[7] == 0 and (np.delete(norms, 7) >= 2.0**-50).all()
    above = nearest._above(norms * np.float32(1e-5))
    assert above[7] == 0 and (np.delete(above, 7) >= 2.0**-50).all()
    long = nearest._norms(numbers(50, 400))
    assert (long >= np.linalg.norm(numbers(50, 400).astype(float), axis=1)).all()
