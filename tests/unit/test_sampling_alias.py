"""Alias tables: the law they stand for is the law they were made from, to rounding."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeemb.rng import stream_key
from nodeemb.sampling.alias import alias_rows, alias_table, draw, draws

WEIGHTS = st.lists(
    st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=1, max_size=40
).filter(any)


@given(WEIGHTS)
def test_a_table_stands_for_its_weights(weights):
    prob, jump = alias_table(np.array(weights))
    law = naive.alias_law(prob.tolist(), jump.tolist())
    assert law == pytest.approx(np.array(weights) / sum(weights), abs=1e-12)
    assert (prob.tolist(), jump.tolist()) == naive.vose(weights)


@given(WEIGHTS)
def test_what_has_no_weight_is_never_drawn(weights):
    prob, jump = alias_table(np.array(weights))
    never = [i for i, w in enumerate(weights) if w == 0]
    reached = [i for i, keep in enumerate(prob) if keep > 0] + [
        j for keep, j in zip(prob, jump, strict=True) if keep < 1
    ]
    assert not set(never) & set(reached)


@given(
    st.lists(
        st.lists(st.floats(0.0625, 1000, width=32), max_size=8), min_size=1, max_size=8
    )
)
def test_every_node_has_a_table_of_its_own_arcs(rows):
    pointers = np.cumsum([0, *map(len, rows)])
    prob, jump = alias_rows(
        pointers, np.array([w for row in rows for w in row], np.float32)
    )
    for a, b, row in zip(pointers, pointers[1:], rows, strict=False):
        if row:
            law = naive.alias_law(prob[a:b].tolist(), jump[a:b].tolist())
            assert law == pytest.approx(np.array(row) / sum(row), abs=1e-6)


@given(WEIGHTS, st.floats(0, 1, exclude_max=True))
def test_a_number_chooses_what_it_chooses_in_the_twin(weights, u):
    prob, jump = alias_table(np.array(weights))
    assert draw(prob, jump, u) == naive.choose(prob.tolist(), jump.tolist(), u)


def test_the_largest_number_below_one_chooses_the_last_column():
    for n in (1, 3, 2**20, 2**20 + 1):
        prob, jump = alias_table(np.ones(n))
        assert draw(prob, jump, np.nextafter(1.0, 0.0)) == n - 1


def test_draws_are_numbered():
    tables = alias_table(np.arange(1.0, 9.0))
    key = stream_key(1, "draws")
    whole = draws(*tables, key, 0, 100)
    parts = [draws(*tables, key, first, 25) for first in (0, 25, 50, 75)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert len(draws(*tables, key, 5, 0)) == 0


@pytest.mark.parametrize("spread", [1.0, 1e6, 1e12])
def test_large_tables_of_very_unlike_weights(spread):
    weights = spread ** np.linspace(0, 1, 100_000)
    prob, jump = alias_table(weights)
    law = np.zeros(len(prob))
    np.add.at(law, jump, (1 - prob) / len(prob))
    law += prob / len(prob)
    assert law == pytest.approx(weights / weights.sum(), rel=1e-6, abs=1e-15)
